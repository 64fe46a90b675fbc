#include "proxy/ops/service_manager.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace sse_proxy {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

std::string datagram_of(ServiceState state) {
  switch (state) {
    case ServiceState::ready: return "READY=1";
    case ServiceState::stopping: return "STOPPING=1";
    case ServiceState::reloading: break;
  }
  const auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC, as is asked for
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec);
}

std::optional<int> number_in(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  int number = 0;
  const char* const end = text + std::strlen(text);
  const auto [rest, code] = std::from_chars(text, end, number);
  return code == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

bool is_listening_stream(int fd) {
  int type = 0, listening = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
  size = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace

void notify_service_manager(ServiceState state) noexcept {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const size_t length = std::strlen(path);
  if (length < 2 || length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // of the abstract name space
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const std::string text = datagram_of(state);
  (void)sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(fd);
}

Result<HandedOverSockets> HandedOverSockets::from_environment() {
  HandedOverSockets out;
  const int count = number_in("LISTEN_FDS").value_or(0);
  const bool ours = number_in("LISTEN_PID") == getpid();
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) unsetenv(name);
  if (!ours) return out;
  for (int fd = kFirstDescriptor; fd - kFirstDescriptor < count; ++fd) {
    if (!is_listening_stream(fd)) {
      return Error{
          Side::self, 0,
          "descriptor " + std::to_string(fd) +
              " of the service manager is no listening stream socket: use ListenStream= and Accept=no"};
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    out.sockets_.push_back({fd, local_address(fd).text()});
  }
  return out;
}

HandedOverSockets::~HandedOverSockets() {
  for (const Socket& socket : sockets_) close(socket.fd);
}

std::optional<int> HandedOverSockets::take(const SocketAddress& address) {
  const auto found = std::ranges::find(sockets_, address.text(), &Socket::address);
  if (found == sockets_.end()) return std::nullopt;
  const int fd = found->fd;
  sockets_.erase(found);
  return fd;
}

std::vector<std::string> HandedOverSockets::left() const {
  std::vector<std::string> addresses;
  for (const Socket& socket : sockets_) addresses.push_back(socket.address);
  return addresses;
}

}  // namespace sse_proxy
