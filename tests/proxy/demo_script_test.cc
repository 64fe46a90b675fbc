#include <gtest/gtest.h>

#include "proxy/demo/script.h"

namespace sse_proxy::stage {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

TEST(DemoScript, EachEventWithForeignTextIsTornInsideACharacter) {
  size_t torn = 0;
  for (size_t i = 0; i < script().size(); ++i) {
    const bool ascii = script()[i].text.find_first_of("\xE2\xEC\xF0") == std::string_view::npos;
    const bool inside = continues_character(event_rest(script()[i].text, microseconds(0)).front());
    EXPECT_TRUE(inside || ascii) << script()[i].text;
    if (inside) ++torn;
  }
  EXPECT_GE(torn, 4U);
}

TEST(DemoScript, WhatTheOriginSendsReadsBackIntactAndAnyChangedByteShows) {
  for (size_t i = 0; i < script().size(); ++i) {
    std::string block =
        event_start(i, script()[i].text) + event_rest(script()[i].text, microseconds(1234567));
    block.resize(block.size() - 2);  // the blank line
    const auto event = read_event(block);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->index, i);
    EXPECT_EQ(event->sent, microseconds(1234567));
    EXPECT_TRUE(event->intact);
    ++block[block.size() / 2];
    const auto changed = read_event(block);
    EXPECT_TRUE(!changed || !changed->intact || changed->sent != event->sent);
  }
}

TEST(DemoScript, ACommentIsNoEvent) { EXPECT_FALSE(read_event(": keep-alive")); }

}  // namespace
}  // namespace sse_proxy::stage
