// Feeds HTTP/1 messages to a parser in pieces and writes down what came out, in one line per message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/http1_parser.h"

namespace sse_proxy::test {

inline std::string to_text(const BodyFraming& body) {
  switch (body.kind) {
    case Framing::none: return "no body";
    case Framing::length: return "length " + std::to_string(body.length);
    case Framing::chunked: return "chunked";
    case Framing::until_close: return "until close";
  }
  return "?";
}

inline std::string to_text(const Fields& fields) {
  std::string text;
  for (size_t i = 0; i < fields.size(); ++i) {
    text.append("; ").append(fields[i].name).append(": ").append(fields[i].value);
  }
  return text;
}

template <class Head>
std::string tail_of(const Head& head) {
  return std::string(head.version == Version::http11 ? " 1.1, " : " 1.0, ") + to_text(head.body) +
         (head.keep_alive ? "" : ", close") + to_text(head.fields);
}

// Both sinks: "GET / 1.1, no body; Host: a", then the body.
class RecordingSink final : public RequestSink, public ResponseSink {
 public:
  void on_request_head(RequestHead&& head) override { line(head.method + " " + head.target + tail_of(head)); }
  void on_request_body(std::string_view piece) override { add_body(piece); }
  void on_interim_head(ResponseHead&& head) override {
    line("interim " + std::to_string(head.status) + tail_of(head) + " | ");
  }
  void on_response_head(ResponseHead&& head) override {
    line(std::to_string(head.status) + " '" + head.reason + "'" + tail_of(head));
  }
  void on_response_body(std::string_view piece) override { add_body(piece); }

  std::string heads;
  std::string body;
  bool had_empty_piece = false;

 private:
  void line(const std::string& text) { heads += text; }
  void add_body(std::string_view piece) {
    had_empty_piece |= piece.empty();
    body += piece;
  }
};

struct Parsed {
  ParseStatus status = ParseStatus::more;
  std::string heads;
  std::string body;
  std::string trailers;
  int error_status = 0;
  Side error_side = Side::self;
  std::string error;
  size_t left = 0;        // bytes that belong to no message, or came after the failure
  bool finished = false;  // of a response: its end is the connection's end
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

inline Parsed feed_pieces(Http1Parser& parser, const RecordingSink& sink,
                          const std::vector<std::string_view>& pieces) {
  Parsed parsed;
  for (const std::string_view piece : pieces) {
    if (parsed.status != ParseStatus::more) {
      parsed.left += piece.size();
      continue;
    }
    const std::string copy(piece);  // a slab of its own: over-reads and kept views show under ASan
    const ParseStep step = parser.feed(copy);
    parsed.status = step.status;
    parsed.left += piece.size() - step.consumed;
  }
  parsed.heads = sink.heads;
  parsed.body = sink.body;
  if (parsed.status == ParseStatus::failed) {
    parsed.error_status = parser.error().status;
    parsed.error_side = parser.error().side;
    parsed.error = parser.error().message;
  }
  if (parsed.status == ParseStatus::complete) {
    if (const auto trailers = parser.take_trailers()) parsed.trailers = to_text(*trailers);
  }
  return parsed;
}

inline Parsed parse_request(const std::vector<std::string_view>& pieces, size_t limit = 32768) {
  RecordingSink sink;
  RequestParser parser(sink, limit);
  return feed_pieces(parser, sink, pieces);
}

inline Parsed parse_response(const std::vector<std::string_view>& pieces, std::string_view method = "GET",
                             size_t limit = 32768) {
  RecordingSink sink;
  ResponseParser parser(sink, limit);
  parser.next_message(method);
  Parsed parsed = feed_pieces(parser, sink, pieces);
  parsed.finished = parsed.status != ParseStatus::failed && parser.finish();
  return parsed;
}

// The ways in which the table tests cut a message: whole, byte by byte, in two at every place.
inline std::vector<std::vector<std::string_view>> every_cut(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> ways = {{bytes}, {}};
  for (size_t i = 0; i < bytes.size(); ++i) ways[1].push_back(bytes.substr(i, 1));
  for (size_t cut = 1; cut < bytes.size(); ++cut) ways.push_back({bytes.substr(0, cut), bytes.substr(cut)});
  return ways;
}

}  // namespace sse_proxy::test
