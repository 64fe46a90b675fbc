// A listening socket: accepts while there is room, makes room among idle clients, and leaves the rest in the
// kernel's queue.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/event_loop.h"
#include "proxy/net/retirable.h"
#include "proxy/net/socket.h"
#include "proxy/net/timer_wheel.h"

namespace sse_proxy {

class Worker;

// Listener accepts on a socket of its own.
//   Owned by  its worker; closes the socket when destroyed. Thread: its worker's.
//   Fails     where no descriptor is left and no idle connection has one to give, by turning the client away
//             with 503: its own spare descriptor serves to accept it, so that neither the client waits in
//             vain nor the loop spins over a queue that it cannot empty.
class Listener final : public Retirable, public Timer, private Watcher {
 public:
  // See Worker::add_listener().
  Listener(Worker& worker, int fd, bool tls, std::vector<Worker*> peers);
  ~Listener() override;

  // Takes what the queue still holds, so that closing the socket resets nobody. For the drain.
  void empty_queue();
  // Closes the socket; nothing but retirement may follow.
  void close();
  void on_timer(TimePoint now) override;

 private:
  void resume();
  void on_ready(uint32_t) override;
  void accept(unsigned limit);
  bool accept_one();
  int accept_from_queue(SocketAddress& peer);
  bool make_room();
  bool turn_one_away();
  void pause();
  void warn(std::string_view message, std::string_view reason);

  Worker& worker_;
  int fd_;
  bool tls_;
  bool paused_ = true;
  std::vector<Worker*> peers_;
  size_t next_peer_ = 0;
  int spare_;                // given up to accept a client when no other descriptor is left
  std::string turned_away_;  // what such a client is told
  TimePoint quiet_until_;    // one warning per spell of trouble
};

}  // namespace sse_proxy
