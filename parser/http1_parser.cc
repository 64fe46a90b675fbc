#include "parser/http1_parser.h"

#include <algorithm>
#include <utility>

#include "parser/message_rules.h"

namespace sse_proxy {
namespace {

constexpr uint32_t kMaxChunkExtensionBytes = 4096;
// What a body may have on the wire besides its bytes: extensions and zeros before a chunk's size are no body
// that limits.body_bytes would count.
constexpr int64_t kMaxExcess = 128 * 1024;
constexpr int64_t kWirePerChunk = 20;
constexpr size_t kWirePerByte = 3;
constexpr unsigned kMaxInterimHeads = 16;
constexpr char kTlsHandshake = '\x16';  // the first byte of a ClientHello
constexpr size_t kFieldOverhead = 4;    // colon, space, CR LF

std::string malformed(const char* what, const llhttp_t& parser) {
  const char* reason = llhttp_get_error_reason(&parser);
  if (reason == nullptr || *reason == '\0') return std::string("malformed ") + what;
  return std::string("malformed ") + what + ": " + reason;
}

// Major and minor digit as read so far: 11 for HTTP/1.1.
unsigned version_of(const llhttp_t& parser) noexcept { return parser.http_major * 10U + parser.http_minor; }

}  // namespace

// Each callback casts and forwards; a failure noted by fail() makes llhttp stop.
llhttp_settings_t Http1Parser::make_settings() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_message_begin = [](llhttp_t* p) { return self(p).begun_ = true, 0; };
  s.on_method = [](llhttp_t* p, const char* at, size_t n) {
    return self(p).append_start_line({at, n}, false), 0;
  };
  s.on_url = [](llhttp_t* p, const char* at, size_t n) {
    return self(p).append_start_line({at, n}, true), 0;
  };
  s.on_status = s.on_url;
  s.on_version_complete = [](llhttp_t* p) { return self(p).start_line_seen_ = true, 0; };
  s.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
    if (self(p).count_trailer(n) != 0) return -1;
    return self(p).current_fields().append_name({at, n}), 0;
  };
  s.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
    if (self(p).count_trailer(n) != 0) return -1;
    return self(p).current_fields().append_value({at, n}), 0;
  };
  s.on_header_value_complete = [](llhttp_t* p) {
    if (self(p).count_trailer(kFieldOverhead) != 0) return -1;
    return self(p).current_fields().finish_field(), 0;
  };
  s.on_headers_complete = [](llhttp_t* p) -> int {
    Http1Parser& parser = self(p);
    parser.head_done_ = true;
    parser.head_bytes_ = 0;
    p->upgrade = 0;  // tunnels are the exchange's business, never the parser's
    bool skip_body = false;
    if (!parser.finish_head(skip_body)) return -1;
    if (skip_body) return 1;
    if ((p->flags & F_CHUNKED) == 0) return 0;
    parser.chunk_at_ = ChunkAt::size_line;
    return HPE_PAUSED;
  };
  s.on_chunk_extension_name = [](llhttp_t* p, const char*, size_t n) { return self(p).count_extension(n); };
  s.on_chunk_extension_value = s.on_chunk_extension_name;
  s.on_chunk_header = [](llhttp_t* p) { return self(p).check_chunk_size(p->content_length); };
  s.on_body = [](llhttp_t* p, const char* at, size_t n) {
    self(p).excess_ -= static_cast<int64_t>(kWirePerByte * n);
    return self(p).deliver_body({at, n}), 0;
  };
  s.on_chunk_complete = [](llhttp_t* p) -> int {
    if (self(p).last_chunk_) return 0;
    self(p).chunk_at_ = ChunkAt::size_line;
    return HPE_PAUSED;
  };
  s.on_message_complete = [](llhttp_t* p) -> int { return self(p).message_done_ = true, HPE_PAUSED; };
  return s;
}

const llhttp_settings_t Http1Parser::kSettings = make_settings();

Http1Parser::Http1Parser(llhttp_type_t type, size_t max_header_bytes) : max_header_bytes_(max_header_bytes) {
  llhttp_init(&llhttp_, type, &kSettings);
  llhttp_.data = this;
}

