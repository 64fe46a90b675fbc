#include "conf/trusted_proxies.h"

#include <gtest/gtest.h>

#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::error_in;
using testing::error_with;
using testing::load_toml;
using testing::load_with;

bool trusts(const TrustedProxies& proxies, std::string_view ip) {
  return proxies.trusts({IpAddress::parse(ip), 1});
}

std::vector<std::string> flags(std::vector<std::string> more) {
  more.insert(more.begin(), {"--upstream", "http://a"});
  return more;
}

TEST(TrustedProxies, NeighboursAreTrustedUnlessToldOtherwise) {
  const auto loaded = load_with(flags({}));
  const TrustedProxies& proxies = loaded->options.trusted_proxies;
  for (const char* ip : {"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "::1", "fd00::1",
                         "fe80::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(trusts(proxies, ip)) << ip;
  }
  for (const char* ip : {"203.0.113.1", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::2"}) {
    EXPECT_FALSE(trusts(proxies, ip)) << ip;
  }
  EXPECT_TRUE(proxies.trusts({}));
}

TEST(TrustedProxies, AListByCommaReplacesThem) {
  const auto loaded =
      load_with(flags({"--trusted-proxies", "203.0.113.0/24, 2001:db8::1", "--trusted-proxies", "unix"}));
  const TrustedProxies& proxies = loaded->options.trusted_proxies;
  EXPECT_TRUE(trusts(proxies, "203.0.113.1"));
  EXPECT_TRUE(trusts(proxies, "2001:db8::1"));
  EXPECT_FALSE(trusts(proxies, "2001:db8::2"));
  EXPECT_FALSE(trusts(proxies, "10.0.0.1"));
  EXPECT_TRUE(proxies.trusts({}));
}

TEST(TrustedProxies, NobodyIsTrustedByNoneOrByAnEmptyValue) {
  for (const auto& loaded :
       {load_with(flags({"--trusted-proxies", ""})), load_with(flags({"--trusted-proxies=none"})),
        load_toml("trusted_proxies = []", flags({})),
        load_with(flags({}), {{"SSE_PROXY_TRUSTED_PROXIES", "none"}})}) {
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_FALSE(trusts(loaded->options.trusted_proxies, "127.0.0.1"));
    EXPECT_FALSE(loaded->options.trusted_proxies.trusts({}));
  }
}

TEST(TrustedProxies, AnErrorNamesTheBadOneAndTheRightForm) {
  const struct {
    const char *text, *error;
  } rows[] = {
      {"private,lan",
       "\"lan\" is not an address: write one such as 10.0.0.0/8 or 2001:db8::1, private, unix or none"},
      {"10.1.2.3/8", "\"10.1.2.3/8\" has bits set after its first 8: write 10.0.0.0/8 or 10.1.2.3"},
      {"2001:db8::1/32",
       "\"2001:db8::1/32\" has bits set after its first 32: write 2001:db8::/32 or 2001:db8::1"},
      {"10.0.0.0/33", "\"10.0.0.0/33\" has no prefix length from 0 to 32 after its slash"},
      {"::1/", "\"::1/\" has no prefix length from 0 to 128 after its slash"},
      {"none,unix", "\"none\" does not go with others: leave it or them out"},
  };
  for (const auto& [text, error] : rows) {
    EXPECT_EQ(error_with(flags({"--trusted-proxies", text})), "--trusted-proxies: " + std::string(error));
  }
  EXPECT_TRUE(error_in("trusted_proxies = [\"x\"]", flags({}))
                  .starts_with("conf.toml:1:19: trusted_proxies: \"x\" is not "));
}

}  // namespace
}  // namespace sse_proxy
