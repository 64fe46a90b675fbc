// A reader of HTTP/1.1 messages that is as strict as RFC 9112 allows and shares no code with the proxy: what
// it cannot read is not one unambiguous message.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sse_proxy::test {

struct Message {
  enum class State { complete, incomplete, malformed };
  State state = State::incomplete;
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // without its framing
  std::vector<std::pair<std::string, std::string>> trailers;
  size_t size = 0;  // of all that belongs to it, when complete

  [[nodiscard]] int status() const;  // 0 for a request
  [[nodiscard]] std::string_view target() const;
  // One line per field in the order of their names, the body, the trailers: equal for equal messages. What a
  // proxy adds or removes on its own account (X-Forwarded-For, Connection: close, Date) is left out.
  [[nodiscard]] std::vector<std::string> lines() const;
};

Message read_request(std::string_view bytes);
// `closed`: nothing follows, which completes a body without a length.
Message read_response(std::string_view bytes, std::string_view method, bool closed);

}  // namespace sse_proxy::test
