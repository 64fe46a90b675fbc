// The writing half of a client connection: responses in HTTP/1.1 framing (RFC 9112 sections 6 and 7).
#include <array>
#include <cstring>
#include <utility>

#include "parser/http1_writer.h"
#include "proxy/client/client_connection.h"

namespace sse_proxy {
namespace {

// What is this small is joined before it is sent: three pieces take the kernel 250 ns longer than one, and to
// copy an event takes 20.
constexpr size_t kJoined = 2048;
constexpr size_t kChunkFraming = 18 + kChunkEnd.size();  // a chunk's longest head, and its end

}  // namespace

void ClientConnection::interim(const ResponseHead& head) {
  if (http10_) return;  // RFC 9110 section 15.2
  write_response_head(head, "", head_);
  flush();
}

// The framing is the client's: chunked for HTTP/1.1, close-delimited for 1.0, where the length is not known.
void ClientConnection::begin(ResponseHead& head) {
  if (head.body.kind == Framing::chunked || head.body.kind == Framing::until_close) {
    head.body.kind = http10_ ? Framing::until_close : Framing::chunked;
  }
  framing_ = head.body.kind;
  if (framing_ == Framing::until_close || worker_.draining()) keep_alive_ = false;
  if (head_.empty()) head_ = worker_.borrow_text();
  write_response_head(head, !keep_alive_ ? "close" : http10_ ? "keep-alive" : "", head_);
  head_sent_ = true;
}

void ClientConnection::flush() {
  if (!head_.empty()) send_body({}, {});
}

void ClientConnection::write_body(std::span<const std::string_view> pieces) { send_body(pieces, {}); }

void ClientConnection::end(std::span<const std::string_view> pieces, const Fields* trailers) {
  if (framing_ != Framing::chunked) return send_body(pieces, {});
  if (trailers == nullptr || trailers->empty()) return send_body(pieces, kLastChunk);
  std::string last = "0\r\n";
  write_fields(*trailers, last);
  send_body(pieces, last);
}

void ClientConnection::abort() {
  flush();
  aborting_ = true;
  keep_alive_ = false;
}

void ClientConnection::refuse(int status, std::string_view message) {
  keep_alive_ = false;
  const std::string body = own_error_body(status, message);
  ResponseHead head;
  head.status = status;
  head.reason = reason_phrase(status);
  head.fields.add("Content-Type", "application/json");
  if (status == 429) head.fields.add("Retry-After", "1");
  head.body = {Framing::length, body.size()};
  begin(head);
  const std::string_view piece = body;
  to_head_ ? flush() : end(std::span(&piece, 1), nullptr);
}

TransportPtr ClientConnection::switch_protocols(const ResponseHead& head, std::string& sent_ahead) {
  write_response_head(head, "upgrade", head_);
  framing_ = Framing::none;
  flush();
  state_ = State::tunnelling;
  head_sent_ = true;
  sent_ahead = std::exchange(pipelined_, {});
  worker_.schedule(*this, kNever);
  return std::move(transport_);
}

// One system call for all that is there: the head if it still waits, the chunk's head, its bytes, its end.
void ClientConnection::send_body(std::span<const std::string_view> pieces, std::string_view after) {
  if (transport_ == nullptr) return;
  size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  const size_t all = head_.size() + size + after.size();
  if (all == 0) return;
  const bool chunk = framing_ == Framing::chunked && size > 0;
  const ChunkHead chunk_head(size);
  const auto each = [&](auto put) {
    if (!head_.empty()) put(std::string_view(head_));
    if (chunk) put(chunk_head.view());
    for (const std::string_view piece : pieces) put(piece);
    if (chunk) put(kChunkEnd);
    if (!after.empty()) put(after);
  };
  const bool was_empty = transport_->queued() == 0;
  if (all <= kJoined) {
    std::array<char, kJoined + kChunkFraming> joined;
    char* end = joined.data();
    each([&](std::string_view piece) {
      std::memcpy(end, piece.data(), piece.size());
      end += piece.size();
    });
    transport_->write(std::string_view(joined.data(), end));
  } else {
    iovec* const wire = worker_.wire(pieces.size() + 4);
    iovec* end = wire;
    each([&](std::string_view piece) { *end++ = piece_of(piece); });
    transport_->write({wire, end});
  }
  if (!head_.empty()) worker_.give_back(std::exchange(head_, {}));
  if (!was_empty || transport_->queued() == 0) return;
  last_write_progress_ = worker_.now();  // from here on the client has to take something in time
  reschedule();
}

}  // namespace sse_proxy
