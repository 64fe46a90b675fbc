#include "parser/forwarding.h"

#include <gtest/gtest.h>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

const std::string kNewId = "000000000000000a00000000000000ff";

PeerAddress at(std::string_view ip) { return {IpAddress::parse(ip), 4321}; }

TrustedProxies neighbours() {
  return {{}, {*AddressRange::parse("10.0.0.0/8"), *AddressRange::parse("fc00::/7")}, true};
}

struct Told {
  std::string fields;  // "; Name: value" for each
  std::string client;
  std::string id;
};

Told tell(const Lines& lines, const ConnectionFacts& connection,
          const TrustedProxies& trusted = neighbours()) {
  RequestHead head;
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  RequestOrigin origin = apply_forwarding_policy(head, connection, trusted, 10, 255);
  return {test::to_text(head.fields), origin.client.text(), origin.id};
}

Told tell_from(const Lines& lines, std::string_view peer) {
  return tell(lines, {.peer = at(peer), .source = at(peer)});
}

std::string value_of(const Told& told, std::string_view name) {
  const std::string mark = "; " + std::string(name) + ": ";
  const size_t found = told.fields.find(mark);
  if (found == std::string::npos) return "(none)";
  const size_t from = found + mark.size();
  return told.fields.substr(from, told.fields.find("; ", from) - from);
}

TEST(Forwarding, WhatIsMissingIsSet) {
  for (const char* peer : {"203.0.113.9", "10.0.0.1"}) {
    EXPECT_EQ(tell_from({{"Host", "app.test:81"}}, peer).fields,
              "; Host: app.test:81; X-Forwarded-For: " + std::string(peer) +
                  "; X-Forwarded-Proto: http; X-Forwarded-Host: app.test:81; X-Request-Id: " + kNewId);
  }
  EXPECT_EQ(value_of(tell_from({}, "10.0.0.1"), "X-Forwarded-Host"), "(none)") << "HTTP/1.0 without Host";
  const ConnectionFacts over_tls{.peer = at("10.0.0.1"), .source = at("10.0.0.1"), .scheme = "https"};
  EXPECT_EQ(value_of(tell({}, over_tls), "X-Forwarded-Proto"), "https");
}

TEST(Forwarding, WhatATrustedPeerSaysIsKeptAndItsAddressIsAppended) {
  const Lines lines = {{"Host", "a"},
                       {"X-Forwarded-For", "203.0.113.9"},
                       {"x-forwarded-for", "10.0.0.7"},
                       {"X-Forwarded-Proto", "https"},
                       {"X-Forwarded-Host", "shop.test"},
                       {"X-Forwarded-Port", "443"},
                       {"Forwarded", "for=203.0.113.9"},
                       {"X-Real-IP", "203.0.113.9"}};
  EXPECT_EQ(tell_from(lines, "10.0.0.1").fields,
            "; Host: a; X-Forwarded-Proto: https; X-Forwarded-Host: shop.test; X-Forwarded-Port: 443; "
            "Forwarded: for=203.0.113.9; X-Real-IP: 203.0.113.9; "
            "X-Forwarded-For: 203.0.113.9, 10.0.0.7, 10.0.0.1; X-Request-Id: " +
                kNewId);
}

TEST(Forwarding, WhatOthersSayIsReplaced) {
  const Lines lines = {{"Host", "a"},
                       {"X-Forwarded-For", "127.0.0.1"},
                       {"X-FORWARDED-PROTO", "https"},
                       {"X-Forwarded-Host", "evil.test"},
                       {"X-Forwarded-Prefix", "/admin"},
                       {"forwarded", "for=127.0.0.1"},
                       {"x-real-ip", "127.0.0.1"},
                       {"X-Forwarded", "not one of them"}};
  EXPECT_EQ(tell_from(lines, "203.0.113.9").fields,
            "; Host: a; X-Forwarded: not one of them; X-Forwarded-For: 203.0.113.9; X-Forwarded-Proto: http; "
            "X-Forwarded-Host: a; X-Request-Id: " +
                kNewId);
}

TEST(Forwarding, RepeatedProtoAndHostOfATrustedPeerStayAsTheyAre) {
  const Lines lines = {
      {"X-Forwarded-Proto", "https,http"}, {"X-Forwarded-Proto", "http"}, {"X-Forwarded-Host", "a, b"}};
  EXPECT_EQ(tell_from(lines, "10.0.0.1").fields,
            "; X-Forwarded-Proto: https,http; X-Forwarded-Proto: http; X-Forwarded-Host: a, b; "
            "X-Forwarded-For: 10.0.0.1; X-Request-Id: " +
                kNewId);
}

TEST(Forwarding, AUnixPeerHasNoAddressToAppend) {
  EXPECT_EQ(value_of(tell({{"X-Forwarded-For", "203.0.113.9"}}, {}), "X-Forwarded-For"), "203.0.113.9");
  EXPECT_EQ(value_of(tell({}, {}), "X-Forwarded-For"), "(none)");
  EXPECT_EQ(value_of(tell({{"X-Forwarded-For", "203.0.113.9"}}, {}, TrustedProxies{}), "X-Forwarded-For"),
            "(none)");
}

