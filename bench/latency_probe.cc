// What the proxy adds to an event's way on loopback, unloaded: one stream direct and one through the proxy,
// in turn.
//   latency_probe PROXY_BINARY [EVENTS_PER_ROUND] [ROUNDS]
// Each event carries the time at which it was sent; origin and client share one clock. Prints medians in
// microseconds; exits 1 when the added median is not below 100 us.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr double kTargetMicroseconds = 100;
constexpr auto kPause = std::chrono::milliseconds(2);

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

int listen_anywhere(uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 16) != 0) die("listen");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  return fd;
}

bool send_all(int fd, const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

std::string chunk(const std::string& bytes) {
  char head[20];
  std::snprintf(head, sizeof head, "%zx\r\n", bytes.size());
  return head + bytes + "\r\n";
}

// Answers each connection with a stream of `events` paced, time-stamped events of about 200 bytes.
void serve(int listener, int events) {
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char request[4096];
    if (recv(fd, request, sizeof request, 0) > 0) {
      send_all(fd,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
      const std::string filler(160, 'x');
      for (int i = 0; i < events; ++i) {
        std::this_thread::sleep_for(kPause);  // unloaded: the previous event has long arrived
        if (!send_all(fd, chunk("data: @" + std::to_string(now_ns()) + " " + filler + "\n\n"))) break;
      }
      send_all(fd, "0\r\n\r\n");
    }
    close(fd);
  }
}

// The delays of all events of one stream, in microseconds.
std::vector<double> read_stream(uint16_t port) {
  const int fd = connect_to(port);
  send_all(fd, "GET / HTTP/1.1\r\nHost: probe\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n");
  std::vector<double> delays;
  char bytes[16384];
  for (ssize_t n; (n = recv(fd, bytes, sizeof bytes - 1, 0)) > 0;) {
    const int64_t arrived = now_ns();
    bytes[n] = '\0';
    for (const char* at = bytes; (at = std::strchr(at, '@')) != nullptr; ++at) {
      delays.push_back(static_cast<double>(arrived - std::strtoll(at + 1, nullptr, 10)) / 1000);
    }
  }
  close(fd);
  return delays;
}

struct Proxy {
  pid_t pid;
  uint16_t port;
};

// Starts the binary in front of `upstream` and reads from its log where it listens.
Proxy start_proxy(const char* binary, uint16_t upstream) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) die("pipe");
  const std::string url = "http://127.0.0.1:" + std::to_string(upstream);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    execl(binary, binary, "--listen", "127.0.0.1:0", "--upstream", url.c_str(), "--access-log", "off",
          nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  std::string log;
  constexpr const char* kMark = "listening on 127.0.0.1:";
  for (char bytes[512];
       log.find(kMark) == std::string::npos || log.find('\n', log.find(kMark)) == std::string::npos;) {
    const ssize_t n = read(pipe_ends[0], bytes, sizeof bytes);
    if (n <= 0) die("the proxy did not start");
    log.append(bytes, static_cast<size_t>(n));
  }
  return {pid, static_cast<uint16_t>(std::atoi(log.c_str() + log.find(kMark) + std::strlen(kMark)))};
}

double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[static_cast<size_t>(p * static_cast<double>(values.size() - 1))];
}

void print(const char* name, const std::vector<double>& delays) {
  std::printf("%-8s events %5zu  p50 %7.1f us  p90 %7.1f us  p99 %7.1f us\n", name, delays.size(),
              percentile(delays, 0.5), percentile(delays, 0.9), percentile(delays, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: latency_probe PROXY_BINARY [EVENTS_PER_ROUND] [ROUNDS]\n");
    return 2;
  }
  const int events = argc > 2 ? std::atoi(argv[2]) : 500;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  uint16_t origin_port = 0;
  const int listener = listen_anywhere(origin_port);
  std::thread(serve, listener, events).detach();
  const Proxy proxy = start_proxy(argv[1], origin_port);

  std::vector<double> direct;
  std::vector<double> proxied;
  for (int round = 0; round < rounds; ++round) {  // interleaved: the machine's mood hits both alike
    for (double delay : read_stream(origin_port)) direct.push_back(delay);
    for (double delay : read_stream(proxy.port)) proxied.push_back(delay);
  }
  kill(proxy.pid, SIGTERM);
  waitpid(proxy.pid, nullptr, 0);

  const double added = percentile(proxied, 0.5) - percentile(direct, 0.5);
  print("direct", direct);
  print("proxied", proxied);
  std::printf("added    p50 %7.1f us (target: below %.0f us)\n", added, kTargetMicroseconds);
  return added < kTargetMicroseconds && proxied.size() == direct.size() ? 0 : 1;
}
