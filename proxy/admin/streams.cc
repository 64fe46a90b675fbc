#include "proxy/admin/streams.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <optional>
#include <utility>

#include "parser/http1_writer.h"
#include "proxy/admin/admin_server.h"
#include "proxy/exchange/exchange.h"

namespace sse_proxy {
namespace {

constexpr size_t kSlice = 64;  // connections looked at in one turn of a worker's loop: some 50 us

struct StreamId {
  size_t worker;
  uint32_t number;
};

std::optional<StreamId> parse_id(std::string_view text) {
  StreamId id{};
  const char* const end = text.data() + text.size();
  const auto worker = std::from_chars(text.data(), end, id.worker);
  if (worker.ec != std::errc() || worker.ptr == end || *worker.ptr != '.') return std::nullopt;
  const auto number = std::from_chars(worker.ptr + 1, end, id.number);
  if (number.ec != std::errc() || number.ptr != end) return std::nullopt;
  return id;
}

class StreamList final : public AdminBody {
 public:
  StreamList(AdminServer& server, uint64_t connection)
      : server_(server), connection_(connection), walk_(server.new_walk()) {}
  ~StreamList() override {
    if (worker_ < server_.workers().size()) server_.workers()[worker_]->forget_walk(walk_);
  }

  void on_room(AdminConnection& connection) override {
    if (std::exchange(waiting_, true)) return;
    if (!begun_) connection.write("{\"streams\":[");
    begun_ = true;
    next_slice(server_, worker_, walk_, kSlice,
               [&server = server_, id = connection_](const auto& streams, bool more) {
                 AdminConnection* const taker = server.connection(id);
                 if (taker != nullptr && taker->body() != nullptr)
                   static_cast<StreamList*>(taker->body())->take(*taker, streams, more);
               });
  }

 private:
  void take(AdminConnection& connection, const std::vector<StreamInfo>& streams, bool more) {
    waiting_ = false;
    std::string text;
    for (const StreamInfo& stream : streams) {
      text.append(std::exchange(any_, true) ? ",\n" : "\n").append(stream_json(worker_, stream));
    }
    if (!more) ++worker_;
    const bool over = worker_ == server_.workers().size();
    if (over) text += "\n]}\n";
    connection.write(text);
    if (over) return connection.end();
    if (connection.has_room()) on_room(connection);
  }

  AdminServer& server_;
  uint64_t connection_;
  uint64_t walk_;
  size_t worker_ = 0;
  bool begun_ = false;
  bool any_ = false;
  bool waiting_ = false;
};

enum class Ended : uint8_t { no_such_stream, now, at_boundary };

AdminAnswer answer_to(Ended ended) {
  switch (ended) {
    case Ended::now: return {.status = 204};
    case Ended::at_boundary: return {.status = 202, .body = "it ends with the event that is under way\n"};
    case Ended::no_such_stream: break;
  }
  return error_answer(404, "there is no such stream: it may have ended");
}

// On the worker's loop: looks at some connections, and comes back for the others in another turn.
void search_and_end(AdminServer& server, uint64_t connection, Worker& worker, uint64_t walk,
                    uint32_t number) {
  Ended ended = Ended::no_such_stream;
  const bool more = worker.walk(walk, kSlice, [&](Exchange& exchange) {
    if (!exchange.is_stream() || exchange.stream_number() != number) return;
    ended = exchange.end_stream() ? Ended::now : Ended::at_boundary;
  });
  const auto search_on = [&server, connection, &worker, walk, number] {
    search_and_end(server, connection, worker, walk, number);
  };
  if (ended == Ended::no_such_stream && more && worker.post(search_on)) return;
  worker.forget_walk(walk);
  server.post([&server, connection, ended] {
    if (AdminConnection* const asker = server.connection(connection)) asker->answer(answer_to(ended));
  });
}

}  // namespace

// Without a tree of values: a list of a hundred thousand is some seconds of the main loop's time less.
std::string stream_json(size_t worker, const StreamInfo& stream) {
  return fmt::format(
      R"({{"id":"{}.{}","client":{},"method":{},"path":{},"upstream":{},"age_ms":{},"events":{},"bytes":{},)"
      R"("keepalives":{},"partial_releases":{},"silence_ms":{},"longest_silence_ms":{},"queued_bytes":{},)"
      R"("held_bytes":{}}})",
      worker, stream.number, json_string(stream.client.text()), json_string(stream.method),
      json_string(stream.path), json_string(stream.upstream), stream.age.count(), stream.events, stream.bytes,
      stream.keepalives, stream.partial_releases, stream.silence.count(), stream.longest_silence.count(),
      stream.queued, stream.held);
}

void next_slice(AdminServer& server, size_t worker, uint64_t walk, size_t most, const StreamSlice& then) {
  Worker& asked = *server.workers()[worker];
  const bool posted = asked.post([&server, &asked, walk, most, then] {
    std::vector<StreamInfo> streams;
    const bool more = asked.walk(walk, most, [&](Exchange& exchange) {
      if (exchange.is_stream()) streams.push_back(exchange.describe());
    });
    server.post([then, more, streams = std::move(streams)] { then(streams, more); });
  });
  if (!posted) then({}, false);
}

std::unique_ptr<AdminBody> make_stream_list(AdminServer& server, uint64_t connection) {
  return std::make_unique<StreamList>(server, connection);
}

void end_stream(AdminServer& server, AdminConnection& connection, std::string_view text) {
  const auto id = parse_id(text);
  if (!id || id->worker >= server.workers().size())
    return connection.answer(answer_to(Ended::no_such_stream));
  Worker& worker = *server.workers()[id->worker];
  const bool posted =
      worker.post([&server, asker = connection.id(), &worker, walk = server.new_walk(), number = id->number] {
        search_and_end(server, asker, worker, walk, number);
      });
  if (!posted) connection.answer(answer_to(Ended::no_such_stream));
}

}  // namespace sse_proxy
