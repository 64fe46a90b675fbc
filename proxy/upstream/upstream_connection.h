// One connection to an upstream: a transport and the parser of what comes back.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "parser/http1_parser.h"
#include "proxy/net/transport.h"
#include "proxy/worker.h"

namespace sse_proxy {

// What an exchange hears of its upstream connection. After on_response_complete() or on_upstream_failed()
// nothing more comes. A turn is one read: heads and body pieces, then one of the other four.
class UpstreamUser : public ResponseSink {
 public:
  virtual void on_turn_end() = 0;
  virtual void on_response_complete(std::unique_ptr<Fields> trailers) = 0;
  virtual void on_upstream_failed(const Error& error) = 0;
  // After a head with 101: the connection is the user's to take, with what came behind the head.
  virtual void on_switched(std::string_view sent_ahead) = 0;
  virtual void on_upstream_drained() = 0;  // the request bytes written so far are taken

 protected:
  ~UpstreamUser() = default;
};

// UpstreamConnection serves one exchange at a time.
//   Owned by  its exchange, or idle by the pool. Thread: its worker's.
class UpstreamConnection final : public Retirable, private TransportOwner, private ResponseSink {
 public:
  UpstreamConnection(Worker& worker, TransportPtr transport, size_t upstream);

  // Begins an exchange for a request with this method. `may_switch`: it asks for an upgrade.
  void begin(UpstreamUser& user, std::string_view method, bool may_switch);
  void write(std::span<const iovec> pieces) { transport_->write(pieces); }
  [[nodiscard]] size_t queued() const noexcept { return transport_->queued(); }
  void pause() { transport_->stop_reading(); }
  void resume() { transport_->start_reading(); }
  // At most this much of the response with one read.
  void limit_reads(size_t bytes) noexcept { transport_->limit_reads(bytes); }
  [[nodiscard]] bool paused() const noexcept { return !transport_->reading(); }

  // No byte of the response has come.
  [[nodiscard]] bool response_untouched() const noexcept { return !answered_; }
  // The exchange ended with both messages whole, and the upstream keeps the connection open.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  // The upstream's own idle limit (Keep-Alive: timeout=N); kNever-like zero when it said none.
  [[nodiscard]] Millis announced_idle() const noexcept { return announced_idle_; }
  [[nodiscard]] size_t upstream() const noexcept { return upstream_; }
  [[nodiscard]] bool looks_alive() const noexcept { return transport_->nothing_to_read(); }
  // For a tunnel: the bytes are no HTTP any more. Nothing else may be called after this.
  [[nodiscard]] TransportPtr take_transport() noexcept { return user_ = nullptr, std::move(transport_); }
  // The exchange is over: no more calls to its user.
  void leave() noexcept { user_ = nullptr; }
  // Gives its descriptor back now; nothing but destruction may follow.
  void close() noexcept {
    leave();
    transport_.reset();
  }

 private:
  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken(int error, std::string_view why) override;
  void on_drained() override;
  void on_interim_head(ResponseHead&& head) override { user_->on_interim_head(std::move(head)); }
  void on_response_head(ResponseHead&& head) override;
  void on_response_body(std::string_view piece) override { user_->on_response_body(piece); }
  void fail(const Error& error);
  void complete();

  Worker& worker_;
  TransportPtr transport_;
  ResponseParser parser_;
  UpstreamUser* user_ = nullptr;  // null: idle
  size_t upstream_;
  Millis announced_idle_{0};
  bool answered_ = false;
  bool keep_alive_ = false;
  bool reusable_ = false;
  bool switched_ = false;
};

}  // namespace sse_proxy
