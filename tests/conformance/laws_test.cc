// What holds for every case, and for thousands of messages that are a few bytes away from one, in the parser
// alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "parser/header_policy.h"
#include "parser/http1_parser.h"
#include "parser/http1_writer.h"
#include "tests/conformance/cases.h"
#include "tests/conformance/message.h"
#include "tests/support/http1_rig.h"

namespace sse_proxy::test {
namespace {

constexpr size_t kHeaderLimit = 32768;
constexpr size_t kSmall = 600;  // cases that are cut at every place
constexpr int kMutationsPerCase = 200;

// Writes down what goes on of a request.
class Forwarder final : public RequestSink {
 public:
  void on_request_head(RequestHead&& head) override {
    chunked_ = head.body.kind == Framing::chunked;
    apply_request_policy(head, false);
    set_host(head, "keep", "upstream");
    write_request_head(head, bytes);
  }
  void on_request_body(std::string_view piece) override {
    body += piece;
    if (chunked_) bytes.append(ChunkHead(piece.size()).view());
    bytes += piece;
    if (chunked_) bytes += kChunkEnd;
  }
  void on_complete(std::unique_ptr<Fields> trailers) {
    if (!chunked_) return;
    bytes += "0\r\n";
    if (trailers != nullptr) apply_trailer_policy(*trailers);
    write_fields(trailers == nullptr ? Fields() : *trailers, bytes);
  }

  std::string bytes;
  std::string body;

 private:
  bool chunked_ = false;
};

// What is accepted is written as one message that the strict reader reads as we did; and where it can read
// what came, it sees the end where we see it.
void expect_one_message(std::string_view came) {
  Forwarder forwarder;
  RequestParser parser(forwarder, kHeaderLimit);
  const ParseStep step = parser.feed(came);
  if (step.status != ParseStatus::complete) return;
  forwarder.on_complete(parser.take_trailers());
  const Message written = read_request(forwarder.bytes);
  const std::string text = testing::PrintToString(std::string(came.substr(0, kSmall)));
  ASSERT_EQ(written.state, Message::State::complete) << text << "\n  became " << forwarder.bytes;
  ASSERT_EQ(written.size, forwarder.bytes.size()) << text << "\n  became more than one: " << forwarder.bytes;
  ASSERT_EQ(written.body, forwarder.body) << text;
  const size_t begin = came.find_first_not_of("\r\n");
  const Message as_sent = read_request(came.substr(begin));
  if (as_sent.state != Message::State::complete) return;  // a chunk extension
  ASSERT_EQ(begin + as_sent.size, step.consumed) << text << "\n  ends elsewhere";
  ASSERT_EQ(as_sent.body, forwarder.body) << text;
}

// SplitMix64: the same mutations at every run.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  size_t below(size_t limit) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % limit;
  }

 private:
  uint64_t state_;
};

std::string mutated(std::string bytes, Random& random) {
  static constexpr std::string_view kTricky("\r\n\t \0:,;=\"0123abcxX-+_%/\\\x0b\x7f\xff", 29);
  static constexpr auto kPieces = std::to_array<std::string_view>(
      {"\r\n", "\n", "\r\n\r\n", "0\r\n\r\n", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n",
       "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n ", "chunked", ", ", "Connection: close, x\r\n"});
  for (size_t changes = 1 + random.below(3); changes > 0; --changes) {
    const size_t at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0: bytes[at] = kTricky[random.below(kTricky.size())]; break;
      case 1: bytes.insert(at, 1, kTricky[random.below(kTricky.size())]); break;
      case 2: bytes.insert(at, kPieces[random.below(kPieces.size())]); break;
      default: bytes.erase(at, 1 + random.below(3)); break;
    }
    if (bytes.empty()) bytes = "G";
  }
  return bytes;
}

TEST(ConformanceLaws, ARequestEndsTheSameHoweverItsBytesAreCut) {
  for (const auto& theme : request_themes()) {
    for (const RequestCase& row : theme.cases) {
      if (row.bytes.size() > kSmall) continue;
      const Parsed whole = parse_request({row.bytes});
      for (const auto& pieces : every_cut(row.bytes)) {
        const Parsed cut = parse_request(pieces);
        ASSERT_EQ(cut.status, whole.status) << row.name << ", first piece " << pieces[0].size();
        ASSERT_EQ(cut.heads, whole.heads) << row.name;
        ASSERT_EQ(cut.error_status, whole.error_status)
            << row.name << ": " << cut.error << " / " << whole.error;
        if (whole.status == ParseStatus::complete) {
          ASSERT_EQ(cut.body, whole.body) << row.name;
        }
      }
    }
  }
}

TEST(ConformanceLaws, AResponseEndsTheSameHoweverItsBytesAreCut) {
  for (const auto& theme : response_themes()) {
    for (const ResponseCase& row : theme.cases) {
      if (row.bytes.size() > kSmall) continue;
      const std::string_view method = std::string_view(row.request).substr(0, row.request.find(' '));
      const Parsed whole = parse_response({row.bytes}, method);
      for (const auto& pieces : every_cut(row.bytes)) {
        const Parsed cut = parse_response(pieces, method);
        ASSERT_EQ(cut.status, whole.status) << row.name << ", first piece " << pieces[0].size();
        ASSERT_EQ(cut.heads, whole.heads) << row.name;
        ASSERT_EQ(cut.error_status, whole.error_status)
            << row.name << ": " << cut.error << " / " << whole.error;
      }
    }
  }
}

TEST(ConformanceLaws, WhatIsAcceptedIsWrittenAsOneMessageThatAStrictReaderReads) {
  Random random(1);
  for (const auto& theme : request_themes()) {
    for (const RequestCase& row : theme.cases) {
      SCOPED_TRACE(row.name);
      expect_one_message(row.bytes);
      if (row.bytes.size() > kSmall) continue;
      for (int i = 0; i < kMutationsPerCase; ++i) {
        expect_one_message(mutated(row.bytes, random));
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace sse_proxy::test
