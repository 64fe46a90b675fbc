// The answer that came after an early head and is no event stream: it reaches the client as one event (rule
// 12).
#pragma once

#include <memory>
#include <string>

#include "parser/content_decoder.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/response_body.h"
#include "proxy/worker.h"

namespace sse_proxy {

// The event that tells of `status`: `text`, one `data:` line per line, or a JSON object when that is empty.
std::string error_event(std::string_view event_name, int status, std::string_view text,
                        std::string_view message);

// Collects text or JSON up to 64 KiB, decoded; of anything else only the status is told. Keep-alives go on
// meanwhile.
class ErrorEventBody final : public ResponseBody {
 public:
  // `waiting` is the event stream that was begun early; `decoder` null for a body that is not coded.
  ErrorEventBody(Worker& worker, Downstream& client, std::unique_ptr<ResponseBody> waiting,
                 std::string event_name, const ResponseHead& head);

  void push(std::string_view piece) override;
  void end_turn(TimePoint) override {}
  void finish(TimePoint now, std::unique_ptr<Fields> trailers) override;
  [[nodiscard]] TimePoint deadline() const override { return ended_ ? kNever : waiting_->deadline(); }
  void on_deadline(TimePoint now) override { waiting_->on_deadline(now); }
  void on_client_drained(TimePoint now) override { waiting_->on_client_drained(now); }
  [[nodiscard]] EventStream* events() override { return waiting_->events(); }

 private:
  void collect(std::string_view text);

  Worker& worker_;
  Downstream& client_;
  std::unique_ptr<ResponseBody> waiting_;
  std::unique_ptr<ContentDecoder> decoder_;
  std::string event_name_;
  std::string reason_;
  std::string text_;
  int status_;
  bool tellable_;  // text or JSON, in a coding that can be undone, and not too long so far
};

}  // namespace sse_proxy
