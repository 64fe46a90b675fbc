#include "parser/upgrade.h"

#include <gtest/gtest.h>

#include <vector>

namespace sse_proxy {
namespace {

struct RequestRow {
  const char* connection;
  const char* upgrade;
  std::vector<std::string> allowed;
  const char* wanted;
};

TEST(WantedUpgrades, AreThoseOfTheListThatAreAllowed) {
  const RequestRow rows[] = {
      {"Upgrade", "websocket", {"websocket"}, "websocket"},
      {"keep-alive, UPGRADE", "WebSocket", {"websocket"}, "WebSocket"},
      {"upgrade", "h2c, websocket", {"websocket"}, "websocket"},
      {"upgrade", "mqtt/5, foo/1, websocket", {"websocket", "mqtt"}, "mqtt/5, websocket"},
      {"upgrade", "h2c", {"websocket"}, ""},
      {"upgrade", "websocket", {}, ""},
      {"upgrade", "xwebsocket", {"websocket"}, ""},
      {"keep-alive", "websocket", {"websocket"}, ""},
  };
  for (const RequestRow& row : rows) {
    RequestHead head;
    head.method = "GET";
    head.fields.add("Connection", row.connection);
    head.fields.add("Upgrade", row.upgrade);
    EXPECT_EQ(wanted_upgrades(head, row.allowed), row.wanted) << row.connection << " / " << row.upgrade;
  }
}

TEST(WantedUpgrades, NeedHttp11AndARequestWithoutABody) {
  RequestHead head;
  head.fields.add("Connection", "upgrade");
  head.fields.add("Upgrade", "websocket");
  const std::vector<std::string> allowed{"websocket"};
  EXPECT_EQ(wanted_upgrades(head, allowed), "websocket");
  head.body = {Framing::chunked, 0};
  EXPECT_EQ(wanted_upgrades(head, allowed), "") << "the body would have to be read before the switch";
  head.body = {};
  head.version = Version::http10;
  EXPECT_EQ(wanted_upgrades(head, allowed), "") << "RFC 9110 section 7.8: ignored in HTTP/1.0";
}

TEST(AgreedUpgrade, IsOneThatWasAskedFor) {
  const struct {
    const char *connection, *upgrade, *asked, *agreed;
  } rows[] = {
      {"upgrade", "websocket", "websocket", "websocket"},
      {"Upgrade", "WebSocket", "websocket", "WebSocket"},
      {"upgrade", "foo/2", "websocket, foo/1", "foo/2"},
      {"upgrade", "h2c", "websocket", ""},
      {"upgrade", "websocket, h2c", "websocket", ""},
      {"close", "websocket", "websocket", ""},
      {"upgrade", "", "websocket", ""},
  };
  for (const auto& row : rows) {
    ResponseHead head;
    head.status = 101;
    head.fields.add("Connection", row.connection);
    head.fields.add("Upgrade", row.upgrade);
    EXPECT_EQ(agreed_upgrade(head, row.asked), row.agreed) << row.upgrade;
  }
}

}  // namespace
}  // namespace sse_proxy
