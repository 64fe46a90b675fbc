#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/demo/client.h"

namespace sse_proxy::stage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBody = "5\r\ndata:\r\n4\r\n 1\n\n\r\nB\r\n: k\n\ndata:\n\r\n1\r\n\n\r\n0\r\n\r\n";

TEST(DemoBodyReader, FindsTheSameBlocksWhereverTheBodyIsCut) {
  for (size_t cut = 0; cut <= kBody.size(); ++cut) {
    BodyReader reader(false);
    std::vector<std::string> blocks = reader.feed(kBody.substr(0, cut));
    for (std::string& block : reader.feed(kBody.substr(cut))) blocks.push_back(std::move(block));
    EXPECT_THAT(blocks, ElementsAre("data: 1", ": k", "data:")) << "cut at " << cut;
    EXPECT_TRUE(reader.complete());
  }
}

TEST(DemoBodyReader, IsNotCompleteBeforeTheLastChunk) {
  BodyReader reader(false);
  EXPECT_THAT(reader.feed("4\r\na: b\r\n"), IsEmpty());
  EXPECT_FALSE(reader.complete());
}

}  // namespace
}  // namespace sse_proxy::stage
