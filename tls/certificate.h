// A certificate chain and its private key, read from PEM files and checked before anything relies on them.
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "parser/result.h"
#include "tls/openssl.h"

namespace sse_proxy::tls {

// KeyPair is what a side of TLS proves its name with. Owned by whom loaded it; any thread may read.
struct KeyPair {
  CertificatePtr certificate;
  std::vector<CertificatePtr> chain;  // the issuers that the file has behind it
  KeyPtr key;
  std::string file;                // of the certificate
  std::vector<std::string> names;  // DNS names that it is for, in lower case; wildcards as "*.example.com"

  // "ECDSA certificate for a.example, b.example expires 2027-01-01 (in 40 days)": for the log.
  [[nodiscard]] std::string description() const;
  // Seconds since 1970.
  [[nodiscard]] std::time_t expires() const;
};

// The error names the file and the reason: unreadable, no PEM, encrypted key, not its key, expired, not valid
// yet.
Result<KeyPair> load_key_pair(const std::string& certificate_file, const std::string& key_file);

// Whether `name`, in lower case, is one that the certificate is for (RFC 9525 section 6.3).
[[nodiscard]] bool covers(const KeyPair& pair, std::string_view name);

// "CN of the subject, or its first DNS name": for messages.
std::string short_name(const X509& certificate);
// "2027-01-01 12:00 UTC".
std::string time_text(const ASN1_TIME& time);
// The DNS names and addresses of the certificate, for messages.
std::vector<std::string> subject_names(const X509& certificate);

}  // namespace sse_proxy::tls
