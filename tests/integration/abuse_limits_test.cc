// What never ends: each such thing has a limit, and costs no more memory than that.
#include <gtest/gtest.h>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

const std::string kGetHead = "GET / HTTP/1.1\r\nHost: a\r\n";
const std::string kChunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Endless {
  const char* name;
  std::string begin;
  std::string again;  // sent for ever
  int status;         // of the refusal
};

const Endless kEndless[] = {
    {"EmptyLines", "", "\r\n\r\n\r\n\r\n", 414},
    {"AMethod", "", "GETGETGET", 501},
    {"ATarget", "GET /", "a/b?c%20d", 414},
    {"AField", kGetHead + "X: ", "0123456789", 431},
    {"AFieldName", kGetHead, "X-0123456789", 431},
    {"Fields", kGetHead, "a:\r\n", 431},
    {"Cookies", kGetHead, "Cookie: a=b\r\n", 431},
    {"AChunkExtension", kChunkedHead + "1;", "name=value;", 400},
    {"ATrailer", kChunkedHead + "0\r\nX: ", "0123456789", 431},
    {"Trailers", kChunkedHead + "0\r\n", "X: y\r\n", 431},
};

void PrintTo(const Endless& endless, std::ostream* out) { *out << endless.name; }

class AbuseLimits : public testing::TestWithParam<Endless> {};
INSTANTIATE_TEST_SUITE_P(Of, AbuseLimits, testing::ValuesIn(kEndless),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(AbuseLimits, AnEndlessPartOfARequestIsRefused) {
  constexpr size_t kFarTooMuch = 16U << 20;
  Rig rig;
  const long before = rig.proxy.own_memory_kib();
  Peer client = rig.client();
  client.send(GetParam().begin);
  std::string block;
  while (block.size() < 16 * 1024) block += GetParam().again;
  size_t sent = 0;
  while (sent < kFarTooMuch && client.send(block, Millis(2000))) sent += block.size();
  EXPECT_LT(sent, kFarTooMuch) << "it was cut off";
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(GetParam().status))) << answer;
  EXPECT_TRUE(kSanitized || rig.proxy.own_memory_kib() - before < 1024);
  EXPECT_EQ(rig.proxy.stop_and_count()["refused"], 1U);
}

// Requests that nobody reads the answers of are not read either.
TEST(AbusePipelines, AnEndlessPipelineIsReadNoFurtherThanTheHeaderLimit) {
  Rig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  const long before = rig.proxy.own_memory_kib();
  EXPECT_LT(client.send_until_blocked(64U << 20), 24U << 20) << "what the kernels hold";
  EXPECT_TRUE(kSanitized || rig.proxy.own_memory_kib() - before < 1024);
}

TEST(AbusePipelines, AClientThatResetsAfterAFullPipelineIsNoticedAllTheSame) {
  Rig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  client.send_until_blocked(64U << 20);
  client.reset();
  EXPECT_TRUE(upstream.wait_for_close(Millis(5000)));
}

TEST(AbusePipelines, AClientThatResetsAnUploadThatTheUpstreamDoesNotTakeIsNoticedAllTheSame) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  client.send_until_blocked(64U << 20);
  client.reset();
  expect_soon([&] { return rig.proxy.count_in_log("end=client-gone") == 1; }, "the end of the exchange",
              Millis(5000));
}

}  // namespace
}  // namespace sse_proxy::test
