// The keys of session tickets (RFC 5077, RFC 8446 section 4.6.1), changed often so that a stolen one opens
// little.
#pragma once

#include <array>
#include <chrono>
#include <mutex>

#include "tls/openssl.h"

namespace sse_proxy::tls {

// TicketKeys encrypts new tickets with a key of at most an hour's age and still opens those of the two
// before.
//   Owned by  the process; outlives every context that uses it, and a reload of certificates. Any thread.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  TicketKeys();
  // Contexts of one TicketKeys resume each other's sessions.
  void use_in(SSL_CTX& context);

 private:
  static constexpr std::chrono::hours kAge{1};

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypt);
  void rotate_if_due();
  [[nodiscard]] static Key fresh_key();

  std::mutex mutex_;
  std::array<Key, 3> keys_;  // the newest first
  Clock::time_point made_;
};

}  // namespace sse_proxy::tls
