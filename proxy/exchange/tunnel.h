// An upgraded connection: once both sides have left HTTP, bytes pass both ways and nobody looks at them
// (RFC 9110 section 7.8).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/net/timer_wheel.h"
#include "proxy/net/transport.h"
#include "proxy/worker.h"

namespace sse_proxy {

enum class TunnelEnd : uint8_t { both_sides, client_broke, client_stalled, upstream_broke, idle };

class TunnelUser {
 public:
  virtual void on_tunnel_ended(TunnelEnd end) = 0;  // once; the tunnel may be retired in it

 protected:
  ~TunnelUser() = default;
};

// Tunnel joins two transports. Each side may end alone (half-close); a slow one stops the reading of the
// other.
//   Owned by  its exchange, which is its user; made when an upgrade is asked for, opened once it is agreed.
//   Owns      both transports. Thread: its worker's.
//   Ends      when both sides have ended, one breaks, nothing moves for `idle`, or the client takes nothing
//   for
//             `write`; never before open().
class Tunnel final : public Retirable, public Timer {
 public:
  // `asked`: the protocols of the request.
  Tunnel(Worker& worker, TunnelUser& user, std::string asked);
  ~Tunnel() override;

  [[nodiscard]] std::string_view asked() const noexcept { return asked_; }
  // The client has been told; what it sent ahead of that goes first.
  void take_client(TransportPtr transport, std::string sent_ahead);
  void take_upstream(TransportPtr transport, std::string_view sent_ahead);
  // After both were taken. `idle`, `write`: timeouts.tunnel and timeouts.write.
  void open(Millis idle, Millis write);
  // Ends both sides at once. `broken`: they must not take it for a clean end.
  void close(bool broken);

  [[nodiscard]] uint64_t bytes_from_client() const noexcept { return client_.received; }
  [[nodiscard]] uint64_t bytes_from_upstream() const noexcept { return upstream_.received; }

  void on_timer(TimePoint now) override;

 private:
  // One of the two ends: what it receives, the other one is sent.
  struct Side final : TransportOwner {
    Side(Tunnel& owner, Side& opposite, TunnelEnd if_broken)
        : tunnel(owner), other(opposite), broken(if_broken) {}
    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void on_broken(int error, std::string_view why) override;
    void on_drained() override;
    void finish_writing();
    void pace();

    Tunnel& tunnel;
    Side& other;
    TunnelEnd broken;
    TransportPtr transport;
    uint64_t received = 0;
    bool ended = false;     // it sent its FIN
    bool finished = false;  // it was sent ours
  };

  void forward(Side& to, std::string_view bytes);
  void end(TunnelEnd how);
  [[nodiscard]] TimePoint deadline() const;

  Worker& worker_;
  TunnelUser& user_;
  std::string asked_;
  std::string from_client_;  // sent ahead, until there is an upstream to take it
  Side client_;
  Side upstream_;
  Millis idle_{0};
  Millis write_{0};
  TimePoint last_moved_;
  TimePoint client_took_;  // something, last; counts while bytes wait for it
};

}  // namespace sse_proxy
