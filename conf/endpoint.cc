#include "conf/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "conf/units.h"

namespace sse_proxy {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kUnix = "unix:";

Error problem(std::string message) { return Error{Side::self, 0, std::move(message)}; }

// A URL's scheme is the same in any case.
bool has_prefix(std::string_view text, std::string_view lower_case_prefix) {
  return text.size() >= lower_case_prefix.size() &&
         std::equal(lower_case_prefix.begin(), lower_case_prefix.end(), text.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

// Takes `http://` or `https://` off: whether it means TLS, or nothing where there is none.
std::optional<bool> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {kHttp, kHttps}) {
    if (!has_prefix(text, scheme)) continue;
    text.remove_prefix(scheme.size());
    return scheme == kHttps;
  }
  return std::nullopt;
}

bool is_ipv4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(std::string text) {
  if (const size_t zone = text.find('%'); zone != std::string::npos && zone + 1 < text.size())
    text.resize(zone);
  in6_addr address;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.front() == '-') return false;
  if (text.find("..") != std::string_view::npos) return false;
  const bool good = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
  // What is made of digits and dots alone is an address, right or wrong.
  return good &&
         (text.find_first_not_of("0123456789.") != std::string_view::npos || is_ipv4(std::string(text)));
}

std::optional<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || port > 65535) return {};
  return static_cast<uint16_t>(port);
}

Error bad_port(std::string_view text, std::string_view port, unsigned least) {
  return problem(in_quotes(text) + " has the bad port " + in_quotes(port) + ": a port is a number from " +
                 std::to_string(least) + " to 65535");
}

// host, `host:`, `host:port`, with the brackets of an IPv6 address taken off.
struct Authority {
  std::string host;
  std::optional<std::string_view> port;
};

Result<Authority> split_authority(std::string_view text, std::string_view authority) {
  Authority parts;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return problem(in_quotes(text) + " has a \"[\" without its \"]\"");
    parts.host = authority.substr(1, close - 1);
    if (!is_ipv6(parts.host))
      return problem(in_quotes(text) + ": " + in_quotes(parts.host) + " is not an IPv6 address");
    rest = authority.substr(close + 1);
  } else {
    if (std::count(authority.begin(), authority.end(), ':') > 1) {
      return problem(in_quotes(text) + ": an IPv6 address needs brackets, as in [::1]:8080");
    }
    const size_t colon = std::min(authority.find(':'), authority.size());
    parts.host = authority.substr(0, colon);
    rest = authority.substr(colon);
    if (!parts.host.empty() && !is_host_name(parts.host)) {
      return problem(in_quotes(text) + ": " + in_quotes(parts.host) +
                     " is neither a host name nor an IP address");
    }
  }
  if (rest.empty()) return parts;
  if (rest[0] != ':') return problem(in_quotes(text) + " has " + in_quotes(rest) + " where a port should be");
  parts.port = rest.substr(1);
  return parts;
}

Result<Endpoint> parse_unix(std::string_view text, std::string_view path) {
  if (!path.starts_with('/')) {
    return problem(in_quotes(text) + ": a Unix socket needs an absolute path, as in unix:/run/app.sock");
  }
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kLongest) {
    return problem(in_quotes(text) + ": the path of a Unix socket has at most " + std::to_string(kLongest) +
                   " bytes");
  }
  if (path.find('\0') != std::string_view::npos) return problem(in_quotes(text) + ": a path contains no NUL");
  return Endpoint{std::string(text), std::string(path), "", 0};
}

Error no_host(std::string_view text, uint16_t port) {
  return problem(in_quotes(text) + " has no host: write 0.0.0.0:" + std::to_string(port) +
                 " for all addresses");
}

bool is_any(const std::string& host) {
  return host == "0.0.0.0" || host == "::" || host == "0:0:0:0:0:0:0:0";
}

bool is_own(const std::string& host) {
  return host == "localhost" || host == "::1" || is_any(host) || (is_ipv4(host) && host.starts_with("127."));
}

