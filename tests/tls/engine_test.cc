#include "tls/engine.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/support/certificates.h"
#include "tls/context.h"

namespace sse_proxy::tls {
namespace {

using test::CertificateFiles;
using test::CertificateOptions;
using test::TestCa;

// Two engines whose wires are strings.
struct Pair {
  Pair(ServerContext& server_context, ClientContext& client_context)
      : server(server_context.accept()), client(client_context.connect(0)) {
    client->start(to_server);
  }

  // Moves bytes to and fro, `step` at a time, until nothing moves.
  void run(size_t step = SIZE_MAX) {
    while (!to_server.empty() || !to_client.empty()) {
      at_server += deliver(*server, to_server, to_client, step);
      at_client += deliver(*client, to_client, to_server, step);
    }
  }
  static std::string deliver(Engine& to, std::string& wire, std::string& answer, size_t step) {
    std::string plain;
    const std::string bytes = wire.substr(0, step);
    wire.erase(0, bytes.size());
    std::string_view cipher = bytes;
    std::array<char, 1000> space;
    size_t size = 0;
    do {
      size = to.receive(cipher, space, answer);
      plain.append(space.data(), size);
    } while (size == space.size());
    EXPECT_TRUE(cipher.empty());
    return plain;
  }

  std::unique_ptr<Engine> server, client;
  std::string to_server, to_client;
  std::string at_server, at_client;
};

class EngineTest : public ::testing::Test {
 protected:
  std::shared_ptr<ServerContext> server_context(const ServerSettings& settings) {
    auto context = ServerContext::load(settings, tickets);
    EXPECT_TRUE(context) << context.error().message;
    return *context;
  }
  std::shared_ptr<ServerContext> server_context(const CertificateOptions& options = {}) {
    const CertificateFiles files = ca.issue("server", options);
    return server_context({.certificates = {files.certificate}, .keys = {files.key}});
  }
  std::shared_ptr<ClientContext> client_context(const std::string& name = "localhost",
                                                ClientSettings settings = {}) {
    if (settings.ca.empty()) settings.ca = ca.file();
    auto context = ClientContext::load(settings, {name});
    EXPECT_TRUE(context) << context.error().message;
    return *context;
  }

