#include "tls/engine.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sse_proxy::tls {

std::string take_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

namespace {

// SSL_get_error() wants an empty queue before each call. It is, nearly always: to see that takes a tenth of
// clearing it.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace

// --- OpenSSL's view of the wire ---

int Engine::bio_read(BIO* bio, char* data, size_t size, size_t* done) {
  auto& self = *static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.in_.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *done = std::min(size, self.in_.size());
  std::memcpy(data, self.in_.data(), *done);
  self.in_.remove_prefix(*done);
  return 1;
}

int Engine::bio_write(BIO* bio, const char* data, size_t size, size_t* done) {
  auto& self = *static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.out_ != nullptr) self.out_->append(data, size);
  *done = size;
  return 1;
}

BIO_METHOD* Engine::bio_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sse-proxy");
    BIO_meth_set_read_ex(method, &Engine::bio_read);
    BIO_meth_set_write_ex(method, &Engine::bio_write);
    BIO_meth_set_ctrl(method,
                      [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
    BIO_meth_set_create(method, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return method;
  }();
  return kMethod;
}

// --- making one ---

Engine::Engine(SslPtr ssl, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)), ssl_(std::move(ssl)) {}

Engine::~Engine() = default;

bool Engine::attach() {
  BIO* const bio = BIO_new(bio_method());
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  return true;
}

std::unique_ptr<Engine> Engine::server(SSL_CTX& context, std::shared_ptr<const void> owner) {
  SslPtr ssl(SSL_new(&context));
  if (ssl == nullptr) return nullptr;
  SSL_set_accept_state(ssl.get());
  std::unique_ptr<Engine> engine(new Engine(std::move(ssl), std::move(owner)));
  return engine->attach() ? std::move(engine) : nullptr;
}

std::unique_ptr<Engine> Engine::client(SSL_CTX& context, const std::string& name, SSL_SESSION* session,
                                       std::shared_ptr<const void> owner) {
  SslPtr ssl(SSL_new(&context));
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl.get());
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
  } else {
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl.get(), name.c_str());
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  }
  if (session != nullptr) SSL_set_session(ssl.get(), session);
  std::unique_ptr<Engine> engine(new Engine(std::move(ssl), std::move(owner)));
  return engine->attach() ? std::move(engine) : nullptr;
}

// --- bytes ---

size_t Engine::receive(std::string_view& cipher, std::span<char> plain, std::string& out) {
  in_ = cipher;
  const size_t size = pump(plain, out);
  cipher = state_ == State::open ? in_ : std::string_view();
  in_ = {};
  return size;
}

size_t Engine::pump(std::span<char> plain, std::string& out) {
  out_ = &out;
  size_t size = 0;
  forget_errors();
  if (state_ == State::handshaking) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      state_ = State::open;
    } else {
      judge(result);
    }
  }
  while (state_ == State::open && size < plain.size()) {
    size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), plain.data() + size, plain.size() - size, &n);
    size += n;
    if (result != 1) judge(result);
    if (result != 1 || (in_.empty() && SSL_has_pending(ssl_.get()) == 0)) break;
  }
  out_ = nullptr;
  return size;
}

void Engine::send(std::string_view plain, std::string& out) {
  if (!writable() || plain.empty()) return;
  out_ = &out;
  forget_errors();
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) != 1) fail(take_error());
  out_ = nullptr;
}

void Engine::shut_down(std::string& out) {
  if (!writable()) return;
  out_ = &out;
  forget_errors();
  (void)SSL_shutdown(ssl_.get());
  shut_down_ = true;
  out_ = nullptr;
}

// --- what went wrong ---

void Engine::judge(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return;
    case SSL_ERROR_ZERO_RETURN:  // before the handshake is done, anybody may have said it
      return state_ == State::open ? void(state_ = State::closed) : fail("closed during the handshake");
    default: break;
  }
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const bool plain = reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
  std::string text = take_error();
  fail(std::move(text));
  if (plain && SSL_is_server(ssl_.get())) state_ = State::plain_http;
}

// The first reason stays: it is what the peer was told.
void Engine::fail(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  state_ = State::failed;
}

void Engine::note_refused_certificate(SSL& ssl, std::string why) {
  auto* const self = static_cast<Engine*>(SSL_get_app_data(&ssl));
  if (self != nullptr && self->why_.empty()) self->why_ = std::move(why);
}

std::string Engine::peer_subject() const {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return "";
  const BioPtr text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<size_t>(std::max(0L, size))};
}

}  // namespace sse_proxy::tls
