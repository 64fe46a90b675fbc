// An origin whose events have numbers, and a crowd of clients that come back for those that they have missed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench/loop.h"

namespace sse_proxy::test {

// NumberedOrigin has one endless log of events, one every half a second, each sent in two halves that come
// apart. A request gets those behind its Last-Event-ID that are due already, then the others as they come;
// `retry: 200` goes before them.
//   Owned by  a test. Thread: one of its own; the test may call what is public.
class NumberedOrigin {
 public:
  NumberedOrigin();
  ~NumberedOrigin();
  NumberedOrigin(const NumberedOrigin&) = delete;
  NumberedOrigin& operator=(const NumberedOrigin&) = delete;

  [[nodiscard]] std::string url() const;
  // Responses to POSTs end, each with `data: last`, spread evenly over the time from now on.
  void end_posts_within(std::chrono::milliseconds time);

  // For bench::Loop.
  void on_ready(uint64_t id, uint32_t events);
  void on_due(uint64_t id, int64_t due);

 private:
  struct Connection;

  void accept_all();
  bool read(Connection& connection);
  bool start_stream(Connection& connection);
  bool send_half(Connection& connection);
  void plan_next(const Connection& connection);
  [[nodiscard]] bool is_over(const Connection& connection) const;
  void drop(const Connection& connection);

  bench::Loop loop_;
  int listener_;
  int64_t began_;
  uint64_t last_id_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::atomic<int64_t> posts_end_from_{INT64_MAX};
  std::atomic<int64_t> posts_end_within_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Crowd is `readers` that do as EventSource does (GET; at an end they wait for as long as `retry` says and
// come back with Last-Event-ID), and `posts`, which nobody sends twice. No client closes a connection by
// itself.
//   Owned by  a test. Thread: the test's; all happens in run_until().
class Crowd {
 public:
  struct Counts {
    size_t live = 0;         // streams whose first event has come, and not their end
    size_t events = 0;       // all that came
    size_t missing = 0;      // ids that were left out
    size_t doubled = 0;      // ids that came again
    size_t broken = 0;       // connections that failed before the end of a response, or were refused
    size_t caught_up = 0;    // readers with a next event from after they came back
    size_t whole_posts = 0;  // with their last event and a clean end
    int64_t latest = 0;      // the longest time, in nanoseconds, from an event's first half to its arrival
  };

  // All connect to `port` of the loopback interface, now and later.
  Crowd(size_t readers, size_t posts, uint16_t port);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Looks every 10 ms whether it is so. False: it is not within `patience`.
  bool run_until(const std::function<bool()>& is_so, std::chrono::seconds patience);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  void forget_latest() { counts_.latest = 0; }
  // When readers' first responses ended, and when their second ones began: bench::now_ns().
  [[nodiscard]] const std::vector<int64_t>& ends() const { return ends_; }
  [[nodiscard]] const std::vector<int64_t>& returns() const { return returns_; }

  // For bench::Loop.
  void on_ready(uint64_t id, uint32_t events);
  void on_due(uint64_t id, int64_t due);

 private:
  struct Member;  // a client, over all its connections
  struct Connection;

  void connect(Member& member);
  bool send_request(Connection& connection);
  bool read(Connection& connection);
  bool take(Connection& connection);
  void take_line(Member& member, std::string_view line);
  void end_response(Connection& connection);
  void come_back(const Member& member);

  bench::Loop loop_;
  uint16_t port_;
  std::vector<Member> members_;  // a member's timer has its index, plus one, as id
  uint64_t last_id_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  Counts counts_;
  std::vector<int64_t> ends_;
  std::vector<int64_t> returns_;
};

}  // namespace sse_proxy::test
