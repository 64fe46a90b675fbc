#include "tests/integration/proxy_helpers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sse_proxy::test {
namespace {

constexpr std::string_view kListening = "listening on ";

std::pair<Fd, Fd> new_pipe() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) ADD_FAILURE() << "pipe: " << std::strerror(errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::string binary() {
  const char* path = std::getenv("SSE_PROXY_BINARY");
  if (path == nullptr) ADD_FAILURE() << "SSE_PROXY_BINARY must name the program";
  return path == nullptr ? "sse-proxy" : path;
}

// In the child: to descriptors 3, 4, …, which may still be in use for something else.
void hand_over(const std::vector<int>& sockets) {
  if (sockets.empty()) return;
  std::vector<int> copies;
  for (const int fd : sockets) copies.push_back(fcntl(fd, F_DUPFD, 100));
  for (size_t i = 0; i < copies.size(); ++i) dup2(copies[i], 3 + static_cast<int>(i));
  for (const int fd : copies) close(fd);
  setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
}

}  // namespace

ConfigurationFile::ConfigurationFile(std::string_view text)
    : path_("/tmp/sse-proxy-test-" + std::to_string(getpid()) + ".toml") {
  write(text);
}

ConfigurationFile::~ConfigurationFile() { unlink(path_.c_str()); }

void ConfigurationFile::write(std::string_view text) const { std::ofstream(path_) << text; }

// --- Process ---

Process::Process(const Args& args, const std::map<std::string, std::string>& environment,
                 unsigned descriptors, const std::vector<int>& sockets) {
  auto [errors, errors_in] = new_pipe();
  auto [out, out_in] = new_pipe();
  const std::string program = binary();
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit limit{descriptors, descriptors};
    if (descriptors > 0) setrlimit(RLIMIT_NOFILE, &limit);
    dup2(out_in.get(), STDOUT_FILENO);
    dup2(errors_in.get(), STDERR_FILENO);
    hand_over(sockets);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  errors_ = std::move(errors);
  out_ = std::move(out);
  log_reader_ = std::thread([this] { read_into(errors_.get(), log_); });
  output_reader_ = std::thread([this] { read_into(out_.get(), output_); });
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait_for_exit();
  }
  log_reader_.join();
  output_reader_.join();
}

void Process::read_into(int fd, std::string& text) {
  char bytes[4096];
  for (;;) {
    const ssize_t n = read(fd, bytes, sizeof bytes);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return &text != &log_ || !log_neglected_; });
    if (n <= 0) {
      if (&text == &log_) log_ended_ = true;
      changed_.notify_all();
      return;
    }
    text.append(bytes, static_cast<size_t>(n));
    changed_.notify_all();
  }
}

void Process::neglect_log() {
  fcntl(errors_.get(), F_SETPIPE_SZ, 4096);
  const std::lock_guard lock(mutex_);
  log_neglected_ = true;
}

std::string Process::wait_for_log(std::string_view text, Millis patience) {
  std::unique_lock lock(mutex_);
  std::string line;
  const auto found = [&] {
    const size_t at = log_.find(text);
    if (at == std::string::npos) return log_ended_;
    const size_t end = log_.find('\n', at);
    if (end == std::string::npos) return log_ended_;
    const size_t begin = log_.rfind('\n', at);
    line = log_.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1));
    return true;
  };
  changed_.wait_for(lock, patience, found);
  if (line.empty()) ADD_FAILURE() << "no line with '" << text << "' in the log:\n" << log_;
  return line;
}

std::string Process::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::string Process::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

size_t Process::count_in_log(std::string_view text) const {
  const std::string lines = log();
  size_t count = 0;
  for (size_t at = lines.find(text); at != std::string::npos; at = lines.find(text, at + text.size()))
    ++count;
  return count;
}

void Process::signal(int number) const {
  if (pid_ > 0 && exit_code_ < 0) kill(pid_, number);
}

int Process::wait_for_exit(Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (exit_code_ < 0) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      std::unique_lock lock(mutex_);
      log_neglected_ = false;
      changed_.notify_all();
      changed_.wait_for(lock, Millis(2000), [this] { return log_ended_; });
      return exit_code_;
    }
    if (Clock::now() >= deadline) return -1;
    std::this_thread::sleep_for(Millis(2));
  }
  return exit_code_;
}

bool Process::running() { return exit_code_ < 0 && wait_for_exit(Millis(0)) < 0; }

long Process::own_memory_kib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/smaps_rollup");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Anonymous:")) return std::stol(line.substr(10));
  }
  return -1;
}

