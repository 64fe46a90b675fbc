// TLS on either side: what is refused and how it is told, ends that are none, certificates and their names.
#include <gtest/gtest.h>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

// A TLS port in front of a plain origin.
struct TlsRig {
  explicit TlsRig(Args more = {})
      : proxy([&] {
          more.insert(more.end(),
                      {"--tls-cert", files.certificate, "--tls-key", files.key, "--upstream", origin.url()});
          return more;
        }()) {}
  Peer client() {
    Peer peer = proxy.client();
    EXPECT_TRUE(peer.start_tls(tls_client(ca.file())));
    return peer;
  }
  TestCa ca;
  CertificateFiles files = ca.issue("server");
  Origin origin;
  Proxy proxy;
};

// A plain port in front of a TLS origin.
struct TlsUpstream {
  explicit TlsUpstream(const CertificateOptions& options = {})
      : files(ca.issue("origin", options)),
        proxy({"--upstream", replaced(origin.url(), "http:", "https:"), "--upstream-ca", ca.file()}) {}
  Peer accept() {
    Peer upstream = origin.accept();
    upstream.start_tls(tls_server(files));
    return upstream;
  }
  TestCa ca;
  CertificateFiles files;
  Origin origin;
  Proxy proxy;
};

std::string client_hello() {
  const TestCa ca;
  const tls::SslPtr ssl = tls_client(ca.file());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_do_handshake(ssl.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl.get()), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

TEST(TlsClients, PlainHttpOnATlsPortIsToldSo) {
  TlsRig rig;
  Peer client = rig.proxy.client();
  client.send(kGet);
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 400);
  EXPECT_EQ(field(response.head, "content-type"), "application/json");
  EXPECT_NE(response.body.find("https://"), std::string::npos) << response.body;
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_EQ(rig.origin.connections(), 0U);
}

TEST(TlsClients, AHandshakeThatIsNotDoneInTimeIsClosed) {
  TlsRig rig({"--header-timeout", "200ms"});
  const std::string hello = client_hello();
  for (const std::string_view greeting :
       {std::string_view(), std::string_view(hello).substr(0, hello.size() / 2)}) {
    Peer client = rig.proxy.client();
    client.send(greeting);
    EXPECT_TRUE(client.wait_for_close()) << greeting.size();
  }
  Peer silent = rig.client();
  EXPECT_TRUE(silent.wait_for_close()) << "a handshake is no request";
}

TEST(TlsClients, WhatIsNoTlsIsClosed) {
  TlsRig rig;
  for (const std::string& garbage :
       {std::string(200, '\0'), std::string("\x16\x03\x01\xff\xff") + std::string(70000, 'x'),
        client_hello().replace(5, 1, "\x02")}) {
    Peer client = rig.proxy.client();
    client.send(garbage);
    EXPECT_TRUE(client.wait_for_close()) << static_cast<int>(garbage[0]);
  }
  Peer good = rig.client();
  good.send(kGet);
  EXPECT_NE(rig.origin.accept().read_head(), "");
}

TEST(TlsClients, TenThousandHalfHandshakesLeaveNothingBehind) {
  TlsRig rig;
  const std::string hello = client_hello();
  Peer kept = rig.client();  // what the proxy opens for its first client stays
  const size_t descriptors = rig.proxy.open_descriptors();
  const size_t at_once = std::min<size_t>(500, affordable_connections(600) / 2);
  long after_one = 0;
  for (size_t done = 0; done < (kSanitized ? 1000U : 10000U); done += at_once) {
    std::vector<Peer> wave;
    for (size_t i = 0; i < at_once; ++i) {
      wave.push_back(rig.proxy.client());
      wave.back().send(std::string_view(hello).substr(0, i % 2 == 0 ? hello.size() : hello.size() / 2));
    }
    for (Peer& peer : wave) peer.reset();
    expect_soon([&] { return rig.proxy.open_descriptors() <= descriptors; }, "the descriptors");
    if (done == 0) after_one = rig.proxy.own_memory_kib();
  }
  if (!kSanitized) {
    EXPECT_LT(rig.proxy.own_memory_kib() - after_one, 8 * 1024);
  }
  Peer good = rig.client();
  good.send(kGet);
  EXPECT_NE(rig.origin.accept().read_head(), "");
}

