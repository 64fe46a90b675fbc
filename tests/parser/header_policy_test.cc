#include "parser/header_policy.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using test::to_text;
using List = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Fields fields_of(List list) {
  Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return fields;
}

std::string request_after(List fields, bool expects_event_stream = false, Version version = Version::http11) {
  RequestHead head;
  head.version = version;
  head.fields = fields_of(fields);
  apply_request_policy(head, expects_event_stream);
  return to_text(head.fields);
}

std::string host_after(List fields, std::string_view choice) {
  RequestHead head;
  head.fields = fields_of(fields);
  set_host(head, choice, "upstream:81");
  return to_text(head.fields);
}

std::string response_after(List fields, int status = 200, BodyFraming body = {Framing::until_close, 0}) {
  ResponseHead head;
  head.status = status;
  head.body = body;
  head.fields = fields_of(fields);
  apply_response_policy(head);
  return to_text(head.fields);
}

ResponseHead response(List fields, int status = 200) {
  ResponseHead head;
  head.status = status;
  head.body = {Framing::chunked, 0};
  head.fields = fields_of(fields);
  return head;
}

std::string stream_after(List fields, bool decoded = true) {
  ResponseHead head = response(fields);
  apply_event_stream_policy(head, decoded);
  return to_text(head.fields);
}

TEST(Detection, AnExpectedEventStreamIsARequestWhoseAcceptNamesItLiterally) {
  for (const char* accept :
       {"text/event-stream", "Text/Event-Stream", "application/json, text/event-stream",
        "text/event-stream;q=0.5", "text/html,text/event-stream ; q=1 ; x=\"a,b\",*/*"}) {
    EXPECT_TRUE(accepts_event_stream(fields_of({{"accept", accept}}))) << accept;
  }
  for (const char* accept : {"", "*/*", "text/*", "text/event-streams", "application/json",
                             "x=\"text/event-stream\"", "text/event"}) {
    EXPECT_FALSE(accepts_event_stream(fields_of({{"Accept", accept}}))) << accept;
  }
  EXPECT_FALSE(accepts_event_stream(fields_of({{"X-Accept", "text/event-stream"}})));
  EXPECT_TRUE(accepts_event_stream(fields_of({{"Accept", "*/*"}, {"Accept", "text/event-stream"}})));
}

TEST(Detection, AResponseIsAnEventStreamByItsMediaTypeInAnyCaseWithAnyParametersWhateverTheStatus) {
  for (const char* type : {"text/event-stream", "Text/Event-Stream", "text/event-stream;charset=utf-8",
                           "TEXT/EVENT-STREAM ; x=\"y;z\""}) {
    EXPECT_TRUE(is_event_stream(response({{"content-type", type}}), "POST")) << type;
    EXPECT_TRUE(is_event_stream(response({{"Content-Type", type}}, 404), "GET")) << type;
  }
  for (const char* type : {"", "text/plain", "text/event-stream2", "application/text/event-stream",
                           "text/html;text/event-stream"}) {
    EXPECT_FALSE(is_event_stream(response({{"Content-Type", type}}), "GET")) << type;
  }
  EXPECT_FALSE(is_event_stream(response({}), "GET"));
}

TEST(Detection, BodilessAndPartialResponsesAreNoEventStreams) {
  const List type = {{"Content-Type", "text/event-stream"}};
  EXPECT_FALSE(is_event_stream(response(type), "HEAD"));
  for (const int status : {204, 304, 206, 103}) EXPECT_FALSE(is_event_stream(response(type, status), "GET"));
}

TEST(EventStreamHead, TheTypeIsWrittenInLowerCaseAndItsParametersAreKept) {
  EXPECT_EQ(stream_after({{"CONTENT-TYPE", "Text/Event-Stream; Charset=UTF-8"},
                          {"Cache-Control", "no-store, no-transform"}}),
            "; Content-Type: text/event-stream; Charset=UTF-8; X-Accel-Buffering: no; Cache-Control: "
            "no-store, no-transform");
}

