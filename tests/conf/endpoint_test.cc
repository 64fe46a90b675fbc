#include "conf/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace sse_proxy {
namespace {

struct Good {
  std::string_view text, unix_path, host;
  uint16_t port;
  bool tls = false;
};

void expect_good(Result<Endpoint> (*parse)(std::string_view), const Good& row) {
  const auto parsed = parse(row.text);
  ASSERT_TRUE(parsed) << row.text << ": " << parsed.error().message;
  const bool has_scheme = row.text.find("://") != std::string_view::npos;
  EXPECT_EQ(*parsed, (Endpoint{std::string(row.text), std::string(row.unix_path), std::string(row.host),
                               row.port, row.tls, has_scheme}));
}

TEST(Listen, AnAddressIsHostAndPortOrAUnixSocket) {
  for (const Good& row :
       {Good{"0.0.0.0:8080", "", "0.0.0.0", 8080}, Good{"localhost:0", "", "localhost", 0},
        Good{"[::]:8080", "", "::", 8080}, Good{"[fe80::1%eth0]:80", "", "fe80::1%eth0", 80},
        Good{"http://127.0.0.1:80", "", "127.0.0.1", 80}, Good{"HTTP://[::1]:80/", "", "::1", 80},
        Good{"unix:/run/a.sock", "/run/a.sock", "", 0}, Good{"http://unix:/run/a.sock", "/run/a.sock", "", 0},
        Good{"https://0.0.0.0:8443", "", "0.0.0.0", 8443, true},
        Good{"HTTPS://[::]:443/", "", "::", 443, true},
        Good{"https://unix:/run/a.sock", "/run/a.sock", "", 0, true}}) {
    expect_good(parse_listen, row);
  }
}

TEST(Listen, AWrongAddressSaysWhatWouldBeRight) {
  const std::string long_path = "/" + std::string(120, 'x');
  const struct {
    std::string text, error;
  } rows[] = {
      {"", "\"\" has no port: write host:port, as in 0.0.0.0:8080"},
      {"8080", "\"8080\" has no host: write 0.0.0.0:8080 for all addresses"},
      {":8080", "\":8080\" has no host: write 0.0.0.0:8080 for all addresses"},
      {"localhost", "\"localhost\" has no port: write host:port, as in 0.0.0.0:8080"},
      {"localhost:", "\"localhost:\" has the bad port \"\": a port is a number from 0 to 65535"},
      {"localhost:http", "\"localhost:http\" has the bad port \"http\": a port is a number from 0 to 65535"},
      {"localhost:65536",
       "\"localhost:65536\" has the bad port \"65536\": a port is a number from 0 to 65535"},
      {"::1:8080", "\"::1:8080\": an IPv6 address needs brackets, as in [::1]:8080"},
      {"[::1", "\"[::1\" has a \"[\" without its \"]\""},
      {"[::1]8080", "\"[::1]8080\" has \"8080\" where a port should be"},
      {"[app]:80", "\"[app]:80\": \"app\" is not an IPv6 address"},
      {"256.0.0.1:80", "\"256.0.0.1:80\": \"256.0.0.1\" is neither a host name nor an IP address"},
      {"a b:80", "\"a b:80\": \"a b\" is neither a host name nor an IP address"},
      {"/run/a.sock", "\"/run/a.sock\": a Unix socket is written unix:/run/a.sock"},
      {"unix:a.sock", "\"unix:a.sock\": a Unix socket needs an absolute path, as in unix:/run/app.sock"},
      {"unix:" + long_path, "\"unix:" + long_path + "\": the path of a Unix socket has at most 107 bytes"},
      {"ftp://a:80",
       "\"ftp://a:80\" is not an address to listen on: write host:port, [v6]:port or unix:/path"},
      {"https://localhost", "\"https://localhost\" has no port: write host:port, as in 0.0.0.0:8080"},
  };
  for (const auto& [text, error] : rows) {
    const auto parsed = parse_listen(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, error);
  }
}

TEST(Upstream, AnAddressIsAnHttpOrHttpsUrlOrAUnixSocket) {
  for (const Good& row :
       {Good{"http://app", "", "app", 80}, Good{"http://app:3000/", "", "app", 3000},
        Good{"HTTP://my_app.local:1", "", "my_app.local", 1}, Good{"http://[::1]:3000", "", "::1", 3000},
        Good{"http://10.0.0.1", "", "10.0.0.1", 80}, Good{"unix:/a", "/a", "", 0},
        Good{"https://app", "", "app", 443, true}, Good{"HTTPS://app:8443/", "", "app", 8443, true},
        Good{"https://[::1]", "", "::1", 443, true}, Good{"https://app:80", "", "app", 80, true}}) {
    expect_good(parse_upstream, row);
  }
}

TEST(Upstream, AWrongAddressSaysWhatWouldBeRight) {
  const struct {
    std::string_view text, error;
  } rows[] = {
      {"", "\"\" is not an upstream: write http://host:port, https://host:port or unix:/path"},
      {"localhost:3000", "\"localhost:3000\" has no scheme: write http://localhost:3000"},
      {"ws://app",
       "\"ws://app\" is not an upstream: write http://host:port, https://host:port or unix:/path"},
      {"http://", "\"http://\" has no host: write http://host:port"},
      {"http://:80", "\"http://:80\" has no host: write http://host:port"},
      {"http://app:0", "\"http://app:0\" has the bad port \"0\": a port is a number from 1 to 65535"},
      {"http://app:", "\"http://app:\" has the bad port \"\": a port is a number from 1 to 65535"},
      {"http://app/v1",
       "\"http://app/v1\" has the path \"/v1\": requests keep their own path, write http://app"},
      {"http://app?x",
       "\"http://app?x\" has the path \"?x\": requests keep their own path, write http://app"},
      {"/run/a.sock", "\"/run/a.sock\": a Unix socket is written unix:/run/a.sock"},
      {"https://:443", "\"https://:443\" has no host: write https://host:port"},
      {"https://app:0", "\"https://app:0\" has the bad port \"0\": a port is a number from 1 to 65535"},
      {"https://app/v1",
       "\"https://app/v1\" has the path \"/v1\": requests keep their own path, write https://app"},
      {"https://unix:/a", "\"https://unix:/a\": a Unix socket has no scheme: write unix:/a"},
  };
  for (const auto& [text, error] : rows) {
    const auto parsed = parse_upstream(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, error);
  }
}

TEST(Upstream, APasswordInAUrlIsNotRepeatedInTheError) {
  const auto parsed = parse_upstream("http://me:secret@app");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message,
            "the URL contains a user name: credentials are not supported, write http://host:port");
}