std::string Process::kernel_status(std::string_view name) const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name) && line[name.size()] == ':') return line.substr(name.size() + 2);
  }
  return {};
}

size_t Process::open_descriptors() const {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

size_t Process::lowest_free_descriptor() const {
  size_t lowest = 0;
  while (std::filesystem::is_symlink("/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(lowest)))
    ++lowest;
  return lowest;
}

Millis Process::cpu_time() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 2));  // the name may hold anything
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return Millis((user + system) * 1000 / sysconf(_SC_CLK_TCK));
}

// --- Proxy ---

namespace {

Args with_tls(Args args) {
  if (tls_towards_clients()) {
    const auto& [certificate, key] = test_certificate();
    args.insert(args.end(), {"--tls-cert", certificate, "--tls-key", key});
  }
  if (tls_towards_upstreams()) args.insert(args.end(), {"--upstream-ca", test_ca_file()});
  return args;
}

Args with_listener(Args args) {
  for (const std::string& arg : args) {
    if (arg == "--listen" || arg.starts_with("--listen=")) return args;
  }
  args.insert(args.end(), {"--listen", "127.0.0.1:0"});
  return args;
}

}  // namespace

Proxy::Proxy(const Args& args, unsigned descriptors)
    : Process(with_tls(with_listener(args)), {}, descriptors) {
  const std::string line = wait_for_log(kListening);
  const size_t at = line.find(kListening);
  if (at == std::string::npos) return;
  const std::string address = line.substr(
      at + kListening.size(), line.find_first_of(" \"", at + kListening.size()) - (at + kListening.size()));
  if (!address.starts_with("unix:")) {
    port_ = static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
  }
}

Proxy::~Proxy() {
  stop();
  if (testing::Test::HasFailure()) std::cerr << "--- log of the proxy\n" << log() << "---\n";
}

void Proxy::stop() {
  if (!running()) return;
  signal(SIGTERM);
  wait_for_log("draining");
  signal(SIGINT);  // the second signal ends at once; another number, as equal ones may merge
  EXPECT_EQ(wait_for_exit(), 0);
}

std::map<std::string, uint64_t> Proxy::stop_and_count() {
  stop();
  std::istringstream words(wait_for_log("stopped: "));
  std::map<std::string, uint64_t> counts;
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals != std::string::npos) counts[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
  }
  return counts;
}

Stream::Stream(Rig& rig, std::string_view request, std::string_view response, const ConnectOptions& options)
    : client(rig.client(options)) {
  client.send(request);
  upstream = rig.origin.accept();
  request_head = upstream.read_head();
  upstream.send(response);
  response_head = client.read_head();
}

// --- words of HTTP ---

std::string chunk(std::string_view bytes) {
  std::ostringstream text;
  text << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return text.str();
}

std::string field(std::string_view head, std::string_view name) {
  std::string value;
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = line.find(':');
    if (colon != name.size() || strncasecmp(line.data(), name.data(), colon) != 0) continue;
    const size_t begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    value.append(value.empty() ? "" : ", ").append(line.substr(begin));
  }
  return value;
}

int status_of(std::string_view head) {
  return head.size() < 12 || !head.starts_with("HTTP/1.1 ") ? 0 : std::stoi(std::string(head.substr(9, 3)));
}

std::string text_response(std::string_view body, std::string_view more_fields) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ";
  text.append(std::to_string(body.size())).append("\r\n").append(more_fields).append("\r\n").append(body);
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

Chunked read_chunked_to_end(Peer& client, Millis patience) {
  Chunked message;
  while (auto bytes = client.read_chunk(patience)) {
    if (bytes->empty()) {
      message.complete = true;
      break;
    }
    message.body += *bytes;
    message.chunks.push_back(*std::move(bytes));
  }
  return message;
}

Response read_response(Peer& client, bool to_head, Millis patience) {
  Response response;
  response.head = client.read_head(patience);
  const int status = status_of(response.head);
  const std::string length = field(response.head, "content-length");
  if (to_head || status == 204 || status == 304 || (status >= 100 && status < 200)) {
    response.complete = true;
  } else if (strcasecmp(field(response.head, "transfer-encoding").c_str(), "chunked") == 0) {
    Chunked message = read_chunked_to_end(client, patience);
    response.body = std::move(message.body);
    response.complete = message.complete;
  } else if (!length.empty()) {
    response.body = client.read_exactly(std::stoul(length), patience);
    response.complete = client.ending() == Ending::open;
  } else {
    response.body = client.read_to_end(patience);
    response.complete = client.ending() == Ending::fin;
  }
  return response;
}

}  // namespace sse_proxy::test
