// Chooses what `auto` stands for, and says why.
#include <algorithm>

#include "conf/behind.h"
#include "conf/cgroup.h"
#include "conf/endpoint.h"
#include "conf/settings.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

constexpr size_t kMostDecoderMemory = 256 * kMiB;
constexpr size_t kMostBufferMemory = 1024 * kMiB;
constexpr size_t kLeastMemory = kMiB;  // below it nothing would work at all

void explain(Origins& origins, std::string_view key, std::string why) {
  origins.of(*find_key(key)).why = std::move(why);
}

void finish_memory(std::optional<size_t>& memory, std::string_view key, const Cgroup& cgroup, size_t most,
                   Origins& origins) {
  if (memory) return;
  if (!cgroup.memory_limit) {
    memory = most;
    explain(origins, key, "the most it takes, as there is no cgroup memory limit");
    return;
  }
  memory = std::clamp(*cgroup.memory_limit / 4, kLeastMemory, most);
  explain(origins, key,
          "a quarter of the cgroup's memory limit of " + format_size(*cgroup.memory_limit) + ", at most " +
              format_size(most));
}

void finish_keepalive(Options& options, std::vector<Rule>& rules, Origins& origins) {
  const Derived derived = derive_keepalive(options.behind);
  for (Rule& rule : rules) {
    if (!rule.values.sse.keepalive) rule.values.sse.keepalive = derived.value;
  }
  if (options.route.sse.keepalive) return;
  options.route.sse.keepalive = derived.value;
  explain(origins, "sse.keepalive", derived.why);
}

void finish_listeners(Options& options) {
  for (Endpoint& listener : options.listen) {
    if (!listener.has_scheme) listener.tls = !options.tls.cert.empty();
  }
}

bool is_named_https(const Endpoint& upstream) { return upstream.tls && has_host_name(upstream); }

// An https upstream with a name is mostly a public one, which knows itself by that name only. One value
// serves all upstreams, so that it takes all of them to be such.
void finish_host(Options& options, Origins& origins) {
  const auto& upstreams = options.upstream;
  if (origins.is_set("upstream_host") || std::ranges::none_of(upstreams, is_named_https)) return;
  if (std::ranges::all_of(upstreams, is_named_https)) {
    options.upstream_host = "upstream";
    explain(origins, "upstream_host", "every upstream is an https URL with a host name");
  } else {
    explain(origins, "upstream_host", "not every upstream is an https URL with a host name");
  }
}

bool needs_cgroup(const Options& options) {
  return options.workers == 0 || !options.decoder_memory || !options.limits.buffer_memory;
}

std::string keepalive_note(const Options& options, const Origins& origins) {
  const milliseconds every = options.route.sse.keepalive.value_or(0ms);
  if (every == 0ms) return "no keep-alives: sse.keepalive is off";
  const std::string what = "keep-alive every " + format_duration(every) + ": ";
  const auto& origin = origins.of("sse.keepalive");
  return what + (origin.why.empty() ? "set by " + origin.source : origin.why);
}

// Those of a group that are other than their defaults: "tls.cert (--tls-cert), tls.key (--tls-key)".
std::string changed(std::string_view group, const Options& options, const Origins& origins) {
  Options values = options, defaults;  // Target is for writing as well
  std::string out;
  for (const Field& field : fields()) {
    if (!field.key.starts_with(group)) continue;
    if (plain_value(field, Target(values)) == plain_value(field, Target(defaults))) continue;
    out.append(out.empty() ? "" : ", ").append(origins.named(field.key));
  }
  return out;
}

void add_listener_tls_notes(std::vector<Note>& notes, const Options& options, const Origins& origins) {
  const std::string vain = changed("tls.", options, origins);
  if (vain.empty() || std::ranges::any_of(options.listen, &Endpoint::tls)) return;
  notes.push_back({Note::Level::warning, "no address of " + origins.named("listen") +
                                             " is one with TLS, so these have no effect: " + vain});
}

void add_upstream_tls_notes(std::vector<Note>& notes, const Options& options, const Origins& origins) {
  if (std::ranges::none_of(options.upstream, &Endpoint::tls)) {
    const std::string vain = changed("upstream_tls.", options, origins);
    if (vain.empty()) return;
    notes.push_back({Note::Level::warning, "no URL of " + origins.named("upstream") +
                                               " is an https one, so these have no effect: " + vain});
    return;
  }
  if (options.upstream_host == "keep" && !origins.of("upstream_host").why.empty()) {
    notes.push_back({Note::Level::info,
                     "upstreams get the Host that the client sent, as not every one is an https URL with a "
                     "host name: set upstream_host to say what they get"});
  }
  if (!options.upstream_tls.insecure) return;
  const std::string insecure = origins.named("upstream_tls.insecure");
  notes.push_back({Note::Level::warning, insecure +
                                             " is on: https upstreams are not verified, and whoever is on "
                                             "the way to them can read and change everything"});
  if (options.upstream_tls.ca.empty()) return;
  notes.push_back({Note::Level::warning, origins.named("upstream_tls.ca") + " means nothing, as " + insecure +
                                             " is on: leave one of them out"});
}

}  // namespace

void finish(Options& options, std::vector<Rule>& rules, Origins& origins, const std::string& system_root) {
  finish_listeners(options);
  finish_host(options, origins);
  finish_keepalive(options, rules, origins);
  if (!options.route.timeouts.idle) {
    const Derived derived = derive_idle_timeout(options.behind);
    options.route.timeouts.idle = derived.value;
    explain(origins, "timeouts.idle", derived.why);
  }
  if (!needs_cgroup(options)) return;
  const Cgroup cgroup = Cgroup::read(system_root);
  if (options.workers == 0) {
    options.workers = allowed_cpus(cgroup);
    explain(origins, "workers", "the CPUs that this process may use");
  }
  finish_memory(options.decoder_memory, "sse.decoder_memory", cgroup, kMostDecoderMemory, origins);
  finish_memory(options.limits.buffer_memory, "limits.buffer_memory", cgroup, kMostBufferMemory, origins);
}

std::vector<Note> start_notes(const Options& options, const Origins& origins) {
  const bool keepalive_is_explicit = origins.of("sse.keepalive").why.empty();
  std::vector<Note> notes = {{Note::Level::info, keepalive_note(options, origins)}};
  for (Note& note : behind_notes(options, keepalive_is_explicit)) notes.push_back(std::move(note));
  const RouteOptions& route = options.route;
  if (route.sse.early_headers >= route.timeouts.response && route.sse.early_headers > 0ms) {
    notes.push_back({Note::Level::warning, "sse.early_headers (" + format_duration(route.sse.early_headers) +
                                               ") never comes about: timeouts.response (" +
                                               format_duration(route.timeouts.response) + ") is over first"});
  }
  if (options.proxy_protocol && !origins.is_set("trusted_proxies")) {
    notes.push_back(
        {Note::Level::info,
         "proxy_protocol is on, and X-Forwarded-* is kept from peers with private addresses: behind a "
         "load balancer that passes it on as it comes, set trusted_proxies = []"});
  }
  if (!options.admin && options.admin_remote) {
    notes.push_back({Note::Level::warning, origins.named("admin_remote") +
                                               " has no effect: " + origins.named("admin") + " is off"});
  }
  add_listener_tls_notes(notes, options, origins);
  add_upstream_tls_notes(notes, options, origins);
  return notes;
}

}  // namespace sse_proxy
