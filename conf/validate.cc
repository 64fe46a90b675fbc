// What no single value shows: contradictions, each with a way out, and what is missing.
#include <algorithm>

#include "conf/endpoint.h"
#include "conf/settings.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

using Problem = std::optional<Error>;

Error problem(std::string message) { return Error{Side::self, 0, std::move(message)}; }

bool same(const Endpoint& a, const Endpoint& b) {
  return a.unix_path == b.unix_path && a.host == b.host && a.port == b.port;
}

// Two equal ones, but for listeners on a port that the kernel chooses.
const Endpoint* repeated(const std::vector<Endpoint>& endpoints) {
  for (auto one = endpoints.begin(); one != endpoints.end(); ++one) {
    const bool chosen_later = one->unix_path.empty() && one->port == 0;
    const auto equals = [&](const Endpoint& other) { return same(*one, other); };
    if (!chosen_later && std::any_of(endpoints.begin(), one, equals)) return &*one;
  }
  return nullptr;
}

// "--keepalive: " or "conf.toml:3:17: sse.keepalive: ", or the key where it is the default.
std::string at(const Origins& origins, std::string_view key) {
  const std::string& label = origins.of(key).label;
  return (label.empty() ? std::string(key) : label) + ": ";
}

Problem check_endpoints(const Options& options, const Origins& origins, bool needs_upstream) {
  if (needs_upstream && options.upstream.empty()) {
    return problem("no upstream: give --upstream URL, such as --upstream http://127.0.0.1:3000");
  }
  if (options.listen.empty())
    return problem(at(origins, "listen") + "the list is empty: give an address or leave it out");
  if (const Endpoint* twice = repeated(options.listen)) {
    return problem(at(origins, "listen") + in_quotes(twice->text) + " is there twice: leave one out");
  }
  if (const Endpoint* twice = repeated(options.upstream)) {
    return problem(at(origins, "upstream") + in_quotes(twice->text) +
                   " is there twice: leave one out, they take turns evenly");
  }
  return std::nullopt;
}

// The app is on 8080, and so is the proxy unless told otherwise: every request would come back for ever.
Problem check_loop(const Options& options, const Origins& origins) {
  for (const Endpoint& upstream : options.upstream) {
    for (const Endpoint& listener : options.listen) {
      if (!reaches(upstream, listener)) continue;
      const std::string scheme = !listener.has_scheme ? "" : listener.tls ? "https://" : "http://";
      const std::string way_out = upstream.unix_path.empty()
                                      ? "let one use another port, such as --listen " + scheme +
                                            "0.0.0.0:" + std::to_string(upstream.port == 8081 ? 8080 : 8081)
                                      : "let one use another path";
      return problem(at(origins, "upstream") + in_quotes(upstream.text) +
                     " is where sse-proxy itself listens (" + listener.text + "): " + way_out);
    }
  }
  return std::nullopt;
}

// A listener of its own port: on one that is shared, whoever may ask for pages could ask for more.
Problem check_admin(const Options& options, const Origins& origins) {
  if (!options.admin) return std::nullopt;
  const Endpoint& admin = *options.admin;
  const bool is_unix = !admin.unix_path.empty();
  for (const Endpoint& listener : options.listen) {
    const bool shared = is_unix
                            ? admin.unix_path == listener.unix_path
                            : listener.unix_path.empty() && admin.port == listener.port && admin.port != 0;
    if (!shared) continue;
    return problem(at(origins, "admin") + in_quotes(admin.text) + " shares its " +
                   (is_unix ? "path" : "port") + " with the listener " + listener.text +
                   ": give it one of its own" + (is_unix ? "" : ", such as 127.0.0.1:9180"));
  }
  for (const Endpoint& upstream : options.upstream) {
    if (!reaches(upstream, admin)) continue;
    return problem(at(origins, "admin") + in_quotes(admin.text) + " is what the upstream " + upstream.text +
                   " would reach, and every client with it: give it a port of its own");
  }
  return std::nullopt;
}

Problem check_host(const Options& options, const Origins& origins) {
  if (options.upstream_host != "upstream") return std::nullopt;
  for (const Endpoint& upstream : options.upstream) {
    if (upstream.unix_path.empty()) continue;
    return problem(at(origins, "upstream_host") + "\"upstream\" needs a host name, and " + upstream.text +
                   " has none: write keep, or the name to send");
  }
  return std::nullopt;
}

