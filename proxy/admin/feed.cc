#include "proxy/admin/feed.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "proxy/admin/admin_server.h"
#include "proxy/admin/streams.h"

namespace sse_proxy {
namespace {

class FeedBody final : public AdminBody {
 public:
  void on_room(AdminConnection&) override {}  // the next round writes
};

}  // namespace

Feed::Feed(AdminServer& server) : server_(server) {
  uv_timer_init(server.loop(), &timer_);
  timer_.data = this;
}

void Feed::close() { uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr); }

void Feed::add(AdminConnection& connection) {
  if (watchers_.size() >= kMaxWatchers)
    return connection.answer(error_answer(503, "as many as may watch are watching"));
  connection.answer_in_pieces("text/event-stream", std::make_unique<FeedBody>());
  if (connection.body() == nullptr) return;  // a HEAD
  watchers_.push_back(connection.id());
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_)) != 0) return;
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Feed*>(timer->data)->begin_round(); }, 0, kEveryMs);
}

void Feed::begin_round() {
  std::erase_if(watchers_, [this](uint64_t id) {
    AdminConnection* const watcher = server_.connection(id);
    return watcher == nullptr || watcher->body() == nullptr;
  });
  if (watchers_.empty()) uv_timer_stop(&timer_);
  if (watchers_.empty() || awaited_ > 0) return;
  rows_.clear();
  awaited_ = server_.workers().size();
  for (size_t i = 0; i < server_.workers().size(); ++i) {
    const uint64_t walk = server_.new_walk();
    next_slice(server_, i, walk, kMaxRows, [this, i, walk](const auto& streams, bool more) {
      if (more) server_.workers()[i]->forget_walk(walk);
      take(i, streams);
    });
  }
}

void Feed::take(size_t worker, const std::vector<StreamInfo>& streams) {
  for (const StreamInfo& stream : streams) {
    rows_.append(rows_.empty() ? "" : ",").append(stream_json(worker, stream));
  }
  if (--awaited_ == 0) publish();
}

void Feed::publish() {
  nlohmann::ordered_json totals = server_.totals();
  std::string event = "data: " + totals.dump();
  event.pop_back();  // the brace: the rows are JSON already
  event.append(",\"streams\":[").append(rows_).append("]}\n\n");
  for (const uint64_t id : watchers_) {
    AdminConnection* const watcher = server_.connection(id);
    if (watcher != nullptr && watcher->body() != nullptr && watcher->has_room()) watcher->write(event);
  }
}

}  // namespace sse_proxy
