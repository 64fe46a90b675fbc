#include "proxy/net/transport.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/net/system_calls.h"
#include "proxy/worker.h"

namespace sse_proxy {
namespace {

// A socket is told of once when something comes, not again and again until it is read: that would be a poll
// more for each event. What a read may have left behind is asked for again, in read().
constexpr uint32_t kEdges = EPOLLET | EPOLLRDHUP | EPOLLPRI;

// The socket has nothing to give, or takes nothing, for now.
bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Transport::Transport(Worker& worker, TransportOwner& owner, int fd) noexcept
    : worker_(worker), owner_(&owner), fd_(fd) {}

Transport::~Transport() { worker_.buffers().release(queued()); }

Transport::Ptr Transport::adopt(Worker& worker, TransportOwner& owner, int fd, bool is_unix) {
  Ptr transport(new Transport(worker, owner, fd));
  transport->is_unix_ = is_unix;
  return transport;
}

Transport::Ptr Transport::connect(Worker& worker, TransportOwner& owner, const SocketAddress& address,
                                  int& error) {
  const bool is_unix = address.family() == AF_UNIX;
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
    return nullptr;
  }
  if (!is_unix) set_connection_options(fd);
  if (::connect(fd, address.get(), address.size) != 0 && errno != EINPROGRESS) {
    error = errno;
    ::close(fd);
    return nullptr;
  }
  Ptr transport = adopt(worker, owner, fd, is_unix);
  transport->connecting_ = true;
  transport->watch();
  return transport;
}

void Transport::begin_close() {
  owner_ = nullptr;
  if (!reset_on_close_ && !cut_on_close_ && queued() == 0) say_close_notify();
  constexpr linger kReset{1, 0};
  if (reset_on_close_ && !is_unix_) (void)setsockopt(fd_, SOL_SOCKET, SO_LINGER, &kReset, sizeof kReset);
  ::close(fd_);
  worker_.retire(std::unique_ptr<Retirable>(this));
}

// What is neither read nor written is not watched at all: its errors would wake the loop again and again.
void Transport::watch() {
  if (owner_ == nullptr) return;
  const bool writes = connecting_ || queued() > 0;
  const uint32_t events = (reading_ ? uint32_t{EPOLLIN} : 0) | (writes ? uint32_t{EPOLLOUT} : 0);
  if (worker_.loop().watch(fd_, in_edges(watched_), in_edges(events), *this)) {
    watched_ = static_cast<uint8_t>(events);
  } else {
    reading_ = false;  // no read will tell
    note_broken(errno);
  }
}

// A Unix socket may keep bytes back after a short read (those that came with a descriptor, say): no edges.
uint32_t Transport::in_edges(uint32_t events) const noexcept {
  return events == 0 || is_unix_ ? events : events | kEdges;
}

void Transport::on_ready(uint32_t events) {
  if (owner_ == nullptr) return;
  if (connecting_) return finish_connecting();
  if (reading_ && (events & ~uint32_t{EPOLLOUT}) != 0) read(events);
  if (owner_ != nullptr && queued() > 0 && (events & ~uint32_t{EPOLLIN}) != 0) flush();
}

void Transport::finish_connecting() {
  connecting_ = false;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  owner_->on_connected(error);
  watch();  // after it: most owners read from now on, and what is watched changes once
}

// --- reading ---

void Transport::start_reading() {
  if (owner_ == nullptr) return;
  reading_ = true;
  watch();
}

void Transport::stop_reading() {
  if (!reading_) return;
  reading_ = false;
  watch();
  if (broken_ != 0) worker_.report_later(*this);  // no read will tell
}

void Transport::read(uint32_t events) {
  const std::span<char> slab = worker_.read_slab();
  const size_t most = std::min<size_t>(read_limit_, slab.size());
  const ssize_t n = system::recv(fd_, slab.data(), most);
  if (n > 0) {
    // A short read leaves nothing behind, unless an end, an error or urgent data has come.
    const bool more = static_cast<size_t>(n) == most || (events & ~uint32_t{EPOLLIN | EPOLLOUT}) != 0;
    if (more && !is_unix_) worker_.loop().tell_again(fd_, in_edges(watched_), *this);
    const std::string_view bytes(slab.data(), static_cast<size_t>(n));
    return tls_ == nullptr ? owner_->on_bytes(bytes) : on_ciphertext(bytes);
  }
  if (n < 0 && would_block()) return;
  // A reset is told once, maybe to a write: then a read sees an end. EPIPE is that the end came before it.
  const int error = n < 0 ? errno : broken_ == EPIPE ? 0 : broken_;
  stop_reading();
  if (error != 0) return tell_broken(error, strerrordesc_np(error));
  tls_ == nullptr ? owner_->on_end() : report_truncation();
}

// --- writing ---

void Transport::write(std::string_view bytes) {
  if (swallowing_ || owner_ == nullptr) return;
  tls_ == nullptr ? send(bytes) : send_encrypted(std::array{piece_of(bytes)});
}

void Transport::write(std::span<const iovec> pieces) {
  if (swallowing_ || owner_ == nullptr) return;
  tls_ == nullptr ? send(pieces) : send_encrypted(pieces);
}

void Transport::send(std::string_view bytes) {
  const size_t sent = queued() == 0 ? taken(system::send(fd_, bytes.data(), bytes.size())) : 0;
  if (sent < bytes.size() && !swallowing_) enqueue(std::array{piece_of(bytes)}, sent);
}

void Transport::send(std::span<const iovec> pieces) {
  size_t sent = queued() == 0 ? taken(system::send_in_order(fd_, pieces)) : 0;
  for (const iovec& piece : pieces) {
    if (sent < piece.iov_len) return swallowing_ ? void() : enqueue(pieces, sent);
    sent -= piece.iov_len;
    pieces = pieces.subspan(1);
  }
}

// What the socket took, by what a system call returned.
size_t Transport::taken(ssize_t n) {
  if (n >= 0) return static_cast<size_t>(n);
  if (!would_block()) note_broken(errno);
  return 0;
}

void Transport::enqueue(std::span<const iovec> pieces, size_t skip) {
  if (queue_sent_ > queue_.size() / 2) queue_.erase(0, std::exchange(queue_sent_, 0));
  const size_t before = queue_.size();
  for (const iovec& piece : pieces) {
    const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
    queue_.append(bytes.substr(std::exchange(skip, 0)));
  }
  worker_.buffers().charge(queue_.size() - before);
  watch();
}

void Transport::flush() {
  const size_t sent = taken(system::send(fd_, queue_.data() + queue_sent_, queued()));
  worker_.buffers().release(sent);
  queue_sent_ += sent;
  if (queued() > 0 || swallowing_) return;
  drop_queue();
  watch();
  if (fin_pending_) shut_down_writing();
  owner_->on_drained();
}

void Transport::drop_queue() {
  worker_.buffers().release(queued());
  queue_ = std::string();  // its memory too
  queue_sent_ = 0;
}

void Transport::note_broken(int error) {
  if (swallowing_) return;
  swallowing_ = true;
  broken_ = error;
  drop_queue();
  watch();
  // While it is read, what the peer sent before is still to come (an early answer, say), and then the error
  // or the end.
  if (!reading_ && owner_ != nullptr) worker_.report_later(*this);
}

void Transport::report_broken() {
  if (reading_) return;
  const int error = std::exchange(broken_, 0);
  if (error != 0 && owner_ != nullptr) owner_->on_broken(error, strerrordesc_np(error));
}

void Transport::tell_broken(int error, std::string_view why) {
  swallowing_ = true;
  broken_ = 0;  // reported here
  drop_queue();
  watch();
  owner_->on_broken(error, why);
}

// --- what the kernel knows ---

size_t Transport::unacknowledged() const noexcept {
  int bytes = 0;
  return ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

bool Transport::made_progress() noexcept {
  const auto unsent = static_cast<uint32_t>(queued() + unacknowledged());
  return std::exchange(last_unsent_, unsent) != unsent;
}

bool Transport::all_acknowledged() const noexcept { return queued() == 0 && unacknowledged() == 0; }

void Transport::shut_down_writing() {
  if (!fin_pending_) say_close_notify();
  fin_pending_ = queued() > 0;
  if (!fin_pending_) (void)::shutdown(fd_, SHUT_WR);
}

bool Transport::peer_left() const noexcept {
  pollfd poll_fd{fd_, POLLRDHUP, 0};
  return ::poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool Transport::nothing_to_read() const noexcept {
  char byte = 0;
  const ssize_t n = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !swallowing_;
}

}  // namespace sse_proxy
