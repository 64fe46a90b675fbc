#include "tests/conformance/cases.h"

#include <utility>

#include "tests/conformance/themes.h"

namespace sse_proxy::test {

std::vector<Theme<RequestCase>> request_themes() {
  return {{"request line", request_line_cases()},
          {"request target", request_target_cases()},
          {"line ends", line_end_cases()},
          {"field names and values", field_cases()},
          {"host", host_cases()},
          {"request framing", request_framing_cases()},
          {"request chunks", request_chunk_cases()},
          {"request trailers", request_trailer_cases()},
          {"connection fields", connection_cases()},
          {"upgrade and expect", upgrade_cases()},
          {"one request after another", pipeline_cases()}};
}

std::vector<Theme<ResponseCase>> response_themes() {
  return {{"status line", status_line_cases()},
          {"response fields", response_field_cases()},
          {"response framing", response_framing_cases()},
          {"response chunks", response_chunk_cases()},
          {"interim and bodiless responses", interim_cases()}};
}

Expected refused(int status, std::string why) { return {std::to_string(status), {}, std::move(why)}; }

Expected forwarded(std::string message, std::string why) {
  return {"forwarded", {std::move(message)}, std::move(why)};
}

Expected forwarded_then(std::vector<std::string> messages, int status, std::string why) {
  std::string verdict = status == 0 ? "forwarded" : "forwarded, then " + std::to_string(status);
  return {std::move(verdict), std::move(messages), std::move(why)};
}

Expected cut(int status, std::string why) { return {"cut, " + std::to_string(status), {}, std::move(why)}; }

Expected passed(std::string messages, std::string why) {
  return {"passed", {std::move(messages)}, std::move(why)};
}

Expected passed_once(std::string messages, std::string why) {
  return {"passed, connection not reused", {std::move(messages)}, std::move(why)};
}

Expected bad_gateway(std::string why) { return {"502", {}, std::move(why)}; }

Expected aborted(std::string why) { return {"aborted", {}, std::move(why)}; }

namespace {

std::string joined(std::string_view line, std::string_view fields, std::string_view body) {
  return std::string(line).append("\r\n").append(fields).append("\r\n").append(body);
}

}  // namespace

std::string get(std::string_view fields) {
  return joined("GET / HTTP/1.1", "Host: a\r\n" + std::string(fields), "");
}

std::string post(std::string_view fields, std::string_view body) {
  return joined("POST / HTTP/1.1", "Host: a\r\n" + std::string(fields), body);
}

std::string chunked_post(std::string_view chunks, std::string_view fields) {
  return post("Transfer-Encoding: chunked\r\n" + std::string(fields), chunks);
}

std::string with_line(std::string_view request_line) { return joined(request_line, "Host: a\r\n", ""); }

std::string ok(std::string_view fields, std::string_view body) {
  return joined("HTTP/1.1 200 OK", fields, body);
}

std::string chunked_ok(std::string_view chunks, std::string_view fields) {
  return ok("Transfer-Encoding: chunked\r\n" + std::string(fields), chunks);
}

}  // namespace sse_proxy::test
