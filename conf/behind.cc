#include "conf/behind.h"

#include <algorithm>
#include <ostream>

#include "conf/layout.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

constexpr milliseconds kMostKeepalive = 30s;
constexpr milliseconds kUsualKeepalive = 15s;  // what WHATWG's specification suggests
constexpr milliseconds kUsualIdle = 75s;       // more than ALB's 60 s and nginx's 60 s
constexpr milliseconds kIdleMargin = 20s;      // for the clocks and the closing of both sides

// Defaults as documented by the makers; where a product has several, the shortest. 100 s for Cloudflare:
// its own pages have said 100, 120 and 125.
constexpr Intermediary kTable[] = {
    {.name = "alb",
     .idle = 60s,
     .first_byte = 60s,
     .client_keepalive = 60s,
     .advice =
         "HTTP/2 PING and TCP keep-alive don't count; idle-timeout must exceed its own, or it answers 502"},
    {.name = "clb", .idle = 60s, .first_byte = 60s},
    {.name = "nlb", .idle = 350s},
    {.name = "cloudfront",
     .idle = 30s,
     .first_byte = 30s,
     .client_keepalive = 5s,
     .total_note = "optional",
     .advice = "switch caching off for the path; leave the response completion timeout unset"},
    {.name = "cloudflare",
     .idle = 100s,
     .first_byte = 100s,
     .advice = "a late first byte becomes status 524: early-headers helps"},
    {.name = "cloudflare-tunnel",
     .idle = 100s,
     .first_byte = 100s,
     .advice = "quick tunnels buffer GET streams: use a named tunnel"},
    {.name = "api-gateway-rest",
     .idle = 30s,
     .first_byte = 29s,
     .total = 15min,
     .cuts_healthy_streams = true,
     .advice = "set the response transfer mode STREAM: the default buffers all; regional ones allow 5m idle"},
    {.name = "api-gateway-http",
     .first_byte = 30s,
     .total = 30s,
     .cuts_healthy_streams = true,
     .advice = "it cannot stream: use a REST API with response transfer mode STREAM, or an ALB"},
    {.name = "service-connect",
     .idle = 300s,
     .total = 15s,
     .cuts_healthy_streams = true,
     .advice = "set perRequestTimeout to 0"},
    {.name = "app-runner",
     .total = 120s,
     .cuts_healthy_streams = true,
     .advice = "set max-stream-age below it, so that GET streams end cleanly"},
    {.name = "gcp-lb",
     .idle = 610s,
     .total = 30s,
     .client_keepalive = 600s,
     .total_note = "backend timeout",
     .cuts_healthy_streams = true,
     .advice = "raise the backend service's timeout"},
    {.name = "cloud-run",
     .total = 300s,
     .total_note = "to 1h",
     .cuts_healthy_streams = true,
     .advice = "raise the request timeout; set max-stream-age below it, so that GET streams end cleanly"},
    {.name = "azure-app-gateway",
     .idle = 20s,
     .first_byte = 20s,
     .advice = "disable the response buffer; the limit is its request timeout"},
    {.name = "azure-front-door",
     .idle = 30s,
     .first_byte = 30s,
     .advice = "the limit can be set to 16s-240s"},
    {.name = "azure-app-service", .idle = 230s, .first_byte = 230s},
    {.name = "heroku", .idle = 55s, .first_byte = 30s, .advice = "a late first byte becomes H12"},
    {.name = "fly", .idle = 60s},
    {.name = "vercel",
     .first_byte = 25s,
     .total_note = "per plan",
     .cuts_healthy_streams = true,
     .advice = "the function duration of the plan ends every stream"},
    {.name = "ngrok", .idle = 300s},
    {.name = "gcore", .idle = 30s, .first_byte = 30s},
    {.name = "nginx",
     .idle = 60s,
     .first_byte = 60s,
     .advice = "it obeys and hides X-Accel-Buffering: no, which sse-proxy sends"},
    {.name = "ingress-nginx",
     .idle = 60s,
     .first_byte = 60s,
     .total_note = "reload + 4m",
     .advice = "a reload of its configuration cuts streams after worker-shutdown-timeout"},
    {.name = "haproxy",
     .idle = 50s,
     .first_byte = 50s,
     .advice = "set option http-no-delay; timeout tunnel doesn't cover event streams"},
    {.name = "envoy",
     .idle = 300s,
     .total = 15s,
     .total_note = "route timeout",
     .cuts_healthy_streams = true,
     .advice = "set timeout: 0s on the route"},
    {.name = "istio", .idle = 300s, .advice = "raise terminationDrainDuration (5s) above drain-timeout"},
    {.name = "traefik", .advice = "leave event streams out of its compress middleware"},
    {.name = "kong",
     .idle = 60s,
     .first_byte = 60s,
     .advice = "set response_buffering to false on the route"},
    {.name = "ats", .idle = 30s, .first_byte = 30s},
};

template <class Visit>
void each_named(const std::vector<std::string>& behind, const Visit& visit) {
  for (const std::string& name : behind) {
    if (const Intermediary* entry = find_intermediary(name)) visit(*entry);
  }
}

std::string cell(milliseconds limit) { return limit.count() == 0 ? "-" : format_duration(limit); }

std::string total_cell(const Intermediary& entry) {
  const std::string note(entry.total_note);
  if (entry.total.count() == 0) return note.empty() ? "-" : note;
  return format_duration(entry.total) + (note.empty() ? "" : " (" + note + ")");
}

struct Row {
  std::string_view name;
  std::string idle, first_byte, total;
  std::string_view advice;
};

