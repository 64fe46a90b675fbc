#include "proxy/admin/metrics.h"

#include <dirent.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <utility>

namespace sse_proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Collects families; the prefix is added here.
class Page {
 public:
  void begin(std::string name, MetricType type, std::string help) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  void counter(double value, Labels labels = {}) { add(std::move(labels)).counter.value = value; }
  void gauge(double value, Labels labels = {}) { add(std::move(labels)).gauge.value = value; }
  ClientMetric::Histogram& histogram() { return add({}).histogram; }

  void one_counter(const std::string& name, double value, std::string help) {
    begin(name + "_total", MetricType::Counter, std::move(help));
    counter(value);
  }
  void one_gauge(std::string name, double value, std::string help, Labels labels = {}) {
    begin(std::move(name), MetricType::Gauge, std::move(help));
    gauge(value, std::move(labels));
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  ClientMetric& add(Labels labels) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }
  std::vector<MetricFamily> families_;
};

std::string prefixed(std::string_view name) { return "sse_proxy_" + std::string(name); }

template <class F>
double sum(Workers workers, F&& of) {
  uint64_t total = 0;
  for (const auto& worker : workers) total += of(std::as_const(*worker).counters());
  return static_cast<double>(total);
}

void add_counters(Page& page, Workers workers) {
#define SSE_PROXY_PAGE(member, meaning)                                                                 \
  page.one_counter(prefixed(#member), sum(workers, [](const Counters& c) { return c.member.value(); }), \
                   meaning);
  SSE_PROXY_COUNTERS(SSE_PROXY_PAGE)
#undef SSE_PROXY_PAGE
#define SSE_PROXY_PAGE(member, label, names, meaning)                                     \
  page.begin(prefixed(#member "_total"), MetricType::Counter, meaning);                   \
  for (size_t i = 0; i < (names).size(); ++i) {                                           \
    page.counter(sum(workers, [i](const Counters& c) { return c.member.at(i).value(); }), \
                 {{label, std::string((names)[i])}});                                     \
  }
  SSE_PROXY_LABELLED_COUNTERS(SSE_PROXY_PAGE)
#undef SSE_PROXY_PAGE
}

template <class F>
void add_histogram(Page& page, const std::string& name, const char* meaning, Workers workers, F&& of) {
  page.begin(prefixed(name) + "_seconds", MetricType::Histogram, meaning);
  ClientMetric::Histogram& histogram = page.histogram();
  uint64_t count = 0;
  for (size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    count += static_cast<uint64_t>(sum(workers, [&](const Counters& c) { return of(c).bucket(i); }));
    const bool last = i + 1 == DurationHistogram::kBuckets;
    const double limit =
        last ? std::numeric_limits<double>::infinity() : static_cast<double>(uint64_t{1} << i) / 1000;
    histogram.bucket.push_back({count, limit});
  }
  histogram.sample_count = count;
  histogram.sample_sum = sum(workers, [&](const Counters& c) { return of(c).sum_ms(); }) / 1000;
}

void add_histograms(Page& page, Workers workers) {
#define SSE_PROXY_PAGE(member, meaning) \
  add_histogram(                        \
      page, #member, meaning, workers, [](const Counters& c) -> auto& { return c.member; });
  SSE_PROXY_HISTOGRAMS(SSE_PROXY_PAGE)
#undef SSE_PROXY_PAGE
}

void add_state(Page& page, Shared& shared, Workers workers) {
  // What has ended is read first: no stream is seen to end before it begins.
  const double ended = sum(workers, [](const Counters& c) { return c.streams_ended.value(); });
  const double begun = sum(workers, [](const Counters& c) { return c.streams_opened.value(); });
  const auto connections = static_cast<double>(shared.connections.load());
  page.one_gauge(prefixed("streams_open"), begun - ended, "event streams now");
  page.one_gauge(prefixed("client_connections"), connections, "client connections now");
  page.one_gauge(prefixed("client_connections_limit"), static_cast<double>(shared.max_connections),
                 "client connections that there may be");
  page.one_gauge(prefixed("upstream_connections_idle"),
                 sum(workers, [](const Counters& c) { return c.upstream_idle.value(); }),
                 "kept-alive upstream connections now");
  page.begin(prefixed("upstream_up"), MetricType::Gauge, "0 while an upstream is left out for failing");
  for (size_t i = 0; i < shared.options.upstream.size(); ++i) {
    page.gauge(shared.health.is_out(i) ? 0 : 1, {{"upstream", shared.options.upstream[i].text}});
  }
  page.one_gauge(prefixed("buffer_bytes"), static_cast<double>(shared.buffers.used()),
                 "bytes held and queued now");
  page.one_gauge(prefixed("buffer_bytes_limit"), static_cast<double>(*shared.options.limits.buffer_memory),
                 "bytes that may be held and queued: limits.buffer_memory");
  page.one_gauge(prefixed("decoder_bytes"), static_cast<double>(shared.decoders.used()),
                 "bytes of decoders now");
  page.one_gauge(prefixed("decoder_bytes_limit"), static_cast<double>(*shared.options.decoder_memory),
                 "bytes that decoders may have: sse.decoder_memory");
  page.one_gauge(prefixed("workers"), static_cast<double>(workers.size()), "event loops");
  page.one_gauge(prefixed("ready"), shared.draining ? 0 : 1, "what /readyz says");
  const auto at_start = static_cast<double>(shared.drain_began_with.load());
  const bool draining = shared.draining;
  page.one_gauge(prefixed("draining"), draining ? 1 : 0, "1 from the signal to end on");
  page.one_gauge(prefixed("drain_progress_ratio"),
                 !draining                 ? 0
                 : at_start <= connections ? (at_start > 0 ? 0 : 1)
                                           : 1 - connections / at_start,
                 "client connections closed since the drain began, as a share of those that there were");
}

void add_certificates(Page& page, const Shared& shared) {
  page.one_counter(prefixed("config_reload_failures"), static_cast<double>(shared.reload_failures.load()),
                   "times that the configuration could not be read again and the old one stayed");
  page.one_counter(prefixed("certificate_reload_failures"),
                   static_cast<double>(shared.certificates.reload_failures()),
                   "times that new certificates could not be loaded and the old ones stayed");
  const auto context = shared.certificates.server();
  if (context == nullptr) return;
  page.begin(prefixed("certificate_expiry_timestamp_seconds"), MetricType::Gauge,
             "when a certificate that is shown to clients expires");
  for (const tls::KeyPair& pair : context->pairs()) {
    page.gauge(static_cast<double>(pair.expires()),
               {{"file", pair.file}, {"subject", tls::short_name(*pair.certificate)}});
  }
}

size_t open_descriptors(size_t limit) {
  struct stat status {};
  if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) return static_cast<size_t>(status.st_size);
  // Before Linux 6.2 they have to be counted, and that takes a descriptor.
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return limit;
  size_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count - 3;  // `.`, `..` and the folder's own
}

// The names that every Prometheus client gives these.
void add_process(Page& page, const Shared& shared) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  page.one_counter("process_cpu_seconds", seconds(usage.ru_utime) + seconds(usage.ru_stime),
                   "user and system CPU time");
  size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  page.one_gauge("process_resident_memory_bytes",
                 static_cast<double>(resident) * static_cast<double>(getpagesize()), "resident memory");
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  page.one_gauge("process_open_fds", static_cast<double>(open_descriptors(limit.rlim_cur)),
                 "open file descriptors");
  page.one_gauge("process_max_fds", static_cast<double>(limit.rlim_cur),
                 "file descriptors that there may be");
  page.one_gauge("process_start_time_seconds", static_cast<double>(shared.started),
                 "start, in seconds since 1970");
}

// "application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1", as Prometheus sends it.
bool accepts_open_metrics(const RequestHead& request) {
  bool accepts = false;
  for_each_element(request.fields.joined(FieldId::accept), [&](std::string_view element) {
    accepts = accepts || equals_ignoring_case(media_type(element), "application/openmetrics-text");
  });
  return accepts;
}

}  // namespace

std::string as_open_metrics(std::string_view text) {
  constexpr std::string_view kTotal = "_total", kFirst = "{le=\"",
                             kLater = ",le=\"";  // other labels end in `le`
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string line(text.substr(0, end));
    text.remove_prefix(end);
    if (line.starts_with("# ")) {
      const size_t name_end = std::min(line.find(' ', 7), line.size());  // behind "# HELP " or "# TYPE "
      if (std::string_view(line).substr(0, name_end).ends_with(kTotal))
        line.erase(name_end - kTotal.size(), kTotal.size());
    } else if (const size_t limit = std::min(line.find(kFirst), line.find(kLater));
               limit != std::string::npos) {
      const size_t from = limit + kFirst.size(), to = line.find('"', from);
      if (line.substr(from, to - from).find_first_of(".eI") == std::string::npos) line.insert(to, ".0");
    }
    out += line;
  }
  return out += "# EOF\n";
}

AdminAnswer metrics_answer(const RequestHead& request, Shared& shared, Workers workers) {
  Page page;
  add_counters(page, workers);
  add_histograms(page, workers);
  add_state(page, shared, workers);
  add_certificates(page, shared);
  add_process(page, shared);
  page.one_gauge(prefixed("build_info"), 1, "what runs", {{"version", SSE_PROXY_VERSION}});
  AdminAnswer answer;
  const bool open_metrics = accepts_open_metrics(request);
  answer.type = open_metrics ? kOpenMetricsType : kTextType;
  answer.body = open_metrics ? as_open_metrics(page.text()) : page.text();
  answer.fields.add("Vary", "Accept");
  return answer;
}

}  // namespace sse_proxy
