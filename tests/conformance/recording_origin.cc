#include "tests/conformance/recording_origin.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "tests/conformance/message.h"

namespace sse_proxy::test {

RecordingOrigin::RecordingOrigin(uint16_t port)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(listener_.get(), generic, size) != 0 || listen(listener_.get(), 128) != 0 ||
      getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("the recording origin cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

RecordingOrigin::~RecordingOrigin() {
  stopping_ = true;
  thread_.join();
}

void RecordingOrigin::begin(Answer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  connections_.clear();
}

std::vector<Recorded> RecordingOrigin::recorded() const {
  const std::lock_guard lock(mutex_);
  std::vector<Recorded> records;
  for (const Connection& connection : connections_) {
    if (!connection.record.bytes.empty()) records.push_back(connection.record);
  }
  return records;
}

bool RecordingOrigin::reused() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(connections_.begin(), connections_.end(), [](const Connection& connection) {
    return connection.fenced && !connection.record.bytes.empty();
  });
}

bool RecordingOrigin::wait_until_closed(Millis patience) const {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const std::vector<Recorded> records = recorded();
    if (std::all_of(records.begin(), records.end(), [](const Recorded& record) { return record.closed; }))
      return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(Millis(1));
  }
}

void RecordingOrigin::run() {
  while (!stopping_) poll_once(10);
}

// Accepts, receives and answers what is there; false if nothing was.
bool RecordingOrigin::poll_once(int timeout) {
  std::vector<pollfd> fds = {{listener_.get(), POLLIN, 0}};
  {
    const std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
      if (connection.fd.get() >= 0) fds.push_back({connection.fd.get(), POLLIN, 0});
    }
  }
  if (poll(fds.data(), fds.size(), timeout) <= 0) return false;
  const std::lock_guard lock(mutex_);
  for (int fd; (fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
    connections_.emplace_back().fd = Fd(fd);
  }
  for (Connection& connection : connections_) receive(connection);
  for (Connection& connection : connections_) answer(connection);  // after all that came with the fence
  return true;
}

void RecordingOrigin::receive(Connection& connection) {
  char bytes[65536];
  while (connection.fd.get() >= 0) {
    const ssize_t n = recv(connection.fd.get(), bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0) {
      connection.record.bytes.append(bytes, static_cast<size_t>(n));
    } else {
      connection.record.closed = true;
      connection.fd.close();
    }
  }
}

void RecordingOrigin::answer(Connection& connection) {
  std::string& bytes = connection.record.bytes;
  while (connection.answered < bytes.size()) {
    const Message request = read_request(std::string_view(bytes).substr(connection.answered));
    if (request.state != Message::State::complete) return;
    const bool fence = request.target() == "/fence";
    const std::string_view text = fence ? kFenceAnswer : std::string_view(answer_.bytes);
    if (fence) {
      bytes.erase(connection.answered, request.size);
      connection.fenced = true;
    } else {
      connection.answered += request.size;
    }
    if (connection.fd.get() < 0) continue;
    // One call: what follows the response is there as soon as the response is. It fits the socket's buffer.
    (void)::send(connection.fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (fence || answer_.then_close) ::shutdown(connection.fd.get(), SHUT_WR);
  }
}

}  // namespace sse_proxy::test
