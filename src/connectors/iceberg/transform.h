#pragma once
// Partition transforms over values and columns.
// Source: Iceberg table spec, "Partition Transforms", appendix B (32-bit hash).
#include <string>

#include "connectors/iceberg/literal.h"

namespace sluice::iceberg {

enum class TransformKind : uint8_t { kIdentity, kBucket, kTruncate, kYear, kMonth, kDay, kHour, kVoid, kUnknown };

struct Transform {
  TransformKind kind = TransformKind::kIdentity;
  int argument = 0;       // buckets, width
  std::string text = {};  // kUnknown: as in the metadata

  bool operator==(const Transform&) const = default;
};

Transform ParseTransform(const std::string& text);
/// "bucket[4]": the metadata's form.
std::string TransformText(const Transform& transform);
/// The type of the results. Error: the transform can't take this type.
Result<TypePtr> TransformResult(const Transform& transform, const TypePtr& source);

Result<Literal> ApplyTransform(const Transform& transform, const Type& source, const Literal& value);
/// Column at a time; the result's values as Literals compare equal iff the partition is the same.
Result<std::shared_ptr<arrow::Array>> ApplyTransform(const Transform& transform, const Type& source,
                                                     const std::shared_ptr<arrow::Array>& column);

/// "2025-01-01-10", "2025-03", "null": as in partition paths, before escaping.
std::string TransformedText(const Transform& transform, const Type& result, const Literal& value);
/// Iceberg's bucket hash before the modulo.
int32_t BucketHash(const Type& source, const Literal& value);
uint32_t Murmur3x86_32(std::string_view bytes);

}  // namespace sluice::iceberg
