#include "proxy/net/transport.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proxy/worker.h"

namespace sse_proxy {
namespace {

constexpr size_t kMaxBuffers = 64;  // pieces in one system call; more are rare and go in several

}  // namespace

// Owns its bytes until libuv has written them, or given up.
struct Transport::WriteRequest {
  uv_write_t request;
  std::string bytes;
};

Transport::Transport(Worker& worker, TransportOwner& owner) noexcept : worker_(worker), owner_(&owner) {}

Transport::~Transport() { worker_.buffers().release(queue_.size()); }

Transport::Ptr Transport::adopt(Worker& worker, TransportOwner& owner, int fd, bool is_unix, int& uv_error) {
  auto* transport = new Transport(worker, owner);
  transport->is_unix_ = is_unix;
  Handle& handle = transport->handle_;
  is_unix ? uv_pipe_init(worker.loop(), &handle.pipe, 0) : uv_tcp_init(worker.loop(), &handle.tcp);
  handle.handle.data = transport;
  uv_error = is_unix ? uv_pipe_open(&handle.pipe, fd) : uv_tcp_open(&handle.tcp, fd);
  Ptr owned(transport);
  if (uv_error == 0) return owned;
  ::close(fd);
  return nullptr;
}

Transport::Ptr Transport::connect(Worker& worker, TransportOwner& owner, const SocketAddress& address,
                                  int& uv_error) {
  const bool is_unix = address.family() == AF_UNIX;
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    uv_error = uv_translate_sys_error(errno);
    return nullptr;
  }
  if (!is_unix) set_connection_options(fd);
  Ptr transport = adopt(worker, owner, fd, is_unix, uv_error);
  if (transport == nullptr) return nullptr;
  auto* request = new uv_connect_t;
  const auto on_done = [](uv_connect_t* done, int status) {
    auto* self = static_cast<Transport*>(done->handle->data);
    delete done;
    if (self->owner_ != nullptr) self->owner_->on_connected(status);
  };
  if (is_unix) {
    const std::string path = address.text().substr(5);
    uv_pipe_connect(request, &transport->handle_.pipe, path.c_str(), on_done);
  } else {
    uv_error = uv_tcp_connect(request, &transport->handle_.tcp, address.get(), on_done);
    if (uv_error != 0) {
      delete request;
      return nullptr;
    }
  }
  return transport;
}

void Transport::begin_close() {
  owner_ = nullptr;
  if (!reset_on_close_ && !cut_on_close_ && queued() == 0) say_close_notify();
  const auto on_closed = [](uv_handle_t* handle) { delete static_cast<Transport*>(handle->data); };
  if (reset_on_close_ && !is_unix_ && uv_tcp_close_reset(&handle_.tcp, on_closed) == 0) return;
  uv_close(&handle_.handle, on_closed);
}

int Transport::descriptor() const noexcept {
  uv_os_fd_t fd = -1;
  return uv_fileno(&handle_.handle, &fd) == 0 ? fd : -1;
}

void Transport::start_reading() {
  if (reading_ || owner_ == nullptr) return;
  reading_ = true;
  const auto on_allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buf) {
    auto* self = static_cast<Transport*>(handle->data);
    const std::span<char> slab = self->worker_.read_slab();
    const size_t room = self->owner_ == nullptr ? slab.size() : self->owner_->read_room();
    *buf = uv_buf_init(slab.data(), static_cast<unsigned>(std::clamp<size_t>(room, 1, slab.size())));
  };
  uv_read_start(stream(), on_allocate, [](uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    static_cast<Transport*>(stream->data)->on_read(n, *buf);
  });
}

void Transport::stop_reading() {
  if (!reading_) return;
  reading_ = false;
  uv_read_stop(stream());
  if (broken_ != 0) worker_.report_later(*this);  // no read will tell
}

