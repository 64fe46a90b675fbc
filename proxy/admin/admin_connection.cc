#include "proxy/admin/admin_connection.h"

#include <unistd.h>

#include <utility>

#include "parser/http1_writer.h"
#include "proxy/admin/admin_server.h"

namespace sse_proxy {
namespace {

struct WriteRequest {
  uv_write_t request;
  std::string bytes;
};

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    default: return reason_phrase(status);
  }
}

}  // namespace

AdminAnswer error_answer(int status, std::string_view message) {
  return {status, "application/json", own_error_body(status, message), {}};
}

AdminConnection::AdminConnection(AdminServer& server, uint64_t id, const PeerAddress& peer)
    : server_(server), id_(id), peer_(peer), parser_(*this, kMaxHead), since_ms_(uv_now(server.loop())) {}

void AdminConnection::open(int fd, bool is_unix) {
  is_unix ? uv_pipe_init(server_.loop(), &handle_.pipe, 0) : uv_tcp_init(server_.loop(), &handle_.tcp);
  handle_.handle.data = this;
  const int error = is_unix ? uv_pipe_open(&handle_.pipe, fd) : uv_tcp_open(&handle_.tcp, fd);
  if (error != 0) ::close(fd);
  start_reading();  // fails as a read does where there is no socket
}

void AdminConnection::start_reading() {
  const auto on_allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buf) {
    *buf = static_cast<AdminConnection*>(handle->data)->server_.read_slab();
  };
  const int error =
      uv_read_start(stream(), on_allocate, [](uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
        static_cast<AdminConnection*>(stream->data)->on_read(n, buf->base);
      });
  if (error != 0) close();
}

void AdminConnection::on_read(ssize_t n, const char* bytes) {
  if (n < 0) return close();
  if (n == 0 || closing_) return;
  if (!answering_) return take({bytes, static_cast<size_t>(n)});
  pipelined_.append(bytes, static_cast<size_t>(n));
  if (pipelined_.size() > kMaxHead) close();
}

void AdminConnection::take(std::string_view bytes) {
  if (parser_.untouched()) since_ms_ = uv_now(server_.loop());
  const ParseStep step = parser_.feed(bytes);
  if (step.status == ParseStatus::more) return;
  answering_ = true;
  if (step.status == ParseStatus::failed) {
    request_ = {};
    keep_alive_ = false;
    return answer(error_answer(parser_.error().status, parser_.error().message));
  }
  pipelined_ = bytes.substr(step.consumed);
  keep_alive_ = request_.keep_alive;
  server_.handle(*this);
}

void AdminConnection::answer(const AdminAnswer& answer) {
  ResponseHead head;
  head.status = answer.status;
  head.fields = answer.fields;
  if (answer.status != 204) {
    head.fields.add("Content-Type", answer.type);
    head.body = {Framing::length, answer.body.size()};
  }
  ended_ = true;
  chunked_ = false;
  send_head(head);
  if (request_.method != "HEAD" && !answer.body.empty()) send(answer.body);
}

void AdminConnection::answer_at_last(const AdminAnswer& given) {
  const std::unique_ptr<AdminBody> work = std::move(body_);
  answer(given);
}

void AdminConnection::answer_in_pieces(std::string_view type, std::unique_ptr<AdminBody> body) {
  ResponseHead head;
  head.status = 200;
  head.fields.add("Content-Type", type);
  chunked_ = request_.version == Version::http11;
  if (chunked_) head.body.kind = Framing::chunked;
  if (!chunked_) keep_alive_ = false;  // its end is the body's
  ended_ = request_.method == "HEAD";
  if (!ended_) body_ = std::move(body);
  send_head(head);
}

void AdminConnection::send_head(const ResponseHead& given) {
  ResponseHead head = given;
  head.reason = reason_of(head.status);
  head.fields.add("Cache-Control", "no-store");
  head.fields.add("X-Content-Type-Options", "nosniff");
  head.fields.add("Cross-Origin-Resource-Policy", "same-origin");
  std::string bytes;
  const bool http10 = request_.version == Version::http10;
  write_response_head(head, !keep_alive_ ? "close" : http10 ? "keep-alive" : "", bytes);
  send(std::move(bytes));
}

void AdminConnection::write(std::string_view piece) {
  if (ended_ || closed_ || piece.empty()) return;
  if (!chunked_) return send(std::string(piece));
  std::string bytes(ChunkHead(piece.size()).view());
  send(bytes.append(piece).append(kChunkEnd));
}

void AdminConnection::end() {
  if (ended_ || closed_) return;
  ended_ = true;
  if (chunked_) return send(std::string(kLastChunk));
  if (in_flight_ == 0) finish();
}

void AdminConnection::send(std::string bytes) {
  if (closed_) return;
  if (in_flight_++ == 0) since_ms_ = uv_now(server_.loop());
  auto* const write = new WriteRequest{{}, std::move(bytes)};
  write->request.data = write;
  const uv_buf_t buf = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int error = uv_write(&write->request, stream(), &buf, 1, [](uv_write_t* request, int status) {
    auto* const self = static_cast<AdminConnection*>(request->handle->data);
    delete static_cast<WriteRequest*>(request->data);
    self->on_sent(status);
  });
  if (error == 0) return;
  delete write;
  --in_flight_;
  close();
}

void AdminConnection::on_sent(int status) {
  --in_flight_;
  if (closed_) return;
  if (status != 0) return close();
  since_ms_ = uv_now(server_.loop());
  if (in_flight_ > 0) return;
  if (ended_) return finish();
  if (body_ != nullptr) body_->on_room(*this);
}

// The answer is with the client's kernel. Who is to go gets a FIN first: a reset would destroy the answer.
void AdminConnection::finish() {
  body_.reset();
  answering_ = ended_ = false;
  since_ms_ = uv_now(server_.loop());
  if (!keep_alive_) {
    closing_ = true;
    auto* const request = new uv_shutdown_t;
    if (uv_shutdown(request, stream(), [](uv_shutdown_t* done, int) { delete done; }) == 0) return;
    delete request;
    return close();
  }
  parser_.next_message();
  request_ = {};
  if (!pipelined_.empty()) take(std::exchange(pipelined_, {}));
}

void AdminConnection::check_patience(uint64_t now_ms) {
  if (waits_for_client() && now_ms - since_ms_ > kPatienceMs) close();
}

void AdminConnection::close() {
  if (std::exchange(closed_, true)) return;
  body_.reset();
  uv_close(&handle_.handle, [](uv_handle_t* handle) { delete static_cast<AdminConnection*>(handle->data); });
  server_.remove(*this);
}

}  // namespace sse_proxy
