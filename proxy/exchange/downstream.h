// The client's side of an exchange. HTTP/1 is one implementation; the exchange does not know which it talks
// to.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "parser/event_stream.h"
#include "parser/forwarding.h"
#include "parser/http_types.h"
#include "proxy/net/transport.h"

namespace sse_proxy {

// Downstream takes one response: interim()*, begin(), write_body()*, then one of end(), abort(); or refuse()
// or switch_protocols() alone.
//   Implemented by  the client's connection or stream; used by one exchange at a time.
//   Fails           never to the caller: a client that is lost is told by Exchange::on_client_gone(), later.
class Downstream : public BodyWriter {
 public:
  virtual void interim(const ResponseHead& head) = 0;
  // Framing is the implementation's choice: `head.body` says what is known about the body's end.
  virtual void begin(ResponseHead& head) = 0;
  // The head goes out now, unless body bytes have taken it along. At the end of each turn.
  virtual void flush() = 0;
  // The clean end, with the body's last pieces (may be empty) and trailers (may be null).
  virtual void end(std::span<const std::string_view> pieces, const Fields* trailers) = 0;
  // The client must see that the response is not whole.
  virtual void abort() = 0;
  // An answer of the proxy's own, in place of begin() and all that follows.
  virtual void refuse(int status, std::string_view message) = 0;

  // RFC 9110 section 7.8: writes a 101 and gives the connection away, with what the client sent ahead of it.
  virtual TransportPtr switch_protocols(const ResponseHead& head, std::string& sent_ahead) = 0;

  // Bytes that wait for the client.
  [[nodiscard]] virtual size_t queued() const = 0;
  // The request body comes too fast, or can come again.
  virtual void pause_request() = 0;
  virtual void resume_request() = 0;

  // The exchange is over and will make no further call; it may be destroyed at the end of the turn.
  virtual void exchange_done() = 0;
  [[nodiscard]] virtual const ConnectionFacts& facts() const = 0;

 protected:
  ~Downstream() = default;
};

}  // namespace sse_proxy
