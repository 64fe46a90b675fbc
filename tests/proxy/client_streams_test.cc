#include "proxy/exchange/client_streams.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sse_proxy {
namespace {

PeerAddress at(std::string_view ip, uint16_t port = 1) { return {IpAddress::parse(ip), port}; }

TEST(ClientStreams, AClientHasSoManyPlacesAndGetsThemBack) {
  ClientStreams streams(2);
  auto first = streams.enter(at("192.0.2.1", 1));
  auto second = streams.enter(at("192.0.2.1", 2));
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(streams.enter(at("192.0.2.1", 3)));
  EXPECT_TRUE(streams.enter(at("192.0.2.2"))) << "another client";
  first.reset();
  first = streams.enter(at("::ffff:192.0.2.1"));
  EXPECT_TRUE(first) << "the same client over IPv6";
  EXPECT_FALSE(streams.enter(at("192.0.2.1")));
}

TEST(ClientStreams, IPv6ClientsAreCountedByTheir64) {
  ClientStreams streams(1);
  const auto place = streams.enter(at("2001:db8:0:1::1"));
  EXPECT_FALSE(streams.enter(at("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(streams.enter(at("2001:db8:0:2::1")));
}

TEST(ClientStreams, WithoutALimitOrAnAddressNobodyIsCounted) {
  ClientStreams unlimited(0);
  const auto one = unlimited.enter(at("192.0.2.1"));
  EXPECT_TRUE(one);
  EXPECT_EQ(unlimited.clients(), 0U);
  ClientStreams limited(1);
  const auto unix_client = limited.enter({});
  EXPECT_TRUE(unix_client && limited.enter({}));
  EXPECT_EQ(limited.clients(), 0U);
}

TEST(ClientStreams, APlaceThatIsMovedIsGivenBackOnce) {
  ClientStreams streams(1);
  auto place = streams.enter(at("192.0.2.1"));
  std::optional<ClientStreams::Place> other = std::move(place);
  place.reset();
  EXPECT_EQ(streams.clients(), 1U);
  other = ClientStreams::Place();
  EXPECT_EQ(streams.clients(), 0U);
}

TEST(ClientStreams, WorkersShareTheCount) {
  ClientStreams streams(1000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        const auto kept = streams.enter(at("192.0.2.1"));
        const auto also = streams.enter(at("192.0.2." + std::to_string(n % 200)));
        EXPECT_TRUE(kept && also);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(streams.clients(), 0U);
}

}  // namespace
}  // namespace sse_proxy
