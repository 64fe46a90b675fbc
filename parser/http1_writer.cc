#include "parser/http1_writer.h"

#include <nlohmann/json.hpp>

namespace sse_proxy {
namespace {

void write_field(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void write_framing(const BodyFraming& body, std::string& out) {
  if (body.kind == Framing::length) write_field("Content-Length", std::to_string(body.length), out);
  if (body.kind == Framing::chunked) write_field("Transfer-Encoding", "chunked", out);
}

void write_field_lines(const Fields& fields, std::string& out) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const Fields::View field = fields[i];
    write_field(field.name, field.value, out);
  }
}

}  // namespace

void write_request_head(const RequestHead& head, std::string& out) {
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  write_field_lines(head.fields, out);
  write_framing(head.body, out);
  out.append("\r\n");
}

void write_response_head(const ResponseHead& head, std::string_view connection, std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  write_field_lines(head.fields, out);
  write_framing(head.body, out);
  if (!connection.empty()) write_field("Connection", connection, out);
  out.append("\r\n");
}

void write_fields(const Fields& fields, std::string& out) {
  write_field_lines(fields, out);
  out.append("\r\n");
}

std::string own_error_body(int status, std::string_view message) {
  const nlohmann::ordered_json body = {{"error", {{"code", status}, {"message", message}}}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sse_proxy
