# How every target is compiled, and the one way a folder becomes a library.

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wpedantic -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # false alarms on std::string (GCC bug 105329)
endif()
if(SSE_PROXY_WERROR AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^(12|14)\\.")
  add_compile_options(-Werror)  # the compilers that we build with; others find other things to say
endif()
if(SSE_PROXY_SANITIZE)
  # Without the check of vptr: it writes into a pipe of its own to see whether a vtable can be read (GCC's
  # IsAccessibleMemoryRange), and takes a type for a wrong one where there is no descriptor left for that.
  add_compile_options(-fsanitize=${SSE_PROXY_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${SSE_PROXY_SANITIZE})
endif()
add_link_options(-Wl,--as-needed)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# add_folder_library(parser LINKS a b): all *.cc of parser/ (but main.cc) as the static library `parser`.
function(add_folder_library name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-fomit-frame-pointer>)  # a twelfth of an event's cost
  target_compile_definitions(${name} PUBLIC SSE_PROXY_VERSION="${PROJECT_VERSION}")
endfunction()

# The files of these globs, from the top of the project.
function(glob_sources result)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE globs)
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# keep_small(GLOB...): what runs once, or for people, is small in a Release build rather than fast.
function(keep_small)
  glob_sources(sources ${ARGN})
  set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)
endfunction()

# optimise_as_a_whole(sse-proxy GLOB...): in a Release build the program's data path, whose calls from file to file are a
# tenth of an event's instructions. The objects keep their ordinary code, which the tests link in half the time.
function(optimise_as_a_whole program)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  glob_sources(sources ${ARGN})
  set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS "$<$<CONFIG:Release>:-flto=auto;-ffat-lto-objects>")
  target_link_options(${program} PRIVATE "$<$<CONFIG:Release>:-flto=auto;-O3>")
endfunction()
