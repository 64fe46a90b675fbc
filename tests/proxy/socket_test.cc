#include "proxy/net/socket.h"

#include <gtest/gtest.h>

#include "conf/endpoint.h"

namespace sse_proxy {
namespace {

TEST(Authority, ItHasThePortUnlessThatIsTheSchemesOwn) {
  const struct {
    std::string_view upstream, authority;
  } rows[] = {
      {"http://app", "app"},
      {"http://app:80", "app"},
      {"http://app:443", "app:443"},
      {"https://app", "app"},
      {"https://app:443", "app"},
      {"https://app:80", "app:80"},
      {"https://app:8443/", "app:8443"},
      {"https://[::1]", "[::1]"},
      {"http://[::1]:443", "[::1]:443"},
      {"unix:/run/app.sock", "localhost"},
  };
  for (const auto& [upstream, authority] : rows) {
    EXPECT_EQ(authority_of(*parse_upstream(upstream)), authority) << upstream;
  }
}

}  // namespace
}  // namespace sse_proxy
