// A listening socket: accepts while there is room, makes room among idle clients, and leaves the rest in the
// kernel's queue.
#pragma once

#include <uv.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/socket.h"
#include "proxy/net/timer_wheel.h"

namespace sse_proxy {

class Worker;

// Listener accepts on a socket of its own, by uv_poll: libuv 1.44's listening handles cannot be paused.
//   Owned by  its worker; closes the socket when destroyed. Thread: its worker's.
//   Fails     where no descriptor is left and no idle connection has one to give, by turning the client away
//             with 503: its own spare descriptor serves to accept it, so that neither the client waits in
//             vain nor the loop spins over a queue that it cannot empty.
class Listener final : public Timer {
 public:
  // See Worker::add_listener().
  Listener(Worker& worker, int fd, bool tls, std::vector<Worker*> peers);
  ~Listener() override;

  // Takes what the queue still holds, so that closing the socket resets nobody. For the drain.
  void empty_queue();
  void on_timer(TimePoint now) override;

 private:
  void poll();
  void on_readable(unsigned limit);
  bool accept_one();
  int accept_from_queue(SocketAddress& peer);
  [[nodiscard]] bool anyone_waits() const;
  bool make_room();
  bool turn_one_away();
  void pause();
  void warn(std::string_view message, std::string_view reason);

  Worker& worker_;
  int fd_;
  bool tls_;
  bool paused_ = false;
  std::vector<Worker*> peers_;
  size_t next_peer_ = 0;
  int spare_;                // given up to accept a client when no other descriptor is left
  std::string turned_away_;  // what such a client is told
  TimePoint quiet_until_;    // one warning per spell of trouble
  uv_poll_t* poll_;          // freed by its close callback
};

}  // namespace sse_proxy
