// Who may ask the admin listener for what.
#include "proxy/admin/admin_access.h"

#include <gtest/gtest.h>

#include "proxy/admin/metrics.h"

namespace sse_proxy {
namespace {

PeerAddress peer(std::string_view address) { return {IpAddress::parse(address), 1}; }

RequestHead request(std::string_view method, std::string_view target,
                    std::string_view host = "127.0.0.1:9180") {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.fields.add("Host", host);
  return head;
}

TEST(AdminAccess, LoopbackAndUnixPeersAreLocal) {
  EXPECT_TRUE(is_local(PeerAddress{}));
  for (const char* local : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_local(peer(local)));
  for (const char* remote : {"10.0.0.1", "128.0.0.1", "::2", "fe80::1"}) EXPECT_FALSE(is_local(peer(remote)));
}

TEST(AdminAccess, RemotePeersGetProbesAndMetricsOnly) {
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/metrics?x"})
    EXPECT_FALSE(check_access(request("GET", path), peer("10.0.0.1"), false)) << path;
  for (const char* path : {"/", "/streams", "/config", "/events", "/healthz/", "/nothing"}) {
    EXPECT_TRUE(check_access(request("GET", path), peer("10.0.0.1"), false)) << path;
    EXPECT_FALSE(check_access(request("GET", path), peer("10.0.0.1"), true)) << path;
    EXPECT_FALSE(check_access(request("GET", path), peer("127.0.0.1"), false)) << path;
  }
}

TEST(AdminAccess, AHostIsTrustworthyWhenNobodyCanRegisterIt) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9180", "[::1]:9180", "localhost", "LOCALHOST:1",
                           "localhost.:1", "sse-proxy:9180", ""})
    EXPECT_TRUE(is_trustworthy_host(host)) << host;
  for (const char* host :
       {"evil.example", "evil.example:9180", "127.0.0.1.evil.example", "localhost.evil.example"})
    EXPECT_FALSE(is_trustworthy_host(host)) << host;
}

TEST(AdminAccess, APageOfAnotherSiteChangesNothing) {
  const auto refused = [](std::string_view name, std::string_view value) {
    RequestHead head = request("DELETE", "/streams/0.1");
    head.fields.add(name, value);
    return check_access(head, PeerAddress{}, false).has_value();
  };
  EXPECT_TRUE(refused("Sec-Fetch-Site", "cross-site"));
  EXPECT_TRUE(refused("Sec-Fetch-Site", "same-site"));
  EXPECT_FALSE(refused("Sec-Fetch-Site", "same-origin"));
  EXPECT_TRUE(refused("Origin", "http://evil.example"));
  EXPECT_TRUE(refused("Origin", "null"));
  EXPECT_FALSE(refused("Origin", "http://127.0.0.1:9180"));
  EXPECT_FALSE(check_access(request("DELETE", "/streams/0.1"), PeerAddress{}, false)) << "curl says nothing";
}

TEST(Metrics, OpenMetricsNamesCountersWithoutTotalAndLimitsWithAPoint) {
  EXPECT_EQ(as_open_metrics("# HELP a_total b\n# TYPE a_total counter\na_total 1\n"
                            "# TYPE h histogram\nh_bucket{x=\"y\",le=\"1\"} 1\nh_bucket{le=\"0.5\"} 1\n"
                            "h_bucket{le=\"+Inf\"} 1\n"),
            "# HELP a b\n# TYPE a counter\na_total 1\n"
            "# TYPE h histogram\nh_bucket{x=\"y\",le=\"1.0\"} 1\nh_bucket{le=\"0.5\"} 1\n"
            "h_bucket{le=\"+Inf\"} 1\n# EOF\n");
}

TEST(Metrics, OpenMetricsChangesNoLabelThatOnlyEndsInLe) {
  EXPECT_EQ(as_open_metrics("expiry{file=\"/run/pki/crt\",subject=\"a\"} 1\n"),
            "expiry{file=\"/run/pki/crt\",subject=\"a\"} 1\n# EOF\n");
}

}  // namespace
}  // namespace sse_proxy
