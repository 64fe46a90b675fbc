#include "proxy/ops/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parser/clock.h"
#include "parser/http1_writer.h"

namespace sse_proxy::log {
namespace {

constexpr uint64_t kRepeats = 10;           // lines of one message in a second
constexpr size_t kMessages = 256;           // that are counted apart
constexpr Millis kLastLinesPatience{2000};  // a pipe that nobody reads does not keep the process from ending
constexpr size_t kQueuedLines = 1024;       // the oldest give way: a stuck log pipe may not stop a stream

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

// What goes wrong a thousand times a second is said ten times, and then how often it was left out.
class Repeats {
 public:
  // Nothing: this line is one too many. Else how many were left out before it.
  std::optional<uint64_t> admit(std::string_view message) {
    const std::time_t now = std::time(nullptr);
    const std::lock_guard lock(mutex_);
    if (messages_.size() >= kMessages) messages_.clear();
    Entry& entry = messages_.try_emplace(std::string(message)).first->second;
    if (entry.second != now) {
      entry.second = now;
      entry.lines = 0;
    }
    if (++entry.lines <= kRepeats) return std::exchange(entry.left_out, 0);
    ++entry.left_out;
    return std::nullopt;
  }
  template <class F>
  void for_each_left_out(F&& f) {
    for (const auto& [message, entry] : std::exchange(messages_, {})) {
      if (entry.left_out > 0) f(message, entry.left_out);
    }
  }

 private:
  struct Entry {
    std::time_t second = 0;
    uint64_t lines = 0;     // in that second
    uint64_t left_out = 0;  // and not spoken of yet
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> messages_;
};
Repeats repeats;

void write_line(LogLevel level, std::string_view message, std::span<const Field> fields) {
  // The level is written by us; spdlog only carries the line to its thread.
  logger->log(spdlog::level::info, spdlog::string_view_t("{}"),
              format == LogFormat::json ? as_json(level, message, fields) : as_text(level, message, fields));
}

// Warnings repeat when something fails for everybody; what happens once an exchange is told each time.
void write_unless_repeated(LogLevel level, std::string_view message, std::span<const Field> fields) {
  const auto left_out = repeats.admit(message);
  if (!left_out) return;
  if (*left_out == 0) return write_line(level, message, fields);
  std::vector<Field> more(fields.begin(), fields.end());
  more.push_back({"left_out_before", *left_out});
  write_line(level, message, more);
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

bool stop() {
  if (enabled(LogLevel::warn)) {
    repeats.for_each_left_out([](std::string_view message, uint64_t count) {
      write_line(LogLevel::warn, message, std::array{Field{"left_out_before", count}});
    });
  }
  threshold = LogLevel::off;
  logger.reset();
  const auto written = std::make_shared<std::promise<void>>();
  std::thread([written] {
    spdlog::shutdown();
    written->set_value();
  }).detach();
  return written->get_future().wait_for(kLastLinesPatience) == std::future_status::ready;
}

bool enabled(LogLevel level) noexcept {
  const LogLevel least = threshold.load(std::memory_order_relaxed);
  return level >= least && least != LogLevel::off;
}

void write(LogLevel level, std::string_view message, std::span<const Field> fields) {
  if (!enabled(level)) return;
  level >= LogLevel::warn ? write_unless_repeated(level, message, fields)
                          : write_line(level, message, fields);
}

}  // namespace sse_proxy::log
