// The response's half of an exchange: what kind of body it is, and how it is passed on.
#include <algorithm>
#include <utility>

#include "parser/header_policy.h"
#include "parser/upgrade.h"
#include "proxy/exchange/error_event_body.h"
#include "proxy/exchange/event_stream_body.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/pass_through_body.h"
#include "proxy/ops/log.h"

namespace sse_proxy {
namespace {

// Of a coding that is decoded; x-gzip is gzip (RFC 9110 section 8.4.1.3).
std::optional<Coding> coding_of(std::string_view name) noexcept {
  if (equals_ignoring_case(name, "x-gzip")) return Coding::gzip;
  for (size_t i = 0; i < kCodingNames.size(); ++i) {
    if (equals_ignoring_case(name, kCodingNames[i])) return static_cast<Coding>(i);
  }
  return std::nullopt;
}

}  // namespace

void Exchange::on_interim_head(ResponseHead&& head) {
  if (client_ == nullptr || early_head_) return;
  apply_response_policy(head);
  client_->interim(head);
}

void Exchange::on_response_head(ResponseHead&& head) {
  phase_ = Phase::responding;
  last_upstream_byte_ = worker_.now();
  worker_.shared().health.answered(upstream_->upstream());
  head_.reset();
  if (client_ == nullptr) return;
  if (early_head_) return begin_after_early_head(std::move(head));
  status_ = head.status;
  if (head.status == 101) return begin_tunnel(std::move(head));
  if (is_event_stream(head, method_)) {
    begin_event_stream(std::move(head));
  } else {
    begin_pass_through(std::move(head));
  }
}

// False: the exchange failed, as there is no room to decode. A coding that is not known leaves `decoder`
// null.
bool Exchange::decode_if_coded(const ResponseHead& head, std::unique_ptr<ContentDecoder>& decoder) {
  const std::string coding = head.fields.joined(FieldId::content_encoding);
  if (coding_support(coding) != CodingSupport::decodable) return true;
  decoder = make_content_decoder(coding, worker_.shared().decoders);
  if (decoder != nullptr) {
    for_each_element(coding, [this](std::string_view name) {
      if (const auto known = coding_of(name)) worker_.counters().streams_decoded[*known].add();
    });
    return true;
  }
  worker_.counters().decoders_refused.add();
  fail({Side::self, 502, "no room to decode the event stream: raise sse.decoder_memory"});
  return false;
}

// An expected event stream is counted from its request on, another from its head on. False: the exchange
// failed, as its client has all that it may.
bool Exchange::take_place() {
  if (!place_) place_ = worker_.shared().client_streams.enter(origin_.client);
  if (place_) return true;
  worker_.counters().streams_refused.add();
  fail({Side::client, 429, "client has as many event streams as limits.streams_per_client allows"});
  return false;
}

void Exchange::begin_event_stream(ResponseHead&& head) {
  if (!take_place()) return;
  std::unique_ptr<ContentDecoder> decoder;
  if (!decode_if_coded(head, decoder)) return;
  const std::string coding = head.fields.joined(FieldId::content_encoding);
  if (decoder == nullptr && coding_support(coding) == CodingSupport::unknown) {
    worker_.counters().unknown_codings.add();
    log::warn("event stream in a coding that is not decoded is passed through as it is",
              {{"coding", std::string_view(coding)}, {"path", std::string_view(path_)}});
    return begin_pass_through(std::move(head));
  }
  upstream_answered_ = true;
  apply_response_policy(head);
  apply_event_stream_policy(head, true);
  client_->begin(head);
  auto body = std::make_unique<EventStreamBody>(worker_, *client_, *route_, expects_event_stream_);
  body->decode_with(std::move(decoder));
  body_ = std::move(body);
  count_stream();
  plan_stream_end(kNever);
}

void Exchange::count_stream() {
  worker_.counters().streams_opened.add();
  counted_stream_ = true;
  stream_number_ = worker_.next_stream_number();
}

StreamInfo Exchange::describe() const {
  const EventStreamStats& stats = body_->events()->stats();
  const Millis silence = worker_.now() - last_upstream_byte_;
  return {.number = stream_number_,
          .client = origin_.client,
          .method = method_,
          .path = path_,
          .upstream = std::string(upstream_text()),
          .age = worker_.now() - started_,
          .events = stats.events,
          .bytes = stats.bytes,
          .keepalives = stats.keepalives,
          .partial_releases = stats.partial_releases,
          .silence = silence,
          .longest_silence = std::max(stats.longest_silence, silence),
          .queued = client_ == nullptr ? 0 : client_->queued(),
          .held = body_->events()->held()};
}

void Exchange::begin_pass_through(ResponseHead&& head) {
  place_.reset();
  upstream_answered_ = true;
  apply_response_policy(head);
  client_->begin(head);
  body_ = std::make_unique<PassThroughBody>(*client_, worker_.scratch());
}

// RFC 9110 section 7.8: from here on no side speaks HTTP.
void Exchange::begin_tunnel(ResponseHead&& head) {
  const std::string agreed = agreed_upgrade(head, tunnel_->asked());
  if (agreed.empty())
    return fail({Side::upstream, 502, "upstream switches to a protocol that was not asked for"});
  phase_ = Phase::tunnelling;
  place_.reset();
  apply_response_policy(head);
  head.fields.add("Upgrade", agreed);
  std::string sent_ahead;
  TransportPtr client = client_->switch_protocols(head, sent_ahead);
  tunnel_->take_client(std::move(client), std::move(sent_ahead));
  worker_.counters().tunnels.add();
}

void Exchange::on_switched(std::string_view sent_ahead) {
  if (client_ == nullptr) return finish(Outcome::client_gone);
  const TimeoutOptions& timeouts = route_->route.timeouts;
  tunnel_->take_upstream(upstream_->take_transport(), sent_ahead);
  worker_.retire(std::move(upstream_));
  worker_.schedule(*this, kNever);
  tunnel_->open(timeouts.tunnel, timeouts.write);
}

void Exchange::on_tunnel_ended(TunnelEnd end) {
  switch (end) {
    case TunnelEnd::both_sides: return finish(Outcome::complete);
    case TunnelEnd::client_broke: return finish(Outcome::client_gone);
    case TunnelEnd::upstream_broke: return finish(Outcome::upstream_failed);
    case TunnelEnd::idle: return finish(Outcome::idle_timeout);
    case TunnelEnd::client_stalled: break;
  }
  worker_.counters().slow_clients_dropped.add();
  log::warn("client took nothing for timeouts.write and is dropped",
            {{"client", origin_.client.text()}, {"path", std::string_view(path_)}});
  finish(Outcome::client_gone);
}

// Rule 12: the head goes out before the upstream has answered.
void Exchange::commit_early_head() {
  early_head_ = true;
  early_head_due_ = kNever;
  status_ = 200;
  ResponseHead head = own_event_stream_head();
  client_->begin(head);
  body_ = std::make_unique<EventStreamBody>(worker_, *client_, *route_, true);
  count_stream();
  client_->flush();
  plan_stream_end(kNever);
}

void Exchange::begin_after_early_head(ResponseHead&& head) {
  if (is_event_stream(head, method_)) {
    std::unique_ptr<ContentDecoder> decoder;
    if (!decode_if_coded(head, decoder)) return;
    if (decoder != nullptr ||
        coding_support(head.fields.joined(FieldId::content_encoding)) == CodingSupport::identity) {
      upstream_answered_ = true;  // from here on its death is an abort, not an event
      static_cast<EventStreamBody&>(*body_).decode_with(std::move(decoder));
      return;
    }
  }
  upstream_answered_ = told_as_event_ = true;
  body_ = std::make_unique<ErrorEventBody>(worker_, *client_, std::move(body_),
                                           route_->route.sse.early_error_event, head);
}

void Exchange::on_response_body(std::string_view piece) {
  response_bytes_ += piece.size();
  body_in_turn_ = true;
  if (body_ != nullptr && !body_->error()) body_->push(piece);
}

void Exchange::on_turn_end() {
  if (phase_ == Phase::done) return;
  const TimePoint now = worker_.now();
  const Millis silence = now - std::exchange(last_upstream_byte_, now);
  if (body_ != nullptr) {
    body_->end_turn(now);
    if (client_ != nullptr) client_->flush();
    if (std::exchange(body_in_turn_, false) && counted_stream_) measure_turn(silence, now);
    after_body_step();
  }
  if (phase_ == Phase::done) return;
  const bool at_rest = body_ != nullptr && body_->at_rest();
  if (!at_rest || !was_at_rest_) reschedule();
  was_at_rest_ = at_rest;
}

void Exchange::measure_turn(Millis silence, TimePoint now) {
  Counters& counters = worker_.counters();
  counters.event_gap.observe(silence);
  if (!first_event_seen_ && body_->events()->stats().events > 0) {
    first_event_seen_ = true;
    counters.first_event_delay.observe(now - started_);
  }
  if (client_->queued() == 0) return worker_.note_event_turn();
  if (queued_since_ == kNever) queued_since_ = now;
}

void Exchange::on_response_complete(std::unique_ptr<Fields> trailers) {
  if (phase_ == Phase::done) return;
  if (trailers != nullptr) apply_trailer_policy(*trailers);
  if (body_ == nullptr)
    return finish(Outcome::client_gone);  // it was read to its end for the upstream's sake
  body_->finish(worker_.now(), std::move(trailers));
  if (!body_->ended() && !body_->error()) release_upstream();  // the client takes the rest in its own time
  after_body_step();
  if (phase_ != Phase::done) reschedule();
}

// The body may have ended, failed, or filled the client's queue.
void Exchange::after_body_step() {
  if (body_->error()) return fail(*body_->error());
  if (body_->ended()) {
    return finish(told_as_event_ ? Outcome::error_event : Outcome::complete);
  }
  end_stream_if_due(worker_.now());
  if (phase_ != Phase::done) pace_upstream();
}

// A slow client stops the reading of its own upstream, and of nobody else's.
void Exchange::pace_upstream() {
  if (upstream_ == nullptr || client_ == nullptr) return;
  const size_t limit = worker_.options().limits.buffer_bytes;
  const size_t queued = std::min(client_->queued(), limit);
  const bool full = queued == limit || body_->backlogged();
  upstream_->limit_reads(limit - queued);
  if (full == upstream_->paused()) return;
  if (full) {
    worker_.counters().upstream_pauses.add();
    return upstream_->pause();
  }
  last_upstream_byte_ = worker_.now();  // the silence was ours
  upstream_->resume();
}

void Exchange::on_upstream_failed(const Error& error) {
  if (phase_ == Phase::done) return;
  const bool stale = reused_ && upstream_->response_untouched();
  if (stale && client_ != nullptr && !early_head_ && can_send_again()) {
    worker_.counters().stale_retries.add();
    upstream_->leave();
    worker_.retire(std::move(upstream_));
    retried_ = true;
    return connect(true);
  }
  if (phase_ == Phase::awaiting_head && !stale) note_missing_response();
  fail(error);
}

void Exchange::note_missing_response() {
  const size_t upstream = upstream_->upstream();
  if (worker_.shared().health.failed(upstream, UpstreamFailure::no_response, worker_.now()))
    worker_.counters().upstream_ejections.add();
}

}  // namespace sse_proxy
