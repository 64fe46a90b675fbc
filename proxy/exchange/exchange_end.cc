// How an exchange ends when not by a complete response: a stream's age, the drain, the admin's word, a
// failure.
#include <algorithm>
#include <utility>

#include "parser/header_policy.h"
#include "proxy/exchange/error_event_body.h"
#include "proxy/exchange/exchange.h"
#include "proxy/ops/log.h"

namespace sse_proxy {
namespace {

// `retry` is sticky in browsers: small, the spread comes from the end times.
constexpr Millis kDefaultRetry{2000};
// Of the drain: a stream in the middle of an event needs a little longer.
constexpr double kLatestDrainEnd = 0.9;

bool is_reconnectable(int status) noexcept { return status == 502 || status == 503 || status == 504; }

}  // namespace

// A GET stream ends at `sse.max_stream_age` (10 % early at random), or at a moment of the drain.
void Exchange::plan_stream_end(TimePoint earliest) {
  if (method_ != "GET") return;
  const Millis age = route_->route.sse.max_stream_age;
  if (age > Millis::zero() && stream_end_due_ == kNever) {
    stream_end_due_ = worker_.now() + worker_.spread(age, 0.9, 1.0);
    stream_end_outcome_ = Outcome::too_old;
  }
  if (worker_.draining() && earliest == kNever) earliest = worker_.now();
  if (earliest == kNever) return;
  const Millis left = std::max(Millis::zero(), worker_.drain_ends() - earliest);
  const TimePoint end = earliest + worker_.spread(left, 0.0, kLatestDrainEnd);
  if (end >= stream_end_due_) return;
  stream_end_due_ = end;
  stream_end_outcome_ = Outcome::drained;
}

void Exchange::on_drain() {
  if (phase_ == Phase::done || body_ == nullptr || body_->events() == nullptr) return;
  plan_stream_end(worker_.now());
  reschedule();
}

void Exchange::end_stream_if_due(TimePoint now) {
  if (now < stream_end_due_ || body_ == nullptr || phase_ == Phase::done) return;
  EventStream* const stream = body_->events();
  if (stream == nullptr || !stream->can_end()) return;  // asked again after the next bytes
  const Millis base = stream->last_retry().value_or(kDefaultRetry);
  (void)stream->write_retry(worker_.spread(base, 0.5, 1.5), now);
  client_->end({}, nullptr);
  finish(stream_end_outcome_);
}

bool Exchange::end_stream() {
  if (method_ != "GET") {  // a clean end would make half an answer look whole
    body_->release_held(worker_.now());
    client_->abort();
    finish(Outcome::ended_by_admin);
    return true;
  }
  stream_end_due_ = worker_.now();
  stream_end_outcome_ = Outcome::ended_by_admin;
  end_stream_if_due(worker_.now());
  if (phase_ != Phase::done) reschedule();
  return phase_ == Phase::done;
}

std::string_view Exchange::phase_name() const noexcept {
  switch (phase_) {
    case Phase::connecting: return connector_ == nullptr ? "request" : "connecting";
    case Phase::awaiting_head: return request_complete_ ? "awaiting-head" : "sending-request";
    case Phase::responding: return "responding";
    case Phase::tunnelling: return "tunnelling";
    case Phase::done: break;
  }
  return "done";
}

UpstreamPhase Exchange::upstream_phase() const noexcept {
  if (phase_ == Phase::connecting) return UpstreamPhase::connecting;
  return phase_ == Phase::awaiting_head ? UpstreamPhase::awaiting_head : UpstreamPhase::responding;
}

std::string_view Exchange::upstream_text() const noexcept {
  if (upstream_ != nullptr) return worker_.options().upstream[upstream_->upstream()].text;
  return connector_ == nullptr ? "-" : connector_->upstream_text();
}

void Exchange::fail(const Error& error) {
  if (phase_ == Phase::done) return;
  Counters& counters = worker_.counters();
  switch (error.side) {
    case Side::client: counters.refused[refusal_of(error.status)].add(); break;
    case Side::upstream: counters.upstream_errors[upstream_phase()].add(); break;
    case Side::self: counters.own_errors.add(); break;
  }
  log::warn(error.message, {{"reason", std::string_view(error.detail)},
                            {"client", origin_.client.text()},
                            {"id", std::string_view(origin_.id)},
                            {"method", std::string_view(method_)},
                            {"path", std::string_view(path_)},
                            {"status", int64_t{error.status}},
                            {"phase", phase_name()},
                            {"upstream", upstream_text()},
                            {"ms", static_cast<int64_t>((worker_.now() - started_).count())}});
  if (client_ == nullptr) return finish(Outcome::client_gone);
  const SseOptions& sse = route_->route.sse;
  const bool head_out = early_head_ || (body_ != nullptr && upstream_answered_);
  const bool reconnect = sse.retry_on_error > Millis::zero() && method_ == "GET" && expects_event_stream_ &&
                         is_reconnectable(error.status) && !upstream_answered_;
  if (reconnect) return answer_with_reconnect();
  if (!head_out) {
    status_ = error.status;
    client_->refuse(error.status, error.message);
    return finish(error.side == Side::client ? Outcome::refused : Outcome::upstream_failed);
  }
  if (early_head_ && !upstream_answered_) {
    const std::string event = error_event(sse.early_error_event, error.status, {}, error.message);
    const std::string_view piece = event;
    client_->end(std::span(&piece, 1), nullptr);
    return finish(Outcome::error_event);
  }
  body_->release_held(worker_.now());
  client_->abort();
  finish(Outcome::upstream_failed);
}

// Rule 14: EventSource gives up for good on any status but 200, so it gets one, and a time to come back.
void Exchange::answer_with_reconnect() {
  if (!early_head_) {
    ResponseHead head = own_event_stream_head();
    client_->begin(head);
    status_ = 200;
  }
  const Millis retry = worker_.spread(route_->route.sse.retry_on_error, 0.5, 1.5);
  const std::string text = "retry: " + std::to_string(retry.count()) + "\n\n";
  const std::string_view piece = text;
  client_->end(std::span(&piece, 1), nullptr);
  finish(Outcome::reconnect);
}

}  // namespace sse_proxy