ParseStep Http1Parser::feed(std::string_view bytes) {
  size_t consumed = 0;
  while (consumed < bytes.size()) {
    std::string_view rest = bytes.substr(consumed);
    if (chunk_at_ != ChunkAt::in_llhttp) {
      consumed += read_chunks(rest);
      if (error_ != nullptr) return {ParseStatus::failed, consumed};
      continue;
    }
    const bool in_head = !head_done_;
    if (in_head && rest.size() > max_header_bytes_ - head_bytes_) {
      rest = rest.substr(0, max_header_bytes_ - head_bytes_);
      if (rest.empty()) {
        fail(head_too_large(!start_line_seen_));
        return {ParseStatus::failed, consumed};
      }
    }
    const bool bad_start = in_head && !check_head_bytes(rest);
    const llhttp_errno_t code = llhttp_execute(&llhttp_, rest.data(), rest.size());
    const size_t taken = code == HPE_OK ? rest.size() : static_cast<size_t>(llhttp_.error_pos - rest.data());
    consumed += taken;
    if (in_head && !head_done_) head_bytes_ += taken;
    const bool goes_on = code == HPE_OK || (code == HPE_PAUSED && !message_done_);
    if (!in_head && (excess_ += static_cast<int64_t>(taken)) > kMaxExcess && goes_on) {
      fail(describe_failure(HPE_USER, nullptr, nullptr));
      return {ParseStatus::failed, consumed};
    }
    if (code == HPE_OK && !bad_start) continue;
    if (code == HPE_OK) {
      fail(bad_start_line());
      return {ParseStatus::failed, consumed};
    }
    if (code != HPE_PAUSED) {
      if (!error_) fail(describe_failure(code, llhttp_.error_pos, rest.data() + rest.size()));
      return {ParseStatus::failed, consumed};
    }
    if (!message_done_) {  // at the beginning of a chunk
      llhttp_resume(&llhttp_);
    } else if (!begin_next_at_once()) {
      return {ParseStatus::complete, consumed};
    }
  }
  return {ParseStatus::more, consumed};
}

bool Http1Parser::fail(Error error) {
  error_ = std::make_unique<const Error>(std::move(error));
  return false;
}

void Http1Parser::reset_message() {
  llhttp_reset(&llhttp_);
  head_bytes_ = 0;
  extension_bytes_ = 0;
  excess_ = 0;
  chunk_at_ = ChunkAt::in_llhttp;
  begun_ = start_line_seen_ = head_done_ = last_chunk_ = message_done_ = false;
  trailers_.reset();
}

int Http1Parser::count_trailer(size_t bytes) {
  if (!head_done_) return 0;
  head_bytes_ += bytes;
  if (head_bytes_ <= max_header_bytes_) return 0;
  fail(head_too_large(false));
  return -1;
}

int Http1Parser::count_extension(size_t bytes) {
  extension_bytes_ += static_cast<uint32_t>(std::min<size_t>(bytes, kMaxChunkExtensionBytes + 1));
  if (extension_bytes_ <= kMaxChunkExtensionBytes) return 0;
  fail(describe_failure(HPE_USER, nullptr, nullptr));
  return -1;
}

// Sizes that fit no signed offset are an attack on whoever adds them up.
int Http1Parser::check_chunk_size(uint64_t size) {
  extension_bytes_ = 0;
  excess_ -= kWirePerChunk;
  last_chunk_ = size == 0;
  if (size <= INT64_MAX) return 0;
  llhttp_set_error_reason(&llhttp_, "Chunk size overflow");
  fail(describe_failure(HPE_INVALID_CHUNK_SIZE, nullptr, nullptr));
  return -1;
}

Fields& Http1Parser::current_fields() {
  if (!head_done_) return head_fields();
  if (trailers_ == nullptr) trailers_ = std::make_unique<Fields>();
  return *trailers_;
}

RequestParser::RequestParser(RequestSink& sink, size_t max_header_bytes)
    : Http1Parser(HTTP_REQUEST, max_header_bytes), sink_(sink) {}

void RequestParser::next_message() {
  reset_message();
  line_.reset();
  head_.reset();
}

bool RequestParser::check_head_bytes(std::string_view& bytes) {
  bytes = bytes.substr(0, line_.feed(bytes));
  return !line_.failed();
}

void RequestParser::append_start_line(std::string_view piece, bool second_part) {
  if (head_ == nullptr) head_ = std::make_unique<RequestHead>();
  (second_part ? head_->target : head_->method).append(piece);
}

Fields& RequestParser::head_fields() { return head_->fields; }

bool RequestParser::finish_head(bool&) {
  RequestHead& head = *head_;
  const unsigned version = version_of(llhttp());
  if (version == 9) return fail({Side::client, 400, "HTTP/0.9 is not spoken here"});
  if (version != 10 && version != 11) return fail({Side::client, 505, "HTTP version is neither 1.0 nor 1.1"});
  head.version = version == 10 ? Version::http10 : Version::http11;
  head.keep_alive = head.version == Version::http11 ? !head.fields.lists(FieldId::connection, "close")
                                                    : head.fields.lists(FieldId::connection, "keep-alive");
  if (auto error = check_and_normalise(head)) return fail(std::move(*error));
  Result<BodyFraming> framing = request_framing(head.fields, head.version);
  if (!framing) return fail(framing.error());
  head.body = *framing;
  sink_.on_request_head(std::move(head));
  head_.reset();
  return true;
}

