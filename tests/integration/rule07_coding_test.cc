// Rule 7: compressed event streams are decoded on the fly.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"
#include "tests/parser/coding_helpers.h"

namespace sse_proxy::test {
namespace {

std::string coded_head(std::string_view coding) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: " + std::string(coding) +
         "\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string event(int i) { return "id: " + std::to_string(i) + "\ndata: some words of text\n\n"; }

constexpr std::string_view kAsksForGzip =
    "GET /events HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nAccept: ";

TEST(Rule07Coding, AcceptEncodingIsRemovedFromExpectedEventStreamsOnly) {
  Rig rig({"--sse-path", "/other"});
  const auto as_sent = [&](std::string_view accept) {
    Peer client = rig.client();
    client.send(std::string(kAsksForGzip) + std::string(accept) + "\r\n\r\n");
    return field(rig.origin.accept().read_head(), "accept-encoding");
  };
  EXPECT_EQ(as_sent("text/event-stream"), "");
  EXPECT_EQ(as_sent("application/json, Text/Event-Stream;q=0.5"), "");
  EXPECT_EQ(as_sent("*/*"), "gzip");
  EXPECT_EQ(as_sent("text/*"), "gzip");
  Peer client = rig.client();
  client.send("POST /other?x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(field(rig.origin.accept().read_head(), "accept-encoding"), "");
}

TEST(Rule07Coding, EveryEventLeavesAsSoonAsItsBytesCanBeDecoded) {
  struct Case {
    std::string_view encoder;
    std::string_view header;
  };
  constexpr Case kCases[] = {{"gzip", "gzip"},
                             {"gzip", "x-gzip"},
                             {"gzip", "GZip"},
                             {"deflate", "deflate"},
                             {"raw-deflate", "deflate"},
                             {"br", "br"},
                             {"zstd", "zstd"},
                             {"gzip,br", "gzip, br"},
                             {"deflate,gzip,zstd", "deflate, identity, gzip, zstd"}};
  Rig rig({"--keepalive", "off"});
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.header);
    const std::unique_ptr<Encoder> encoder = make_encoder(c.encoder);
    Stream stream(rig, kGet, coded_head(c.header));
    EXPECT_EQ(field(stream.response_head, "content-encoding"), "");
    for (int i = 0; i < 5; ++i) {
      stream.upstream.send(chunk(encoder->flush(event(i))));
      ASSERT_EQ(stream.client.read_chunk(), event(i));
    }
    std::string last = encoder->flush("data: half");
    last += encoder->finish();
    stream.upstream.send(chunk(last) + std::string(kLastChunk));
    const Chunked end = read_chunked_to_end(stream.client);
    EXPECT_EQ(end.body, "data: half");
    EXPECT_TRUE(end.complete);
  }
}

TEST(Rule07Coding, CutsAnywhereInTheCodedBytesAreFine) {
  Rig rig({"--keepalive", "off"});
  std::string body;
  for (int i = 0; i < 30; ++i) body += event(i);
  for (const std::string_view coding : {"gzip", "br", "zstd"}) {
    Stream stream(rig, kGet, coded_head(coding));
    for (const char byte : encode(coding, body)) stream.upstream.send(chunk(std::string(1, byte)));
    stream.upstream.send(kLastChunk);
    const Chunked got = read_chunked_to_end(stream.client);
    EXPECT_EQ(got.body, body) << coding;
    EXPECT_TRUE(got.complete) << coding;
    for (const std::string& bytes : got.chunks) EXPECT_TRUE(bytes.ends_with("\n\n")) << coding;
  }
}

TEST(Rule07Coding, GzipMayHaveSeveralMembers) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, coded_head("gzip"));
  for (int i = 0; i < 3; ++i) {
    stream.upstream.send(chunk(encode("gzip", event(i))));
    EXPECT_EQ(stream.client.read_chunk(), event(i));
  }
  stream.upstream.send(kLastChunk);
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
}