struct Caching {
  List before;
  std::string_view after;
};

TEST(EventStreamHead, CacheControlGainsNoCacheAndNoTransformKeepingWhatElseItSays) {
  const Caching cases[] = {
      {{}, "no-cache, no-transform"},
      {{{"Cache-Control", "no-cache"}}, "no-cache, no-transform"},
      {{{"Cache-Control", "NO-STORE"}}, "NO-STORE, no-transform"},
      {{{"Cache-Control", "no-transform"}}, "no-transform, no-cache"},
      {{{"Cache-Control", "no-cache, no-transform"}}, "no-cache, no-transform"},
      {{{"cache-control", "private, max-age=60"}}, "private, max-age=60, no-cache, no-transform"},
      {{{"Cache-Control", "private"}, {"Cache-Control", "no-store"}}, "private, no-store, no-transform"},
      {{{"Cache-Control", "private=\"no-cache, x\""}}, "private=\"no-cache, x\", no-cache, no-transform"},
      // with an argument it speaks of single fields only (RFC 9111 section 5.2.2.4)
      {{{"Cache-Control", "no-cache=\"set-cookie\""}}, "no-cache=\"set-cookie\", no-cache, no-transform"},
  };
  for (const Caching& caching : cases) {
    ResponseHead head = response(caching.before);
    head.fields.add("Content-Type", "text/event-stream");
    apply_event_stream_policy(head, true);
    EXPECT_EQ(head.fields.count(FieldId::cache_control), 1U);
    EXPECT_EQ(head.fields.find(FieldId::cache_control), caching.after);
  }
}

TEST(EventStreamHead, WhatDescribesTheOldBodyGoesAndBufferingIsForbidden) {
  const List fields = {{"Content-Type", "text/event-stream"},
                       {"Content-Length", "5"},
                       {"content-encoding", "gzip"},
                       {"ETag", "x"},
                       {"Accept-Ranges", "bytes"},
                       {"Content-MD5", "x"},
                       {"Digest", "x"},
                       {"Content-Digest", "x"},
                       {"X-Accel-Buffering", "yes"},
                       {"Cache-Control", "no-store, no-transform"},
                       {"Vary", "Accept"}};
  const std::string kept =
      "; Vary: Accept; Content-Type: text/event-stream; X-Accel-Buffering: no; "
      "Cache-Control: no-store, no-transform";
  EXPECT_EQ(stream_after(fields), kept);
  EXPECT_EQ(stream_after(fields, false), "; content-encoding: gzip" + kept);
}

TEST(EventStreamHead, TheProxysOwnIsComplete) {
  const ResponseHead head = own_event_stream_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.reason, "OK");
  EXPECT_EQ(
      to_text(head.fields),
      "; Content-Type: text/event-stream; X-Accel-Buffering: no; Cache-Control: no-cache, no-transform");
}

TEST(MessageIntegrity, HopByHopFieldsAndThoseNamedByConnectionAreRemovedBothWays) {
  const List fields = {{"Host", "a"},
                       {"Connection", "close, X-Mine"},
                       {"Keep-Alive", "timeout=5"},
                       {"x-mine", "1"},
                       {"Proxy-Connection", "close"},
                       {"TE", "gzip"},
                       {"Transfer-Encoding", "chunked"},
                       {"Upgrade", "h2c"},
                       {"Connection", "X-Too"},
                       {"X-Too", "2"},
                       {"A", "b"}};
  EXPECT_EQ(request_after(fields), "; Host: a; A: b");
  EXPECT_EQ(response_after(fields), "; Host: a; A: b");
}

TEST(MessageIntegrity, TeTrailersStaysInRequests) {
  EXPECT_EQ(request_after({{"Host", "a"}, {"TE", "gzip, trailers"}, {"Connection", "TE"}}),
            "; Host: a; TE: trailers");
  EXPECT_EQ(response_after({{"TE", "trailers"}}), "") << "it says nothing in a response";
}

