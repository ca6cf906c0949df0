#pragma once
// The program of a RowDecoder: a tree of steps, one for each value of a row. Made by decode_plan.cc, run by
// row_decoder.cc.
#include <arrow/builder.h>
#include <memory>
#include <string>
#include <vector>

#include "formats/avro/row_decoder.h"

namespace sluice::avro {

enum class Op : uint8_t {
  kSkip,  // takes the value of `node`, gives nothing
  kNull,  // takes nothing, gives NULL
  kFail,  // the value cannot be read: `text` says why
  kBoolean,
  kInt32,
  kInt64,
  kMonths,
  kDuration,
  kDate,
  kDateOfMillis,
  kMillis,  // varint -> TIMESTAMP, TIMESTAMP_NTZ
  kMicros,
  kIntToDouble,
  kIntToFloat,
  kFloat,
  kFloatToDouble,
  kDouble,
  kLongToDecimal,
  kBytes,  // a length and bytes -> STRING, BINARY
  kFixed,
  kBytesToDecimal,
  kFixedToDecimal,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion,   // a branch's number, then the child of that number
  kMember,  // the struct of a union: one child, the other fields NULL
};

struct RowDecoder::Step {
  Op op = Op::kSkip;
  int node = -1;  // of the writer
  arrow::ArrayBuilder* builder = nullptr;
  std::vector<Step> children;               // kRecord: the writer's fields in order, then those of `constants`
  std::vector<arrow::ArrayBuilder*> nulls;  // kRecord, kMember: fields that get NULL
  std::vector<std::string> constants;       // kRecord: encoded defaults of fields that the writer lacks
  std::vector<std::string> symbols;         // kEnum: by the writer's number; empty: the reader has none
  std::string text;
  size_t size = 0;         // kFixed ...
  int rescale = 0;         // decimals: digits to add (or take away)
  bool via_float = false;  // kIntToDouble, when the reader's schema says float
  bool rebase = false;
};

/// `builders`: of the columns of `wanted`.
Result<RowDecoder::Step> PlanDecode(const Schema& writer, const Schema& reader, const DataType& wanted,
                                    const DecodeOptions& options,
                                    const std::vector<std::shared_ptr<arrow::ArrayBuilder>>& builders);

}  // namespace sluice::avro
