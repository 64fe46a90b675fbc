#include "tests/integration/hand_over_helpers.h"

#include <charconv>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

using bench::kSecond;
using bench::now_ns;

constexpr uint64_t kListener = 0, kLook = 0;
constexpr int64_t kLookEvery = kSecond / 100;
constexpr int64_t kEvery = kSecond / 2;
constexpr int64_t kBetweenHalves = kSecond / 20;
constexpr int64_t kMillisecond = kSecond / 1000;
constexpr std::string_view kPath = "/streams/", kRetry = "retry: 200\n\n", kLastLine = "data: last";

size_t number_in(std::string_view text) {
  size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string event(int64_t id, bool last) {
  const std::string data = last ? std::string(kLastLine) : "data: " + std::to_string(now_ns());
  return "id: " + std::to_string(id) + "\n" + data + "\n\n";
}

bool send_all(int fd, std::string_view bytes) {  // little enough for any socket
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// False once the connection has ended.
bool receive(int fd, std::string& into) {
  std::array<char, 16384> bytes;
  const ssize_t n = recv(fd, bytes.data(), bytes.size(), 0);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  into.append(bytes.data(), static_cast<size_t>(n));
  return true;
}

}  // namespace

// --- NumberedOrigin ---

struct NumberedOrigin::Connection {
  uint64_t id;
  int fd;
  std::string request = {};
  bool is_post = false;
  int64_t phase = 0;      // of its events; streams differ, so that the load is even
  int64_t next = 1;       // the event that is due next
  std::string half = {};  // the second one of the event under way
};

NumberedOrigin::NumberedOrigin()
    : listener_(bench::listen_on(0)), began_(now_ns()), last_id_(kListener), thread_([this] {
        loop_.watch(listener_, kListener, EPOLLIN);
        loop_.wake_at(now_ns(), kLook);
        while (!stopping_) loop_.turn(*this);
      }) {}

NumberedOrigin::~NumberedOrigin() {
  stopping_ = true;
  thread_.join();
  for (const auto& [id, connection] : connections_) close(connection->fd);
  close(listener_);
}

std::string NumberedOrigin::url() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) bench::die("getsockname");
  return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void NumberedOrigin::end_posts_within(std::chrono::milliseconds time) {
  posts_end_within_ = std::chrono::nanoseconds(time).count();
  posts_end_from_ = now_ns();
}

void NumberedOrigin::on_ready(uint64_t id, uint32_t) {
  if (id == kListener) return accept_all();
  const auto found = connections_.find(id);
  if (found != connections_.end() && !read(*found->second)) drop(*found->second);
}

void NumberedOrigin::on_due(uint64_t id, int64_t) {
  if (id == kLook) return loop_.wake_at(now_ns() + kLookEvery, kLook);
  const auto found = connections_.find(id);
  if (found != connections_.end() && !send_half(*found->second)) drop(*found->second);
}

void NumberedOrigin::accept_all() {
  for (int fd; (fd = bench::accept_from(listener_)) >= 0;) {
    const uint64_t id = ++last_id_;
    connections_[id] = std::make_unique<Connection>(Connection{.id = id, .fd = fd});
    loop_.watch(fd, id, EPOLLIN);
  }
}

bool NumberedOrigin::read(Connection& connection) {
  if (!receive(connection.fd, connection.request)) return false;
  return !connection.request.ends_with("\r\n\r\n") || start_stream(connection);
}

bool NumberedOrigin::start_stream(Connection& connection) {
  const std::string request = std::exchange(connection.request, {});
  connection.is_post = request.starts_with("POST ");
  const size_t number = number_in(std::string_view(request).substr(request.find(kPath) + kPath.size()));
  connection.phase = static_cast<int64_t>(number % 97) * kEvery / 97;
  connection.next = static_cast<int64_t>(number_in(field(request, "last-event-id"))) + 1;
  std::string due(kRetry);
  for (const int64_t now = now_ns(); began_ + connection.phase + connection.next * kEvery <= now;)
    due += event(connection.next++, false);
  plan_next(connection);
  return send_all(connection.fd, std::string(kStreamHead) + chunk(due));
}

void NumberedOrigin::plan_next(const Connection& connection) {
  loop_.wake_at(began_ + connection.phase + connection.next * kEvery, connection.id);
}

bool NumberedOrigin::is_over(const Connection& connection) const {
  const int64_t from = posts_end_from_;
  return connection.is_post && from != INT64_MAX &&
         now_ns() >= from + connection.phase * posts_end_within_ / kEvery;
}

bool NumberedOrigin::send_half(Connection& connection) {
  if (connection.half.empty()) {
    const std::string whole = event(connection.next, is_over(connection));
    const size_t cut = whole.size() / 2;
    connection.half = whole.substr(cut);
    loop_.wake_at(now_ns() + kBetweenHalves, connection.id);
    return send_all(connection.fd, chunk(whole.substr(0, cut)));
  }
  std::string rest = chunk(std::exchange(connection.half, {}));
  if (rest.find("last") != std::string::npos) return send_all(connection.fd, rest.append(kLastChunk));
  ++connection.next;
  plan_next(connection);
  return send_all(connection.fd, rest);
}

void NumberedOrigin::drop(const Connection& connection) {
  close(connection.fd);
  connections_.erase(connection.id);
}

// --- Crowd ---

