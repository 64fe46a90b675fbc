// TLS 1.2 and 1.3 (RFC 5246, RFC 8446) without a socket: ciphertext in, plaintext out, and back.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tls/openssl.h"

namespace sse_proxy::tls {

enum class State : uint8_t {
  handshaking,
  open,
  closed,      // the peer has said that it will send no more (close_notify)
  plain_http,  // a client spoke HTTP where TLS was awaited
  failed,      // why() says for what; an alert may be among what is to be sent
};

// Engine is one side of one TLS connection.
//   Owned by  a transport. Thread: that of its worker; its context may serve others.
//   Costs     OpenSSL reads from the caller's buffer and writes into the caller's string: no memory BIOs, and
//   no
//             record buffers while nothing is under way (SSL_MODE_RELEASE_BUFFERS).
//   Fails     by state(): nothing can be sent or received after that.
class Engine {
 public:
  // `owner` has the context and what its callbacks use: it is kept as long as the engine. Null where OpenSSL
  // has no memory.
  static std::unique_ptr<Engine> server(SSL_CTX& context, std::shared_ptr<const void> owner);
  // `name` goes into SNI and is what the certificate is checked against, if the context verifies; an IP
  // address is checked as such. `session`, of an earlier connection to the same server, may be null.
  static std::unique_ptr<Engine> client(SSL_CTX& context, const std::string& name, SSL_SESSION* session,
                                        std::shared_ptr<const void> owner);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // A client's first flight; a server has nothing to say before it was spoken to.
  void start(std::string& out) { (void)pump({}, out); }

  // Decrypts what is in `cipher`, and takes it from there, into `plain`: the number of bytes. Where that is
  // all of `plain`, there may be more, for another call. What has to be sent because of it is appended to
  // `out`.
  size_t receive(std::string_view& cipher, std::span<char> plain, std::string& out);
  // Appends `plain`, encrypted, to `out`; as few records as it needs. Only while open or closed by the peer.
  void send(std::string_view plain, std::string& out);
  // Appends a close_notify; nothing may be sent after it.
  void shut_down(std::string& out);

  [[nodiscard]] State state() const noexcept { return state_; }
  // Sending is possible: the handshake is done, nothing failed, and we have not said that it was all.
  [[nodiscard]] bool writable() const noexcept {
    return (state_ == State::open || state_ == State::closed) && !shut_down_;
  }
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

  // Of a client certificate that was verified, in the form of RFC 2253; "" without one.
  [[nodiscard]] std::string peer_subject() const;
  [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }
  [[nodiscard]] SSL* ssl() noexcept { return ssl_.get(); }

  // For contexts: the reason that a certificate was refused for, seen from within a handshake.
  static void note_refused_certificate(SSL& ssl, std::string why);

 private:
  Engine(SslPtr ssl, std::shared_ptr<const void> owner);
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* data, size_t size, size_t* done);
  static int bio_write(BIO* bio, const char* data, size_t size, size_t* done);
  [[nodiscard]] bool attach();
  size_t pump(std::span<char> plain, std::string& out);
  void judge(int result);
  void fail(std::string why);

  std::shared_ptr<const void> owner_;
  SslPtr ssl_;
  std::string_view in_;         // during a call
  std::string* out_ = nullptr;  // during a call
  std::string why_;
  State state_ = State::handshaking;
  bool shut_down_ = false;
};

}  // namespace sse_proxy::tls
