#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "parser/header_policy.h"
#include "parser/http1_writer.h"
#include "parser/upgrade.h"
#include "proxy/ops/access_log.h"
#include "proxy/ops/log.h"
#include "proxy/upstream/upstream_pool.h"

namespace sse_proxy {

Exchange::Exchange(Worker& worker, Downstream& client)
    : worker_(worker),
      client_(&client),
      peer_(client.facts().peer),
      started_(worker.now()),
      last_request_byte_(started_),
      last_upstream_byte_(started_) {}

Exchange::~Exchange() = default;

void Exchange::start(RequestHead&& head) {
  route_ = worker_.route(head.method, head.path());
  method_ = head.method;
  path_ = head.path();
  request_body_ = head.body;
  expects_event_stream_ = route_->route.event_stream || accepts_event_stream(head.fields);
  std::string upgrades = wanted_upgrades(head, route_->route.upgrades);
  apply_request_policy(head, expects_event_stream_);
  origin_ = apply_forwarding_policy(head, client_->facts(), worker_.options().trusted_proxies,
                                    worker_.random(), worker_.random());
  const size_t limit = route_->route.body_bytes;
  if (limit > 0 && head.body.length > limit) {
    return fail({Side::client, 413, "request body is longer than limits.body_bytes"});
  }
  if (expects_event_stream_ && !take_place()) return;
  if (!upgrades.empty()) {
    ask_for_upgrade(head, upgrades);
    tunnel_ = std::make_unique<Tunnel>(worker_, static_cast<TunnelUser&>(*this), std::move(upgrades));
  }
  head_ = std::make_unique<RequestHead>(std::move(head));
  const Millis early = route_->route.sse.early_headers;
  if (expects_event_stream_ && early > Millis::zero() && method_ != "HEAD" && tunnel_ == nullptr)
    early_head_due_ = started_ + early;
  connect(false);
}

void Exchange::connect(bool fresh) {
  phase_ = Phase::connecting;
  if (connector_ == nullptr) {
    connector_ = std::make_unique<Connector>(worker_, static_cast<ConnectorUser&>(*this),
                                             route_->route.timeouts.connect);
  }
  connector_->start(!can_send_again(), fresh);
  if (phase_ != Phase::done) reschedule();
}

// After a byte of it was sent, only an idempotent request without a body may be sent once more (RFC 9110
// section 9.2.2).
bool Exchange::can_send_again() const noexcept {
  return !retried_ && request_body_.kind == Framing::none && is_idempotent(method_);
}

void Exchange::on_upstream_ready(std::unique_ptr<UpstreamConnection> connection, bool reused) {
  worker_.retire(std::move(connector_));
  upstream_ = std::move(connection);
  reused_ = reused;
  (reused ? worker_.counters().upstream_reuses : worker_.counters().upstream_connections).add();
  phase_ = Phase::awaiting_head;
  upstream_->limit_reads(worker_.options().limits.buffer_bytes);
  upstream_->begin(*this, method_, tunnel_ != nullptr);
  std::string bytes = worker_.borrow_text();
  set_host(*head_, worker_.options().upstream_host,
           worker_.shared().upstream_authorities[upstream_->upstream()]);
  write_request_head(*head_, bytes);
  if (!reused || !can_send_again()) head_.reset();
  const std::unique_ptr<std::string> body = std::move(early_body_);
  send(std::array{piece_of(bytes), piece_of(body == nullptr ? std::string_view() : *body)});
  worker_.give_back(std::move(bytes));
  throttle_request();
  reschedule();
}

void Exchange::on_request_body(std::string_view piece) {
  if (phase_ == Phase::done) return;
  request_bytes_ += piece.size();
  const size_t limit = route_->route.body_bytes;
  if (limit > 0 && request_bytes_ > limit) {
    return fail({Side::client, 413, "request body is longer than limits.body_bytes"});
  }
  if (request_body_.kind == Framing::chunked) {
    const ChunkHead head(piece.size());
    send(std::array{piece_of(head.view()), piece_of(piece), piece_of(kChunkEnd)});
  } else {
    send(std::array{piece_of(piece)});
  }
  throttle_request();
}

void Exchange::on_request_complete(std::unique_ptr<Fields> trailers) {
  request_complete_ = true;
  if (phase_ == Phase::done || request_body_.kind != Framing::chunked) return;
  std::string end = "0\r\n";
  if (trailers != nullptr) apply_trailer_policy(*trailers);
  write_fields(trailers == nullptr ? Fields() : *trailers, end);
  send(std::array{piece_of(end)});
}

void Exchange::send(std::span<const iovec> pieces) {
  last_request_byte_ = worker_.now();
  if (upstream_ == nullptr) {
    if (early_body_ == nullptr) early_body_ = std::make_unique<std::string>();
    for (const iovec& piece : pieces)
      early_body_->append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return;
  }
  sent_ = true;
  upstream_->write(pieces);
}

void Exchange::throttle_request() {
  if (client_ == nullptr) return;
  const size_t early = early_body_ == nullptr ? 0 : early_body_->size();
  const size_t waiting = upstream_ == nullptr ? early : upstream_->queued();
  waiting >= worker_.options().limits.buffer_bytes ? client_->pause_request() : client_->resume_request();
}

void Exchange::on_upstream_drained() {
  last_request_byte_ = worker_.now();
  throttle_request();
}

bool Exchange::on_client_gone() {
  if (phase_ == Phase::done) return false;
  const bool drain =
      route_ != nullptr && route_->route.sse.on_disconnect == OnDisconnect::drain && request_complete_;
  if (!drain) {
    worker_.counters().client_aborts.add();
    finish(Outcome::client_gone);
    return false;
  }
  client_ = nullptr;
  count_stream_end(Outcome::client_gone);
  place_.reset();
  body_.reset();
  early_head_due_ = stream_end_due_ = kNever;
  if (upstream_ != nullptr) upstream_->resume();
  reschedule();
  return true;
}

void Exchange::on_client_drained() {
  if (body_ == nullptr || phase_ == Phase::done) return;
  if (queued_since_ != kNever)
    worker_.counters().event_delay.observe(worker_.now() - std::exchange(queued_since_, kNever));
  body_->on_client_drained(worker_.now());
  after_body_step();
  if (phase_ != Phase::done) reschedule();  // keep-alives wait for a client that takes data
}

void Exchange::abort_now() {
  if (phase_ == Phase::done) return;
  if (client_ != nullptr) {
    if (body_ != nullptr) body_->release_held(worker_.now());
    if (phase_ == Phase::tunnelling) {
      tunnel_->close(true);
    } else {
      client_->abort();
    }
  }
  finish(Outcome::aborted);
}

// --- time ---

void Exchange::on_timer(TimePoint now) {
  if (connector_ != nullptr) connector_->on_deadline(now);
  if (phase_ != Phase::done && now >= early_head_due_ && phase_ != Phase::responding) commit_early_head();
  if (phase_ != Phase::done && now >= upstream_deadline()) on_upstream_silent();
  if (phase_ != Phase::done && body_ != nullptr) {
    if (now >= body_->deadline()) body_->on_deadline(now);
    end_stream_if_due(now);
  }
  if (phase_ != Phase::done) reschedule();
}

void Exchange::reschedule() { worker_.schedule(*this, next_deadline()); }

TimePoint Exchange::next_deadline() const {
  TimePoint next = upstream_deadline();
  if (connector_ != nullptr) next = std::min(next, connector_->deadline());
  if (phase_ != Phase::responding) next = std::min(next, early_head_due_);
  if (body_ != nullptr) next = std::min({next, body_->deadline(), stream_end_due_});
  return next;
}

// When the upstream has been silent for too long; never while we are the ones who do not read it.
TimePoint Exchange::upstream_deadline() const {
  const TimeoutOptions& timeouts = route_->route.timeouts;
  if (phase_ == Phase::awaiting_head) return last_request_byte_ + timeouts.response;
  if (phase_ != Phase::responding || upstream_ == nullptr || upstream_->paused()) return kNever;
  const bool is_stream = body_ != nullptr && body_->events() != nullptr;
  const Millis limit = is_stream ? timeouts.stream : timeouts.read;
  return limit > Millis::zero() ? last_upstream_byte_ + limit : kNever;
}

void Exchange::on_upstream_silent() {
  if (phase_ == Phase::awaiting_head) {
    note_missing_response();
    return fail({Side::upstream, 504,
                 "upstream sent no response head within timeouts.response (" +
                     std::to_string(route_->route.timeouts.response.count()) + "ms)"});
  }
  const bool is_stream = body_ != nullptr && body_->events() != nullptr;
  fail({Side::upstream, 504,
        std::string("upstream fell silent for longer than timeouts.") + (is_stream ? "stream" : "read")});
}

// --- the end ---

void Exchange::release_upstream() {
  if (connector_ != nullptr) {
    connector_->cancel();
    worker_.retire(std::move(connector_));
  }
  if (upstream_ == nullptr) return;
  if (upstream_->reusable() && request_complete_ && upstream_->queued() == 0) {
    worker_.pool().put(std::move(upstream_));
  } else {
    upstream_->leave();
    worker_.retire(std::move(upstream_));
  }
}

void Exchange::finish(Outcome outcome) {
  if (phase_ == Phase::done) return;
  phase_ = Phase::done;
  release_upstream();
  worker_.schedule(*this, kNever);
  if (status_ == 101) {
    request_bytes_ = tunnel_->bytes_from_client();
    response_bytes_ = tunnel_->bytes_from_upstream();
  }
  worker_.counters().exchanges[outcome].add();
  count_stream_end(outcome);
  log_access(outcome);
  place_.reset();
  head_.reset();
  early_body_.reset();
  if (tunnel_ != nullptr) worker_.retire(std::move(tunnel_));
  Downstream* const client = std::exchange(client_, nullptr);
  if (client == nullptr) return worker_.remove(*this);  // an orphan
  if (outcome != Outcome::client_gone) client->exchange_done();
}

void Exchange::count_stream_end(Outcome outcome) {
  if (std::exchange(counted_stream_, false)) worker_.counters().streams_ended[outcome].add();
}

void Exchange::log_access(Outcome outcome) const {
  if (!worker_.options().access_log) return;
  const EventStream* const stream = body_ == nullptr ? nullptr : body_->events();
  const std::string client = origin_.client.text();
  const std::string peer = origin_.client == peer_ ? "" : peer_.text();
  write_access_line({.client = client,
                     .peer = peer,
                     .id = origin_.id,
                     .method = method_,
                     .path = path_,
                     .status = status_,
                     .request_bytes = request_bytes_,
                     .response_bytes = response_bytes_,
                     .duration = worker_.now() - started_,
                     .outcome = outcome,
                     .upgraded = status_ == 101,
                     .stream = stream == nullptr ? nullptr : &stream->stats()});
}

}  // namespace sse_proxy
