#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace sse_proxy::tls {
namespace {

int context_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

}  // namespace

void TicketKeys::use_in(SSL_CTX& context) {
  SSL_CTX_set_ex_data(&context, context_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, &TicketKeys::on_ticket);
}

bool TicketKeys::rotate_if_due() {
  const Clock::time_point now = Clock::now();
  if (!keys_.empty() && now - made_ < kAge) return true;
  Key key;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key) != 1) return !keys_.empty();
  if (keys_.size() == kKept) keys_.pop_back();
  keys_.insert(keys_.begin(), key);
  made_ = now;
  return true;
}

int TicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int encrypt) {
  auto& self = *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  const std::lock_guard lock(self.mutex_);
  if (!self.rotate_if_due()) return encrypt == 1 ? -1 : 0;
  auto key = self.keys_.begin();
  if (encrypt == 1) {
    std::memcpy(name, key->name.data(), key->name.size());
    if (RAND_bytes(iv, 16) != 1) return -1;
  } else {
    key = std::find_if(key, self.keys_.end(),
                       [&](const Key& k) { return std::memcmp(k.name.data(), name, k.name.size()) == 0; });
    if (key == self.keys_.end()) return 0;  // a full handshake then
  }
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, encrypt) != 1 ||
      EVP_MAC_CTX_set_params(mac, parameters.data()) != 1) {
    return -1;
  }
  return encrypt == 1 || key == self.keys_.begin() ? 1 : 2;  // 2: and give it a new one
}

}  // namespace sse_proxy::tls
