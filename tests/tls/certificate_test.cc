#include "tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace sse_proxy::tls {
namespace {

using test::CertificateFiles;
using test::TestCa;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of(const std::string& certificate, const std::string& key) {
  const auto pair = load_key_pair(certificate, key);
  EXPECT_FALSE(pair);
  return pair ? "" : pair.error().message;
}

TEST(KeyPair, SaysWhatItIsForAndWhenItExpires) {
  const TestCa ca;
  const CertificateFiles files = ca.issue("a", {.alternatives = "DNS:A.test,DNS:*.b.test,IP:::1"});
  const auto pair = load_key_pair(files.certificate, files.key);
  ASSERT_TRUE(pair) << pair.error().message;
  EXPECT_THAT(pair->description(), StartsWith("ECDSA certificate for a.test, *.b.test, ::1 expires 2"));
  EXPECT_THAT(pair->description(), ::testing::ContainsRegex(" UTC \\(in (29|30) days\\)"));
  EXPECT_TRUE(covers(*pair, "a.test"));
  EXPECT_TRUE(covers(*pair, "x.b.test"));
  for (const char* name : {"b.test", "x.y.b.test", ".b.test", "a.test.", "xa.test", ""})
    EXPECT_FALSE(covers(*pair, name)) << name;
}

TEST(KeyPair, WhatIsWrongIsNamedWithItsFile) {
  const TestCa ca;
  const CertificateFiles good = ca.issue("good");
  const CertificateFiles other = ca.issue("other");
  const CertificateFiles expired = ca.issue("expired", {.until = -60});
  const CertificateFiles early = ca.issue("early", {.from = 3600});
  const CertificateFiles locked = ca.issue("locked", {.passphrase = "secret"});
  const std::string empty = ca.folder() / "empty";
  std::ofstream(empty) << "nothing\n";
  const std::string broken = ca.folder() / "broken";
  std::ofstream(broken) << "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";

  EXPECT_THAT(error_of("/nowhere/a.crt", good.key),
              HasSubstr("\"/nowhere/a.crt\": cannot be read: No such file"));
  EXPECT_THAT(error_of(good.certificate, "/nowhere/a.key"), HasSubstr("\"/nowhere/a.key\": cannot be read"));
  EXPECT_THAT(error_of(empty, good.key), HasSubstr("has no certificate in PEM form"));
  EXPECT_THAT(error_of(broken, good.key), HasSubstr("is no valid PEM file"));
  EXPECT_THAT(error_of(good.certificate, empty), HasSubstr("has no private key in PEM form"));
  EXPECT_THAT(error_of(good.certificate, other.key), HasSubstr("is not the key of the certificate in"));
  EXPECT_THAT(error_of(expired.certificate, expired.key), HasSubstr("the certificate expired on 2"));
  EXPECT_THAT(error_of(early.certificate, early.key), HasSubstr("the certificate is not valid before 2"));
  EXPECT_THAT(error_of(locked.certificate, locked.key), HasSubstr("the private key is encrypted"));
}

}  // namespace
}  // namespace sse_proxy::tls
