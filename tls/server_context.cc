// The server's side of tls/context.h.
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "parser/http_types.h"
#include "tls/context.h"
#include "tls/shared_settings.h"

namespace sse_proxy::tls {
namespace {

constexpr auto kSessionContext = std::to_array<unsigned char>({'s', 's', 'e'});

// RFC 7301: no protocol in common ends the handshake.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr auto kHttp11 = std::to_array<unsigned char>({8, 'h', 't', 't', 'p', '/', '1', '.', '1'});
  auto** const chosen = const_cast<unsigned char**>(out);
  const int result = SSL_select_next_proto(chosen, out_size, kHttp11.data(), kHttp11.size(), in, in_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::optional<Error> require_client_certificates(SSL_CTX& context, const std::string& ca) {
  if (SSL_CTX_load_verify_file(&context, ca.c_str()) != 1) {
    return Error{Side::self, 0, "\"" + ca + "\": cannot be used as tls.client_ca: " + take_error()};
  }
  SSL_CTX_set_client_CA_list(&context, SSL_load_client_CA_file(ca.c_str()));
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &note_verification);
  return std::nullopt;
}

std::optional<Error> use_pair(SSL_CTX& context, const KeyPair& pair) {
  bool good = SSL_CTX_use_certificate(&context, pair.certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(&context, pair.key.get()) == 1;
  for (const CertificatePtr& issuer : pair.chain)
    good = good && SSL_CTX_add1_chain_cert(&context, issuer.get()) == 1;
  if (good) return std::nullopt;
  return Error{Side::self, 0, "\"" + pair.file + "\": cannot be used as a certificate: " + take_error()};
}

}  // namespace

Result<std::shared_ptr<ServerContext>> ServerContext::load(const ServerSettings& settings,
                                                           TicketKeys& tickets) {
  auto context = std::make_shared<ServerContext>();
  for (size_t i = 0; i < settings.certificates.size(); ++i) {
    Result<KeyPair> pair = load_key_pair(settings.certificates[i], settings.keys[i]);
    if (!pair) return pair.error();
    context->pairs_.push_back(*std::move(pair));
  }
  if (auto error = context->build(settings, tickets)) return *error;
  return context;
}

ServerContext::Group* ServerContext::group_for(const KeyPair& pair) {
  const auto fits = [&](const Group& group) {
    return std::all_of(group.pairs.begin(), group.pairs.end(), [&](size_t i) {
      return pairs_[i].names == pair.names &&
             EVP_PKEY_get_base_id(pairs_[i].key.get()) != EVP_PKEY_get_base_id(pair.key.get());
    });
  };
  const auto found = std::find_if(groups_.begin(), groups_.end(), fits);
  return found == groups_.end() ? nullptr : &*found;
}

std::optional<Error> ServerContext::build(const ServerSettings& settings, TicketKeys& tickets) {
  for (size_t i = 0; i < pairs_.size(); ++i) {
    Group* group = group_for(pairs_[i]);
    if (group == nullptr) {
      SslContextPtr context(SSL_CTX_new(TLS_server_method()));
      apply_shared_settings(*context, settings.only_tls13);
      SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets alone: nothing to keep
      SSL_CTX_set_session_id_context(context.get(), kSessionContext.data(), kSessionContext.size());
      SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
      SSL_CTX_set_tlsext_servername_callback(context.get(), &ServerContext::on_server_name);
      SSL_CTX_set_tlsext_servername_arg(context.get(), this);
      tickets.use_in(*context);
      if (!settings.client_ca.empty()) {
        if (auto error = require_client_certificates(*context, settings.client_ca)) return error;
      }
      group = &groups_.emplace_back(Group{std::move(context), {}});
    }
    if (auto error = use_pair(*group->context, pairs_[i])) return error;
    group->pairs.push_back(i);
  }
  return std::nullopt;
}

std::unique_ptr<Engine> ServerContext::accept() {
  return Engine::server(*groups_.front().context, shared_from_this());
}

int ServerContext::on_server_name(SSL* ssl, int*, void* self) {
  const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  std::string name(asked);
  std::transform(name.begin(), name.end(), name.begin(), ascii_lower);
  const auto& context = *static_cast<const ServerContext*>(self);
  for (const Group& group : context.groups_) {
    if (!covers(context.pairs_[group.pairs.front()], name)) continue;
    SSL_set_SSL_CTX(ssl, group.context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;  // the first certificate, as if no name had been asked for
}

}  // namespace sse_proxy::tls
