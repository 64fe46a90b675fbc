#include "proxy/ops/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "parser/http1_writer.h"

namespace sse_proxy::log {
namespace {

constexpr size_t kQueuedLines = 2048;  // the oldest give way: a stuck log pipe may not stop a stream

std::shared_ptr<spdlog::logger> logger;
std::atomic<LogLevel> threshold{LogLevel::off};
LogFormat format = LogFormat::text;

constexpr std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
    case LogLevel::off: return "off";
  }
  return "";
}

std::string now_as_iso8601() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1'000'000);
}

bool is_plain(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '='; });
}

bool is_empty(const Field& field) noexcept {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

std::string as_text(LogLevel level, std::string_view message, std::span<const Field> fields) {
  std::string line = fmt::format("{} {:<5} {}", now_as_iso8601(), name_of(level), message);
  for (const Field& field : fields) {
    if (is_empty(field)) continue;
    line.append(" ").append(field.key).append("=");
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
            line += is_plain(value) ? std::string(value) : json_string(value);
          } else {
            line += fmt::format("{}", value);
          }
        },
        field.value);
  }
  return line;
}

std::string as_json(LogLevel level, std::string_view message, std::span<const Field> fields) {
  nlohmann::ordered_json line = {{"time", now_as_iso8601()}, {"level", name_of(level)}, {"message", message}};
  for (const Field& field : fields) {
    if (is_empty(field)) continue;
    std::visit([&](const auto& value) { line[std::string(field.key)] = value; }, field.value);
  }
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void start(LogLevel level, LogFormat chosen_format) {
  threshold = level;
  format = chosen_format;
  if (level == LogLevel::off) return;
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(spdlog::color_mode::never);
  logger = std::make_shared<spdlog::async_logger>("sse-proxy", std::move(sink), spdlog::thread_pool(),
                                                  spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);  // by the log thread: a line is there when it is read for
}

void set_level(LogLevel level) noexcept {
  if (logger != nullptr) threshold = level;
}

void stop() {
  threshold = LogLevel::off;
  logger.reset();
  spdlog::shutdown();
}

bool enabled(LogLevel level) noexcept {
  const LogLevel least = threshold.load(std::memory_order_relaxed);
  return level >= least && least != LogLevel::off;
}

void write(LogLevel level, std::string_view message, std::span<const Field> fields) {
  if (!enabled(level)) return;
  // The level is written by us; spdlog only carries the line to its thread.
  logger->log(spdlog::level::info, spdlog::string_view_t("{}"),
              format == LogFormat::json ? as_json(level, message, fields) : as_text(level, message, fields));
}

}  // namespace sse_proxy::log
