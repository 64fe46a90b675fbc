// An origin that writes down every byte it gets, connection by connection.
#pragma once

#include <poll.h>

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/socket_helpers.h"

namespace sse_proxy::test {

// What it says to each complete request of a case.
struct Answer {
  std::string bytes;
  bool then_close = false;  // the connection ends with it
};

struct Recorded {
  std::string bytes;
  bool closed = false;  // by the proxy
};

// The fence: a good request that is sent after a case. When it is answered, all that was written to the
// origin before it has been recorded, so that "nothing was forwarded" needs no waiting.
inline constexpr std::string_view kFence = "GET /fence HTTP/1.1\r\nHost: fence\r\nConnection: close\r\n\r\n";
inline constexpr std::string_view kFenceAnswer =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfence";

//   Thread  one of its own, which ends with it; the methods may be called from any other.
class RecordingOrigin {
 public:
  explicit RecordingOrigin(uint16_t port = 0);  // 0: the kernel chooses
  ~RecordingOrigin();

  // Closes and forgets what there was; requests are answered so from now on.
  void begin(Answer answer);
  // The connections of this case that carried a byte, the fence's aside.
  [[nodiscard]] std::vector<Recorded> recorded() const;
  // The fence came over a connection that the case had used.
  [[nodiscard]] bool reused() const;
  // False when the proxy still keeps a connection of this case open.
  [[nodiscard]] bool wait_until_closed(Millis patience) const;

  [[nodiscard]] uint16_t port() const { return port_; }

 private:
  struct Connection {
    Fd fd;
    Recorded record;
    size_t answered = 0;  // of the record's bytes
    bool fenced = false;
  };
  void run();
  bool poll_once(int timeout);
  void receive(Connection& connection);
  void answer(Connection& connection);

  Fd listener_;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  Answer answer_;
  std::list<Connection> connections_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sse_proxy::test