TEST(TlsClients, OldVersionsAreRefused) {
  TlsRig rig;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    Peer client = rig.proxy.client();
    tls::SslPtr ssl = tls_client(rig.ca.file());
    SSL_set_security_level(ssl.get(), 0);
    SSL_set_min_proto_version(ssl.get(), version);
    SSL_set_max_proto_version(ssl.get(), version);
    EXPECT_FALSE(client.start_tls(std::move(ssl))) << version;
  }
}

TEST(TlsClients, TheUpstreamIsToldThatTheSchemeIsHttps) {
  TlsRig rig;
  Peer client = rig.client();
  client.send(kGet);
  EXPECT_EQ(field(rig.origin.accept().read_head(), "x-forwarded-proto"), "https");
}

TEST(TlsClients, AProxyHeaderComesBeforeTls) {
  TlsRig rig({"--proxy-protocol", "on"});
  Peer client = rig.proxy.client();
  client.send("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n");
  ASSERT_TRUE(client.start_tls(tls_client(rig.ca.file())));
  client.send(kGet);
  const std::string head = rig.origin.accept().read_head();
  EXPECT_NE(field(head, "x-forwarded-for").find("203.0.113.9"), std::string::npos) << head;
}

TEST(TlsClients, TheCertificateIsChosenByTheNameThatIsAskedFor) {
  const TestCa ca;
  const CertificateFiles a = ca.issue("a", {.name = "a.test", .alternatives = "DNS:a.test"});
  const CertificateFiles b = ca.issue("b", {.name = "b.test", .alternatives = "DNS:*.b.test"});
  const Origin origin;
  const Proxy proxy({"--upstream", origin.url(), "--tls-cert", a.certificate, "--tls-key", a.key,
                     "--tls-cert", b.certificate, "--tls-key", b.key});
  for (const char* name : {"a.test", "x.b.test"}) {
    Peer client = proxy.client();
    EXPECT_TRUE(client.start_tls(tls_client(ca.file(), name))) << name;
  }
  Peer client = proxy.client();
  EXPECT_FALSE(client.start_tls(tls_client(ca.file(), "c.test"))) << "it got the first, which is not for it";
}

TEST(TlsClients, AClientCertificateIsDemandedAndItsSubjectCannotBeForged) {
  const TestCa clients;
  const TestCa strangers;
  const CertificateFiles good = clients.issue("good", {.name = "alice"});
  const CertificateFiles strange = strangers.issue("strange", {.name = "alice"});
  TlsRig rig({"--tls-client-ca", clients.file()});
  Peer client = rig.proxy.client();
  ASSERT_TRUE(client.start_tls(tls_client(rig.ca.file(), "localhost", &good)));
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Client-Cert-Subject: CN=root\r\nX_Client_Cert_Verified: no\r\n\r\n");
  const std::string head = rig.origin.accept().read_head();
  EXPECT_EQ(field(head, "x-client-cert-subject"), "CN=alice");
  EXPECT_EQ(field(head, "x-client-cert-verified"), "SUCCESS");
  EXPECT_EQ(field(head, "x_client_cert_verified"), "");
  for (const CertificateFiles* shown : {static_cast<const CertificateFiles*>(nullptr), &strange}) {
    Peer refused = rig.proxy.client();
    // In TLS 1.3 the client's side of the handshake ends before the server has judged.
    if (refused.start_tls(tls_client(rig.ca.file(), "localhost", shown))) refused.send(kGet);
    EXPECT_TRUE(refused.wait_for_close());
    EXPECT_EQ(refused.ending(), Ending::reset);
  }
  EXPECT_EQ(rig.origin.connections(), 1U);
}

TEST(TlsClients, AnEndIsSaidToTheClientAndAnAbortIsNot) {
  for (const bool whole : {true, false}) {
    TlsRig rig;
    Peer client = rig.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    upstream.send(chunk("data: a\n\n"));
    EXPECT_NE(client.read_until("data: a\n\n"), "");
    if (whole) upstream.send(kLastChunk);
    upstream.close();
    client.read_to_end();
    EXPECT_EQ(client.ending(), whole ? Ending::fin : Ending::reset);
  }
}

TEST(TlsClients, AClientThatIsCutOffIsGone) {
  TlsRig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  Peer upstream = rig.origin.accept();
  upstream.read_until("half");
  client.cut();
  EXPECT_TRUE(upstream.wait_for_close());
}