TEST(Forwarding, TheClientIsTheRightMostAddressThatIsNotTrusted) {
  const struct {
    const char *forwarded_for, *peer, *client;
  } rows[] = {
      {"", "203.0.113.9", "203.0.113.9:4321"},
      {"192.0.2.1", "203.0.113.9", "203.0.113.9:4321"},  // not to be believed
      {"", "10.0.0.1", "10.0.0.1:4321"},
      {"192.0.2.1", "10.0.0.1", "192.0.2.1"},
      {"192.0.2.1, 198.51.100.2, 10.0.0.7", "10.0.0.1", "198.51.100.2"},
      {"10.0.0.9,10.0.0.7", "10.0.0.1", "10.0.0.9"},  // all trusted: the left-most
      {" , 192.0.2.1 ,, 10.0.0.7 ,", "10.0.0.1", "192.0.2.1"},
      {"192.0.2.1:1234", "10.0.0.1", "192.0.2.1"},
      {"[2001:db8::1]:1234", "10.0.0.1", "2001:db8::1"},
      {"[2001:db8::1]", "10.0.0.1", "2001:db8::1"},
      {"2001:db8::1, fd00::1", "fd00::2", "2001:db8::1"},
      {"192.0.2.1, ::ffff:10.0.0.7", "::ffff:10.0.0.1", "192.0.2.1"},
      {"192.0.2.1, unknown, 10.0.0.7", "10.0.0.1", "10.0.0.7"},  // what no address is, nobody can vouch for
      {"192.0.2.1, [::1, 10.0.0.7", "10.0.0.1", "10.0.0.7"},
      {"evil", "10.0.0.1", "10.0.0.1:4321"},
  };
  for (const auto& [list, peer, client] : rows) {
    EXPECT_EQ(tell_from({{"X-Forwarded-For", list}}, peer).client, client) << list << " from " << peer;
  }
  EXPECT_EQ(tell({{"X-Forwarded-For", "192.0.2.1"}}, {}).client, "192.0.2.1") << "from a Unix peer";
  EXPECT_EQ(tell({}, {}).client, "unix");
}

TEST(Forwarding, APROXYSourceIsAppendedWhileTrustIsJudgedOnThePeer) {
  const Lines lines = {{"X-Forwarded-For", "192.0.2.1"}};
  const Told believed = tell(lines, {.peer = at("10.0.0.1"), .source = at("203.0.113.9")});
  EXPECT_EQ(value_of(believed, "X-Forwarded-For"), "192.0.2.1, 203.0.113.9");
  EXPECT_EQ(believed.client, "203.0.113.9:4321");
  const Told other = tell(lines, {.peer = at("198.51.100.1"), .source = at("203.0.113.9")});
  EXPECT_EQ(value_of(other, "X-Forwarded-For"), "203.0.113.9");
  EXPECT_EQ(other.client, "203.0.113.9:4321");
}

TEST(Forwarding, ARequestIdIsKeptOrMade) {
  const struct {
    std::string id;
    bool kept_from_strangers;
  } rows[] = {{"7b5a9e6c-0f3d-4c11-9a55-0123456789ab", true},
              {"Root=1-67891233-abcdef012345678912345678", true},
              {"YWJj/+==", true},
              {std::string(128, 'x'), true},
              {std::string(129, 'x'), false},
              {"two words", false},
              {"a,b", false},
              {"\"quoted\"", false},
              {"\xc3\xa4", false}};
  for (const auto& [id, kept] : rows) {
    const Told stranger = tell_from({{"X-Request-Id", id}}, "203.0.113.9");
    EXPECT_EQ(stranger.id, kept ? id : kNewId) << id;
    EXPECT_EQ(value_of(stranger, "X-Request-Id"), stranger.id);
    EXPECT_EQ(tell_from({{"x-request-id", id}}, "10.0.0.1").id, id);
  }
  for (const char* peer : {"203.0.113.9", "10.0.0.1"})
    EXPECT_EQ(tell_from({{"X-Request-Id", ""}}, peer).id, kNewId);
  EXPECT_EQ(tell_from({{"X-Request-Id", "a"}, {"X-Request-Id", "b"}}, "203.0.113.9").id, kNewId);
}

TEST(Forwarding, ClientCertificateFieldsAreRemovedFromEveryPeerAndSetForAVerifiedCertificateOnly) {
  const Lines lines = {{"X-Client-Cert-Subject", "CN=root"}, {"x-client-cert-verified", "SUCCESS"}};
  for (const char* peer : {"203.0.113.9", "10.0.0.1"}) {
    EXPECT_EQ(tell_from(lines, peer).fields.find("ert"), std::string::npos);
  }
  ConnectionFacts verified{.peer = at("203.0.113.9"), .source = at("203.0.113.9"), .scheme = "https"};
  verified.certificate_subject = "CN=app";
  const Told told = tell(lines, verified);
  EXPECT_EQ(value_of(told, "X-Client-Cert-Subject"), "CN=app");
  EXPECT_EQ(value_of(told, "X-Client-Cert-Verified"), "SUCCESS");
}

TEST(Forwarding, TraceContextPassesThrough) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const Told told = tell_from({{"traceparent", parent}, {"tracestate", "a=1,b=2"}}, "203.0.113.9");
  EXPECT_EQ(value_of(told, "traceparent"), parent);
  EXPECT_EQ(value_of(told, "tracestate"), "a=1,b=2");
}

}  // namespace
}  // namespace sse_proxy
