// /streams and /streams/ID: live streams, listed slice by slice, and ended one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/admin_connection.h"
#include "proxy/exchange/stream_info.h"

namespace sse_proxy {

class AdminServer;

// A JSON object on one line. Its id is the worker's index and the stream's number there: "1.42".
std::string stream_json(size_t worker, const StreamInfo& stream);

// What one visit to a worker brought: the streams of some of its connections. `more`: there are others.
using StreamSlice = std::function<void(const std::vector<StreamInfo>& streams, bool more)>;
// Asks a worker for the next slice of a walk through its connections; `most` of them are looked at in one
// turn of its loop, so that no event waits for more. The answer comes on the admin loop, at once where the
// worker has ended.
void next_slice(AdminServer& server, size_t worker, uint64_t walk, size_t most, const StreamSlice& then);

// The body of /streams: the next slice is asked for when the client has taken the last one, so that a hundred
// thousand streams need no more memory than a hundred.
std::unique_ptr<AdminBody> make_stream_list(AdminServer& server, uint64_t connection);

// DELETE /streams/ID, answered in its time: 204, 202 where the stream ends at its next boundary, or 404.
void end_stream(AdminServer& server, AdminConnection& connection, std::string_view id);

}  // namespace sse_proxy