std::string format_row(const Row& row) {
  constexpr size_t kIdle = 19, kFirstByte = 26, kTotal = 38, kAdvice = 60;
  std::string out(row.name);
  fill_to(out, kIdle);
  out += row.idle;
  fill_to(out, kFirstByte);
  out += row.first_byte;
  fill_to(out, kTotal);
  out += row.total;
  if (row.advice.empty()) return out + "\n";
  fill_to(out, kAdvice);
  append_wrapped(out, row.advice, kAdvice);
  return out;
}

// Streams that end cleanly by themselves, 10 % jitter included, never reach the limit.
bool ends_before(milliseconds max_stream_age, milliseconds total) {
  return max_stream_age.count() > 0 && max_stream_age + max_stream_age / 10 < total;
}

Note total_note(const Intermediary& entry) {
  const std::string limit = entry.total.count() > 0 ? " cuts a response after " + format_duration(entry.total)
                                                    : " limits every response";
  return {Note::Level::warning, std::string(entry.name) + limit +
                                    ", and no keep-alive helps against that: " + std::string(entry.advice)};
}

Note idle_note(const Intermediary& entry, milliseconds keepalive) {
  const std::string cut =
      std::string(entry.name) + " cuts a stream after " + format_duration(entry.idle) + " of silence";
  const std::string state = keepalive.count() == 0
                                ? "sse.keepalive is off, but "
                                : "sse.keepalive is " + format_duration(keepalive) + ", but ";
  return {Note::Level::warning,
          state + cut + ": set it to auto or to at most " + format_duration(entry.idle / 2)};
}

}  // namespace

std::span<const Intermediary> intermediaries() { return kTable; }

const Intermediary* find_intermediary(std::string_view name) {
  const auto found = std::find_if(std::begin(kTable), std::end(kTable),
                                  [name](const Intermediary& entry) { return entry.name == name; });
  return found == std::end(kTable) ? nullptr : found;
}

void print_behind_table(std::ostream& out) {
  out << "What can stand in front of sse-proxy, for --behind NAME,... (defaults of each; yours may "
         "differ)\n\n"
      << format_row({"NAME", "IDLE", "FIRST BYTE", "WHOLE RESPONSE", "ADVICE"});
  for (const Intermediary& entry : kTable) {
    out << format_row(
        {entry.name, cell(entry.idle), cell(entry.first_byte), total_cell(entry), entry.advice});
  }
  out << "\nIDLE: longest silence between two bytes; keep-alives keep clear of it.\n"
         "FIRST BYTE: longest wait for the head of a response; early-headers keeps clear of it.\n"
         "WHOLE RESPONSE: age at which any response is cut; neither helps against it.\n";
}

Derived derive_keepalive(const std::vector<std::string>& behind) {
  const Intermediary* shortest = nullptr;
  each_named(behind, [&](const Intermediary& entry) {
    if (entry.idle.count() > 0 && (!shortest || entry.idle < shortest->idle)) shortest = &entry;
  });
  if (behind.empty()) return {kUsualKeepalive, "the usual interval, as behind names nothing in front"};
  if (!shortest)
    return {kUsualKeepalive, "the usual interval, as nothing that behind names has an idle timeout"};
  return {std::min(shortest->idle / 2, kMostKeepalive),
          "half of " + std::string(shortest->name) + "'s idle timeout of " + format_duration(shortest->idle) +
              ", at most " + format_duration(kMostKeepalive)};
}

Derived derive_idle_timeout(const std::vector<std::string>& behind) {
  const Intermediary* longest = nullptr;
  each_named(behind, [&](const Intermediary& entry) {
    if (entry.client_keepalive.count() > 0 &&
        (!longest || entry.client_keepalive > longest->client_keepalive)) {
      longest = &entry;
    }
  });
  if (!longest) return {kUsualIdle, "the usual value, longer than most load balancers keep a connection"};
  return {std::max(kUsualIdle,
                   longest->client_keepalive + (longest->client_keepalive < kUsualIdle ? 0s : kIdleMargin)),
          "longer than the " + format_duration(longest->client_keepalive) + " for which " +
              std::string(longest->name) + " keeps an idle connection"};
}

std::vector<Note> behind_notes(const Options& options, bool keepalive_is_explicit) {
  const SseOptions& sse = options.route.sse;
  const milliseconds keepalive = sse.keepalive.value_or(0ms);
  std::vector<Note> notes;
  each_named(options.behind, [&](const Intermediary& entry) {
    const bool too_slow = keepalive.count() == 0 || keepalive >= entry.idle;
    if (keepalive_is_explicit && entry.idle.count() > 0 && too_slow)
      notes.push_back(idle_note(entry, keepalive));
    if (entry.cuts_healthy_streams && !ends_before(sse.max_stream_age, entry.total))
      notes.push_back(total_note(entry));
    const milliseconds idle = options.route.timeouts.idle.value_or(kMaxDuration);
    if (idle <= entry.client_keepalive) {
      notes.push_back({Note::Level::warning, "timeouts.idle is " + format_duration(idle) + ", but " +
                                                 std::string(entry.name) + " keeps idle connections for " +
                                                 format_duration(entry.client_keepalive) +
                                                 " and answers 502 when one closes: set it to auto"});
    }
  });
  return notes;
}

std::vector<Note> first_byte_notes(const Options& options) {
  const milliseconds early = options.route.sse.early_headers;
  std::vector<Note> notes;
  each_named(options.behind, [&](const Intermediary& entry) {
    if (entry.first_byte.count() == 0 || (early.count() > 0 && early < entry.first_byte)) return;
    notes.push_back({Note::Level::info,
                     std::string(entry.name) + " gives up when the head of a response takes longer than " +
                         format_duration(entry.first_byte) +
                         ": where the app can think that long, set sse.early_headers below it"});
  });
  return notes;
}

}  // namespace sse_proxy