TEST(Host, AnAuthorityIsANameOrAnAddressWithOrWithoutAPort) {
  for (const std::string_view good : {"app", "app.example:8080", "10.0.0.1", "[::1]", "[::1]:80"}) {
    EXPECT_TRUE(is_authority(good)) << good;
  }
  for (const std::string_view bad :
       {"", "http://app", "app/", "a b", "me@app", "app:", "app:0", ":80", "app\r\nX: y"}) {
    EXPECT_FALSE(is_authority(bad)) << bad;
  }
}

TEST(Host, ACertificateIsForANameOrAnAddressWithoutAPort) {
  for (const std::string_view good : {"app", "app.example", "10.0.0.1", "::1"}) {
    EXPECT_TRUE(is_server_name(good)) << good;
  }
  for (const std::string_view bad : {"", "app:443", "[::1]", "https://app", "a b", "*.example"}) {
    EXPECT_FALSE(is_server_name(bad)) << bad;
  }
}

TEST(Host, AnUpstreamWithAnAddressOrAUnixSocketHasNoName) {
  for (const std::string_view named : {"https://app", "http://localhost:1"}) {
    EXPECT_TRUE(has_host_name(*parse_upstream(named))) << named;
  }
  for (const std::string_view nameless : {"https://10.0.0.1", "https://[::1]:8443", "unix:/a"}) {
    EXPECT_FALSE(has_host_name(*parse_upstream(nameless))) << nameless;
  }
}

TEST(Loop, AnUpstreamReachesAListenerThatHasItsAddressAndPort) {
  const struct {
    std::string_view upstream, listener;
    bool reaches;
  } rows[] = {
      {"http://localhost:8080", "0.0.0.0:8080", true},
      {"http://127.0.0.1:8080", "0.0.0.0:8080", true},
      {"http://127.0.0.1:8080", "[::]:8080", true},
      {"http://[::1]:8080", "[::]:8080", true},
      {"http://[::1]:8080", "0.0.0.0:8080", false},
      {"https://localhost", "https://0.0.0.0:443", true},
      {"https://localhost", "0.0.0.0:80", false},
      {"http://app:8080", "0.0.0.0:8080", false},
      {"http://localhost:3000", "0.0.0.0:8080", false},
      {"http://10.0.0.1:80", "10.0.0.1:80", true},
      {"http://0.0.0.0:80", "127.0.0.1:80", true},
      {"http://127.0.0.2:80", "127.0.0.1:80", false},
      {"unix:/a", "unix:/a", true},
      {"unix:/a", "unix:/b", false},
      {"unix:/a", "0.0.0.0:8080", false},
  };
  for (const auto& [upstream, listener, expected] : rows) {
    EXPECT_EQ(reaches(*parse_upstream(upstream), *parse_listen(listener)), expected)
        << upstream << " " << listener;
  }
}

}  // namespace
}  // namespace sse_proxy
