#include "proxy/client/client_connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/ops/log.h"

namespace sse_proxy {

ClientConnection::ClientConnection(Worker& worker, const PeerAddress& peer)
    : worker_(worker),
      facts_{.peer = peer, .source = peer},
      state_since_(worker.now()),
      last_request_byte_(state_since_),
      last_write_progress_(state_since_),
      write_timeout_(worker.shared().options.route.timeouts.write) {}  // which listeners hand on

void ClientConnection::open(int fd, bool tls, Position position) {
  position_ = position;
  await_request();
  awaits_tls_ = tls;
  transport_ = Transport::adopt(worker_, *this, fd, !facts_.peer.ip);
  const Options& options = worker_.options();
  if (options.proxy_protocol)
    proxy_header_ = std::make_unique<ProxyHeaderParser>(options.limits.header_bytes);
  if (tls && proxy_header_ == nullptr) begin_tls({});
  if (transport_ == nullptr) return;
  limit_writing(options.route.timeouts.write);
  transport_->start_reading();
  reschedule();
}

void ClientConnection::limit_writing(Millis timeout) {
  if (std::exchange(write_timeout_, timeout) != timeout) transport_->set_user_timeout(timeout);
}

void ClientConnection::await_request() {
  const size_t limit = worker_.options().limits.header_bytes;
  parser_ = std::make_unique<RequestParser>(static_cast<RequestSink&>(*this), limit);
}

// Every change of state_; the worker knows which clients are idle (those who have all that they will get
// included), and since when.
void ClientConnection::enter(State state) {
  const auto is_idle = [](State s) { return s == State::idle || s == State::lingering; };
  const State before = std::exchange(state_, state);
  if (is_idle(before) == is_idle(state)) return;
  is_idle(state) ? worker_.mark_idle(*this) : worker_.mark_busy(*this);
}

// --- reading ---

void ClientConnection::on_bytes(std::string_view bytes) {
  if (proxy_header_ != nullptr && !take_proxy_header(bytes)) return;
  if (state_ == State::lingering || state_ == State::closing) {
    discarded_ += static_cast<uint32_t>(bytes.size());
    if (state_ == State::lingering && discarded_ > kLingerBytes) stop_discarding();
    return;
  }
  const bool request_done = exchange_ != nullptr && exchange_->request_complete();
  if (!request_done) return parse(bytes);
  pipelined_.append(bytes);
  limit_reading();
}

// Once the request is complete the client is read to notice its end, and for at most a head's worth of what
// it sends ahead.
void ClientConnection::limit_reading() {
  const size_t limit = worker_.options().limits.header_bytes;
  if (pipelined_.size() < limit) return transport_->limit_reads(limit - pipelined_.size());
  transport_->stop_reading();
  reschedule();
}

// True: it is complete, and `bytes` are what came after it. Its time is that of the first request's head.
bool ClientConnection::take_proxy_header(std::string_view& bytes) {
  const ParseStep step = proxy_header_->feed(bytes);
  if (step.status == ParseStatus::failed) refuse_proxy_header(proxy_header_->error());
  if (step.status != ParseStatus::complete) return false;
  facts_.source = proxy_header_->source().value_or(facts_.peer);
  proxy_header_.reset();
  bytes.remove_prefix(step.consumed);
  if (!awaits_tls_) return !bytes.empty();
  begin_tls(bytes);
  return false;
}

void ClientConnection::begin_tls(std::string_view received) {
  awaits_tls_ = false;
  std::unique_ptr<tls::Engine> engine = worker_.shared().certificates.server()->accept();
  if (engine == nullptr) return close();
  transport_->secure(std::move(engine), received);
}

void ClientConnection::on_secured() {
  facts_.scheme = "https";
  std::string subject = transport_->tls()->peer_subject();
  if (subject.empty()) return;
  certificate_subject_ = std::make_unique<const std::string>(std::move(subject));
  facts_.certificate_subject = *certificate_subject_;
}

void ClientConnection::on_plain_http() {
  reject({Side::client, 400, "this port speaks TLS, and the request came without: use https://"});
}

// Who did not send one would not understand an answer either.
void ClientConnection::refuse_proxy_header(std::string_view why) {
  worker_.counters().proxy_headers_refused.add();
  log::warn(
      "connection closed: no PROXY header (let the load balancer send one, or set proxy_protocol = false)",
      {{"peer", facts_.peer.text()}, {"reason", why}});
  close();
}

void ClientConnection::parse(std::string_view bytes) {
  const TimePoint now = worker_.now();
  last_request_byte_ = now;
  if (state_ == State::idle) {
    // The first request's head is timed from accept, the later ones' from their first byte.
    if (served_) state_since_ = now;
    enter(State::reading_head);
    reschedule();
  }
  parsing_ = true;
  const ParseStep step = parser_->feed(bytes);
  parsing_ = false;
  if (state_ == State::closed) return;
  if (step.status == ParseStatus::failed) return on_parse_failed(parser_->error());
  const bool answered = state_ == State::exchanging && exchange_ == nullptr;  // at once, while it was parsed
  if (step.status == ParseStatus::more) {
    if (answered) return begin_closing();           // the rest of the request is unwanted
    if (state_ == State::exchanging) reschedule();  // timeouts.body may be nearer than timeouts.header
    return;
  }
  pipelined_.append(bytes.substr(step.consumed));
  answered ? next_request() : finish_request();
}

void ClientConnection::finish_request() {
  const Exchange* const exchange = exchange_.get();
  if (exchange == nullptr) return;
  request_paused_ = false;
  exchange_->on_request_complete(std::exchange(parser_, nullptr)->take_trailers());
  if (exchange_.get() != exchange) return;  // it was answered at once
  transport_->start_reading();
  limit_reading();
  reschedule();
}

void ClientConnection::on_request_head(RequestHead&& head) {
  enter(State::exchanging);
  http10_ = head.version == Version::http10;
  keep_alive_ = head.keep_alive && !worker_.draining();
  to_head_ = head.method == "HEAD";
  head_sent_ = aborting_ = request_paused_ = false;
  exchange_ = std::make_unique<Exchange>(worker_, static_cast<Downstream&>(*this));
  exchange_->start(std::move(head));
  if (exchange_ != nullptr && transport_ != nullptr) limit_writing(exchange_->route().timeouts.write);
}

void ClientConnection::on_request_body(std::string_view piece) {
  if (exchange_ != nullptr) exchange_->on_request_body(piece);
}

void ClientConnection::on_parse_failed(const Error& error) {
  if (exchange_ != nullptr) return exchange_->on_request_failed(error);  // in the body
  if (state_ == State::reading_head) return reject(error);
  if (state_ == State::exchanging) begin_closing();
}

// A request that never became an exchange.
void ClientConnection::reject(const Error& error) {
  worker_.counters().refused[refusal_of(error.status)].add();
  log::warn("request refused: " + error.message,
            {{"client", facts_.source.text()}, {"status", int64_t{error.status}}});
  refuse(error.status, error.message);
  begin_closing();
}

void ClientConnection::pause_request() {
  if (request_paused_ || exchange_ == nullptr || exchange_->request_complete()) return;
  request_paused_ = true;
  transport_->stop_reading();
  reschedule();
}

void ClientConnection::resume_request() {
  if (!request_paused_) return;
  request_paused_ = false;
  last_request_byte_ = worker_.now();  // the silence was ours
  transport_->start_reading();
}

// --- the ends of requests and of the connection ---

void ClientConnection::exchange_done() {
  const bool request_complete = exchange_->request_complete();
  worker_.retire(std::move(exchange_));
  served_ = true;
  if (state_ == State::tunnelling) return close();
  if (parsing_ || state_ != State::exchanging) return;
  request_complete ? next_request() : begin_closing();
}

void ClientConnection::next_request() {
  if (!keep_alive_) return begin_closing();
  await_request();
  enter(State::idle);
  state_since_ = worker_.now();
  http10_ = to_head_ = head_sent_ = false;
  transport_->limit_reads(SIZE_MAX);
  transport_->start_reading();
  reschedule();
  if (pipelined_.empty()) {
    if (worker_.draining()) begin_closing();
    return;
  }
  const std::string bytes = std::exchange(pipelined_, {});
  parse(bytes);
}

void ClientConnection::on_end() {
  switch (state_) {
    case State::exchanging: return lose_client();
    case State::closing: peer_ended_ = true; return;  // the response is still on its way
    case State::lingering:
      peer_ended_ = true;
      if (transport_->queued() > 0) return;  // TLS has an end to be written too
      return close();
    default: return close();
  }
}

void ClientConnection::on_broken(int error, std::string_view why) {
  // TCP_USER_TIMEOUT is timeouts.write too, and the kernel may be the first to notice.
  const bool busy = state_ == State::exchanging || state_ == State::closing;
  if (busy && error == ETIMEDOUT) return drop_slow_client();
  if (error == EPROTO) {
    worker_.counters().tls_failures.add();
    log::info("client connection failed", {{"client", facts_.source.text()}, {"reason", why}});
  } else {
    log::debug("client connection broke", {{"client", facts_.source.text()}, {"reason", why}});
  }
  state_ == State::exchanging ? lose_client() : close();
}

// An end after the request counts as gone, as in nginx: only tunnels keep half-close.
void ClientConnection::lose_client() {
  if (exchange_ != nullptr) {
    std::unique_ptr<Exchange> exchange = std::move(exchange_);
    if (exchange->on_client_gone()) {
      worker_.adopt(std::move(exchange));
    } else {
      worker_.retire(std::move(exchange));
    }
  }
  close();
}

void ClientConnection::drop_slow_client() {
  worker_.counters().slow_clients_dropped.add();
  log::warn("client took nothing for timeouts.write and is dropped", {{"client", facts_.source.text()}});
  transport_->reset_on_close();
  lose_client();
}

void ClientConnection::begin_closing() {
  enter(State::closing);
  state_since_ = worker_.now();
  pipelined_ = std::string();
  discarded_ = 0;
  transport_->limit_reads(SIZE_MAX);
  transport_->start_reading();
  if (transport_->queued() == 0) {
    linger();
  } else {
    reschedule();
  }
}

// All that was queued is with the kernel. A clean answer must not be destroyed by a reset; a body that only
// the close delimits must not look whole.
void ClientConnection::linger() {
  enter(State::lingering);
  state_since_ = worker_.now();
  if (aborting_ && framing_ == Framing::until_close) {
    transport_->reset_on_close();
    if (transport_->all_acknowledged()) return close();
  } else if (aborting_) {
    transport_->cut_on_close();
    return close();
  } else {
    transport_->shut_down_writing();
    if (peer_ended_ && transport_->queued() == 0) return close();
  }
  discarded_ > kLingerBytes ? stop_discarding() : reschedule();
}

// The rest stays with the kernel, so that the client finds that it cannot send, and looks for the answer.
void ClientConnection::stop_discarding() {
  transport_->stop_reading();
  last_request_byte_ = worker_.now();
  reschedule();
}

void ClientConnection::on_drained() {
  last_write_progress_ = worker_.now();
  if (state_ == State::closing) return linger();
  if (state_ == State::lingering && peer_ended_) return close();
  if (exchange_ != nullptr) exchange_->on_client_drained();
  if (state_ != State::closed) reschedule();
}

void ClientConnection::close() {
  if (state_ == State::closed) return;
  enter(State::closed);
  transport_.reset();
  worker_.shared().connections.fetch_sub(1, std::memory_order_relaxed);
  worker_.schedule(*this, kNever);
  worker_.remove(*this);
}

void ClientConnection::on_drain() {
  if (state_ == State::idle && transport_->nothing_to_read()) return close();
  if (!head_sent_) keep_alive_ = false;
  if (exchange_ != nullptr) exchange_->on_drain();
}

bool ClientConnection::close_if_silent() {
  const bool is_read = state_ != State::lingering || discarded_ <= kLingerBytes;
  if (aborting_ || (is_read && !transport_->nothing_to_read())) return false;
  close();
  return true;
}

void ClientConnection::abort_now() {
  if (state_ == State::exchanging) enter(State::closing);  // the exchange's end is not to start another one
  if (exchange_ != nullptr) exchange_->abort_now();
  if (aborting_ && transport_ != nullptr)
    framing_ == Framing::until_close ? transport_->reset_on_close() : transport_->cut_on_close();
  close();
}

}  // namespace sse_proxy
