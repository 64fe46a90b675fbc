// HTTP/1.1 heads and chunks read and written, and content decoders, in bytes of the wire per second.
#include <benchmark/benchmark.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>
#include <string_view>

#include "parser/content_decoder.h"
#include "parser/http1_parser.h"
#include "parser/http1_writer.h"

namespace {

using namespace sse_proxy;

constexpr size_t kLimit = 32 * 1024;
constexpr std::string_view kRequest =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: openai-node/4.52.7\r\n"
    "Accept: application/json\r\nAccept-Encoding: gzip, deflate\r\nContent-Type: application/json\r\n"
    "Authorization: Bearer sk-0123456789abcdefghijklmnopqrstuvwxyz\r\nX-Stainless-Lang: js\r\n"
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kResponseHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\nServer: uvicorn\r\nTransfer-Encoding: chunked\r\n\r\n";

class Sink final : public RequestSink, public ResponseSink {
 public:
  void on_request_head(RequestHead&& read) override { request = std::move(read); }
  void on_request_body(std::string_view piece) override { body += piece.size(); }
  void on_interim_head(ResponseHead&&) override {}
  void on_response_head(ResponseHead&& read) override { response = std::move(read); }
  void on_response_body(std::string_view piece) override { body += piece.size(); }

  RequestHead request;
  ResponseHead response;
  size_t body = 0;
};

void read_request(benchmark::State& state) {
  Sink sink;
  RequestParser parser(sink, kLimit);
  for ([[maybe_unused]] auto _ : state) {
    if (parser.feed(kRequest).status != ParseStatus::complete) return state.SkipWithError("not complete");
    parser.next_message();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(read_request);

void write_request(benchmark::State& state) {
  Sink sink;
  RequestParser parser(sink, kLimit);
  parser.feed(kRequest);
  std::string out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    write_request_head(sink.request, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK(write_request);

// A read holds whole chunks, an event each.
void read_chunks(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const std::string chunk =
      std::string(ChunkHead(size).view()) + std::string(size, 'x') + std::string(kChunkEnd);
  std::string read;
  while (read.size() + chunk.size() <= size_t{16} * 1024 || read.empty()) read += chunk;
  Sink sink;
  ResponseParser parser(sink, kLimit);
  parser.next_message("GET");
  parser.feed(kResponseHead);
  for ([[maybe_unused]] auto _ : state) {
    if (parser.feed(read).status != ParseStatus::more) return state.SkipWithError("not understood");
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * read.size()));
}
BENCHMARK(read_chunks)->ArgName("chunk_bytes")->Arg(40)->Arg(200)->Arg(4096);

void write_chunk_head(benchmark::State& state) {
  uint64_t size = 200;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(size);
    const ChunkHead head(size);
    benchmark::DoNotOptimize(head.view().data());
  }
}
BENCHMARK(write_chunk_head);

// --- decoders ---

std::string tokens() {
  std::string text;
  for (int i = 0; text.size() < size_t{256} * 1024; ++i) {
    text += "data: {\"id\":\"chatcmpl-" + std::to_string(i * 7919 % 100003) +
            R"(","choices":[{"index":0,"delta":{"content":" word)" + std::to_string(i % 97) + "\"}}]}\n\n";
  }
  return text;
}

std::string gzip(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string br(const std::string& text) {
  size_t size = BrotliEncoderMaxCompressedSize(text.size());
  std::string out(size, '\0');
  BrotliEncoderCompress(5, 20, BROTLI_MODE_TEXT, text.size(), reinterpret_cast<const uint8_t*>(text.data()),
                        &size, reinterpret_cast<uint8_t*>(out.data()));
  out.resize(size);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Bytes per second of what comes out.
void decode(benchmark::State& state, const char* coding, std::string (*encode)(const std::string&)) {
  const std::string text = tokens();
  const std::string coded = encode(text);
  MemoryBudget budget(size_t{64} << 20);
  std::array<char, size_t{16} * 1024> room;
  for ([[maybe_unused]] auto _ : state) {
    const auto decoder = make_content_decoder(coding, budget);
    std::string_view input = coded;
    size_t produced = 0;
    for (DecodeStep step; (step = decoder->decode(input, room)).consumed + step.produced > 0;) {
      input.remove_prefix(step.consumed);
      produced += step.produced;
    }
    if (produced != text.size()) return state.SkipWithError("not decoded");
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(decode, gzip, "gzip", gzip);
BENCHMARK_CAPTURE(decode, br, "br", br);
BENCHMARK_CAPTURE(decode, zstd, "zstd", zstd);

}  // namespace
