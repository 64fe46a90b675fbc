#include "tests/integration/wire_helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace sse_proxy::test {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool wait_for(int fd, short what, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now()).count();
    pollfd poll_fd{fd, what, 0};
    const int n = poll(&poll_fd, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

Wire& Wire::operator=(Wire&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::move(other.fd_);
    ssl_ = std::move(other.ssl_);
    waiting_ = std::move(other.waiting_);
  }
  return *this;
}

// --- sending ---

ssize_t Wire::send_raw(std::string_view bytes) const {
  const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

void Wire::take_ciphertext() {
  char* bytes = nullptr;
  BIO* const written = SSL_get_wbio(ssl_.get());
  const long size = BIO_get_mem_data(written, &bytes);
  waiting_.append(bytes, static_cast<size_t>(size));
  (void)BIO_reset(written);
}

bool Wire::send_waiting() {
  while (!waiting_.empty()) {
    const ssize_t n = send_raw(waiting_);
    if (n < 0) return false;
    if (n == 0) break;
    waiting_.erase(0, static_cast<size_t>(n));
  }
  return true;
}

ssize_t Wire::send(std::string_view bytes) {
  if (ssl_ == nullptr) return send_raw(bytes);
  if (!send_waiting()) return -1;
  if (!waiting_.empty() || bytes.empty()) return 0;
  ERR_clear_error();
  size_t taken = 0;
  if (SSL_write_ex(ssl_.get(), bytes.data(), std::min(bytes.size(), size_t{16384}), &taken) != 1) return -1;
  take_ciphertext();
  return send_waiting() ? static_cast<ssize_t>(taken) : -1;
}

bool Wire::flush(Clock::time_point deadline) {
  while (!waiting_.empty()) {
    if (!wait_for(fd_.get(), POLLOUT, deadline) || !send_waiting()) return false;
  }
  return true;
}

// --- receiving ---

size_t Wire::receive(char* bytes, size_t size, Ending& ending) {
  if (ssl_ == nullptr) {
    const ssize_t n = recv(fd_.get(), bytes, size, 0);
    if (n <= 0) ending = n == 0 ? Ending::fin : Ending::reset;
    return static_cast<size_t>(std::max<ssize_t>(n, 0));
  }
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), bytes, size, &got);
  take_ciphertext();
  (void)send_waiting();
  if (result == 1) return got;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) {
    ending = Ending::fin;
  } else if (error != SSL_ERROR_WANT_READ) {
    ending = Ending::reset;
  }
  return 0;
}

bool Wire::wait_to_receive(Clock::time_point deadline) const {
  return (ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1) || wait_for(fd_.get(), POLLIN, deadline);
}

bool Wire::start_tls(tls::SslPtr ssl, Millis patience) {
  const auto deadline = Clock::now() + patience;
  ssl_ = std::move(ssl);
  fcntl(fd_.get(), F_SETFL, fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
  SSL_set_bio(ssl_.get(), BIO_new_socket(fd_.get(), BIO_NOCLOSE), BIO_new(BIO_s_mem()));
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const bool waits = result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    take_ciphertext();
    if (!flush(deadline)) return false;
    if (result == 1) return true;
    if (!waits || !wait_for(fd_.get(), POLLIN, deadline)) return false;
  }
}

// --- ending ---

void Wire::half_close() {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
    take_ciphertext();
    (void)flush(Clock::now() + Millis(1000));
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

void Wire::close() {
  if (fd_.get() < 0) return;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
    take_ciphertext();
    (void)send_waiting();
  }
  ssl_.reset();
  fd_.close();
}

void Wire::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ssl_.reset();
  fd_.close();
}

void Wire::cut() { ::shutdown(fd_.get(), SHUT_RDWR); }

tls::SslPtr tls_client(const std::string& ca_file, const std::string& name, const CertificateFiles* shown) {
  const tls::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (shown != nullptr) {
    SSL_CTX_use_certificate_chain_file(context.get(), shown->certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), shown->key.c_str(), SSL_FILETYPE_PEM);
  }
  tls::SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  SSL_set1_host(ssl.get(), name.c_str());
  SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  return ssl;
}

tls::SslPtr tls_server(const CertificateFiles& files) {
  const tls::SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  tls::SslPtr ssl(SSL_new(context.get()));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

// --- the same tests over TLS ---

namespace {

bool tls_is(std::string_view side) {
  const char* const sides = std::getenv("SSE_PROXY_TEST_TLS");
  return sides != nullptr && (sides == side || sides == std::string_view("both"));
}

const TestCa& test_ca() {
  static const TestCa kCa;
  return kCa;
}

}  // namespace

bool tls_towards_clients() {
  static const bool kTls = tls_is("client");
  return kTls;
}

bool tls_towards_upstreams() {
  static const bool kTls = tls_is("upstream");
  return kTls;
}

const std::string& test_ca_file() {
  static const std::string kFile = test_ca().file();
  return kFile;
}

const CertificateFiles& test_certificate() {
  static const CertificateFiles kFiles =
      test_ca().issue("test", {.alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1"});
  return kFiles;
}

}  // namespace sse_proxy::test
