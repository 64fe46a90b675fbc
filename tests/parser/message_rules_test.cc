#include "parser/message_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using testing::HasSubstr;

// What becomes of a request line's target and Host: "target host", or the refusal.
std::string normalised(std::string_view method, std::string_view target, const char* host,
                       Version version = Version::http11) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.version = version;
  if (host != nullptr) head.fields.add("Host", host);
  if (const auto error = check_and_normalise(head)) {
    EXPECT_EQ(error->status, 400);
    EXPECT_EQ(error->side, Side::client);
    return error->message;
  }
  return head.target + " " + std::string(head.fields.find(FieldId::host).value_or("(none)"));
}

TEST(HostRules, AreKept) {
  for (const char* host :
       {"a", "a.b", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:443", "x-y_z", "a:65535"}) {
    EXPECT_EQ(normalised("GET", "/", host), "/ " + std::string(host));
  }
  for (const char* host :
       {"a b",      "u@a",  "u:p@a", "a:x",    "a:+80", "a:-1", "a:65536", "a:80:90", "a/b",
        "a?b",      "[::1", "[]",    "[::1]x", "[g]",   "::1",  "a\"b",    "a\xc3",   "a,b c",
        "http://a", "a\\b", "",      "a,b",    ":80",   "a%zz", "a%2"}) {
    EXPECT_EQ(normalised("GET", "/", host), "Host is not a valid authority") << host;
  }
  EXPECT_EQ(normalised("GET", "/", nullptr), "Host is missing");
  EXPECT_EQ(normalised("GET", "/", nullptr, Version::http10), "/ (none)");
}

TEST(HostRules, RepeatedHostIsRefusedEvenIfEqual) {
  for (const Version version : {Version::http10, Version::http11}) {
    RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.version = version;
    head.fields.add("Host", "a");
    head.fields.add("host", "a");
    EXPECT_EQ(check_and_normalise(head)->message, "Host is repeated");
  }
}

TEST(TargetRules, AnAbsoluteFormBecomesOriginFormAndReplacesHost) {
  EXPECT_EQ(normalised("GET", "http://b/x?y", "a"), "/x?y b");
  EXPECT_EQ(normalised("GET", "HTTPS://b:8443/", "a"), "/ b:8443");
  EXPECT_EQ(normalised("GET", "http://b", "a"), "/ b");
  EXPECT_EQ(normalised("GET", "http://b?q", "a"), "/?q b");
  EXPECT_EQ(normalised("GET", "http://[::1]:80/x", "a"), "/x [::1]:80");
  EXPECT_EQ(normalised("GET", "http://b/x", nullptr, Version::http10), "/x b");
  EXPECT_EQ(normalised("GET", "http://u@b/x", "a"), "Host is not a valid authority");
  EXPECT_EQ(normalised("GET", "http://b/x", nullptr), "Host is missing") << "1.1 asks for it all the same";
}

TEST(TargetRules, OptionsOfAnAuthorityAloneAsksForTheWholeServer) {
  EXPECT_EQ(normalised("OPTIONS", "*", "a"), "* a");
  EXPECT_EQ(normalised("OPTIONS", "http://b:80", "a"), "* b:80");
  EXPECT_EQ(normalised("OPTIONS", "http://b/", "a"), "/ b");
  EXPECT_EQ(normalised("OPTIONS", "http://b?q", "a"), "/?q b");
}

TEST(TargetRules, OtherFormsAreRefused) {
  EXPECT_THAT(normalised("CONNECT", "a:443", "a"), HasSubstr("CONNECT"));
  EXPECT_THAT(normalised("CONNECT", "/", "a"), HasSubstr("CONNECT"));
  for (const char* target : {"*", "a:443", "a", "ftp://a/", "http:///x", "http://", "", "?x", "://a/"}) {
    EXPECT_THAT(normalised("GET", target, "a"), HasSubstr("target")) << target;
  }
  EXPECT_THAT(normalised("GET", "/x#y", "a"), HasSubstr("fragment"));
}

TEST(ConnectionRules, FieldsThatOtherRulesRelyOnMayNotBeNamed) {
  const auto verdict = [](const char* connection) {
    RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.fields.add("Host", "a");
    head.fields.add("Connection", connection);
    const auto error = check_and_normalise(head);
    return error ? error->message : "";
  };
  for (const char* name : {"host", "Content-Length", "Transfer-Encoding", "authorization", "COOKIE",
                           "X-Forwarded-For", "x-forwarded-anything"}) {
    EXPECT_EQ(verdict(name), "Connection names " + std::string(name));
    EXPECT_EQ(verdict(("close, " + std::string(name)).c_str()), "Connection names " + std::string(name));
  }
  for (const char* list : {"close", "keep-alive, Upgrade", "TE", "x-mine", "", "x-forwarded"}) {
    EXPECT_EQ(verdict(list), "") << list;
  }
}

TEST(FramingRules, AResponseWithoutEitherFieldLastsUntilTheConnectionClosesUnlessItHasNoBody) {
  const auto framing = [](std::string_view method, int status, std::string_view name,
                          std::string_view value) {
    Fields fields;
    if (!name.empty()) fields.add(name, value);
    const auto result = response_framing(fields, Version::http11, method, status);
    return result ? test::to_text(*result) : std::to_string(result.error().status) + result.error().message;
  };
  EXPECT_EQ(framing("GET", 200, "", ""), "until close");
  EXPECT_EQ(framing("GET", 200, "Content-Length", "7"), "length 7");
  EXPECT_EQ(framing("GET", 200, "Transfer-Encoding", "chunked"), "chunked");
  EXPECT_EQ(framing("HEAD", 200, "Content-Length", "7"), "no body");
  EXPECT_EQ(framing("GET", 204, "", ""), "no body");
  EXPECT_EQ(framing("GET", 304, "Content-Length", "7"), "no body");
  EXPECT_EQ(framing("GET", 103, "", ""), "no body");
  EXPECT_THAT(framing("GET", 200, "Content-Length", "x"), HasSubstr("502Content-Length"));
  EXPECT_THAT(framing("GET", 200, "Content-Length", "9223372036854775808"), HasSubstr("502Content-Length"));
  EXPECT_EQ(framing("GET", 200, "Content-Length", "9223372036854775807"), "length 9223372036854775807");
  EXPECT_THAT(framing("HEAD", 200, "Transfer-Encoding", "gzip"), HasSubstr("502Transfer-Encoding"));
}

}  // namespace
}  // namespace sse_proxy
