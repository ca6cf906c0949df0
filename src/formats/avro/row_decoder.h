#pragma once
// Avro rows -> Arrow columns, by schema: what the writer wrote, as the reader's schema says, as Spark's types.
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/avro/schema.h"
#include "sluice/types.h"

namespace sluice::avro {

/// How days and microseconds of the old calendar become those of today's; null: they are today's.
struct Rebase {
  std::function<Result<int32_t>(int32_t)> days;
  std::function<Result<int64_t>(int64_t)> micros;
};

struct DecodeOptions {
  bool by_position = false;  // columns match fields by place, not by name
  bool case_sensitive = false;
  Rebase rebase;
};

/// Rows of one pair of schemas. Not thread-safe.
class RowDecoder {
 public:
  /// `reader` may be the writer's schema itself; where they differ Avro's rules of schema resolution hold. Columns of
  /// `wanted` (a STRUCT) that the reader's schema lacks are NULL. Errors: AVRO_INCOMPATIBLE_READ_TYPE; Invalid, naming
  /// the field, when types do not go together.
  static Result<std::unique_ptr<RowDecoder>> Make(std::shared_ptr<const Schema> writer,
                                                  std::shared_ptr<const Schema> reader, const DataType& wanted,
                                                  const DecodeOptions& options);
  ~RowDecoder();

  /// One row from the front of `bytes`.
  Status Decode(std::string_view* bytes);
  int64_t rows() const { return rows_; }
  /// What was decoded, in the schema of ToArrowSchema(wanted); starts anew.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

  struct Step;

 private:
  RowDecoder();
  std::shared_ptr<const Schema> writer_, reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<Step> root_;
  std::vector<std::shared_ptr<arrow::ArrayBuilder>> builders_;
  Rebase rebase_;
  int64_t rows_ = 0;
};

}  // namespace sluice::avro
