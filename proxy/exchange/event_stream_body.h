// The body of an event stream: decoded if need be, then framed and kept alive by EventStream.
#pragma once

#include <memory>
#include <string>

#include "parser/content_decoder.h"
#include "parser/event_stream.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/response_body.h"
#include "proxy/worker.h"

namespace sse_proxy {

// Decodes step by step, no further than the client takes; compressed bytes that came too early wait in
// `coded_`.
class EventStreamBody final : public ResponseBody {
 public:
  // The head has just been written. `expected`: by the request, which brings the first keep-alive forward.
  EventStreamBody(Worker& worker, Downstream& client, const RouteSettings& route, bool expected);
  ~EventStreamBody() override;

  // What arrives is in a coding. Before the first push().
  void decode_with(std::unique_ptr<ContentDecoder> decoder) { decoder_ = std::move(decoder); }

  void push(std::string_view piece) override;
  void end_turn(TimePoint now) override;
  void finish(TimePoint now, std::unique_ptr<Fields> trailers) override;
  void release_held(TimePoint now) override;
  void on_client_drained(TimePoint now) override;
  [[nodiscard]] TimePoint deadline() const override { return ended_ ? kNever : stream_.deadline(); }
  void on_deadline(TimePoint now) override;
  [[nodiscard]] bool at_rest() const override { return stream_.can_end() && !backlogged(); }
  [[nodiscard]] bool backlogged() const override { return stalled_ || !coded_.empty(); }
  [[nodiscard]] EventStream* events() override { return &stream_; }

 private:
  void pass_on(std::string_view bytes);
  void end_stream_turn(TimePoint now);
  // Decodes as much of `input` as the client takes; the number of bytes used.
  size_t decode(std::string_view input, TimePoint now);
  void keep_coded(std::string_view rest);
  void fail(DecodeStep::Status status);
  void end_if_all_passed_on(TimePoint now);

  Worker& worker_;
  Downstream& client_;
  EventStream stream_;
  std::unique_ptr<ContentDecoder> decoder_;  // null: the bytes are plain
  std::string coded_;                        // charged to the buffer budget
  std::unique_ptr<Fields> trailers_;
  bool stalled_ = false;  // the client's queue filled up: the decoder may have more to give
  bool upstream_ended_ = false;
};

}  // namespace sse_proxy
