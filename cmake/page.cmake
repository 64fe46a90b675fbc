# The admin page's files as string constants, so that the program brings them along.
set(page_folder ${PROJECT_SOURCE_DIR}/proxy/admin/page)
set(page_header "// Made from proxy/admin/page/.\n#pragma once\n\n#include <string_view>\n\nnamespace sse_proxy::page {\n")
foreach(file index.html page.css page.js)
  file(READ ${page_folder}/${file} page_content)
  string(REGEX REPLACE "^(.)(.*)\\.(.)(.*)$" "\\1;\\2;\\3;\\4" page_name ${file})  # index.html: kIndexHtml
  list(TRANSFORM page_name TOUPPER AT 0 2)
  list(JOIN page_name "" page_name)
  string(APPEND page_header "inline constexpr std::string_view k${page_name} = R\"page(${page_content})page\";\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_folder}/${file})
endforeach()
string(APPEND page_header "}  // namespace sse_proxy::page\n")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/proxy/admin/page_files.h CONTENT "@page_header@" @ONLY)
target_include_directories(proxy PRIVATE ${PROJECT_BINARY_DIR}/generated)
