// Streams that are too large to hold, and what they cost.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kStreamToClose = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// FNV-1a over words: a checksum that keeps up with the stream.
class Checksum {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) {
      hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    }
    size_ += bytes.size();
  }
  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  uint64_t hash_ = 14695981039346656037U;
  size_t size_ = 0;
};

// Reads chunks to the end without keeping them; true if it is a clean one.
bool read_through(Peer& client, Checksum& sum) {
  client.forget_received();
  while (auto bytes = client.read_chunk()) {
    if (bytes->empty()) return true;
    sum.add(*bytes);
  }
  return false;
}

TEST(LargeStreams, AnEventOf1MiBIsPassedOnWhole) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamToClose);
  const std::string event = "data: " + std::string((1 << 20) - 8, 'x') + "\n\n";  // just what may be held
  std::thread origin([&] {
    stream.upstream.send(event + "data: next\n\n");
    stream.upstream.close();
  });
  const Chunked got = read_chunked_to_end(stream.client);
  origin.join();
  EXPECT_TRUE(got.complete);
  EXPECT_TRUE(got.body == event + "data: next\n\n");
  EXPECT_TRUE(!got.chunks.empty() && got.chunks.front().ends_with("\n\n"))
      << "it was held until it was whole";
}

TEST(LargeStreams, AStreamWithoutAnyLineEndFlowsInBoundedMemory) {
  const size_t total = kSanitized ? size_t{64} << 20 : size_t{1} << 30;
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamToClose);
  const long idle = rig.proxy.own_memory_kib();
  const std::string block = "data" + std::string((1 << 20) - 4, 'x');
  std::thread origin([&] {
    for (size_t sent = 0; sent < total; sent += block.size()) {
      if (!stream.upstream.send(block)) break;
    }
    stream.upstream.close();
  });
  stream.client.forget_received();
  size_t size = 0;
  long peak = 0;
  bool clean = false;
  while (auto bytes = stream.client.read_chunk()) {
    if (bytes->empty()) {
      clean = true;
      break;
    }
    if (((size + bytes->size()) >> 26) != (size >> 26)) peak = std::max(peak, rig.proxy.own_memory_kib());
    size += bytes->size();
  }
  origin.join();
  EXPECT_TRUE(clean);
  EXPECT_EQ(size, total);
  if (!kSanitized) {
    EXPECT_LT(peak - idle, 8 * 1024);
  }
}

TEST(LargeStreams, ASlowReaderOfAFastStreamCostsNoMemory) {
  const int events = kSanitized ? 20000 : 200000;
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamToClose, {.receive_buffer = 16384});
  const long idle = rig.proxy.own_memory_kib();
  Checksum sent;
  std::thread origin([&] {
    std::string batch;
    for (int i = 0; i < events; ++i) {  // 200 MB
      batch += "id: " + std::to_string(i) + "\ndata: " + std::string(985, static_cast<char>('a' + i % 26)) +
               "\n\n";
      if (batch.size() < 200000 && i + 1 < events) continue;
      sent.add(batch);
      if (!stream.upstream.send(batch)) break;
      batch.clear();
    }
    stream.upstream.close();
  });
  long peak = 0;
  const auto start = Clock::now();
  std::string slowly;
  while (since(start) < Millis(3000)) {  // 1 KiB per second, as a phone on the edge of its cell
    slowly += stream.client.read_exactly(256);
    std::this_thread::sleep_for(Millis(250));
    peak = std::max(peak, rig.proxy.own_memory_kib());
  }
  stream.client.push_back(slowly);
  Checksum got;
  EXPECT_TRUE(read_through(stream.client, got));
  origin.join();
  EXPECT_EQ(got.size(), sent.size());
  EXPECT_EQ(got.hash(), sent.hash());
  if (!kSanitized) {
    EXPECT_LT(peak - idle, 8 * 1024);
  }
}

TEST(LargeStreams, CurlSeesThatAnUpstreamWasKilledInMidEvent) {
  if (std::system("curl --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no curl";
  for (const std::string_view version : {"--http1.1", "--http1.0"}) {
    Rig rig;
    const std::string command = "curl -sN " + std::string(version) +
                                " http://127.0.0.1:" + std::to_string(rig.proxy.port()) + "/ 2>/dev/null";
    FILE* const curl = popen(command.c_str(), "re");
    ASSERT_NE(curl, nullptr);
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send(std::string(kStreamHead) + chunk("data: a\n\ndata: ha"));
    char line[64] = "";
    EXPECT_NE(fgets(line, sizeof line, curl), nullptr);
    EXPECT_STREQ(line, "data: a\n");
    upstream.reset();
    while (fgets(line, sizeof line, curl) != nullptr) {
    }
    const int status = pclose(curl);
    // 18: a partial transfer; a body that only the close ends is seen to break by its reset, 56.
    EXPECT_EQ(WEXITSTATUS(status), version == "--http1.1" ? 18 : 56);
  }
}

}  // namespace
}  // namespace sse_proxy::test
