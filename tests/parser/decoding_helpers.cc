#include "tests/parser/decoding_helpers.h"

#include <random>

#include "tests/parser/coding_helpers.h"

namespace sse_proxy::test {

void feed(ContentDecoder& decoder, std::string_view bytes, Decoded& decoded, size_t room) {
  const std::vector<char> copy(bytes.begin(), bytes.end());
  std::string_view input(copy.data(), copy.size());
  std::string output(room, '\0');
  while (decoded.status == DecodeStep::Status::more) {
    const DecodeStep step = decoder.decode(input, output);
    ASSERT_LE(step.consumed, input.size());
    ASSERT_LE(step.produced, room);
    input.remove_prefix(step.consumed);
    decoded.body.append(output, 0, step.produced);
    decoded.status = step.status;
    if (step.consumed == 0 && step.produced == 0) break;
  }
  decoded.left += input.size();
  decoded.complete = decoder.complete();
}

Decoded decode_pieces(std::string_view coding, const std::vector<std::string_view>& pieces, size_t room) {
  MemoryBudget budget(kPlenty);
  Decoded decoded;
  {
    const auto decoder = make_content_decoder(coding, budget);
    EXPECT_NE(decoder, nullptr);
    for (const std::string_view piece : pieces) feed(*decoder, piece, decoded, room);
  }
  EXPECT_EQ(budget.used(), 0u);
  return decoded;
}

Decoded decode_all(std::string_view coding, std::string_view bytes, size_t room) {
  return decode_pieces(coding, {bytes}, room);
}

std::vector<std::string_view> one_byte_each(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

::testing::AssertionResult is_whole(const Decoded& decoded, std::string_view body) {
  if (decoded.status != DecodeStep::Status::more)
    return ::testing::AssertionFailure() << "status " << int(decoded.status);
  if (decoded.body != body)
    return ::testing::AssertionFailure() << decoded.body.size() << " bytes, or other ones";
  if (!decoded.complete) return ::testing::AssertionFailure() << "not complete";
  if (decoded.left != 0) return ::testing::AssertionFailure() << decoded.left << " bytes not consumed";
  return ::testing::AssertionSuccess();
}

std::string small_body() {
  return "event: greeting\ndata: {\"text\": \"hello\"}\n\ndata: hello hello hello hello\n\n:\n\nid: 7\ndata: "
         "bye\n\n";
}

std::string random_bytes(size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string words(size_t size) {
  std::mt19937 random(11);
  std::string text;
  while (text.size() < size) text += "data: " + std::to_string(random() % 5000) + " tokens\n\n";
  text.resize(size);
  return text;
}

std::string zeros_encoded(std::string_view codings, size_t size) {
  const auto encoder = make_encoder(codings);
  const std::string piece(kMiB, '\0');
  std::string bytes;
  for (size_t done = 0; done < size; done += piece.size()) bytes += encoder->flush(piece);
  return bytes + encoder->finish();
}

}  // namespace sse_proxy::test