void Transport::on_read(ssize_t n, const uv_buf_t& buf) {
  if (owner_ == nullptr || n == 0) return;
  if (n > 0) {
    const std::string_view bytes(buf.base, static_cast<size_t>(n));
    return tls_ == nullptr ? owner_->on_bytes(bytes) : on_ciphertext(bytes);
  }
  reading_ = false;
  uv_read_stop(stream());
  if (n == UV_EOF) return tls_ == nullptr ? owner_->on_end() : report_truncation();
  swallowing_ = true;
  broken_ = 0;  // reported here
  owner_->on_broken(static_cast<int>(n), uv_strerror(static_cast<int>(n)));
}

void Transport::write(std::span<const std::string_view> pieces) {
  if (swallowing_ || owner_ == nullptr) return;
  tls_ == nullptr ? send(pieces) : send_encrypted(pieces);
}

void Transport::send(std::span<const std::string_view> pieces) {
  size_t sent = 0;
  if (!in_flight_ && queue_.empty()) sent = try_write(pieces);
  if (!swallowing_) enqueue(pieces, sent);
}

// What the socket took of the pieces, from the front.
size_t Transport::try_write(std::span<const std::string_view> pieces) {
  size_t sent = 0;
  for (size_t from = 0; from < pieces.size(); from += kMaxBuffers) {
    std::array<uv_buf_t, kMaxBuffers> bufs;
    const auto batch = pieces.subspan(from, std::min(kMaxBuffers, pieces.size() - from));
    size_t total = 0;
    for (size_t i = 0; i < batch.size(); ++i) {
      bufs[i] = uv_buf_init(const_cast<char*>(batch[i].data()), static_cast<unsigned>(batch[i].size()));
      total += batch[i].size();
    }
    const int n = uv_try_write(stream(), bufs.data(), static_cast<unsigned>(batch.size()));
    if (n < 0 && n != UV_EAGAIN) {
      note_broken(n);
      return sent;
    }
    sent += n < 0 ? 0 : static_cast<size_t>(n);
    if (n < 0 || static_cast<size_t>(n) < total) return sent;
  }
  return sent;
}

void Transport::enqueue(std::span<const std::string_view> pieces, size_t skip) {
  const size_t before = queue_.size();
  for (std::string_view piece : pieces) {
    const size_t cut = std::min(skip, piece.size());
    skip -= cut;
    queue_.append(piece.substr(cut));
  }
  worker_.buffers().charge(queue_.size() - before);
  if (!in_flight_ && !queue_.empty()) send_queue();
}

// Everything that waits becomes one write request: libuv handles one per stream and turn.
void Transport::send_queue() {
  auto* write = new WriteRequest{{}, std::exchange(queue_, {})};
  write->request.data = write;
  in_flight_ = true;
  const uv_buf_t buf = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int error = uv_write(&write->request, stream(), &buf, 1, [](uv_write_t* request, int status) {
    auto* done = static_cast<WriteRequest*>(request->data);
    auto* self = static_cast<Transport*>(request->handle->data);
    const size_t bytes = done->bytes.size();
    delete done;
    self->on_written(status, bytes);
  });
  if (error == 0) return;
  worker_.buffers().release(write->bytes.size());
  delete write;
  in_flight_ = false;
  note_broken(error);
}

void Transport::on_written(int status, size_t bytes) {
  worker_.buffers().release(bytes);
  in_flight_ = false;
  if (owner_ == nullptr) return;
  if (status < 0) return note_broken(status);
  if (!queue_.empty()) return send_queue();
  if (fin_pending_) return shut_down_writing();
  owner_->on_drained();
}

void Transport::note_broken(int uv_error) {
  if (swallowing_) return;
  swallowing_ = true;
  broken_ = uv_error;
  worker_.buffers().release(queue_.size());
  queue_ = std::string();
  // While it is read, what the peer sent before is still to come (an early answer, say), and then the error
  // or the end.
  if (!reading_ && owner_ != nullptr) worker_.report_later(*this);
}

void Transport::report_broken() {
  if (reading_) return;
  const int error = std::exchange(broken_, 0);
  if (error != 0 && owner_ != nullptr) owner_->on_broken(error, uv_strerror(error));
}

