// What the connections of one side of TLS share: certificates, trust, versions, sessions.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parser/result.h"
#include "tls/certificate.h"
#include "tls/engine.h"
#include "tls/ticket_keys.h"

namespace sse_proxy::tls {

struct ServerSettings {
  std::vector<std::string> certificates = {}, keys = {};  // files, paired in order; at least one pair
  std::string client_ca = {};  // not empty: clients must show a certificate that it signed
  bool only_tls13 = false;
};

// ServerContext answers clients: it chooses the certificate by the name that they ask for (SNI) and by the
// kinds of keys that they know.
//   Owned by  the process, and by the connections that it began: a reload replaces it for new ones.
//   Thread    any, once loaded.
class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  // The error names the file and the reason. `tickets` outlives it.
  static Result<std::shared_ptr<ServerContext>> load(const ServerSettings& settings, TicketKeys& tickets);

  // Null where there is no memory.
  [[nodiscard]] std::unique_ptr<Engine> accept();
  [[nodiscard]] const std::vector<KeyPair>& pairs() const noexcept { return pairs_; }

 private:
  // The pairs that are for the same names, one for each kind of key.
  struct Group {
    SslContextPtr context;
    std::vector<size_t> pairs;
  };
  static int on_server_name(SSL* ssl, int* alert, void* self);
  std::optional<Error> build(const ServerSettings& settings, TicketKeys& tickets);
  [[nodiscard]] Group* group_for(const KeyPair& pair);

  std::vector<KeyPair> pairs_;
  std::vector<Group> groups_;  // the first answers who asks for no name that is known
};

struct ClientSettings {
  std::string ca = {};                     // file; empty: the system's store
  std::string certificate = {}, key = {};  // files, or both empty
  bool insecure = false;                   // nothing is verified
};

// ClientContext connects to upstreams and remembers a session of each, so that the next handshake is short.
//   Owned by  the process. Thread: any, once loaded.
class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  // `names`: whom each upstream must prove to be; "" for those without TLS.
  static Result<std::shared_ptr<ClientContext>> load(const ClientSettings& settings,
                                                     std::vector<std::string> names);

  [[nodiscard]] std::unique_ptr<Engine> connect(size_t upstream);

 private:
  struct Upstream {
    std::string name;
    std::mutex mutex;
    SessionPtr session;
  };
  static int on_new_session(SSL* ssl, SSL_SESSION* session);

  SslContextPtr context_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
};

}  // namespace sse_proxy::tls