// `rest`: the text without its scheme.
Result<Endpoint> parse_listen_address(std::string_view text, std::string_view rest) {
  if (rest.starts_with(kUnix)) return parse_unix(text, rest.substr(kUnix.size()));
  if (rest.starts_with('/'))
    return problem(in_quotes(text) + ": a Unix socket is written unix:" + std::string(rest));
  if (rest.find('/') != std::string_view::npos) {
    return problem(in_quotes(text) +
                   " is not an address to listen on: write host:port, [v6]:port or unix:/path");
  }
  if (const auto port = parse_port(rest)) return no_host(text, *port);
  auto parts = split_authority(text, rest);
  if (!parts) return parts.error();
  if (!parts->port) return problem(in_quotes(text) + " has no port: write host:port, as in 0.0.0.0:8080");
  const auto port = parse_port(*parts->port);
  if (!port) return bad_port(text, *parts->port, 0);
  if (parts->host.empty()) return no_host(text, *port);
  return Endpoint{std::string(text), "", parts->host, *port};
}

}  // namespace

Result<Endpoint> parse_listen(std::string_view text) {
  std::string_view rest = text;
  const auto tls = take_scheme(rest);
  if (tls && rest.ends_with('/')) rest.remove_suffix(1);
  auto parsed = parse_listen_address(text, rest);
  if (!parsed) return parsed;
  Endpoint endpoint = *std::move(parsed);
  endpoint.tls = tls.value_or(false);
  endpoint.has_scheme = tls.has_value();
  return endpoint;
}

Result<Endpoint> parse_admin(std::string_view text) {
  auto parsed = parse_listen(text);
  if (parsed && (*parsed).tls)
    return problem(in_quotes(text) + " is https, and the admin listener speaks plain HTTP");
  return parsed;
}

Result<Endpoint> parse_upstream(std::string_view text) {
  if (text.starts_with(kUnix)) return parse_unix(text, text.substr(kUnix.size()));
  if (text.starts_with('/'))
    return problem(in_quotes(text) + ": a Unix socket is written unix:" + std::string(text));
  std::string_view authority = text;
  const auto tls = take_scheme(authority);
  if (!tls) {
    if (text.find("://") == std::string_view::npos && !text.empty()) {
      return problem(in_quotes(text) + " has no scheme: write http://" + std::string(text));
    }
    return problem(in_quotes(text) +
                   " is not an upstream: write http://host:port, https://host:port or unix:/path");
  }
  const std::string example = std::string(*tls ? kHttps : kHttp) + "host:port";
  if (authority.find('@') != std::string_view::npos) {  // not repeated here: it may hold a password
    return problem("the URL contains a user name: credentials are not supported, write " + example);
  }
  if (authority.starts_with("unix:/")) {
    return problem(in_quotes(text) + ": a Unix socket has no scheme: write " + std::string(authority));
  }
  const size_t path = std::min(authority.find_first_of("/?#"), authority.size());
  if (authority.size() - path > 1 || (path < authority.size() && authority[path] != '/')) {
    const size_t scheme = text.size() - authority.size();
    return problem(in_quotes(text) + " has the path " + in_quotes(authority.substr(path)) +
                   ": requests keep their own path, write " + std::string(text.substr(0, scheme + path)));
  }
  authority = authority.substr(0, path);
  auto parts = split_authority(text, authority);
  if (!parts) return parts.error();
  if (parts->host.empty()) return problem(in_quotes(text) + " has no host: write " + example);
  const std::optional<uint16_t> port = parts->port ? parse_port(*parts->port) : *tls ? 443 : 80;
  if (!port || *port == 0) return bad_port(text, *parts->port, 1);
  return Endpoint{std::string(text), "", parts->host, *port, *tls, true};
}

bool is_authority(std::string_view text) {
  if (text.find_first_of("/?#@ ") != std::string_view::npos) return false;
  const auto parts = split_authority(text, text);
  return parts && !parts->host.empty() && (!parts->port || parse_port(*parts->port).value_or(0) != 0);
}

bool is_server_name(std::string_view text) { return is_host_name(text) || is_ipv6(std::string(text)); }

bool has_host_name(const Endpoint& endpoint) {
  return endpoint.unix_path.empty() && !is_ipv4(endpoint.host) && !is_ipv6(endpoint.host);
}

bool reaches(const Endpoint& upstream, const Endpoint& listener) {
  if (!upstream.unix_path.empty() || !listener.unix_path.empty())
    return upstream.unix_path == listener.unix_path;
  if (upstream.port != listener.port) return false;
  if (upstream.host == listener.host) return true;
  // 0.0.0.0 has no IPv6 addresses, [::] has both kinds.
  const bool all_of_them = listener.host == "0.0.0.0" ? upstream.host != "::1" : is_any(listener.host);
  return (all_of_them && is_own(upstream.host)) || (is_own(listener.host) && is_any(upstream.host));
}

}  // namespace sse_proxy
