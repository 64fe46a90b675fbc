// A byte stream over a TCP or Unix socket, plain or in TLS, with the bytes that it could not send yet.
#pragma once

#include <uv.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "parser/memory_budget.h"
#include "proxy/net/socket.h"
#include "tls/engine.h"

namespace sse_proxy {

class Worker;

// Told what happens on a transport, by the loop, never from within a call to the transport itself.
class TransportOwner {
 public:
  virtual void on_connected(int uv_status) { (void)uv_status; }
  virtual void on_secured() {}  // the TLS handshake is done
  virtual void on_plain_http() {
  }  // a client spoke HTTP where TLS was awaited: it can be answered, unencrypted
  virtual void on_bytes(std::string_view bytes) = 0;  // valid during the call: they lie in the worker's slab
  virtual void on_end() = 0;                          // the peer has shut its side
  // Reading or writing failed, or TLS, or the peer left without the end that TLS has; once.
  virtual void on_broken(int uv_error, std::string_view why) = 0;
  virtual void on_drained() = 0;                       // all that was queued has been taken
  [[nodiscard]] virtual size_t read_room() const = 0;  // how much may be read now; at least 1 while reading

 protected:
  ~TransportOwner() = default;
};

// Transport reads into its worker's slab and writes without a copy what the socket takes at once.
//   Owned by  a connection, through TransportPtr: dropping that starts the close, and the loop frees the
//   memory
//             once libuv has let go of the handle. No callback reaches the owner after that.
//   Borrows   worker, budget and owner, which outlive it. Thread: its worker's.
//   Fails     by on_broken(), later; writes after that are swallowed.
class Transport {
 public:
  struct Close {
    void operator()(Transport* transport) const { transport->begin_close(); }
  };
  using Ptr = std::unique_ptr<Transport, Close>;

  // Takes over a connected socket. Null: the socket was closed and `uv_error` says why.
  static Ptr adopt(Worker& worker, TransportOwner& owner, int fd, bool is_unix, int& uv_error);
  // Begins to connect; on_connected() says how it went, unless null comes back with `uv_error` set.
  static Ptr connect(Worker& worker, TransportOwner& owner, const SocketAddress& address, int& uv_error);

  void set_owner(TransportOwner& owner) noexcept { owner_ = &owner; }
  // From here on the bytes are TLS; `received` came before. on_secured() follows, or on_broken().
  void secure(std::unique_ptr<tls::Engine> engine, std::string_view received);
  [[nodiscard]] const tls::Engine* tls() const noexcept { return tls_.get(); }

  void start_reading();
  void stop_reading();
  [[nodiscard]] bool reading() const noexcept { return reading_; }

  // Sends the pieces in order: one system call when the socket takes them all; the rest is copied and queued.
  void write(std::span<const std::string_view> pieces);
  // Bytes that wait here, those that libuv holds included.
  [[nodiscard]] size_t queued() const noexcept {
    return queue_.size() + uv_stream_get_write_queue_size(stream());
  }
  // Whether any byte was queued, or the peer acknowledged any, since the last call. For write time-outs.
  [[nodiscard]] bool made_progress() noexcept;
  // Everything written has been acknowledged by the peer's kernel.
  [[nodiscard]] bool all_acknowledged() const noexcept;

  // Sends FIN, and before it what TLS has for that; nothing may be queued.
  void shut_down_writing();
  // The peer shall see a reset instead of an end when this is closed.
  void reset_on_close() noexcept { reset_on_close_ = true; }
  // The peer shall not take the close for a clean end: TLS says none.
  void cut_on_close() noexcept { cut_on_close_ = true; }
  // The peer has shut its side or reset, whether that was read or not.
  [[nodiscard]] bool peer_left() const noexcept;
  // No unread byte, no end and no error is waiting.
  [[nodiscard]] bool nothing_to_read() const noexcept;

  // For the worker, at the end of a turn: tells the owner of an error that a write met.
  void report_broken();

 private:
  struct WriteRequest;
  union Handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };

  Transport(Worker& worker, TransportOwner& owner) noexcept;
  ~Transport();
  void begin_close();
  [[nodiscard]] uv_stream_t* stream() noexcept { return &handle_.stream; }
  [[nodiscard]] const uv_stream_t* stream() const noexcept { return &handle_.stream; }
  [[nodiscard]] int descriptor() const noexcept;
  [[nodiscard]] size_t unacknowledged() const noexcept;
  [[nodiscard]] size_t try_write(std::span<const std::string_view> pieces);
  void send(std::span<const std::string_view> pieces);
  void send_encrypted(std::span<const std::string_view> pieces);
  void say_close_notify();
  void on_ciphertext(std::string_view bytes);
  void report_truncation();
  void enqueue(std::span<const std::string_view> pieces, size_t skip);
  void send_queue();
  void note_broken(int uv_error);
  void on_read(ssize_t n, const uv_buf_t& buf);
  void on_written(int status, size_t bytes);

  Worker& worker_;
  TransportOwner* owner_;
  std::unique_ptr<tls::Engine> tls_;  // null: plain
  std::string queue_;                 // grows only while the socket takes nothing
  size_t last_unsent_ = 0;            // as of the last made_progress()
  int broken_ = 0;                    // the first error, while it is not reported
  bool is_unix_ = false;
  bool reading_ = false;
  bool in_flight_ = false;   // libuv holds a write request of ours
  bool swallowing_ = false;  // an error was met: what is written goes nowhere
  bool reset_on_close_ = false;
  bool cut_on_close_ = false;
  bool fin_pending_ = false;  // to be sent once the close_notify is
  Handle handle_;
};

using TransportPtr = Transport::Ptr;

}  // namespace sse_proxy
