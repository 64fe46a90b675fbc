// What an idle stream is made of: the sizes of its objects, for the table of `./dev bench --scenarios idle`.
#include <cstdio>

#include "proxy/client/client_connection.h"
#include "proxy/exchange/event_stream_body.h"
#include "proxy/exchange/exchange.h"
#include "proxy/net/transport.h"
#include "proxy/upstream/upstream_connection.h"

int main() {
  using namespace sse_proxy;
  std::printf(
      "ClientConnection %zu, Exchange %zu, EventStreamBody %zu, UpstreamConnection %zu, Transport 2 x %zu\n",
      sizeof(ClientConnection), sizeof(Exchange), sizeof(EventStreamBody), sizeof(UpstreamConnection),
      sizeof(Transport));
}
