// What the log says, and what it never says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/abuse_helpers.h"
#include "tests/integration/admin_helpers.h"

namespace sse_proxy::test {
namespace {

// Requests with "hunter2" wherever clients put secrets: served, refused, cut off, and not even HTTP.
void send_secrets(AdminRig& rig) {
  const std::string fields =
      "Authorization: Bearer hunter2\r\nCookie: session=hunter2\r\nProxy-Authorization: Basic hunter2\r\n"
      "X-Api-Key: hunter2\r\nReferer: http://a/?token=hunter2\r\n\r\n";
  const std::string query = "?access_token=hunter2&api_key=hunter2&sig=hunter2#hunter2";
  {
    Stream stream(rig, "GET /events" + query.substr(0, query.find('#')) + " HTTP/1.1\r\nHost: a\r\n" + fields,
                  kStreamHead);
    EXPECT_NE(stream.request_head.find("access_token=hunter2"), std::string::npos) << "the app gets it";
    stream.upstream.send("Z\r\n");
    stream.client.wait_for_close();
  }
  for (const std::string& request :
       std::vector<std::string>{"GET http://user:hunter2@a/?token=hunter2 HTTP/1.1\r\nHost: a\r\n" + fields,
                                "GET /" + query + " HTTP/1.1\r\nHost: a\r\n" + fields,
                                "GET /?token=hunter2 HTTP/1.1\r\nHost: a\r\nHost: a\r\n" + fields,
                                "GET /?token=hunter2 HTTP/1.1\r\nHost: user:hunter2@a\r\n" + fields,
                                "GET /?token=hunter2 HTTP/1.1\r\nHost: a\r\nAuthorization : hunter2\r\n\r\n",
                                "hunter2 /?token=hunter2 HTTP/1.1\r\n" + fields,
                                "CONNECT user:hunter2@a:443 HTTP/1.1\r\nHost: a\r\n" + fields}) {
    Peer client = rig.client();
    client.send(request);
    EXPECT_EQ(status_of(read_response(client).head) / 100, request.starts_with("hunter2") ? 5 : 4) << request;
  }
  (void)rig.ask("/streams?token=hunter2", "GET", fields.substr(0, fields.size() - 2));
}

TEST(Log, NoSecretOfARequestIsPrinted) {
  for (const std::string format : {"text", "json"}) {
    AdminRig rig({"--log-level", "trace", "--log-format", format, "--keepalive", "off"});
    send_secrets(rig);
    rig.proxy.wait_for_log("upstream-failed");
    EXPECT_EQ(rig.proxy.count_in_log("hunter2"), 0U) << rig.proxy.log();
  }
}

TEST(Log, AnExchangeHasOneLineWithItsFactsAsJson) {
  AdminRig rig({"--log-format", "json", "--keepalive", "off"});
  Stream stream(rig, "GET /a\"b?c HTTP/1.1\r\nHost: a\r\nX-Request-Id: x1\r\n\r\n",
                std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  const auto line = nlohmann::json::parse(rig.proxy.wait_for_log("\"complete\""));
  EXPECT_EQ(line.at("message"), "stream");
  EXPECT_EQ(line.at("path"), "/a\"b");
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("events"), 1);
  EXPECT_EQ(line.at("id"), "x1");
  EXPECT_EQ(rig.proxy.count_in_log("\"x1\""), 1U);
}

TEST(Log, WhatFailsForEverybodyIsSaidTenTimesASecondAndCounted) {
  AdminRig rig;
  for (int i = 0; i < 300; ++i) {
    Peer client = rig.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(status_of(read_response(client).head), 400);
  }
  (void)rig.proxy.stop_and_count();
  const std::string log = rig.proxy.log();
  uint64_t said = 0, left_out = 0;
  std::istringstream lines(log);
  for (std::string text; std::getline(lines, text);) {
    if (text.find("request refused") == std::string::npos) continue;
    const size_t at = text.find("left_out_before=");
    if (text.find("status=400") != std::string::npos) ++said;
    if (at != std::string::npos) left_out += std::stoull(text.substr(at + 16));
  }
  EXPECT_LT(said, 200U);
  EXPECT_EQ(said + left_out, 300U) << "none is forgotten";
}

TEST(Log, APipeThatNobodyReadsStopsNeitherARequestNorTheEnd) {
  Rig rig({"--access-log", "on"});
  rig.proxy.neglect_log();
  for (int i = 0; i < 100; ++i) {
    Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
    ASSERT_TRUE(read_chunked_to_end(stream.client).complete) << "request " << i;
  }
  rig.proxy.signal(SIGTERM);
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
}

}  // namespace
}  // namespace sse_proxy::test
