#include "tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "parser/http_types.h"

namespace sse_proxy::tls {
namespace {

Error problem(const std::string& file, const std::string& reason) {
  return {Side::self, 0, "\"" + file + "\": " + reason};
}

Result<BioPtr> open_file(const std::string& file) {
  errno = 0;
  BioPtr bio(BIO_new_file(file.c_str(), "r"));
  const int error = errno;
  ERR_clear_error();
  if (bio == nullptr) return problem(file, std::string("cannot be read: ") + std::strerror(error));
  return bio;
}

// Keys are used without somebody at the keyboard: nobody can be asked for a pass phrase.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<std::vector<CertificatePtr>> load_certificates(const std::string& file) {
  Result<BioPtr> bio = open_file(file);
  if (!bio) return bio.error();
  std::vector<CertificatePtr> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const std::string text = take_error();
  if (reason != PEM_R_NO_START_LINE) return problem(file, "is no valid PEM file: " + text);
  if (certificates.empty()) return problem(file, "has no certificate in PEM form");
  return certificates;
}

Result<KeyPtr> load_key(const std::string& file) {
  Result<BioPtr> bio = open_file(file);
  if (!bio) return bio.error();
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, &refuse_passphrase, &asked));
  ERR_clear_error();
  if (asked)
    return problem(file, "the private key is encrypted: write it without a pass phrase (openssl pkey)");
  if (key == nullptr) return problem(file, "has no private key in PEM form");
  return key;
}

void add_names(std::vector<std::string>& names, const X509& certificate, bool addresses) {
  auto* const alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type == GEN_DNS) {
      const auto* const data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      std::string text(data, static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
      std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
      names.push_back(std::move(text));
    } else if (name->type == GEN_IPADD && addresses) {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      std::array<char, INET6_ADDRSTRLEN> text{};
      inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text.data(),
                text.size());
      names.emplace_back(text.data());
    }
  }
  GENERAL_NAMES_free(alternatives);
}

std::string common_name(const X509& certificate) {
  std::array<char, 256> text{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(&certificate), NID_commonName, text.data(),
                                             static_cast<int>(text.size()));
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : "";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

std::vector<std::string> subject_names(const X509& certificate) {
  std::vector<std::string> names;
  add_names(names, certificate, true);
  if (names.empty()) names.push_back(common_name(certificate));
  return names;
}

std::string short_name(const X509& certificate) {
  const std::string name = common_name(certificate);
  return name.empty() ? subject_names(certificate).front() : name;
}

std::string time_text(const ASN1_TIME& time) {
  std::tm parts{};
  std::array<char, 64> text{};
  if (ASN1_TIME_to_tm(&time, &parts) != 1) return "an unknown time";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

std::time_t KeyPair::expires() const {
  std::tm parts{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts);
  return timegm(&parts);
}

std::string KeyPair::description() const {
  const int type = EVP_PKEY_get_base_id(key.get());
  const char* const kind = type == EVP_PKEY_RSA ? "RSA" : type == EVP_PKEY_EC ? "ECDSA" : "EdDSA";
  const auto days = (expires() - std::time(nullptr)) / (24 * 60 * 60);
  return std::string(kind) + " certificate for " + joined(subject_names(*certificate)) + " expires " +
         time_text(*X509_get0_notAfter(certificate.get())) + " (in " + std::to_string(days) + " days)";
}

Result<KeyPair> load_key_pair(const std::string& certificate_file, const std::string& key_file) {
  Result<std::vector<CertificatePtr>> certificates = load_certificates(certificate_file);
  if (!certificates) return certificates.error();
  Result<KeyPtr> key = load_key(key_file);
  if (!key) return key.error();
  KeyPair pair;
  pair.chain = *std::move(certificates);
  pair.certificate = std::move(pair.chain.front());
  pair.chain.erase(pair.chain.begin());
  pair.key = *std::move(key);
  pair.file = certificate_file;
  const X509& certificate = *pair.certificate;
  if (X509_check_private_key(&certificate, pair.key.get()) != 1) {
    ERR_clear_error();
    return problem(key_file, "is not the key of the certificate in \"" + certificate_file + "\"");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(&certificate)) < 0)
    return problem(certificate_file,
                   "the certificate expired on " + time_text(*X509_get0_notAfter(&certificate)));
  if (X509_cmp_current_time(X509_get0_notBefore(&certificate)) > 0)
    return problem(certificate_file,
                   "the certificate is not valid before " + time_text(*X509_get0_notBefore(&certificate)));
  add_names(pair.names, certificate, false);
  if (pair.names.empty()) {
    std::string name = common_name(certificate);
    std::transform(name.begin(), name.end(), name.begin(), ascii_lower);
    if (!name.empty()) pair.names.push_back(std::move(name));
  }
  return pair;
}

bool covers(const KeyPair& pair, std::string_view name) {
  const size_t dot = name.find('.');
  return std::any_of(pair.names.begin(), pair.names.end(), [&](const std::string& pattern) {
    if (pattern == name) return true;
    // A wildcard stands for exactly one label.
    return pattern.starts_with("*.") && dot != std::string_view::npos && dot > 0 &&
           name.substr(dot) == std::string_view(pattern).substr(1);
  });
}

}  // namespace sse_proxy::tls
