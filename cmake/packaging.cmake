# What `cmake --install` puts where, and the Debian package that CPack makes of it.

install(TARGETS sse-proxy RUNTIME DESTINATION bin)
install(FILES ${manual_folder}/sse-proxy.1.gz DESTINATION share/man/man1)
install(FILES ${manual_folder}/sse-proxy DESTINATION share/bash-completion/completions)
install(FILES ${manual_folder}/_sse-proxy DESTINATION share/zsh/vendor-completions)
install(FILES ${manual_folder}/sse-proxy.fish DESTINATION share/fish/vendor_completions.d)
install(FILES deploy/debian/copyright README.md CHANGELOG.md SECURITY.md DESTINATION share/doc/sse-proxy)
install(DIRECTORY docs DESTINATION share/doc/sse-proxy FILES_MATCHING PATTERN *.md PATTERN man EXCLUDE)
install(FILES deploy/systemd/sse-proxy.service deploy/systemd/sse-proxy.socket DESTINATION lib/systemd/system)
install(FILES sse-proxy.toml DESTINATION /etc/sse-proxy)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)  # for /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "The sse-proxy authors <sse-proxy@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)  # for https upstreams
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "reverse proxy that makes Server-Sent Events arrive")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "sse-proxy stands between a load balancer and an app and makes event streams
 (text/event-stream) arrive: at once, whole, and without being cut. Everything
 that is not an event stream passes through as it is.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles
    ${PROJECT_SOURCE_DIR}/deploy/debian/postinst ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
    ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
