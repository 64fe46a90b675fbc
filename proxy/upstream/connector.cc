#include "proxy/upstream/connector.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "proxy/ops/log.h"
#include "proxy/upstream/upstream_pool.h"

namespace sse_proxy {
namespace {

bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace

void Connector::start(bool careful, bool fresh) {
  careful_ = careful;
  fresh_ = fresh;
  first_ = worker_.pool().next_upstream();
  upstream_ = worker_.shared().health.choose(first_, {}, worker_.now()).value_or(first_);
  begin_upstream();
}

std::string_view Connector::upstream_text() const { return worker_.options().upstream[upstream_].text; }

void Connector::begin_upstream() {
  if (!fresh_) {
    if (auto kept = worker_.pool().take(upstream_, careful_))
      return user_->on_upstream_ready(std::move(kept), true);
  }
  addresses_ = worker_.shared().resolver.addresses(upstream_);
  address_ = 0;
  deadline_ = worker_.now() + timeout_;
  try_addresses();
}

void Connector::try_addresses() {
  while (address_ < addresses_->size()) {
    last_error_ = 0;
    transport_ = Transport::connect(worker_, *this, (*addresses_)[address_], last_error_);
    const bool again = out_of_descriptors(last_error_) && worker_.free_a_descriptor();
    if (!again) ++address_;
    if (transport_ != nullptr) return;
    last_reason_ = strerrordesc_np(last_error_);
  }
  const bool ours = out_of_descriptors(last_error_);
  next_upstream(
      {ours ? Side::self : Side::upstream, ours ? 503 : 502, "cannot connect to the upstream", last_reason_});
}

void Connector::on_connected(int error) {
  if (user_ == nullptr || transport_ == nullptr) return;
  if (error != 0) return on_broken(error, strerrordesc_np(error));
  if (!worker_.options().upstream[upstream_].tls) return hand_over();
  std::unique_ptr<tls::Engine> engine = worker_.shared().certificates.client()->connect(upstream_);
  if (engine == nullptr) return on_broken(ENOMEM, strerrordesc_np(ENOMEM));
  transport_->start_reading();
  transport_->secure(std::move(engine), {});
}

void Connector::hand_over() {
  deadline_ = kNever;
  auto connection = std::make_unique<UpstreamConnection>(worker_, std::move(transport_), upstream_);
  user_->on_upstream_ready(std::move(connection), false);
}

void Connector::on_end() { on_broken(ECONNRESET, "TLS: the upstream ended the handshake"); }

void Connector::on_broken(int error, std::string_view why) {
  if (user_ == nullptr || transport_ == nullptr) return;
  last_error_ = error;
  last_reason_ = why;
  transport_.reset();
  try_addresses();
}

void Connector::on_deadline(TimePoint now) {
  if (now < deadline_) return;
  transport_.reset();
  next_upstream(
      {Side::upstream, 504,
       "the upstream did not accept a connection within " + std::to_string(timeout_.count()) + "ms"});
}

void Connector::next_upstream(const Error& error) {
  UpstreamHealth& health = worker_.shared().health;
  const bool left_out =
      error.side == Side::upstream && health.failed(upstream_, UpstreamFailure::no_connection, worker_.now());
  if (left_out) worker_.counters().upstream_ejections.add();
  tried_.push_back(upstream_);
  if (const auto next = health.choose(first_, tried_, worker_.now())) {
    log::warn(error.message, {{"reason", std::string_view(error.detail)},
                              {"upstream", upstream_text()},
                              {"next", std::string_view(worker_.options().upstream[*next].text)}});
    upstream_ = *next;
    return begin_upstream();
  }
  deadline_ = kNever;
  user_->on_upstream_unavailable(error);
}

void Connector::cancel() noexcept {
  user_ = nullptr;
  deadline_ = kNever;
  transport_.reset();
}

}  // namespace sse_proxy
