#include "proxy/exchange/event_stream_body.h"

#include <utility>

namespace sse_proxy {

EventStreamBody::EventStreamBody(Worker& worker, Downstream& client, const RouteSettings& route,
                                 bool expected)
    : worker_(worker),
      client_(client),
      stream_(route.stream, client, worker.buffers(), worker.scratch(), route.first_keepalive(expected),
              worker.now(), worker.random()) {}

EventStreamBody::~EventStreamBody() { worker_.buffers().release(coded_.size()); }

void EventStreamBody::push(std::string_view piece) {
  if (error_ || decoder_ == nullptr) {
    if (!error_) pass_on(piece);
    return;
  }
  if (!backlogged()) piece.remove_prefix(decode(piece, worker_.now()));
  if (!error_) keep_coded(piece);
}

void EventStreamBody::end_turn(TimePoint now) {
  if (decoder_ == nullptr) end_stream_turn(now);  // decoding ends a turn at each step: its slab is used again
}

void EventStreamBody::pass_on(std::string_view bytes) {
  const uint64_t before = stream_.stats().events;
  stream_.push(bytes);
  Counters& counters = worker_.counters();
  counters.events.add(stream_.stats().events - before);
  counters.stream_bytes.add(bytes.size());
}

void EventStreamBody::end_stream_turn(TimePoint now) {
  const uint32_t before = stream_.stats().partial_releases;
  const size_t held = stream_.held();
  stream_.end_turn(now);
  if (stream_.held() > 0 && stream_.held() != held) worker_.counters().reads_held.add();
  worker_.counters().partial_releases.add(stream_.stats().partial_releases - before);
}

void EventStreamBody::on_deadline(TimePoint now) {
  const EventStreamStats before = stream_.stats();
  stream_.on_deadline(now);
  worker_.counters().keepalives.add(stream_.stats().keepalives - before.keepalives);
  worker_.counters().partial_releases.add(stream_.stats().partial_releases - before.partial_releases);
}

void EventStreamBody::finish(TimePoint now, std::unique_ptr<Fields> trailers) {
  upstream_ended_ = true;
  trailers_ = std::move(trailers);
  if (!error_) end_if_all_passed_on(now);
}

void EventStreamBody::release_held(TimePoint now) { stream_.finish(now); }

void EventStreamBody::on_client_drained(TimePoint now) {
  stream_.on_client_progress(now);
  if (decoder_ == nullptr || error_) return;
  std::string rest = std::exchange(coded_, {});
  worker_.buffers().release(rest.size());
  const size_t used = decode(rest, now);
  if (!error_) keep_coded(std::string_view(rest).substr(used));
  if (upstream_ended_ && !error_) end_if_all_passed_on(now);
}

size_t EventStreamBody::decode(std::string_view input, TimePoint now) {
  const std::span<char> slab = worker_.decode_slab();
  size_t used = 0;
  for (;;) {
    stalled_ = client_.queued() >= worker_.options().limits.buffer_bytes;
    if (stalled_) return used;
    const DecodeStep step = decoder_->decode(input.substr(used), slab);
    used += step.consumed;
    if (step.produced > 0) {
      pass_on({slab.data(), step.produced});
      end_stream_turn(now);
    }
    if (step.status != DecodeStep::Status::more) {
      fail(step.status);
      return used;
    }
    if (step.consumed == 0 && step.produced == 0) return used;
  }
}

void EventStreamBody::keep_coded(std::string_view rest) {
  coded_.append(rest);
  worker_.buffers().charge(rest.size());
}

void EventStreamBody::fail(DecodeStep::Status status) {
  if (status == DecodeStep::Status::corrupt) {
    worker_.counters().decode_failures.add();
    error_ = std::make_unique<const Error>(
        Error{Side::upstream, 502, "the event stream's content coding is corrupt"});
  } else {
    worker_.counters().decoders_refused.add();
    error_ = std::make_unique<const Error>(
        Error{Side::self, 502, "no room to decode the event stream: raise sse.decoder_memory"});
  }
}

void EventStreamBody::end_if_all_passed_on(TimePoint now) {
  if (backlogged()) return;  // on_client_drained() comes back here
  if (decoder_ != nullptr && !decoder_->complete()) {
    worker_.counters().decode_failures.add();
    error_ = std::make_unique<const Error>(
        Error{Side::upstream, 502, "the event stream's content coding is truncated"});
    return;
  }
  stream_.finish(now);
  client_.end({}, trailers_.get());
  ended_ = true;
}

}  // namespace sse_proxy
