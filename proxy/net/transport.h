// A byte stream over a TCP or Unix socket, plain or in TLS, with the bytes that it could not send yet.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "parser/memory_budget.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/retirable.h"
#include "proxy/net/socket.h"
#include "tls/engine.h"

namespace sse_proxy {

class Worker;

// Told what happens on a transport, by the loop, never from within a call to the transport itself.
class TransportOwner {
 public:
  virtual void on_connected(int error) { (void)error; }  // 0, or an errno
  virtual void on_secured() {}                           // the TLS handshake is done
  virtual void on_plain_http() {
  }  // a client spoke HTTP where TLS was awaited: it can be answered, unencrypted
  virtual void on_bytes(std::string_view bytes) = 0;  // valid during the call: they lie in the worker's slab
  virtual void on_end() = 0;                          // the peer has shut its side
  // Reading or writing failed (an errno), or TLS (EPROTO), or the peer left without the end that TLS has
  // (ECONNABORTED); once.
  virtual void on_broken(int error, std::string_view why) = 0;
  virtual void on_drained() = 0;  // all that was queued has been taken

 protected:
  ~TransportOwner() = default;
};

// A piece of what is written, where sendmsg() wants it: the bytes are only read.
inline iovec piece_of(std::string_view bytes) noexcept {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

// Transport reads into its worker's slab and writes without a copy what the socket takes at once: one
// system call each, for an event.
//   Owned by  a connection, through TransportPtr: dropping that closes the socket at once, and the memory
//   goes
//             at the end of the turn. No callback reaches the owner after that.
//   Borrows   worker, budget and owner, which outlive it. Thread: its worker's.
//   Fails     by on_broken(), later; writes after that are swallowed.
class Transport final : public Retirable, private Watcher {
 public:
  struct Close {
    void operator()(Transport* transport) const { transport->begin_close(); }
  };
  using Ptr = std::unique_ptr<Transport, Close>;

  // Takes over a connected, non-blocking socket.
  static Ptr adopt(Worker& worker, TransportOwner& owner, int fd, bool is_unix);
  // Begins to connect; on_connected() says how it went, unless null comes back and `error` says why.
  static Ptr connect(Worker& worker, TransportOwner& owner, const SocketAddress& address, int& error);

  void set_owner(TransportOwner& owner) noexcept { owner_ = &owner; }
  // From here on the bytes are TLS; `received` came before. on_secured() follows, or on_broken().
  void secure(std::unique_ptr<tls::Engine> engine, std::string_view received);
  [[nodiscard]] const tls::Engine* tls() const noexcept { return tls_.get(); }

  void start_reading();
  void stop_reading();
  [[nodiscard]] bool reading() const noexcept { return reading_; }
  // At most this much with one read: what the owner has room for. Never nothing: it would look like the end.
  void limit_reads(size_t bytes) noexcept {
    read_limit_ = static_cast<uint32_t>(std::clamp<size_t>(bytes, 1, UINT32_MAX));
  }

  // Sends the pieces in order: one system call when the socket takes them all; the rest is copied and queued.
  void write(std::span<const iovec> pieces);
  void write(std::string_view bytes);
  void set_user_timeout(Millis timeout) noexcept { sse_proxy::set_user_timeout(fd_, timeout); }
  // Bytes that wait here.
  [[nodiscard]] size_t queued() const noexcept { return queue_.size() - queue_sent_; }
  // Whether any byte was queued, or the peer acknowledged any, since the last call. For write time-outs.
  [[nodiscard]] bool made_progress() noexcept;
  // Everything written has been acknowledged by the peer's kernel.
  [[nodiscard]] bool all_acknowledged() const noexcept;

  // Sends FIN after what is queued, and before it what TLS has for that. on_drained() follows if it had to
  // wait.
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
  Transport(Worker& worker, TransportOwner& owner, int fd) noexcept;
  ~Transport() override;
  void begin_close();
  void watch();
  [[nodiscard]] uint32_t in_edges(uint32_t events) const noexcept;
  void on_ready(uint32_t events) override;
  void finish_connecting();
  void read(uint32_t events);
  void flush();
  void send(std::string_view bytes);
  void send(std::span<const iovec> pieces);
  [[nodiscard]] size_t taken(ssize_t n);
  void enqueue(std::span<const iovec> pieces, size_t skip);
  void drop_queue();
  void note_broken(int error);
  void tell_broken(int error, std::string_view why);
  [[nodiscard]] size_t unacknowledged() const noexcept;

  // transport_tls.cc
  void send_encrypted(std::span<const iovec> pieces);
  void send_cipher();
  void say_close_notify();
  void on_ciphertext(std::string_view bytes);
  void report_truncation();

  Worker& worker_;
  TransportOwner* owner_;
  std::unique_ptr<tls::Engine> tls_;  // null: plain
  std::string queue_;                 // what the socket did not take
  size_t queue_sent_ = 0;             // of the queue, from its front: taken since
  int fd_;
  int broken_ = 0;  // the first error, while it is not reported
  uint32_t read_limit_ = UINT32_MAX;
  uint32_t last_unsent_ = 0;  // as of the last made_progress()
  uint8_t watched_ = 0;       // EPOLLIN and EPOLLOUT: what the loop looks out for
  bool is_unix_ = false;
  bool connecting_ = false;
  bool reading_ = false;
  bool swallowing_ = false;  // an error was met: what is written goes nowhere
  bool reset_on_close_ = false;
  bool cut_on_close_ = false;
  bool fin_pending_ = false;  // to be sent once the queue is
};

using TransportPtr = Transport::Ptr;

}  // namespace sse_proxy