TEST(Rule07Coding, IdentityCountsAsNone) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, coded_head("identity"));
  EXPECT_EQ(field(stream.response_head, "content-encoding"), "");
  stream.upstream.send(chunk("data: a\n\ndata"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
}

TEST(Rule07Coding, ACorruptCodingAbortsTheStream) {
  for (const std::string_view coding : {"gzip", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    Rig rig({"--keepalive", "off"});
    Stream stream(rig, kGet, coded_head(coding));
    const std::unique_ptr<Encoder> encoder = make_encoder(coding);
    stream.upstream.send(chunk(encoder->flush(event(1))));
    EXPECT_EQ(stream.client.read_chunk(), event(1));
    stream.upstream.send(chunk(std::string(200, '\xff')) + std::string(kLastChunk));
    EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
    rig.proxy.wait_for_log("corrupt");
    EXPECT_EQ(rig.proxy.stop_and_count()["decode_failures"], 1U);
  }
}

TEST(Rule07Coding, ATruncatedCodingAbortsTheStream) {
  for (const std::string_view coding : {"gzip", "deflate", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    Rig rig({"--keepalive", "off"});
    Stream stream(rig, kGet, coded_head(coding));
    const std::unique_ptr<Encoder> encoder = make_encoder(coding);
    stream.upstream.send(chunk(encoder->flush(event(1) + "data: ha")) + std::string(kLastChunk));
    const Chunked got = read_chunked_to_end(stream.client);
    EXPECT_EQ(got.body, event(1) + "data: ha");
    EXPECT_FALSE(got.complete);
    rig.proxy.wait_for_log("truncated");
    EXPECT_EQ(rig.proxy.stop_and_count()["decode_failures"], 1U);
  }
}

TEST(Rule07Coding, AnUnknownCodingIsPassedThroughUntouched) {
  Rig rig({"--keepalive", "50ms", "--first-keepalive", "50ms"});
  Stream stream(rig, kGet, coded_head("sdch"));
  EXPECT_EQ(field(stream.response_head, "content-encoding"), "sdch");
  EXPECT_EQ(stream.client.read_for(Millis(200)), "") << "a keep-alive in coded bytes";
  stream.upstream.send(chunk("\x01no event"));
  EXPECT_EQ(stream.client.read_chunk(), "\x01no event") << "no re-framing";
  rig.proxy.wait_for_log("sdch");
  stream.upstream.send(kLastChunk);
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  EXPECT_EQ(rig.proxy.stop_and_count()["unknown_codings"], 1U);
}

TEST(Rule07Coding, WithoutRoomForADecoderTheAnswerIs502) {
  Rig rig({"--decoder-memory", "512KiB"});
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send(coded_head("br"));
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 502);
  EXPECT_NE(response.body.find("decoder_memory"), std::string::npos) << response.body;
  EXPECT_TRUE(upstream.wait_for_close());
  Stream gzip(rig, kGet, coded_head("gzip"));  // needs less
  EXPECT_EQ(status_of(gzip.response_head), 200);
  gzip.client.close();
  EXPECT_EQ(rig.proxy.stop_and_count()["decoders_refused"], 1U);
}

TEST(Rule07Coding, MemoryOfADecoderComesBackWithItsEnd) {
  Rig rig({"--decoder-memory", "64KiB"});  // room for one
  for (int i = 0; i < 3; ++i) {
    Stream stream(rig, kGet, coded_head("gzip"));
    EXPECT_EQ(status_of(stream.response_head), 200) << i;
    stream.upstream.send(chunk(encode("gzip", event(i))) + std::string(kLastChunk));
    EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  }
}

TEST(Rule07Coding, GrowthThatDoesNotFitAbortsTheStream) {
  Rig rig({"--keepalive", "off", "--decoder-memory", "2MiB"});
  Stream stream(rig, kGet, coded_head("zstd"));
  EXPECT_EQ(status_of(stream.response_head), 200);
  const std::unique_ptr<Encoder> encoder = make_encoder("zstd", 23);  // a window of 8 MiB
  stream.upstream.send(chunk(encoder->flush(event(1))));
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
  rig.proxy.wait_for_log("decoder_memory");
  EXPECT_EQ(rig.proxy.stop_and_count()["decoders_refused"], 1U);
}

TEST(Rule07Coding, DecodingGoesNoFurtherThanTheClientTakes) {
  Rig rig({"--keepalive", "off"});
  const std::string one_mib = encode("gzip", [] {
    std::string text;
    while (text.size() < 1024 * 1024) text += "data: " + std::string(1000, 'x') + "\n\n";
    return text;
  }());
  Stream stream(rig, kGet, coded_head("gzip"), {.receive_buffer = 4096});
  const long before = rig.proxy.own_memory_kib();
  for (int i = 0; i < 100; ++i) stream.upstream.send(chunk(one_mib));  // 100 MiB in some 300 KiB
  stream.upstream.send(kLastChunk);
  std::this_thread::sleep_for(Millis(300));
  if (!kSanitized) {
    EXPECT_LT(rig.proxy.own_memory_kib() - before, 4096);
  }
  stream.client.forget_received();
  size_t bytes = 0;
  std::optional<std::string> got;
  while ((got = stream.client.read_chunk()) && !got->empty()) bytes += got->size();
  EXPECT_TRUE(got) << "the clean end";
  EXPECT_GT(bytes, 100U * 1024 * 1024);
}

}  // namespace
}  // namespace sse_proxy::test
