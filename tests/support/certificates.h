// Certificates made for a test: a CA of its own, and what it signs, as PEM files in a folder that goes with
// it.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tls/openssl.h"

namespace sse_proxy::test {

struct CertificateOptions {
  std::string name = "localhost";  // the subject's CN
  std::string alternatives = "DNS:localhost,IP:127.0.0.1";
  bool rsa = false;
  long from = -3600;  // seconds from now
  long until = 30L * 24 * 3600;
  std::string passphrase = {};  // encrypts the key
};

struct CertificateFiles {
  std::string certificate, key;
};

class TestCa {
 public:
  TestCa() {
    static std::atomic<int> count{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("sse-proxy-ca-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directory(folder_);
    key_ = make_key(false);
    certificate_ = make({.name = "Test CA", .alternatives = ""}, *key_, true);
    write(folder_ / "ca.pem", [&](BIO* bio) { PEM_write_bio_X509(bio, certificate_.get()); });
  }
  ~TestCa() { std::filesystem::remove_all(folder_); }
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  [[nodiscard]] std::string file() const { return folder_ / "ca.pem"; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_; }

  // `label` names the files; the same label again replaces them, key last, each in one step.
  CertificateFiles issue(const std::string& label, const CertificateOptions& options = {}) const {
    const tls::KeyPtr key = make_key(options.rsa);
    const tls::CertificatePtr certificate = make(options, *key, false);
    const CertificateFiles files{folder_ / (label + ".crt"), folder_ / (label + ".key")};
    write(files.certificate, [&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
    write(files.key, [&](BIO* bio) {
      const bool encrypted = !options.passphrase.empty();
      PEM_write_bio_PrivateKey(bio, key.get(), encrypted ? EVP_aes_256_cbc() : nullptr,
                               reinterpret_cast<const unsigned char*>(options.passphrase.data()),
                               static_cast<int>(options.passphrase.size()), nullptr, nullptr);
    });
    return files;
  }

 private:
  static tls::KeyPtr make_key(bool rsa) { return tls::KeyPtr(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")); }

  tls::CertificatePtr make(const CertificateOptions& options, EVP_PKEY& key, bool is_ca) const {
    tls::CertificatePtr certificate(X509_new());
    X509* const x = certificate.get();
    static std::atomic<long> serial{1};
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), options.from);
    X509_gmtime_adj(X509_getm_notAfter(x), options.until);
    X509_set_pubkey(x, &key);
    X509_NAME* const name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.name.data()),
                               static_cast<int>(options.name.size()), -1, 0);
    X509_set_issuer_name(x, is_ca ? name : X509_get_subject_name(certificate_.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, is_ca ? x : certificate_.get(), x, nullptr, nullptr, 0);
    extend(*x, context, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (is_ca) extend(*x, context, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(*x, context, NID_subject_key_identifier, "hash");
    if (!is_ca) extend(*x, context, NID_authority_key_identifier, "keyid");
    if (!options.alternatives.empty())
      extend(*x, context, NID_subject_alt_name, options.alternatives.c_str());
    X509_sign(x, is_ca ? &key : key_.get(), EVP_sha256());
    return certificate;
  }

  static void extend(X509& certificate, X509V3_CTX& context, int nid, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <class Print>
  static void write(const std::filesystem::path& file, Print&& print) {
    const std::filesystem::path draft = file.string() + ".new";
    {
      const tls::BioPtr bio(BIO_new_file(draft.c_str(), "w"));
      print(bio.get());
    }
    std::filesystem::rename(draft, file);
  }

  std::filesystem::path folder_;
  tls::KeyPtr key_;
  tls::CertificatePtr certificate_;
};

}  // namespace sse_proxy::test
