// The client's side of tls/context.h.
#include <utility>

#include "tls/context.h"
#include "tls/shared_settings.h"

namespace sse_proxy::tls {
namespace {

int upstream_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

std::optional<Error> verify_with(SSL_CTX& context, const ClientSettings& settings) {
  if (settings.insecure) return std::nullopt;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, &note_verification);
  if (settings.ca.empty()) {
    SSL_CTX_set_default_verify_paths(&context);
    return std::nullopt;
  }
  if (SSL_CTX_load_verify_file(&context, settings.ca.c_str()) == 1) return std::nullopt;
  return Error{Side::self, 0, "\"" + settings.ca + "\": cannot be used as upstream_tls.ca: " + take_error()};
}

std::optional<Error> prove_with(SSL_CTX& context, const ClientSettings& settings) {
  if (settings.certificate.empty()) return std::nullopt;
  const Result<KeyPair> pair = load_key_pair(settings.certificate, settings.key);
  if (!pair) return pair.error();
  SSL_CTX_use_certificate(&context, pair->certificate.get());
  SSL_CTX_use_PrivateKey(&context, pair->key.get());
  for (const CertificatePtr& issuer : pair->chain) SSL_CTX_add1_chain_cert(&context, issuer.get());
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<ClientContext>> ClientContext::load(const ClientSettings& settings,
                                                           std::vector<std::string> names) {
  auto client = std::make_shared<ClientContext>();
  client->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX& context = *client->context_;
  apply_shared_settings(context, false);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(&context, &ClientContext::on_new_session);
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(&context, kProtocols, sizeof kProtocols - 1);
  if (auto error = verify_with(context, settings)) return *error;
  if (auto error = prove_with(context, settings)) return *error;
  for (std::string& name : names) {
    client->upstreams_.push_back(std::make_unique<Upstream>());
    client->upstreams_.back()->name = std::move(name);
  }
  return client;
}

std::unique_ptr<Engine> ClientContext::connect(size_t upstream) {
  Upstream& peer = *upstreams_[upstream];
  SessionPtr session;
  {
    const std::lock_guard lock(peer.mutex);
    if (peer.session != nullptr) session.reset(SSL_SESSION_dup(peer.session.get()));
  }
  auto engine = Engine::client(*context_, peer.name, session.get(), shared_from_this());
  if (engine != nullptr) SSL_set_ex_data(engine->ssl(), upstream_index(), &peer);
  return engine;
}

// Copies go in and out: OpenSSL spoils the session of a connection that ends without a close_notify.
int ClientContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* const peer = static_cast<Upstream*>(SSL_get_ex_data(ssl, upstream_index()));
  if (peer == nullptr) return 0;
  const std::lock_guard lock(peer->mutex);
  peer->session.reset(SSL_SESSION_dup(session));
  return 0;
}

}  // namespace sse_proxy::tls