Error RequestParser::describe_failure(llhttp_errno_t code, const char* at, const char* end) const {
  if (code == HPE_INVALID_METHOD && at < end) {
    if (*at == kTlsHandshake)
      return {Side::client, 400, "request is not HTTP: the client seems to speak TLS"};
    const bool in_method = !line_.failed_at_once() && (*at == ' ' || is_token({at, 1}));
    if (in_method) return {Side::client, 501, "request method is not known"};
  }
  const unsigned version = version_of(llhttp());
  if (code == HPE_INVALID_VERSION && version != 0 && version != 10 && version != 11) {
    return {Side::client, 505, "HTTP version is neither 1.0 nor 1.1"};
  }
  if (code == HPE_USER)
    return {Side::client, 400, "chunk extensions, or the zeros of chunk sizes, are too long"};
  if (code == HPE_PAUSED_H2_UPGRADE) return {Side::client, 400, "HTTP/2 is not spoken here"};
  return {Side::client, 400, malformed("request", llhttp())};
}

Error RequestParser::head_too_large(bool in_start_line) const {
  if (in_start_line) return {Side::client, 414, "request line is longer than limits.header_bytes"};
  return {Side::client, 431, "request fields are longer than limits.header_bytes"};
}

Error RequestParser::bad_start_line() const {
  return {Side::client, 400, "request line is not \"method SP target SP HTTP/1.1 CR LF\""};
}

ResponseParser::ResponseParser(ResponseSink& sink, size_t max_header_bytes)
    : Http1Parser(HTTP_RESPONSE, max_header_bytes), sink_(sink) {}

void ResponseParser::next_message(std::string_view method, bool may_switch) {
  reset_message();
  head_.reset();
  to_head_request_ = method == "HEAD";
  until_close_ = was_interim_ = false;
  may_switch_ = may_switch;
  interim_heads_ = 0;
}

bool ResponseParser::finish() { return head_complete() && until_close_; }

// llhttp would skip empty lines, which may be the end of something that was no part of an earlier response.
bool ResponseParser::check_head_bytes(std::string_view& bytes) {
  if (!untouched() || (bytes.front() != '\r' && bytes.front() != '\n')) return true;
  bytes = {};
  return false;
}

void ResponseParser::append_start_line(std::string_view piece, bool) {
  if (head_ == nullptr) head_ = std::make_unique<ResponseHead>();
  head_->reason.append(piece);
}

Fields& ResponseParser::head_fields() {
  if (head_ == nullptr) head_ = std::make_unique<ResponseHead>();  // the reason phrase may be empty
  return head_->fields;
}

bool ResponseParser::finish_head(bool& skip_body) {
  (void)head_fields();
  ResponseHead& head = *head_;
  const unsigned version = version_of(llhttp());
  if (version != 10 && version != 11)
    return fail({Side::upstream, 502, "response is not HTTP/1.0 or HTTP/1.1"});
  head.version = version == 10 ? Version::http10 : Version::http11;
  head.status = llhttp().status_code;
  if (!is_reason_phrase(head.reason))
    return fail({Side::upstream, 502, "reason phrase has control characters"});
  if (head.status < 100) return fail({Side::upstream, 502, "response status is below 100"});
  head.keep_alive = head.version == Version::http11 ? !head.fields.lists(FieldId::connection, "close")
                                                    : head.fields.lists(FieldId::connection, "keep-alive");
  const std::string_view method = to_head_request_ ? "HEAD" : "GET";
  Result<BodyFraming> framing = response_framing(head.fields, head.version, method, head.status);
  if (!framing) return fail(framing.error());
  head.body = *framing;
  until_close_ = framing->kind == Framing::until_close;
  skip_body = framing->kind == Framing::none;
  if (head.status == 101 && !may_switch_)
    return fail({Side::upstream, 502, "upstream switches protocols unasked"});
  was_interim_ = head.status < 200 && head.status != 101;
  if (was_interim_ && ++interim_heads_ > kMaxInterimHeads) {
    return fail({Side::upstream, 502, "upstream sends interim responses without end"});
  }
  was_interim_ ? sink_.on_interim_head(std::move(head)) : sink_.on_response_head(std::move(head));
  head_.reset();
  return true;
}

bool ResponseParser::begin_next_at_once() {
  if (!was_interim_) return false;
  reset_message();
  return true;
}

Error ResponseParser::describe_failure(llhttp_errno_t code, const char*, const char*) const {
  if (code == HPE_USER)
    return {Side::upstream, 502, "chunk extensions, or the zeros of chunk sizes, are too long"};
  return {Side::upstream, 502, malformed("response", llhttp())};
}

Error ResponseParser::head_too_large(bool) const {
  return {Side::upstream, 502, "response fields are longer than limits.header_bytes"};
}

Error ResponseParser::bad_start_line() const {
  return {Side::upstream, 502, "response does not begin with a status line"};
}

}  // namespace sse_proxy
