#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

// How many U+FFFD Java 17's decoder gives.
TEST(Utf8, ReplacesAsJavaDoes) {
  const std::string r(kReplacementCharacter);
  EXPECT_EQ(ReplaceInvalidUtf8("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80!"), r + "!");  // a surrogate
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xBF\xBF\x80!"), r + r + "!");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0!"), r + "!");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE0\x80\x80!"), r + r + r + "!");  // overlong
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x80\x80\x80!"), r + r + r + r + "!");
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\x80!"), r + r + "!");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x90\x80\x80!"), r + r + r + r + "!");  // beyond U+10FFFF
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x9F\x98!"), r + "!");                  // cut short
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x9F!"), r + "!");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE2\x82"), r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xFF\x80!"), r + r + "!");
}

}  // namespace
}  // namespace sluice