Problem check_keepalive(const Options& options, const Origins& origins) {
  const SseOptions& sse = options.route.sse;
  if (!sse.keepalive_event.empty() && sse.keepalive_form == KeepaliveForm::line) {
    return problem(at(origins, "sse.keepalive_form") + "\"line\" is a form of the comment, but " +
                   origins.named("sse.keepalive_event") +
                   " sends events in its place: leave one of them out");
  }
  if (sse.keepalive == 0ms && sse.first_keepalive.value_or(0ms) > 0ms) {
    return problem(at(origins, "sse.first_keepalive") + "there is no first keep-alive, as " +
                   origins.named("sse.keepalive") + " is off: leave one of them out");
  }
  return std::nullopt;
}

Problem check_memory(const Options& options, const Origins& origins) {
  const auto& limits = options.limits;
  if (!limits.buffer_memory || *limits.buffer_memory >= limits.buffer_bytes) return std::nullopt;
  return problem(at(origins, "limits.buffer_memory") + "\"" + format_size(*limits.buffer_memory) +
                 "\" for the whole process is less than the " + format_size(limits.buffer_bytes) + " that " +
                 origins.named("limits.buffer_bytes") + " gives each stream: raise it or lower the other");
}

std::string counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Problem check_listener_tls(const Options& options, const Origins& origins) {
  const TlsOptions& tls = options.tls;
  if (tls.cert.size() != tls.key.size()) {
    return problem(at(origins, "tls.cert") + counted(tls.cert.size(), "certificate") + ", but " +
                   counted(tls.key.size(), "key") + " in " + origins.named("tls.key") +
                   ": give every certificate its key, in the same order");
  }
  if (!tls.cert.empty()) return std::nullopt;
  const auto https = std::ranges::find_if(options.listen, &Endpoint::tls);
  if (https != options.listen.end()) {
    return problem(at(origins, "listen") + in_quotes(https->text) + " needs a certificate, and " +
                   origins.named("tls.cert") +
                   " names none: give --tls-cert FILE and --tls-key FILE, or write http://");
  }
  if (!tls.client_ca.empty()) {
    return problem(at(origins, "tls.client_ca") + "clients show certificates over TLS only, and " +
                   origins.named("tls.cert") +
                   " names none to speak it with: give --tls-cert FILE and --tls-key FILE, or leave it out");
  }
  return std::nullopt;
}

Problem check_upstream_tls(const Options& options, const Origins& origins) {
  const UpstreamTlsOptions& tls = options.upstream_tls;
  if (tls.cert.empty() == tls.key.empty()) return std::nullopt;
  const bool no_key = tls.key.empty();
  return problem(at(origins, no_key ? "upstream_tls.cert" : "upstream_tls.key") +
                 in_quotes(no_key ? tls.cert : tls.key) + " is without its " +
                 (no_key ? "key, as " : "certificate, as ") +
                 origins.named(no_key ? "upstream_tls.key" : "upstream_tls.cert") +
                 " is empty: give both or neither");
}

const Rule::Setting* setting(const Rule& rule, std::string_view key) {
  const auto found =
      std::ranges::find_if(rule.settings, [&](const auto& one) { return one.field->key == key; });
  return found == rule.settings.end() ? nullptr : &*found;
}

// Only what the rule itself asks for in vain; what it inherits gives way.
Problem check_rule(const Rule& rule, const Options& options) {
  RouteOptions route = options.route;
  rule.apply(route);
  const auto* form = setting(rule, "sse.keepalive_form");
  if (form && route.sse.keepalive_form == KeepaliveForm::line && !route.sse.keepalive_event.empty()) {
    return problem(
        form->source + ": sse.keepalive_form: \"line\" is a form of the comment, but here events (" +
        in_quotes(route.sse.keepalive_event) + ") are sent in its place: set keepalive_event = \"\" as well");
  }
  const auto* first = setting(rule, "sse.first_keepalive");
  if (first && route.sse.keepalive == 0ms && route.sse.first_keepalive.value_or(0ms) > 0ms) {
    return problem(
        first->source +
        ": sse.first_keepalive: there is no first keep-alive, as keepalive is off here: set it as well");
  }
  return std::nullopt;
}

}  // namespace

Problem validate(const Options& options, const std::vector<Rule>& rules, const Origins& origins,
                 bool needs_upstream) {
  if (auto wrong = check_endpoints(options, origins, needs_upstream)) return wrong;
  if (auto wrong = check_loop(options, origins)) return wrong;
  for (const auto check :
       {check_admin, check_host, check_keepalive, check_memory, check_listener_tls, check_upstream_tls}) {
    if (auto wrong = check(options, origins)) return wrong;
  }
  for (const Rule& rule : rules) {
    if (auto wrong = check_rule(rule, options)) return wrong;
  }
  return std::nullopt;
}

}  // namespace sse_proxy