// --- TLS ---

void Transport::secure(std::unique_ptr<tls::Engine> engine, std::string_view received) {
  tls_ = std::move(engine);
  if (!received.empty()) return on_ciphertext(received);
  std::string& cipher = worker_.tls_scratch().cipher;
  cipher.clear();
  tls_->start(cipher);
  if (!cipher.empty()) send(std::array{std::string_view(cipher)});
}

void Transport::on_ciphertext(std::string_view bytes) {
  TlsScratch& scratch = worker_.tls_scratch();
  size_t size = 0;
  do {
    const bool handshaking = tls_->state() == tls::State::handshaking;
    scratch.cipher.clear();
    size = tls_->receive(bytes, scratch.plain, scratch.cipher);
    if (!scratch.cipher.empty() && !swallowing_) send(std::array{std::string_view(scratch.cipher)});
    if (handshaking && tls_->writable()) owner_->on_secured();
    if (size > 0 && owner_ != nullptr) owner_->on_bytes({scratch.plain.data(), size});
    if (owner_ == nullptr) return;
  } while (size == scratch.plain.size());
  switch (tls_->state()) {
    case tls::State::handshaking:
    case tls::State::open: return;
    case tls::State::closed: stop_reading(); return owner_->on_end();
    case tls::State::plain_http: tls_.reset(); return owner_->on_plain_http();
    case tls::State::failed: break;
  }
  swallowing_ = true;
  broken_ = 0;  // reported here
  stop_reading();
  owner_->on_broken(UV_EPROTO, "TLS: " + tls_->why());
}

// TCP has ended though TLS has not: whatever came before may lack its end (RFC 8446 section 6.1).
void Transport::report_truncation() {
  const bool handshaking = tls_->state() == tls::State::handshaking;
  swallowing_ = true;
  broken_ = 0;  // reported here
  owner_->on_broken(UV_ECONNABORTED, handshaking ? "TLS: the connection was closed during the handshake"
                                                 : "TLS: the connection was closed without a close_notify");
}

// The pieces leave in as few records as they need: they are joined first, one SSL_write a record.
void Transport::send_encrypted(std::span<const std::string_view> pieces) {
  TlsScratch& scratch = worker_.tls_scratch();
  scratch.cipher.clear();
  size_t joined = 0;
  const auto flush = [&] { tls_->send({scratch.joined.data(), std::exchange(joined, 0)}, scratch.cipher); };
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const size_t size = std::min(piece.size(), scratch.joined.size() - joined);
      std::memcpy(scratch.joined.data() + joined, piece.data(), size);
      joined += size;
      piece.remove_prefix(size);
      if (joined == scratch.joined.size()) flush();
    }
  }
  flush();
  if (!scratch.cipher.empty()) send(std::array{std::string_view(scratch.cipher)});
}

void Transport::say_close_notify() {
  if (tls_ == nullptr || swallowing_ || fin_pending_) return;
  std::string& cipher = worker_.tls_scratch().cipher;
  cipher.clear();
  tls_->shut_down(cipher);
  if (!cipher.empty()) send(std::array{std::string_view(cipher)});
}

size_t Transport::unacknowledged() const noexcept {
  int bytes = 0;
  return ioctl(descriptor(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

bool Transport::made_progress() noexcept {
  const size_t unsent = queued() + unacknowledged();
  return std::exchange(last_unsent_, unsent) != unsent;
}

bool Transport::all_acknowledged() const noexcept { return queued() == 0 && unacknowledged() == 0; }

void Transport::shut_down_writing() {
  say_close_notify();
  fin_pending_ = queued() > 0;
  if (!fin_pending_) (void)::shutdown(descriptor(), SHUT_WR);
}

bool Transport::peer_left() const noexcept {
  pollfd poll_fd{descriptor(), POLLRDHUP, 0};
  return ::poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool Transport::nothing_to_read() const noexcept {
  char byte = 0;
  const ssize_t n = recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !swallowing_;
}

}  // namespace sse_proxy
