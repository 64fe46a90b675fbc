#include "tls/shared_settings.h"

#include <string>

#include "tls/certificate.h"
#include "tls/engine.h"

namespace sse_proxy::tls {
namespace {

void free_text(char* text) { OPENSSL_free(text); }

std::string quoted_names(const X509& certificate) {
  std::string text;
  for (const std::string& name : subject_names(certificate))
    text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

// The name in SNI, or the address, for which there is none.
std::string asked_name(SSL& ssl) {
  if (const char* const name = SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name)) return name;
  const std::unique_ptr<char, Deleter<free_text>> address(
      X509_VERIFY_PARAM_get1_ip_asc(SSL_get0_param(&ssl)));
  return address == nullptr ? "nothing" : address.get();
}

std::string describe(int error, const X509* certificate, SSL& ssl) {
  if (certificate == nullptr) return X509_verify_cert_error_string(error);
  const std::string who = "certificate of " + short_name(*certificate);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return who + " expired on " + time_text(*X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return who + " is not valid before " + time_text(*X509_get0_notBefore(certificate));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "name mismatch: asked for " + asked_name(ssl) + ", the certificate is for " +
             quoted_names(*certificate);
    default: return who + " is not trusted: " + X509_verify_cert_error_string(error);
  }
}

}  // namespace

void apply_shared_settings(SSL_CTX& context, bool only_tls13) {
  SSL_CTX_set_min_proto_version(&context, only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(&context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
}

int note_verification(int good, X509_STORE_CTX* store) {
  if (good == 1) return good;
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl == nullptr) return good;
  const int error = X509_STORE_CTX_get_error(store);
  Engine::note_refused_certificate(*ssl, describe(error, X509_STORE_CTX_get_current_cert(store), *ssl));
  return good;
}

}  // namespace sse_proxy::tls
