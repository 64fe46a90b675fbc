// The TLS half of a transport: between the engine, which knows no socket, and the socket, which knows no TLS.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/net/transport.h"
#include "proxy/worker.h"

namespace sse_proxy {

void Transport::secure(std::unique_ptr<tls::Engine> engine, std::string_view received) {
  tls_ = std::move(engine);
  if (!received.empty()) return on_ciphertext(received);
  std::string& cipher = worker_.tls_scratch().cipher;
  cipher.clear();
  tls_->start(cipher);
  send_cipher();
}

void Transport::on_ciphertext(std::string_view bytes) {
  TlsScratch& scratch = worker_.tls_scratch();
  size_t size = 0;
  do {
    const bool handshaking = tls_->state() == tls::State::handshaking;
    scratch.cipher.clear();
    size = tls_->receive(bytes, scratch.plain, scratch.cipher);
    send_cipher();
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
  stop_reading();
  tell_broken(EPROTO, "TLS: " + tls_->why());
}

// TCP has ended though TLS has not: whatever came before may lack its end (RFC 8446 section 6.1).
void Transport::report_truncation() {
  const bool handshaking = tls_->state() == tls::State::handshaking;
  tell_broken(ECONNABORTED, handshaking ? "TLS: the connection was closed during the handshake"
                                        : "TLS: the connection was closed without a close_notify");
}

// The pieces leave in as few records as they need: they are joined first, one SSL_write a record.
void Transport::send_encrypted(std::span<const iovec> pieces) {
  TlsScratch& scratch = worker_.tls_scratch();
  scratch.cipher.clear();
  size_t joined = 0;
  const auto flush = [&] { tls_->send({scratch.joined.data(), std::exchange(joined, 0)}, scratch.cipher); };
  for (const iovec& from : pieces) {
    std::string_view piece(static_cast<const char*>(from.iov_base), from.iov_len);
    while (!piece.empty()) {
      const size_t size = std::min(piece.size(), scratch.joined.size() - joined);
      std::memcpy(scratch.joined.data() + joined, piece.data(), size);
      joined += size;
      piece.remove_prefix(size);
      if (joined == scratch.joined.size()) flush();
    }
  }
  flush();
  send_cipher();
}

void Transport::send_cipher() {
  const std::string& cipher = worker_.tls_scratch().cipher;
  if (!cipher.empty() && !swallowing_) send(cipher);
}

void Transport::say_close_notify() {
  if (tls_ == nullptr || swallowing_ || fin_pending_) return;
  std::string& cipher = worker_.tls_scratch().cipher;
  cipher.clear();
  tls_->shut_down(cipher);
  send_cipher();
}

}  // namespace sse_proxy
