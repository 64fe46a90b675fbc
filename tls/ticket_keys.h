// The keys of session tickets (RFC 5077, RFC 8446 section 4.6.1), changed often so that a stolen one opens
// little.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <vector>

#include "tls/openssl.h"

namespace sse_proxy::tls {

// TicketKeys encrypts new tickets with a key of at most an hour's age and still opens those of the two
// before.
//   Owned by  the process; outlives every context that uses it, and a reload of certificates. Any thread.
//   Costs     nothing before the first ticket: a process without TLS never wakes OpenSSL.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  // Contexts of one TicketKeys resume each other's sessions.
  void use_in(SSL_CTX& context);

 private:
  static constexpr std::chrono::hours kAge{1};
  static constexpr size_t kKept = 3;

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypt);
  // False: there is no key yet, and no randomness to make one of.
  [[nodiscard]] bool rotate_if_due();

  std::mutex mutex_;
  std::vector<Key> keys_;  // the newest first
  Clock::time_point made_;
};

}  // namespace sse_proxy::tls
