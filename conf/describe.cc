// What `check` says: the configuration in sentences, or as TOML with the source of each value.
#include <algorithm>

#include "conf/behind.h"
#include "conf/settings.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

std::string texts(const std::vector<Endpoint>& endpoints) {
  std::string out;
  for (const Endpoint& endpoint : endpoints) {
    out.append(out.empty() ? "" : ", ").append(endpoint.text);
    if (endpoint.tls && !endpoint.has_scheme) out.append(" (TLS)");
  }
  return out;
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out.append(out.empty() ? "" : ", ").append(item);
  return out;
}

std::string host_sentence(const Options& options) {
  if (options.upstream_host == "keep") return "with the Host that the client sent";
  if (options.upstream_host == "upstream") return "with the upstream's own Host";
  return "with Host: " + options.upstream_host;
}

std::string trust_sentence(const std::vector<std::string>& trusted) {
  if (trusted.empty() || trusted.front() == "none") return "Replaces every X-Forwarded-* that comes in.";
  return "Keeps X-Forwarded-* of trusted proxies (" + joined(trusted) + "), and replaces that of others.";
}

void add_line(std::string& out, const std::string& line) { out += line + "\n"; }

void describe_tls(std::string& out, const Options& options) {
  const TlsOptions& tls = options.tls;
  if (std::ranges::any_of(options.listen, &Endpoint::tls)) {
    const char* versions = tls.min_version == TlsVersion::v1_2 ? "1.2 and later" : "1.3";
    std::string line = std::string("Speaks TLS ") + versions + " with " + joined(tls.cert);
    if (!tls.client_ca.empty()) line += "; a client needs a certificate that " + tls.client_ca + " verifies";
    add_line(out, line + ".");
  }
  const UpstreamTlsOptions& upstream = options.upstream_tls;
  if (std::ranges::none_of(options.upstream, &Endpoint::tls)) return;
  std::string line = "Does not verify https upstreams";
  if (!upstream.insecure) {
    line = "Verifies https upstreams by " + (upstream.ca.empty() ? "the system's authorities" : upstream.ca);
  }
  if (!upstream.server_name.empty()) line += ", as " + upstream.server_name;
  if (!upstream.cert.empty()) line += ", and shows them " + upstream.cert;
  add_line(out, line + ".");
}

void describe_streams(std::string& out, const Options& options) {
  const SseOptions& sse = options.route.sse;
  if (!options.sse_paths.empty()) {
    add_line(out, "Expects event streams at " + joined(options.sse_paths) +
                      ", whatever the request's Accept says.");
  }
  if (sse.early_headers > 0ms) {
    add_line(out, "Answers an expected event stream with 200 when the upstream is silent for " +
                      format_duration(sse.early_headers) + ".");
  }
  std::string held = "Holds an incomplete event up to " + format_size(sse.max_event_bytes);
  if (sse.partial_flush > 0ms) held += " or " + format_duration(sse.partial_flush);
  add_line(out, held + ".");
  if (sse.on_disconnect == OnDisconnect::drain)
    add_line(out, "Reads the upstream to its end when the client has gone.");
  if (sse.max_stream_age > 0ms)
    add_line(out, "Ends GET streams cleanly at the age of " + format_duration(sse.max_stream_age) + ".");
}

void describe_rules(std::string& out, const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    std::string changes;
    const auto add = [&](const std::string& what) {
      changes.append(changes.empty() ? "" : ", ").append(what);
    };
    if (rule.event_stream)
      add(*rule.event_stream ? "an event stream is expected" : "no event stream is expected");
    if (rule.upgrades) add(rule.upgrades->empty() ? "no upgrades" : "upgrades to " + joined(*rule.upgrades));
    RouteOptions values = rule.values;
    for (const auto& [field, source] : rule.settings) {
      add(std::string(field->key) + " = " + toml_value(*field, Target(values)));
    }
    const std::string methods = rule.methods.empty() ? "" : joined(rule.methods) + " ";
    add_line(out, "For " + methods + rule.path.text() + ": " +
                      (changes.empty() ? "nothing changes" : changes) + ".");
  }
}

void describe_note(std::string& out, const Note& note) {
  add_line(out, (note.level == Note::Level::warning ? "warning: " : "note: ") + note.text);
}

std::string quoted_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out.append(out.empty() ? "" : ", ").append(in_quotes(item));
  return "[" + out + "]";
}

}  // namespace

std::string describe(const Loaded& loaded) {
  const Options& options = loaded.options;
  std::string out;
  add_line(out, "Listens on " + texts(options.listen) + ", with " + std::to_string(options.workers) +
                    (options.workers == 1 ? " worker." : " workers."));
  add_line(out, "Passes requests to " + texts(options.upstream) +
                    (options.upstream.size() > 1 ? " in turn, " : ", ") + host_sentence(options) + ".");
  if (options.admin) {
    add_line(out, "Answers probes and scrapes on " + options.admin->text + ", " +
                      (options.admin_remote ? "and the rest for whoever reaches it."
                                            : "and the rest for peers on this machine."));
  }
  if (!options.behind.empty()) add_line(out, "Stands behind " + joined(options.behind) + ".");
  add_line(out, trust_sentence(options.trusted_proxies.texts));
  describe_tls(out, options);
  describe_streams(out, options);
  describe_rules(out, loaded.rules);
  for (const Note& note : loaded.notes) describe_note(out, note);
  for (const Note& note : first_byte_notes(options)) describe_note(out, note);
  add_line(out, "The configuration is valid.");
  return out;
}

std::string print_rule(const Rule& rule) {
  std::string out = "[[rule]]  # " + rule.source + "\npath = " + in_quotes(rule.path.text()) + "\n";
  if (!rule.methods.empty()) out += "method = " + quoted_list(rule.methods) + "\n";
  if (rule.event_stream) out.append("event_stream = ").append(*rule.event_stream ? "true\n" : "false\n");
  if (rule.upgrades) out += "upgrades = " + quoted_list(*rule.upgrades) + "\n";
  RouteOptions values = rule.values;
  for (const auto& [field, source] : rule.settings) {
    out += std::string(field->key) + " = " + toml_value(*field, Target(values)) + "  # " + source + "\n";
  }
  return out;
}

std::string print_settings(const Loaded& loaded) {
  Options options = loaded.options;  // Target is for writing as well
  std::string out;
  for (const auto& [field, source] : loaded.provenance) {
    out += std::string(field->key) + " = " + toml_value(*field, Target(options)) + "  # " + source + "\n";
  }
  for (const Rule& rule : loaded.rules) out += "\n" + print_rule(rule);
  return out;
}

}  // namespace sse_proxy
