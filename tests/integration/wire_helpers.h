// The socket under a test's peer: plain, or in TLS as OpenSSL speaks it, without the engine that is tested.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/certificates.h"
#include "tls/openssl.h"

namespace sse_proxy::test {

using Millis = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A file descriptor and the duty to close it.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { close(); }
  void close();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// False when the deadline has come.
bool wait_for(int fd, short what, Clock::time_point deadline);

// How a connection ended, seen from this side.
enum class Ending {
  open,
  fin,    // over TLS: a close_notify
  reset,  // over TLS also an alert, and an end without close_notify
};

class Wire {
 public:
  Wire() = default;
  explicit Wire(Fd fd) : fd_(std::move(fd)) {}
  Wire(Wire&&) noexcept = default;
  Wire& operator=(Wire&& other) noexcept;
  ~Wire() { close(); }

  // From here on TLS; `ssl` knows whether it connects or accepts. False if the handshake fails or takes
  // longer.
  bool start_tls(tls::SslPtr ssl, Millis patience);

  // What it took of `bytes`; nothing when it is full, -1 when it is broken. Over TLS it may still have some
  // to send.
  ssize_t send(std::string_view bytes);
  bool flush(Clock::time_point deadline);
  // What there is; 0: nothing now, or `ending` says of the end.
  size_t receive(char* bytes, size_t size, Ending& ending);
  [[nodiscard]] bool wait_to_receive(Clock::time_point deadline) const;

  void half_close();
  void close();
  void reset();
  // Not a word of TLS: seen from the other side, the connection is cut off.
  void cut();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

 private:
  ssize_t send_raw(std::string_view bytes) const;
  bool send_waiting();
  void take_ciphertext();

  Fd fd_;
  tls::SslPtr ssl_;      // null: plain
  std::string waiting_;  // ciphertext that the socket did not take
};

// The two ends of a connection to be; a client may show a certificate.
tls::SslPtr tls_client(const std::string& ca_file, const std::string& name = "localhost",
                       const CertificateFiles* shown = nullptr);
tls::SslPtr tls_server(const CertificateFiles& files);

// --- the same tests over TLS ---

// SSE_PROXY_TEST_TLS says which sides of the proxy speak TLS: client, upstream or both.
bool tls_towards_clients();
bool tls_towards_upstreams();
// A CA and what it signed for this process.
const std::string& test_ca_file();
const CertificateFiles& test_certificate();

}  // namespace sse_proxy::test
