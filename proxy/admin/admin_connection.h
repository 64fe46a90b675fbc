// One client of the admin listener: requests in, one answer at a time.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "parser/http1_parser.h"
#include "proxy/net/socket.h"

namespace sse_proxy {

class AdminConnection;
class AdminServer;

struct AdminAnswer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body = {};
  Fields fields = {};
};

// {"error":{"code":…,"message":…}}
AdminAnswer error_answer(int status, std::string_view message);

// The rest of an answer that is written piece by piece.
//   Owned by  its connection. Thread: the admin loop's.
class AdminBody {
 public:
  virtual ~AdminBody() = default;
  // All that was written has been taken: time for connection.write(), or end(), now or later.
  virtual void on_room(AdminConnection& connection) = 0;
};

// AdminConnection reads requests within small limits (8 KiB, 5 s) and writes answers; a client that takes
// nothing for 5 s is dropped.
//   Owned by  itself: the loop frees it once libuv has let go of its handle. The server finds it by its id
//   until
//             it closes, so that what comes from other threads cannot meet a dead one.
//   Thread    the admin loop's.
class AdminConnection final : private RequestSink {
 public:
  static constexpr size_t kMaxHead = 8 * 1024;
  static constexpr uint64_t kPatienceMs = 5000;

  AdminConnection(AdminServer& server, uint64_t id, const PeerAddress& peer);
  // Takes over an accepted socket; closes at once when it is broken already.
  void open(int fd, bool is_unix);

  void answer(const AdminAnswer& answer);
  // A head now, then what `body` writes.
  void answer_in_pieces(std::string_view type, std::unique_ptr<AdminBody> body);
  // Keeps what is at work on the answer until that comes, or the client goes.
  void keep(std::unique_ptr<AdminBody> work) { body_ = std::move(work); }
  void answer_at_last(const AdminAnswer& answer);
  void write(std::string_view piece);
  void end();
  void close();

  [[nodiscard]] uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const PeerAddress& peer() const noexcept { return peer_; }
  [[nodiscard]] const RequestHead& request() const noexcept { return request_; }
  [[nodiscard]] AdminBody* body() noexcept { return body_.get(); }
  // All that was written has been taken.
  [[nodiscard]] bool has_room() const noexcept { return in_flight_ == 0; }
  // For a request, or to take an answer, or to close; not so while it is we who have nothing to say yet.
  [[nodiscard]] bool waits_for_client() const noexcept { return !answering_ || in_flight_ > 0; }
  [[nodiscard]] uint64_t since_ms() const noexcept { return since_ms_; }
  // For the server, from time to time.
  void check_patience(uint64_t now_ms);

 private:
  ~AdminConnection() = default;
  void on_request_head(RequestHead&& head) override { request_ = std::move(head); }
  void on_request_body(std::string_view) override {}
  void start_reading();
  void on_read(ssize_t n, const char* bytes);
  void take(std::string_view bytes);
  void send_head(const ResponseHead& head);
  void send(std::string bytes);
  void on_sent(int status);
  void finish();
  [[nodiscard]] uv_stream_t* stream() noexcept { return &handle_.stream; }

  union Handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };

  AdminServer& server_;
  uint64_t id_;
  PeerAddress peer_;
  RequestParser parser_;
  RequestHead request_;
  std::unique_ptr<AdminBody> body_;
  std::string pipelined_;
  uint64_t since_ms_;  // when it last made progress
  size_t in_flight_ = 0;
  bool answering_ = false;
  bool ended_ = false;    // the answer is written, but perhaps not taken
  bool chunked_ = false;  // its body is
  bool keep_alive_ = false;
  bool closing_ = false;  // no more requests: what comes is discarded until the client ends
  bool closed_ = false;
  Handle handle_;
};

}  // namespace sse_proxy