TEST(MessageIntegrity, UnderscoreTwinsOfGuardedFieldsAreRemoved) {
  for (const char* name : {"content_length", "Transfer_Encoding", "transfer-encodinG_", "HOST_", "x"}) {
    const bool twin =
        std::string_view(name) == "content_length" || std::string_view(name) == "Transfer_Encoding";
    EXPECT_EQ(request_after({{"Host", "a"}, {name, "1"}}),
              twin ? "; Host: a" : "; Host: a; " + std::string(name) + ": 1");
  }
  for (const char* name :
       {"Authorization", "Forwarded", "X_Forwarded_For", "X-Forwarded_Proto", "x_forwarded-host", "X_Real_IP",
        "X-Request_Id", "X_Client_Cert_Subject", "x-client-cert_verified"}) {
    const bool twin = std::string_view(name).find('_') != std::string_view::npos;
    EXPECT_EQ(request_after({{"Host", "a"}, {name, "1"}}),
              twin ? "; Host: a" : "; Host: a; " + std::string(name) + ": 1");
  }
  EXPECT_EQ(request_after({{"Host", "a"}, {"my_field", "1"}}), "; Host: a; my_field: 1");
}

TEST(MessageIntegrity, ThereIsExactlyOneHost) {
  EXPECT_EQ(host_after({{"Host", "a"}}, "keep"), "; Host: a");
  EXPECT_EQ(host_after({{"Host", "a"}}, "b:1"), "; Host: b:1");
  EXPECT_EQ(host_after({{"Host", "a"}}, "upstream"), "; Host: upstream:81");
  EXPECT_EQ(host_after({{"A", "b"}}, "keep"), "; A: b; Host: upstream:81");
}

TEST(MessageIntegrity, TheOldFramingFieldIsLeftToTheWriter) {
  EXPECT_EQ(request_after({{"Host", "a"}, {"Content-Length", "5"}}), "; Host: a");
  EXPECT_EQ(response_after({{"Content-Length", "5"}}, 200, {Framing::length, 5}), "");
  EXPECT_EQ(response_after({{"Content-Length", "5"}}, 200, {}), "; Content-Length: 5") << "of a HEAD";
  EXPECT_EQ(response_after({{"Content-Length", "5"}}, 304, {}), "; Content-Length: 5");
  EXPECT_EQ(response_after({{"Content-Length", "0"}}, 204, {}), "");
  EXPECT_EQ(response_after({{"Content-Length", "0"}}, 103, {}), "");
}

TEST(Coding, AnExpectedEventStreamsRequestGoesUpstreamWithoutAcceptEncoding) {
  const List fields = {{"Host", "a"}, {"Accept-Encoding", "gzip"}, {"accept-encoding", "br"}};
  EXPECT_EQ(request_after(fields, true), "; Host: a");
  EXPECT_EQ(request_after(fields), "; Host: a; Accept-Encoding: gzip; accept-encoding: br");
}

TEST(MessageIntegrity, ExpectIsPassedOnButFromHttp10Clients) {
  const List fields = {{"Host", "a"}, {"Expect", "100-continue"}};
  EXPECT_EQ(request_after(fields), "; Host: a; Expect: 100-continue");
  EXPECT_EQ(request_after(fields, false, Version::http10), "; Host: a");
}

TEST(MessageIntegrity, TrailersArePassedOnButForFramingRoutingAuthenticationAndHopByHopFields) {
  Fields trailers = fields_of({{"Checksum", "1"},
                               {"Content-Length", "1"},
                               {"Transfer-Encoding", "chunked"},
                               {"Host", "a"},
                               {"Authorization", "x"},
                               {"Set-Cookie", "x"},
                               {"X-Forwarded-For", "x"},
                               {"Connection", "y"},
                               {"Y", "z"},
                               {"TE", "trailers"},
                               {"content_length", "1"},
                               {"Server-Timing", "t"}});
  apply_trailer_policy(trailers);
  EXPECT_EQ(to_text(trailers), "; Checksum: 1; Server-Timing: t");
}

}  // namespace
}  // namespace sse_proxy
