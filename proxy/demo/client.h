// The demo's client: reads an event stream as a browser does, and notes when each event arrived.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/demo/script.h"
#include "proxy/demo/socket.h"

struct z_stream_s;

namespace sse_proxy::stage {

// Something that a client saw.
struct Sight {
  enum class Kind : uint8_t { event, garbage, keepalive, end, cut };
  Kind kind;
  microseconds at;       // when it arrived
  Received event{};      // for Kind::event
  std::string detail{};  // for garbage and cut: what it was
};

// Takes a chunked and perhaps gzipped body apart into the blocks of an event stream. The body may be cut
// anywhere between two calls.
class BodyReader {
 public:
  explicit BodyReader(bool gzipped);
  ~BodyReader();

  // The blocks that are now complete, each without the blank line that ended it. Empty for a broken body.
  std::vector<std::string> feed(std::string_view bytes);
  // The last chunk was there, and with it the whole body.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  void dechunk(std::string_view bytes);
  void decode(std::string_view coded);

  std::unique_ptr<z_stream_s> gzip_;  // null: the body is plain
  std::string framed_;                // not yet taken apart
  size_t left_in_chunk_ = 0;
  bool complete_ = false;
  std::string text_;  // of an incomplete block
};

// Reads one stream from 127.0.0.1:port on a thread of its own.
//   Owned by  the demo. The destructor joins the thread: request the stop first, or wait for over().
class LaneClient {
 public:
  LaneClient(uint16_t port, const StopSignal& stop);
  ~LaneClient();
  LaneClient(const LaneClient&) = delete;
  LaneClient& operator=(const LaneClient&) = delete;

  // All that it saw until now, in order. Any thread.
  [[nodiscard]] std::vector<Sight> sights() const;

 private:
  void read(uint16_t port, const StopSignal& stop);
  void note(Sight sight);
  void note_block(std::string_view block);

  mutable std::mutex mutex_;
  std::vector<Sight> sights_;
  std::thread thread_;
};

// Whether the lane has ended, well or not.
bool is_over(const std::vector<Sight>& sights);

}  // namespace sse_proxy::stage
