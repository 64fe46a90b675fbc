// What a client's connection waits for, and until when: the time-outs of requests, answers and rests.
#include <algorithm>

#include "proxy/client/client_connection.h"
#include "proxy/ops/log.h"

namespace sse_proxy {
namespace {

constexpr Millis kLingerTime{2000};
constexpr Millis kUnreadTime{500};  // of it: for a client that sent more than is discarded to read the answer
constexpr Millis kResetDelay{1000};  // how long sent data may wait for its acknowledgement before a reset
constexpr Millis kResetPoll{20};
constexpr Millis kDeafPoll{1000};  // how late a client that leaves is noticed while it is not read

}  // namespace

void ClientConnection::reschedule() {
  TimePoint next = next_deadline();
  if (state_ == State::lingering && aborting_) next = worker_.now() + kResetPoll;
  if (is_deaf()) next = std::min(next, worker_.now() + kDeafPoll);
  worker_.schedule(*this, next);
}

// Busy with a client whose end no read will tell.
bool ClientConnection::is_deaf() const {
  return state_ == State::exchanging && transport_ != nullptr && !transport_->reading();
}

TimePoint ClientConnection::next_deadline() const {
  const TimeoutOptions& timeouts = worker_.options().route.timeouts;
  switch (state_) {
    case State::idle: return state_since_ + (served_ ? *timeouts.idle : timeouts.header);
    case State::reading_head: return state_since_ + timeouts.header;
    case State::lingering:
      if (aborting_) return state_since_ + kResetDelay;
      if (discarded_ <= kLingerBytes) return state_since_ + kLingerTime;
      return std::min(state_since_ + kLingerTime, last_request_byte_ + kUnreadTime);
    case State::tunnelling:
    case State::closed: return kNever;
    case State::exchanging:
    case State::closing: break;
  }
  TimePoint next = kNever;
  if (transport_->queued() > 0) next = last_write_progress_ + write_timeout_;
  if (exchange_ != nullptr && !exchange_->request_complete() && !exchange_->response_begun() &&
      !request_paused_) {
    next = std::min(next, last_request_byte_ + exchange_->route().timeouts.body);
  }
  return next;
}

void ClientConnection::on_timer(TimePoint now) {
  if (transport_ != nullptr && transport_->queued() > 0 && transport_->made_progress())
    last_write_progress_ = now;
  if (state_ == State::lingering && aborting_ && transport_->all_acknowledged()) return close();
  if (is_deaf() && transport_->peer_left()) return lose_client();
  if (now < next_deadline()) return reschedule();
  switch (state_) {
    case State::tunnelling:
    case State::closed: return;
    case State::idle:
      if (proxy_header_ != nullptr && !proxy_header_->untouched())
        return refuse_proxy_header("it was not complete within timeouts.header");
      return close();
    case State::lingering: return close();
    case State::reading_head:
      if (parser_->untouched()) return close();
      return reject({Side::client, 408, "request head was not complete within timeouts.header"});
    case State::exchanging:
    case State::closing: break;
  }
  if (transport_->queued() > 0) return drop_slow_client();
  exchange_->on_request_failed({Side::client, 408, "request body fell silent for longer than timeouts.body"});
  if (state_ != State::closed) reschedule();
}

}  // namespace sse_proxy
