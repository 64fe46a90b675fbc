#include "parser/ip_address.h"

#include <gtest/gtest.h>

namespace sse_proxy {
namespace {

TEST(IpAddress, ItReadsWhatItWritesAndNothingElse) {
  for (const char* text :
       {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(address->is_v4(), std::string_view(text).find(':') == std::string_view::npos);
  }
  for (const std::string_view text :
       {std::string_view(""), std::string_view("192.0.2"), std::string_view("192.0.2.256"),
        std::string_view("192.0.2.01"), std::string_view("192.0.2.1 "), std::string_view("192.0.2.1\0", 10),
        std::string_view("[::1]"), std::string_view("fe80::1%eth0"), std::string_view(":::"),
        std::string_view("unix"), std::string_view("1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8")}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, AnIPv4MappedOneIsTheIPv4AddressInIt) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1")->text(), "192.0.2.1");
}

TEST(AddressRange, ItHoldsTheAddressesThatBeginWithItsBits) {
  const struct {
    const char *range, *inside, *outside;
  } rows[] = {{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
              {"172.16.0.0/12", "172.31.255.255", "172.32.0.0"},
              {"100.64.0.0/10", "100.127.0.1", "100.128.0.0"},
              {"192.0.2.1", "192.0.2.1", "192.0.2.0"},
              {"192.0.2.1/32", "::ffff:192.0.2.1", "192.0.2.2"},
              {"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
              {"::/0", "2001:db8::1", "203.0.113.1"},
              {"::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.0"},
              {"fc00::/7", "fdff::1", "fe00::"},
              {"fe80::/10", "febf::1", "fec0::"},
              {"::1", "::1", "::2"}};
  for (const auto& [range, inside, outside] : rows) {
    const auto parsed = AddressRange::parse(range);
    ASSERT_TRUE(parsed) << range;
    EXPECT_TRUE(parsed->contains(*IpAddress::parse(inside))) << range << " " << inside;
    EXPECT_FALSE(parsed->contains(*IpAddress::parse(outside))) << range << " " << outside;
  }
}

TEST(AddressRange, WhatIsNoRangeIsRefused) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/8 ",
        "10.0.0.1/8", "::1/129", "2001:db8::1/32", "::ffff:0:0/95", "a/8"}) {
    EXPECT_FALSE(AddressRange::parse(text)) << text;
  }
}

TEST(PeerAddress, ItsTextIsTheAddressWithThePortIfThatIsKnown) {
  EXPECT_EQ((PeerAddress{IpAddress::parse("192.0.2.1"), 80}.text()), "192.0.2.1:80");
  EXPECT_EQ((PeerAddress{IpAddress::parse("2001:db8::1"), 80}.text()), "[2001:db8::1]:80");
  EXPECT_EQ((PeerAddress{IpAddress::parse("2001:db8::1"), 0}.text()), "2001:db8::1");
  EXPECT_EQ(PeerAddress{}.text(), "unix");
}

}  // namespace
}  // namespace sse_proxy
