# The man page and the completions, printed from the option table by a program of our own.

add_executable(sse-proxy-manual manual/main.cc)
target_link_libraries(sse-proxy-manual PRIVATE manual)

set(man_template ${PROJECT_SOURCE_DIR}/docs/man/sse-proxy.1.in)
set(manual_folder ${PROJECT_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${manual_folder})
add_custom_command(
  OUTPUT ${manual_folder}/sse-proxy.1 ${manual_folder}/sse-proxy.1.gz ${manual_folder}/sse-proxy ${manual_folder}/_sse-proxy ${manual_folder}/sse-proxy.fish
  COMMAND sse-proxy-manual man ${man_template} > ${manual_folder}/sse-proxy.1
  COMMAND gzip -9 --no-name --keep --force ${manual_folder}/sse-proxy.1
  COMMAND sse-proxy-manual bash > ${manual_folder}/sse-proxy
  COMMAND sse-proxy-manual zsh > ${manual_folder}/_sse-proxy
  COMMAND sse-proxy-manual fish > ${manual_folder}/sse-proxy.fish
  DEPENDS sse-proxy-manual ${man_template} VERBATIM)
add_custom_target(manual_files ALL DEPENDS ${manual_folder}/sse-proxy.1)
