// Incremental HTTP/1.1 parsers for requests and responses, over llhttp (RFC 9112). All of llhttp's lenient
// flags stay off; what it accepts nevertheless, parser/message_rules refuses.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "parser/http_types.h"
#include "parser/request_line.h"
#include "parser/result.h"

namespace sse_proxy {

// Receives a message as it is parsed. Views die when the call returns; the parser must not be destroyed in
// it.
class RequestSink {
 public:
  virtual void on_request_head(RequestHead&& head) = 0;      // once per message
  virtual void on_request_body(std::string_view piece) = 0;  // any number of times, never empty

 protected:
  ~RequestSink() = default;
};

class ResponseSink {
 public:
  virtual void on_interim_head(ResponseHead&& head) = 0;      // any number of times, before the head
  virtual void on_response_head(ResponseHead&& head) = 0;     // once per message
  virtual void on_response_body(std::string_view piece) = 0;  // any number of times, never empty

 protected:
  ~ResponseSink() = default;
};

enum class ParseStatus : uint8_t { more, complete, failed };

struct ParseStep {
  ParseStatus status = ParseStatus::more;
  size_t consumed = 0;  // all of it, unless the message was complete before, or failed
};

// What requests and responses have in common: field lines, limits, chunk framing, trailers.
//   Owned by  a connection. Borrows its sink. Thread: its worker's.
//   Fails     once, by ParseStatus::failed with error(); feed() must not be called again after that.
class Http1Parser {
 public:
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;

  // Parses until the bytes or the message end. After `complete`, next_message() starts the next one.
  ParseStep feed(std::string_view bytes);
  [[nodiscard]] const Error& error() const noexcept { return *error_; }
  // No byte of the current message has come.
  [[nodiscard]] bool untouched() const noexcept { return !begun_; }
  [[nodiscard]] bool head_complete() const noexcept { return head_done_; }
  // The trailer fields, once the message is complete; null if there were none.
  [[nodiscard]] std::unique_ptr<Fields> take_trailers() noexcept { return std::move(trailers_); }

 protected:
  // `max_header_bytes` bounds start line plus fields, trailers, and the extensions of a chunk, each.
  Http1Parser(llhttp_type_t type, size_t max_header_bytes);
  ~Http1Parser() = default;

  // Bytes of a head, before llhttp reads them. False: the start line is a bad one even if llhttp takes it,
  // and `bytes` now ends where that shows.
  virtual bool check_head_bytes(std::string_view& bytes) = 0;
  virtual void append_start_line(std::string_view piece, bool second_part) = 0;
  virtual Fields& head_fields() = 0;
  // The head is whole: checks it and hands it on. False after fail(). `skip_body`: none follows.
  virtual bool finish_head(bool& skip_body) = 0;
  [[nodiscard]] virtual Error describe_failure(llhttp_errno_t code, const char* at,
                                               const char* end) const = 0;
  [[nodiscard]] virtual Error head_too_large(bool in_start_line) const = 0;
  [[nodiscard]] virtual Error bad_start_line() const = 0;
  virtual void deliver_body(std::string_view piece) = 0;
  // A message ended; true: it was an interim response, go on with the next.
  virtual bool begin_next_at_once() { return false; }

  bool fail(Error error);
  void reset_message();
  [[nodiscard]] const llhttp_t& llhttp() const noexcept { return llhttp_; }

 private:
  // Where in a chunked body the next byte is, when it is not llhttp that knows.
  enum class ChunkAt : uint8_t { in_llhttp, size_line, data, data_cr, data_lf };

  static const llhttp_settings_t kSettings;
  static llhttp_settings_t make_settings();
  static Http1Parser& self(llhttp_t* parser) { return *static_cast<Http1Parser*>(parser->data); }

  int count_trailer(size_t bytes);
  int count_extension(size_t bytes);
  int check_chunk_size(uint64_t size);
  size_t read_chunks(std::string_view bytes);
  bool take_plain_size_line(std::string_view& bytes);
  bool take_data_end(std::string_view& bytes);
  Fields& current_fields();

  llhttp_t llhttp_;
  size_t max_header_bytes_;
  size_t head_bytes_ = 0;  // of the head so far, or of the trailers
  int64_t excess_ = 0;     // of the body: wire bytes above what its bytes and chunks may take
  uint64_t chunk_left_ = 0;
  uint32_t extension_bytes_ = 0;
  ChunkAt chunk_at_ = ChunkAt::in_llhttp;
  bool begun_ = false;
  bool start_line_seen_ = false;
  bool head_done_ = false;
  bool last_chunk_ = false;
  bool message_done_ = false;
  std::unique_ptr<Fields> trailers_;
  std::unique_ptr<const Error> error_;
};

class RequestParser final : public Http1Parser {
 public:
  RequestParser(RequestSink& sink, size_t max_header_bytes);
  void next_message();

 private:
  bool check_head_bytes(std::string_view& bytes) override;
  void append_start_line(std::string_view piece, bool second_part) override;
  Fields& head_fields() override;
  bool finish_head(bool& skip_body) override;
  [[nodiscard]] Error describe_failure(llhttp_errno_t code, const char* at, const char* end) const override;
  [[nodiscard]] Error head_too_large(bool in_start_line) const override;
  [[nodiscard]] Error bad_start_line() const override;
  void deliver_body(std::string_view piece) override { sink_.on_request_body(piece); }

  RequestSink& sink_;
  RequestLineCheck line_;
  std::unique_ptr<RequestHead> head_;  // while it is being read
};

class ResponseParser final : public Http1Parser {
 public:
  ResponseParser(ResponseSink& sink, size_t max_header_bytes);
  // Prepares for the response to a request with this method. `may_switch`: it asked for an upgrade, so a 101
  // is a final response, and what follows it is no HTTP.
  void next_message(std::string_view method, bool may_switch = false);
  // The connection has ended. True: that completes the message (a body that lasts until close).
  [[nodiscard]] bool finish();

 private:
  bool check_head_bytes(std::string_view& bytes) override;
  void append_start_line(std::string_view piece, bool second_part) override;
  Fields& head_fields() override;
  bool finish_head(bool& skip_body) override;
  [[nodiscard]] Error describe_failure(llhttp_errno_t code, const char* at, const char* end) const override;
  [[nodiscard]] Error head_too_large(bool in_start_line) const override;
  [[nodiscard]] Error bad_start_line() const override;
  void deliver_body(std::string_view piece) override { sink_.on_response_body(piece); }
  bool begin_next_at_once() override;

  ResponseSink& sink_;
  std::unique_ptr<ResponseHead> head_;
  bool to_head_request_ = false;
  bool until_close_ = false;
  bool was_interim_ = false;
  bool may_switch_ = false;
  uint8_t interim_heads_ = 0;
};

}  // namespace sse_proxy
