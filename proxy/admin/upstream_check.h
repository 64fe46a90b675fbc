// GET /readyz?upstream: does an upstream take connections?
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/admin/admin_connection.h"
#include "proxy/shared.h"

namespace sse_proxy {

class AdminServer;

// UpstreamCheck connects to all addresses of all upstreams at once, and answers its connection: 200 as soon
// as one has accepted, 503 when none has, or none within a second. Nothing is sent.
//   Owned by  its admin connection, which destroys it with all that is under way. Thread: the admin loop's.
class UpstreamCheck final : public AdminBody {
 public:
  explicit UpstreamCheck(AdminServer& server);
  ~UpstreamCheck() override;
  UpstreamCheck(const UpstreamCheck&) = delete;
  UpstreamCheck& operator=(const UpstreamCheck&) = delete;

  // Answers at once where that can be told at once.
  void begin(AdminConnection& connection, const Shared& shared);
  void on_room(AdminConnection&) override {}

 private:
  struct Attempt;
  static constexpr uint64_t kPatienceMs = 1000;

  // True: the address has accepted.
  [[nodiscard]] bool attempt(const std::string& upstream, const SocketAddress& address);
  void on_connected(Attempt& attempt);
  void note(const std::string& upstream, const char* why);
  // Nothing of this is left after it, as the connection may let go of it.
  void answer(bool accepted);

  AdminServer& server_;
  uint64_t connection_ = 0;
  uv_timer_t* patience_ = nullptr;
  std::vector<Attempt*> attempts_;
  std::string failures_;
};

}  // namespace sse_proxy
