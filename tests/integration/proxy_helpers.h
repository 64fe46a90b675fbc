// The real binary as a child process, and the few HTTP words that tests speak with it.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/socket_helpers.h"

namespace sse_proxy::test {

using Args = std::vector<std::string>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // figures of memory and time mean nothing
#else
inline constexpr bool kSanitized = false;
#endif

// A file of the test's own, which goes with it.
class ConfigurationFile {
 public:
  explicit ConfigurationFile(std::string_view text);
  ~ConfigurationFile();
  ConfigurationFile(const ConfigurationFile&) = delete;
  ConfigurationFile& operator=(const ConfigurationFile&) = delete;
  void write(std::string_view text) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A run of the binary, from its start to its exit.
class Process {
 public:
  // `descriptors`: its limit of open files, soft and hard; 0: the test's own. `sockets`: handed over as a
  // service manager does, from descriptor 3 on.
  explicit Process(const Args& args, const std::map<std::string, std::string>& environment = {},
                   unsigned descriptors = 0, const std::vector<int>& sockets = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The first line that contains `text`, "" and a failed test if it does not come.
  std::string wait_for_log(std::string_view text, Millis patience = kPatience);
  [[nodiscard]] std::string log() const;
  // From now on nobody reads the process's log, whose pipe is small.
  void neglect_log();
  [[nodiscard]] std::string output() const;  // stdout; whole once it has exited
  [[nodiscard]] size_t count_in_log(std::string_view text) const;
  void signal(int number) const;
  // -1 if it runs on; 128 + N when a signal ended it.
  int wait_for_exit(Millis patience = kPatience);
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Memory now that is no file's, in KiB: pages of programs and libraries come and go.
  [[nodiscard]] long own_memory_kib() const;
  // A line of /proc/PID/status without its name, "" if there is none: "FDSize", "TracerPid".
  [[nodiscard]] std::string kernel_status(std::string_view name) const;
  [[nodiscard]] size_t open_descriptors() const;
  [[nodiscard]] size_t lowest_free_descriptor() const;
  // User and system time so far.
  [[nodiscard]] Millis cpu_time() const;

 private:
  void read_into(int fd, std::string& text);

  pid_t pid_ = -1;
  int exit_code_ = -1;
  Fd errors_;
  Fd out_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_;
  std::string output_;
  bool log_ended_ = false;
  bool log_neglected_ = false;
  std::thread log_reader_;
  std::thread output_reader_;
};

// A proxy that is up, on a port of its own. Its end must be clean: a sanitizer's report fails the test.
class Proxy : public Process {
 public:
  explicit Proxy(const Args& args, unsigned descriptors = 0);
  ~Proxy();
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] Peer client(const ConnectOptions& options = {}) const { return connect_to(port_, options); }
  // Ends it at once and returns the counters of its last line.
  std::map<std::string, uint64_t> stop_and_count();

 private:
  void stop();
  uint16_t port_ = 0;
};

// A proxy in front of one origin.
struct Rig {
  explicit Rig(Args args = {}) : proxy(with_upstream(std::move(args))) {}
  [[nodiscard]] Peer client(const ConnectOptions& options = {}) const { return proxy.client(options); }
  Args with_upstream(Args args) const {
    args.insert(args.end(), {"--upstream", origin.url()});
    return args;
  }
  Origin origin;
  Proxy proxy;
};

// An event stream between one client and one origin whose heads have been exchanged.
struct Stream {
  // `request_head` and `response_head` end with their blank line.
  explicit Stream(Rig& rig, std::string_view request_head, std::string_view response_head,
                  const ConnectOptions& options = {});
  Peer client;
  Peer upstream;
  std::string request_head;   // as the origin got it
  std::string response_head;  // as the client got it
};

// --- words of HTTP ---

inline constexpr std::string_view kGet = "GET /events HTTP/1.1\r\nHost: example.test\r\n\r\n";
inline constexpr std::string_view kGetExpected =
    "GET /events HTTP/1.1\r\nHost: example.test\r\nAccept: text/event-stream\r\n\r\n";
inline constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
// The value of a field in a head, "" if it is not there; several are joined by ", ".
std::string field(std::string_view head, std::string_view name);
int status_of(std::string_view head);
std::string text_response(std::string_view body, std::string_view more_fields = "");
std::string replaced(std::string text, std::string_view what, std::string_view with);

struct Response {
  std::string head;
  std::string body;
  bool complete = false;  // by its framing
  std::string trailers;
};
// Reads one response as its framing says. `to_head`: the answer to a HEAD request.
Response read_response(Peer& client, bool to_head = false, Millis patience = kPatience);
// The body of a chunked message so far, and its chunks.
struct Chunked {
  std::vector<std::string> chunks;
  std::string body;
  bool complete = false;
};
Chunked read_chunked_to_end(Peer& client, Millis patience = kPatience);

}  // namespace sse_proxy::test