TEST(TlsClients, AnEventIsOneRecord) {
  TlsRig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send(kStreamHead);
  client.read_head();
  static int records = 0;  // the callback is a plain function
  SSL_set_msg_callback(client.ssl(), [](int, int, int type, const void* bytes, size_t size, SSL*, void*) {
    if (type == SSL3_RT_HEADER && size == 5 && *static_cast<const char*>(bytes) == SSL3_RT_APPLICATION_DATA)
      ++records;
  });
  records = 0;
  for (int i = 1; i <= 20; ++i) {
    upstream.send(chunk("id: 1\ndata: " + std::string(1000, 'x') + "\n\n"));
    ASSERT_TRUE(client.read_chunk());
    EXPECT_EQ(records, i);
  }
}

// --- upstreams ---

TEST(TlsUpstreams, AnEndWithoutCloseNotifyIsNone) {
  struct Case {
    std::string_view what, sent;
  };
  for (const auto& [what, sent] :
       {Case{"before the first byte", ""}, Case{"in a close-delimited body", "HTTP/1.1 200 OK\r\n\r\nhalf"},
        Case{"in a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
        Case{"in an event stream",
             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: half\n\n"}}) {
    TlsUpstream rig;
    Peer client = rig.proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    Peer upstream = rig.accept();
    upstream.read_head();
    upstream.send(sent);
    if (!sent.empty()) client.read_until("half");
    upstream.cut();
    if (sent.empty()) {
      EXPECT_EQ(status_of(client.read_head()), 502) << what;
      continue;
    }
    const std::string rest = client.read_to_end();
    EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << what;
  }
}

TEST(TlsUpstreams, ACloseNotifyIsACleanEnd) {
  TlsUpstream rig;
  Peer client = rig.proxy.client();
  client.send(kGet);
  Peer upstream = rig.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\n\r\nwhole");
  upstream.half_close();
  const Response response = read_response(client);
  EXPECT_EQ(response.body, "whole");
  EXPECT_TRUE(response.complete);
  EXPECT_TRUE(upstream.wait_for_close());
  EXPECT_EQ(upstream.ending(), Ending::fin);
}

// The reason is for the log: the client is told no more than that the upstream failed.
void expect_refused(TlsUpstream& rig, std::string_view reason) {
  Peer client = rig.proxy.client();
  client.send(kGet);
  Peer upstream = rig.accept();
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 502);
  EXPECT_EQ(response.body.find(reason), std::string::npos) << response.body;
  rig.proxy.wait_for_log(reason);
}

TEST(TlsUpstreams, ACertificateForAnotherNameIsRefused) {
  TlsUpstream rig({.alternatives = "DNS:other.test"});
  expect_refused(rig, "the certificate is for other.test");
}

TEST(TlsUpstreams, AnExpiredCertificateIsRefused) {
  TlsUpstream rig({.until = -60});
  expect_refused(rig, "certificate of localhost expired on 2");
}

TEST(TlsUpstreams, ACertificateOfAnUnknownCaIsRefused) {
  TlsUpstream rig;
  const TestCa stranger;
  rig.files = stranger.issue("origin");
  expect_refused(rig, "is not trusted");
}

// --- files ---

TEST(TlsFiles, WrongOnesAreNamedInOneLineAndTheExitCodeIs2) {
  const TestCa ca;
  const CertificateFiles good = ca.issue("good");
  const CertificateFiles other = ca.issue("other");
  const CertificateFiles expired = ca.issue("expired", {.until = -60});
  const CertificateFiles locked = ca.issue("locked", {.passphrase = "secret"});
  struct Case {
    CertificateFiles files;
    std::string_view reason;
  };
  for (const auto& [files, reason] : {Case{{ca.folder() / "none", good.key}, "cannot be read"},
                                      Case{{good.certificate, other.key}, "is not the key of"},
                                      Case{expired, "expired on"}, Case{locked, "is encrypted"}}) {
    Process process({"--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1", "--tls-cert",
                     files.certificate, "--tls-key", files.key});
    EXPECT_EQ(process.wait_for_exit(), 2);
    EXPECT_EQ(process.count_in_log("\n"), 1U) << process.log();
    EXPECT_GT(process.count_in_log(ca.folder().string()), 0U) << process.log();
    EXPECT_EQ(process.count_in_log(reason), 1U) << process.log();
  }
}

}  // namespace
}  // namespace sse_proxy::test
