// Finds an exchange a connection: a kept one, or a new one to the first address that answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "parser/result.h"
#include "proxy/upstream/resolver.h"
#include "proxy/upstream/upstream_connection.h"

namespace sse_proxy {

class ConnectorUser {
 public:
  // `reused`: it served another request before, so it may turn out to be dead.
  virtual void on_upstream_ready(std::unique_ptr<UpstreamConnection> connection, bool reused) = 0;
  virtual void on_upstream_unavailable(const Error& error) = 0;

 protected:
  ~ConnectorUser() = default;
};

// Connector tries the upstreams in turn, and of each all addresses within `timeouts.connect`: a connection
// that was never established may be tried again for any method.
//   Owned by  its exchange, which is its user. Thread: its worker's.
//   Ends      with one call to its user, which may come from within start().
class Connector final : public Retirable, private TransportOwner {
 public:
  Connector(Worker& worker, ConnectorUser& user, Millis timeout)
      : worker_(worker), user_(&user), timeout_(timeout) {}

  // `careful`: see UpstreamPool::take(). `fresh`: no kept connection, as one has just failed.
  void start(bool careful, bool fresh);
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  // The upstream that is tried now, as configured.
  [[nodiscard]] std::string_view upstream_text() const;
  void on_deadline(TimePoint now);
  // The user has gone, or has what it wanted.
  void cancel() noexcept;

 private:
  void begin_upstream();
  void try_addresses();
  void hand_over();
  void next_upstream(const Error& error);
  void on_connected(int error) override;
  void on_bytes(std::string_view) override {}
  void on_secured() override { hand_over(); }
  void on_end() override;
  void on_broken(int error, std::string_view why) override;
  void on_drained() override {}

  Worker& worker_;
  ConnectorUser* user_;  // null: cancelled
  Millis timeout_;
  TransportPtr transport_;  // of the attempt under way
  AddressList addresses_;
  size_t address_ = 0;
  size_t upstream_ = 0;
  size_t first_ = 0;           // where the ring of upstreams begins for this exchange
  std::vector<size_t> tried_;  // and failed
  TimePoint deadline_ = kNever;
  int last_error_ = 0;
  std::string last_reason_;
  bool careful_ = false;
  bool fresh_ = false;
};

}  // namespace sse_proxy
