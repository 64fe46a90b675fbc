// A listening socket: accepts while there is room, and leaves the rest in the kernel's queue.
#pragma once

#include <uv.h>

#include <memory>
#include <vector>

#include "proxy/net/timer_wheel.h"

namespace sse_proxy {

class Worker;

// Listener accepts on a socket of its own, by uv_poll: libuv 1.44's listening handles cannot be paused.
//   Owned by  its worker; closes the socket when destroyed. Thread: its worker's.
class Listener final : public Timer {
 public:
  // See Worker::add_listener().
  Listener(Worker& worker, int fd, std::vector<Worker*> peers);
  ~Listener() override;

  // Takes what the queue still holds, so that closing the socket resets nobody. For the drain.
  void empty_queue();
  void on_timer(TimePoint now) override;

 private:
  struct PollHandle;
  void poll();
  void on_readable(unsigned limit);
  bool accept_one();
  void pause(const char* why);

  Worker& worker_;
  int fd_;
  bool is_unix_;
  bool paused_ = false;
  std::vector<Worker*> peers_;
  size_t next_peer_ = 0;
  uv_poll_t* poll_;  // freed by its close callback
};

}  // namespace sse_proxy