struct Crowd::Member {
  uint64_t number;
  bool is_reader;
  size_t last_id = 0;     // as EventSource keeps it
  size_t pending_id = 0;  // of an event that is not whole yet
  int64_t retry = 3000;
  size_t responses = 0;
  bool had_event = false;  // of the last response
  bool saw_last = false;
};

struct Crowd::Connection {
  uint64_t id;
  int fd;
  Member& member;
  std::string in = {};
  std::string line = {};  // of the event stream, as far as it came
  bool asked = false;
  bool begun = false;  // the head has come
  bool ended = false;  // the response has: the proxy's close is waited for
};

Crowd::Crowd(size_t readers, size_t posts, uint16_t port) : port_(port), last_id_(readers + posts) {
  for (uint64_t i = 0; i < readers + posts; ++i) members_.push_back({.number = i, .is_reader = i < readers});
  for (Member& member : members_) connect(member);
  loop_.wake_at(now_ns(), kLook);
}

Crowd::~Crowd() {
  for (const auto& [id, connection] : connections_) close(connection->fd);
}

bool Crowd::run_until(const std::function<bool()>& is_so, std::chrono::seconds patience) {
  const int64_t deadline = now_ns() + patience.count() * kSecond;
  for (int64_t look = 0; now_ns() < deadline;) {
    loop_.turn(*this);
    if (now_ns() < look) continue;
    if (is_so()) return true;
    look = now_ns() + kLookEvery;
  }
  return false;
}

void Crowd::on_due(uint64_t id, int64_t) {
  if (id == kLook) return loop_.wake_at(now_ns() + kLookEvery, kLook);
  connect(members_[id - 1]);
}

void Crowd::connect(Member& member) {
  const uint64_t id = ++last_id_;
  const int fd = bench::connect_to(port_);
  connections_[id] = std::make_unique<Connection>(Connection{.id = id, .fd = fd, .member = member});
  loop_.watch(fd, id, EPOLLOUT);
}

void Crowd::on_ready(uint64_t id, uint32_t) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  if (connection.asked ? read(connection) : send_request(connection)) return;
  if (!connection.ended) {
    ++counts_.broken;
    if (connection.member.had_event) --counts_.live;
    if (connection.member.is_reader) come_back(connection.member);
  }
  close(connection.fd);
  connections_.erase(found);
}

bool Crowd::send_request(Connection& connection) {
  const Member& member = connection.member;
  connection.asked = true;
  loop_.change(connection.fd, connection.id, EPOLLIN);
  std::string head = (member.is_reader ? "GET " : "POST ") + std::string(kPath) +
                     std::to_string(member.number) + " HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n";
  if (!member.is_reader) head += "Content-Length: 0\r\n";
  if (member.last_id > 0) head += "Last-Event-ID: " + std::to_string(member.last_id) + "\r\n";
  return send_all(connection.fd, head + "\r\n");  // fails where the connect has failed
}

bool Crowd::read(Connection& connection) {
  if (!receive(connection.fd, connection.in)) return false;
  return connection.ended || take(connection);
}

// False: it is no response that may be.
bool Crowd::take(Connection& connection) {
  Member& member = connection.member;
  std::string& in = connection.in;
  if (!connection.begun) {
    const size_t end = in.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    if (status_of(in) != 200) return false;
    in.erase(0, end + 4);
    connection.begun = true;
    member.had_event = false;
    if (++member.responses == 2 && member.is_reader) returns_.push_back(now_ns());
  }
  for (size_t head = 0; (head = in.find("\r\n")) != std::string::npos;) {
    const size_t size = std::stoul(in, nullptr, 16);
    if (in.size() < head + 2 + size + 2) return true;
    connection.line.append(in, head + 2, size);
    in.erase(0, head + 2 + size + 2);
    for (size_t end = 0; (end = connection.line.find('\n')) != std::string::npos;) {
      take_line(member, std::string_view(connection.line).substr(0, end));
      connection.line.erase(0, end + 1);
    }
    if (size == 0) {
      end_response(connection);
      return true;
    }
  }
  return true;
}

void Crowd::take_line(Member& member, std::string_view line) {
  const std::string_view value = line.substr(std::min(line.find(' ') + 1, line.size()));
  if (line.starts_with("retry: ")) member.retry = static_cast<int64_t>(number_in(value));
  if (line.starts_with("id: ")) member.pending_id = number_in(value);
  if (line == kLastLine) {
    member.saw_last = true;
  } else if (line.starts_with("data: ")) {
    counts_.latest = std::max(counts_.latest, now_ns() - static_cast<int64_t>(number_in(value)));
  }
  if (!line.empty() || member.pending_id == 0) return;
  const size_t id = std::exchange(member.pending_id, 0);
  ++counts_.events;
  if (id <= member.last_id) ++counts_.doubled;
  if (id > member.last_id + 1) counts_.missing += id - member.last_id - 1;
  member.last_id = id;
  if (std::exchange(member.had_event, true)) return;
  ++counts_.live;
  if (member.is_reader && member.responses == 2) ++counts_.caught_up;
}

void Crowd::end_response(Connection& connection) {
  Member& member = connection.member;
  connection.ended = true;
  member.pending_id = 0;  // half an event is none
  if (member.had_event) --counts_.live;
  if (!member.is_reader) {
    counts_.whole_posts += member.saw_last ? 1 : 0;
    return;
  }
  if (member.responses == 1) ends_.push_back(now_ns());
  come_back(member);
}

void Crowd::come_back(const Member& member) {
  loop_.wake_at(now_ns() + member.retry * kMillisecond, member.number + 1);
}

}  // namespace sse_proxy::test
