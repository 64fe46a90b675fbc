// /events: what the page at / draws, as an event stream.
#pragma once

#include <uv.h>

#include <string>
#include <vector>

#include "proxy/admin/admin_connection.h"
#include "proxy/exchange/stream_info.h"

namespace sse_proxy {

class AdminServer;

// Feed asks every worker four times a second for its longest-running streams, a hundred at most, and tells
// all who watch; nobody is asked while nobody watches.
//   Owned by  the admin server. Thread: the admin loop's.
class Feed {
 public:
  explicit Feed(AdminServer& server);
  // The handle's memory must outlive the loop's next turn.
  void close();

  void add(AdminConnection& connection);

 private:
  static constexpr size_t kMaxWatchers = 16;
  static constexpr size_t kMaxRows = 100;
  static constexpr uint64_t kEveryMs = 250;

  void begin_round();
  void take(size_t worker, const std::vector<StreamInfo>& streams);
  void publish();

  AdminServer& server_;
  uv_timer_t timer_;
  std::vector<uint64_t> watchers_;
  std::string rows_;    // of the round under way
  size_t awaited_ = 0;  // workers that have not answered in it
};

}  // namespace sse_proxy
