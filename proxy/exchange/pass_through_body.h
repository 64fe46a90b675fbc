// A body that is passed on byte for byte: everything that is not an event stream.
#pragma once

#include "proxy/exchange/downstream.h"
#include "proxy/exchange/response_body.h"

namespace sse_proxy {

class PassThroughBody final : public ResponseBody {
 public:
  PassThroughBody(Downstream& client, TurnScratch& scratch) : client_(client), pieces_(scratch.fresh) {}

  void push(std::string_view piece) override { pieces_.push_back(piece); }
  void end_turn(TimePoint) override {
    if (!pieces_.empty()) client_.write_body(pieces_);
    pieces_.clear();
  }
  void finish(TimePoint, std::unique_ptr<Fields> trailers) override {
    client_.end(pieces_, trailers.get());
    pieces_.clear();
    ended_ = true;
  }

 private:
  Downstream& client_;
  std::vector<std::string_view>& pieces_;  // of this turn, shared by the worker's streams
};

}  // namespace sse_proxy
