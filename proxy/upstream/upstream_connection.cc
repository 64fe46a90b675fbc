#include "proxy/upstream/upstream_connection.h"

#include <charconv>
#include <string>

#include "proxy/upstream/upstream_pool.h"

namespace sse_proxy {
namespace {

// "timeout=5, max=100" to 5 s; 0 when it does not say.
Millis announced_timeout(const Fields& fields) {
  Millis announced{0};
  for_each_element(fields.joined(FieldId::keep_alive), [&](std::string_view parameter) {
    constexpr std::string_view kName = "timeout=";
    if (parameter.size() <= kName.size() || !equals_ignoring_case(parameter.substr(0, kName.size()), kName))
      return;
    uint32_t seconds = 0;
    parameter.remove_prefix(kName.size());
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), seconds);
    announced = std::chrono::seconds(seconds);
  });
  return announced;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Worker& worker, TransportPtr transport, size_t upstream)
    : worker_(worker),
      transport_(std::move(transport)),
      parser_(*this, worker.options().limits.header_bytes),
      upstream_(upstream) {
  transport_->set_owner(*this);
}

void UpstreamConnection::begin(UpstreamUser& user, std::string_view method, bool may_switch) {
  user_ = &user;
  answered_ = reusable_ = switched_ = false;
  announced_idle_ = Millis(0);
  parser_.next_message(method, may_switch);
  transport_->start_reading();
}

void UpstreamConnection::on_response_head(ResponseHead&& head) {
  keep_alive_ = head.keep_alive && head.body.kind != Framing::until_close;
  announced_idle_ = announced_timeout(head.fields);
  switched_ = head.status == 101;
  user_->on_response_head(std::move(head));
}

void UpstreamConnection::on_bytes(std::string_view bytes) {
  if (user_ == nullptr) return worker_.pool().drop(*this);  // an idle upstream has nothing to say
  answered_ = true;
  const ParseStep step = parser_.feed(bytes);
  if (user_ == nullptr) return;
  if (step.status == ParseStatus::failed) return fail(parser_.error());
  if (step.status == ParseStatus::more) return user_->on_turn_end();
  if (switched_) return user_->on_switched(bytes.substr(step.consumed));
  reusable_ = keep_alive_ && step.consumed == bytes.size();
  complete();
}

void UpstreamConnection::complete() { user_->on_response_complete(parser_.take_trailers()); }

void UpstreamConnection::on_end() {
  if (user_ == nullptr) return worker_.pool().drop(*this);
  if (parser_.finish()) return complete();
  const bool began = parser_.head_complete();
  fail({Side::upstream, 502,
        began       ? "upstream closed the connection in the middle of its response"
        : answered_ ? "upstream closed the connection in the middle of its response head"
                    : "upstream closed the connection without a response"});
}

void UpstreamConnection::on_broken(int, std::string_view why) {
  if (user_ == nullptr) return worker_.pool().drop(*this);
  fail({Side::upstream, 502, "connection to the upstream broke: " + std::string(why)});
}

void UpstreamConnection::fail(const Error& error) {
  user_->on_turn_end();  // what came before the failure was good
  if (user_ != nullptr) user_->on_upstream_failed(error);
}

void UpstreamConnection::on_drained() {
  if (user_ != nullptr) user_->on_upstream_drained();
}

}  // namespace sse_proxy
