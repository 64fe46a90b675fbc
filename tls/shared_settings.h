// What both sides of TLS are set to.
#pragma once

#include "tls/openssl.h"

namespace sse_proxy::tls {

// Versions 1.2 and 1.3, forward secrecy and authenticated encryption only, no renegotiation, no compression,
// no buffers on idle connections.
void apply_shared_settings(SSL_CTX& context, bool only_tls13);

// A verify callback that changes nothing, but tells the engine in plain words why a certificate is refused.
int note_verification(int good, X509_STORE_CTX* store);

}  // namespace sse_proxy::tls