  TestCa ca;
  TicketKeys tickets;
};

TEST_F(EngineTest, WhatOneSideSendsTheOtherReceives) {
  const auto server = server_context();
  const auto client = client_context();
  for (const size_t step : {SIZE_MAX, size_t{1}, size_t{7}}) {
    Pair pair(*server, *client);
    pair.run(step);
    ASSERT_EQ(pair.server->state(), State::open);
    ASSERT_EQ(pair.client->state(), State::open) << pair.client->why();
    pair.client->send("GET / HTTP/1.1\r\n\r\n", pair.to_server);
    const std::string large(step == SIZE_MAX ? 200000 : 20000, 'x');
    pair.server->send(large, pair.to_client);
    pair.run(step);
    EXPECT_EQ(pair.at_server, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(pair.at_client == large) << pair.at_client.size();
  }
}

TEST_F(EngineTest, OneSendIsOneRecord) {
  const auto server = server_context();
  const auto client = client_context();
  Pair pair(*server, *client);
  pair.run();
  pair.server->send("data: hello\n\n", pair.to_client);
  ASSERT_GT(pair.to_client.size(), 5U);
  EXPECT_EQ(pair.to_client[0], 23) << "application data";
  const size_t length =
      static_cast<unsigned char>(pair.to_client[3]) * 256U + static_cast<unsigned char>(pair.to_client[4]);
  EXPECT_EQ(pair.to_client.size(), 5 + length);
}

TEST_F(EngineTest, ACloseNotifyIsACleanEndAndTheOtherDirectionGoesOn) {
  const auto server = server_context();
  const auto client = client_context();
  Pair pair(*server, *client);
  pair.run();
  pair.client->send("last", pair.to_server);
  pair.client->shut_down(pair.to_server);
  EXPECT_FALSE(pair.client->writable());
  pair.run();
  EXPECT_EQ(pair.at_server, "last");
  EXPECT_EQ(pair.server->state(), State::closed);
  pair.server->send("answer", pair.to_client);
  pair.run();
  EXPECT_EQ(pair.at_client, "answer");
}

TEST_F(EngineTest, ACloseNotifyDuringTheHandshakeIsAFailureAndNoEnd) {
  const auto client = client_context()->connect(0);
  std::string hello, answer;
  client->start(hello);
  std::string wire("\x15\x03\x03\x00\x02\x01\x00", 7);  // in the clear: it proves nothing
  EXPECT_EQ(Pair::deliver(*client, wire, answer, SIZE_MAX), "");
  EXPECT_EQ(client->state(), State::failed);
  EXPECT_FALSE(client->writable());
  EXPECT_EQ(client->why(), "closed during the handshake");
}

TEST_F(EngineTest, TheSecondConnectionResumesTheSessionOfTheFirst) {
  const auto server = server_context();
  const auto client = client_context();
  {
    Pair first(*server, *client);
    first.run();
    EXPECT_FALSE(first.client->resumed());
  }
  Pair second(*server, *client);
  second.run();
  EXPECT_TRUE(second.client->resumed());
  const auto reloaded = server_context();
  Pair third(*reloaded, *client);
  third.run();
  EXPECT_TRUE(third.client->resumed()) << "ticket keys outlive a reload";
}

TEST_F(EngineTest, TheCertificateIsChosenByTheNameAndTheFirstIsForAllOthers) {
  const CertificateFiles a = ca.issue("a", {.name = "a.test", .alternatives = "DNS:a.test"});
  const CertificateFiles b = ca.issue("b", {.name = "b.test", .alternatives = "DNS:*.b.test,DNS:b.test"});
  const auto server =
      server_context({.certificates = {a.certificate, b.certificate}, .keys = {a.key, b.key}});
  for (const char* name : {"a.test", "b.test", "x.b.test", "X.B.test"}) {
    Pair pair(*server, *client_context(name));
    pair.run();
    EXPECT_EQ(pair.client->state(), State::open) << name << ": " << pair.client->why();
  }
  Pair deep(*server, *client_context("y.x.b.test"));
  deep.run();
  EXPECT_EQ(deep.client->state(), State::failed);
  EXPECT_EQ(deep.client->why(), "name mismatch: asked for y.x.b.test, the certificate is for a.test");
}

TEST_F(EngineTest, AnEcdsaAndAnRsaPairServeTheSameName) {
  const CertificateFiles ecdsa = ca.issue("ecdsa");
  const CertificateFiles rsa = ca.issue("rsa", {.rsa = true});
  const auto server =
      server_context({.certificates = {ecdsa.certificate, rsa.certificate}, .keys = {ecdsa.key, rsa.key}});
  for (const char* algorithms : {"ECDSA+SHA256", "RSA-PSS+SHA256"}) {
    const auto client = client_context();
    Pair pair(*server, *client);
    pair.to_server.clear();
    pair.client = client->connect(0);
    SSL_set1_sigalgs_list(pair.client->ssl(), algorithms);
    pair.client->start(pair.to_server);
    pair.run();
    EXPECT_EQ(pair.client->state(), State::open) << algorithms << ": " << pair.client->why();
  }
}

TEST_F(EngineTest, ACertificateThatDoesNotHoldIsRefusedInPlainWords) {
  const auto refused = [&](const std::shared_ptr<ClientContext>& client,
                           const std::shared_ptr<ServerContext>& server) {
    Pair pair(*server, *client);
    pair.run();
    EXPECT_EQ(pair.client->state(), State::failed);
    EXPECT_EQ(pair.server->state(), State::failed) << "it is told by an alert";
    return pair.client->why();
  };
  EXPECT_EQ(refused(client_context("other.test"), server_context()),
            "name mismatch: asked for other.test, the certificate is for localhost, 127.0.0.1");
  EXPECT_EQ(refused(client_context("192.0.2.1"), server_context()),
            "name mismatch: asked for 192.0.2.1, the certificate is for localhost, 127.0.0.1");
  const TestCa stranger;
  EXPECT_NE(refused(client_context("localhost", {.ca = stranger.file()}), server_context())
                .find("certificate of localhost is not trusted"),
            std::string::npos);
}

TEST_F(EngineTest, AnAddressIsVerifiedAsSuchAndInsecureVerifiesNothing) {
  Pair address(*server_context(), *client_context("127.0.0.1"));
  address.run();
  EXPECT_EQ(address.client->state(), State::open) << address.client->why();
  Pair insecure(*server_context(), *client_context("other.test", {.insecure = true}));
  insecure.run();
  EXPECT_EQ(insecure.client->state(), State::open) << insecure.client->why();
}

TEST_F(EngineTest, ClientCertificatesAreRequiredVerifiedAndNamed) {
  const CertificateFiles server_files = ca.issue("server");
  const CertificateFiles client_files = ca.issue("client", {.name = "app, \"one\"", .alternatives = ""});
  const auto server = server_context(
      {.certificates = {server_files.certificate}, .keys = {server_files.key}, .client_ca = ca.file()});
  const ClientSettings with{.certificate = client_files.certificate, .key = client_files.key};
  Pair known(*server, *client_context("localhost", with));
  known.run();
  EXPECT_EQ(known.server->state(), State::open) << known.server->why();
  EXPECT_EQ(known.server->peer_subject(), "CN=app\\, \\\"one\\\"");
  Pair unknown(*server, *client_context());
  unknown.run();
  EXPECT_EQ(unknown.server->state(), State::failed);
  EXPECT_EQ(unknown.server->peer_subject(), "");
  const TestCa stranger;
  const CertificateFiles forged = stranger.issue("client");
  Pair wrong(*server, *client_context("localhost", {.certificate = forged.certificate, .key = forged.key}));
  wrong.run();
  EXPECT_EQ(wrong.server->state(), State::failed);
  EXPECT_NE(wrong.server->why().find("is not trusted"), std::string::npos) << wrong.server->why();
}

TEST_F(EngineTest, PlainHttpIsRecognised) {
  for (const char* request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\n"}) {
    const auto engine = server_context()->accept();
    std::string wire(request), answer;
    EXPECT_EQ(Pair::deliver(*engine, wire, answer, SIZE_MAX), "");
    EXPECT_EQ(engine->state(), State::plain_http) << request;
  }
}

TEST_F(EngineTest, GarbageFailsAndIsNeverPlaintext) {
  for (std::string bytes :
       {std::string(100, '\0'), std::string("\x16\x03\x01\xff\xff") + std::string(70000, 'a'),
        std::string("\x17\x03\x03\x00\x10") + std::string(16, 'b'), std::string("SSH-2.0-x\r\n")}) {
    const auto engine = server_context()->accept();
    std::string answer;
    EXPECT_EQ(Pair::deliver(*engine, bytes, answer, SIZE_MAX), "");
    EXPECT_EQ(engine->state(), State::failed);
    EXPECT_NE(engine->why(), "");
  }
}

TEST_F(EngineTest, ATamperedRecordEndsTheConnection) {
  Pair pair(*server_context(), *client_context());
  pair.run();
  pair.server->send("secret", pair.to_client);
  pair.to_client.back() ^= 1;
  pair.run();
  EXPECT_EQ(pair.at_client, "");
  EXPECT_EQ(pair.client->state(), State::failed);
}

TEST_F(EngineTest, Tls12IsSpokenUnlessOnlyTls13IsWantedAndNothingOlder) {
  const CertificateFiles files = ca.issue("server");
  for (const bool only_tls13 : {false, true}) {
    const auto server =
        server_context({.certificates = {files.certificate}, .keys = {files.key}, .only_tls13 = only_tls13});
    for (const int version : {TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
      const auto client = client_context();
      Pair pair(*server, *client);
      pair.to_server.clear();
      pair.client = client->connect(0);
      SSL_set_min_proto_version(pair.client->ssl(), TLS1_VERSION);
      SSL_set_max_proto_version(pair.client->ssl(), version);
      SSL_set_security_level(pair.client->ssl(), 0);
      pair.client->start(pair.to_server);
      pair.run();
      const bool good = version == TLS1_3_VERSION || (version == TLS1_2_VERSION && !only_tls13);
      EXPECT_EQ(pair.client->state() == State::open, good) << version << " " << only_tls13;
    }
  }
}

}  // namespace
}  // namespace sse_proxy::tls
