// What becomes of a response's body on its way to the client; one implementation per kind of response.
#pragma once

#include <memory>
#include <string_view>

#include "parser/event_stream.h"
#include "parser/http_types.h"
#include "parser/result.h"

namespace sse_proxy {

// ResponseBody takes the upstream's body bytes and hands the client its own.
//   Owned by  its exchange. Borrows the Downstream. Thread: its worker's.
//   Turn      push()*, then end_turn() or finish(), before the read slab is used again.
//   Fails     by error(): the exchange then aborts the response.
class ResponseBody {
 public:
  virtual ~ResponseBody() = default;

  virtual void push(std::string_view piece) = 0;
  virtual void end_turn(TimePoint now) = 0;
  // The upstream's clean end. Once all is handed on, the client's message is ended and ended() is true.
  virtual void finish(TimePoint now, std::unique_ptr<Fields> trailers) = 0;
  // The exchange is about to abort: what is held back goes out as it is, neither dropped nor completed.
  virtual void release_held(TimePoint now) { (void)now; }

  // The client has taken all that was queued.
  virtual void on_client_drained(TimePoint now) { (void)now; }
  [[nodiscard]] virtual TimePoint deadline() const { return kNever; }
  virtual void on_deadline(TimePoint now) { (void)now; }

  // Nothing is held or waits: bytes that pass whole only move the deadline away.
  [[nodiscard]] virtual bool at_rest() const { return true; }
  // Upstream bytes wait here that the client must take first.
  [[nodiscard]] virtual bool backlogged() const { return false; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const Error* error() const noexcept { return error_.get(); }
  // Null for what is not an event stream.
  [[nodiscard]] virtual EventStream* events() { return nullptr; }

 protected:
  bool ended_ = false;
  std::unique_ptr<const Error> error_;
};

}  // namespace sse_proxy
