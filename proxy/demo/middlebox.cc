#include "proxy/demo/middlebox.h"

#include "parser/http_types.h"
#include "proxy/demo/script.h"

namespace sse_proxy::stage {
namespace {

constexpr std::string_view kBadGateway =
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

bool wants_no_buffering(std::string_view head) {
  return equals_ignoring_case(field(head, "X-Accel-Buffering"), "no");
}

// One request per upstream connection, as nginx does it: the end of the response is the end of the
// connection.
std::string request_for_upstream(std::string_view request) {
  const size_t end = head_end(request);
  const std::string head =
      with_field(without_field(request.substr(0, end), "Connection"), "Connection: close");
  return head + std::string(request.substr(end));
}

}  // namespace

void play_middlebox(Connection client, uint16_t upstream_port, const StopSignal& stop) {
  std::string request;
  if (!client.receive_head(request)) return;
  Connection upstream = Connection::to(upstream_port, stop);
  std::string held;
  if (!upstream.send(request_for_upstream(request)) || !upstream.receive_head(held)) {
    client.send(kBadGateway);
    return;
  }
  const std::string head = held.substr(0, head_end(held));
  held.erase(0, head.size());
  if (!client.send(without_field(head, "X-Accel-Buffering"))) return;

  const size_t enough = wants_no_buffering(head) ? 1 : kHeldBytes;
  while (true) {
    if (held.size() >= enough) {
      const size_t whole_buffers = held.size() - held.size() % enough;
      if (!client.send(std::string_view(held).substr(0, whole_buffers))) return;
      held.erase(0, whole_buffers);
    }
    if (upstream.receive(held, kPatience, &client) != Connection::Wait::bytes) break;
  }
  client.send(held);
}

}  // namespace sse_proxy::stage
