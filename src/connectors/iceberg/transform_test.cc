#include "connectors/iceberg/transform.h"

#include <gtest/gtest.h>

namespace sluice::iceberg {
namespace {

// The hashes of the spec's appendix B.
TEST(Transform, SpecHashes) {
  auto hash = [](TypeKind kind, Literal v) { return BucketHash(*MakeType(kind), v); };
  EXPECT_EQ(hash(TypeKind::kInt, Literal(int64_t{34})), 2017239379);
  EXPECT_EQ(hash(TypeKind::kLong, Literal(int64_t{34})), 2017239379);
  EXPECT_EQ(BucketHash(*DecimalType(9, 2), Literal(arrow::Decimal128(1420))), -500754589);
  EXPECT_EQ(hash(TypeKind::kDate, Literal(int64_t{17486})), -653330422);
  EXPECT_EQ(hash(TypeKind::kTimestamp, Literal(int64_t{1510871468000000})), -2047944441);
  EXPECT_EQ(hash(TypeKind::kString, Literal(std::string("iceberg"))), 1210000089);
  EXPECT_EQ(hash(TypeKind::kBinary, Literal(std::string("\x00\x01\x02\x03", 4))), -188683207);
}

TEST(Transform, Truncate) {
  auto apply = [](TypePtr type, int width, Literal v) {
    return ApplyTransform({TransformKind::kTruncate, width, {}}, *type, v).ValueOrDie();
  };
  EXPECT_EQ(apply(MakeType(TypeKind::kInt), 10, Literal(int64_t{1})), Literal(int64_t{0}));
  EXPECT_EQ(apply(MakeType(TypeKind::kInt), 10, Literal(int64_t{-1})), Literal(int64_t{-10}));
  EXPECT_EQ(apply(DecimalType(9, 2), 50, Literal(arrow::Decimal128(1065))), Literal(arrow::Decimal128(1050)));
  EXPECT_EQ(apply(MakeType(TypeKind::kString), 3, Literal(std::string("iceberg"))), Literal(std::string("ice")));
}

TEST(Transform, Times) {
  auto apply = [](TransformKind kind, TypeKind type, int64_t v) {
    return std::get<int64_t>(ApplyTransform({kind, 0, {}}, *MakeType(type), Literal(v)).ValueOrDie());
  };
  EXPECT_EQ(apply(TransformKind::kYear, TypeKind::kDate, -1), -1);
  EXPECT_EQ(apply(TransformKind::kMonth, TypeKind::kDate, 17486), 574);
  EXPECT_EQ(apply(TransformKind::kDay, TypeKind::kTimestampTz, -1), -1);
  EXPECT_EQ(apply(TransformKind::kHour, TypeKind::kTimestampTz, -1), -1);
  EXPECT_EQ(TransformedText({TransformKind::kMonth, 0, {}}, *MakeType(TypeKind::kInt), Literal(int64_t{-1})),
            "1969-12");
}

TEST(Bounds, UpperIsAboveAllThatShareThePrefix) {
  EXPECT_EQ(TruncateUpper("abcdef", 3, true), "abd");
  EXPECT_EQ(TruncateUpper("abc", 3, true), "abc");
  EXPECT_EQ(TruncateUpper("\xC3\xA4\xC3\xB6x", 2, true), "\xC3\xA4\xC3\xB7");
  EXPECT_EQ(TruncateUpper("\xF4\x8F\xBF\xBF"
                          "abc",
                          1, true),
            std::nullopt);
  EXPECT_EQ(TruncateUpper("\xFF\xFF\x01", 2, false), std::nullopt);
  EXPECT_EQ(DecimalToBytes(arrow::Decimal128(-129)), "\xFF\x7F");
}

}  // namespace
}  // namespace sluice::iceberg
