#include "proxy/ops/certificates.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "proxy/ops/log.h"

namespace sse_proxy {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::time_t kWarnBefore = 14 * 24 * 60 * 60;

void log_certificates(const tls::ServerContext& context) {
  for (const tls::KeyPair& pair : context.pairs()) {
    const bool soon = pair.expires() - std::time(nullptr) < kWarnBefore;
    (soon ? log::warn : log::info)(pair.description(), {{"file", std::string_view(pair.file)}});
  }
}

}  // namespace

std::vector<Certificates::Stamp> Certificates::stamps_of(const std::vector<std::string>& files) {
  std::vector<Stamp> stamps;
  for (const std::string& file : files) {
    struct stat s {};
    const bool there = stat(file.c_str(), &s) == 0;
    stamps.push_back(there ? Stamp{s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec}
                           : Stamp{});
  }
  return stamps;
}

Certificates::Certificates(const Options& options) : options_(options) {
  const auto has_tls = [](const Endpoint& endpoint) { return endpoint.tls; };
  wants_server_ = std::any_of(options.listen.begin(), options.listen.end(), has_tls);
  wants_client_ = std::any_of(options.upstream.begin(), options.upstream.end(), has_tls);
}

Certificates::~Certificates() {
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

std::optional<Error> Certificates::start() {
  if (!wants_server_ && !wants_client_) return std::nullopt;
  std::vector<Stamp> known = stamps_of(files());
  if (auto error = load()) return error;
  watcher_ = std::thread([this, known = std::move(known)] { watch(known); });
  return std::nullopt;
}

std::optional<Error> Certificates::load() {
  std::shared_ptr<tls::ServerContext> server;
  std::shared_ptr<tls::ClientContext> client;
  if (wants_server_) {
    const TlsOptions& tls = options_.tls;
    auto loaded = tls::ServerContext::load({.certificates = tls.cert,
                                            .keys = tls.key,
                                            .client_ca = tls.client_ca,
                                            .only_tls13 = tls.min_version == TlsVersion::v1_3},
                                           tickets_);
    if (!loaded) return loaded.error();
    server = *std::move(loaded);
    log_certificates(*server);
  }
  if (wants_client_) {
    const UpstreamTlsOptions& tls = options_.upstream_tls;
    std::vector<std::string> names;
    for (const Endpoint& upstream : options_.upstream) {
      names.push_back(!upstream.tls ? "" : tls.server_name.empty() ? upstream.host : tls.server_name);
    }
    auto loaded = tls::ClientContext::load(
        {.ca = tls.ca, .certificate = tls.cert, .key = tls.key, .insecure = tls.insecure}, std::move(names));
    if (!loaded) return loaded.error();
    client = *std::move(loaded);
  }
  const std::lock_guard lock(mutex_);
  server_ = std::move(server);
  client_ = std::move(client);
  return std::nullopt;
}

std::vector<std::string> Certificates::files() const {
  std::vector<std::string> files;
  if (wants_server_) {
    files = options_.tls.cert;
    files.insert(files.end(), options_.tls.key.begin(), options_.tls.key.end());
    files.push_back(options_.tls.client_ca);
  }
  const UpstreamTlsOptions& upstream = options_.upstream_tls;
  if (wants_client_) files.insert(files.end(), {upstream.ca, upstream.cert, upstream.key});
  std::erase(files, "");
  return files;
}

void Certificates::watch(std::vector<Stamp> known) {
  const std::vector<std::string> names = files();
  for (;;) {
    bool requested = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kLookEvery, [this] { return stop_ || reload_requested_; });
      if (stop_) return;
      requested = std::exchange(reload_requested_, false);
    }
    std::vector<Stamp> now = stamps_of(names);
    if (now == known && !requested) continue;
    known = std::move(now);
    if (const auto error = load()) {
      reload_failures_.fetch_add(1, std::memory_order_relaxed);
      log::warn("certificates are not reloaded, the old ones stay: " + error->message, {});
    } else {
      log::info("certificates reloaded: new connections use them", {});
    }
  }
}

void Certificates::reload() {
  {
    const std::lock_guard lock(mutex_);
    reload_requested_ = true;
  }
  wake_.notify_all();
}

std::shared_ptr<tls::ServerContext> Certificates::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

std::shared_ptr<tls::ClientContext> Certificates::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

}  // namespace sse_proxy
