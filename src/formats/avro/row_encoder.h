#pragma once
// Arrow columns -> Avro rows, by any schema that fits the columns' types.
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <string>

#include "formats/avro/schema.h"
#include "sluice/types.h"

namespace sluice::avro {

struct EncodeOptions {
  bool by_position = false;  // columns match fields by place, not by name
  bool case_sensitive = false;
  /// To the old calendar; null: none.
  std::function<Result<int32_t>(int32_t)> rebase_days;
  std::function<Result<int64_t>(int64_t)> rebase_micros;
};

/// Not thread-safe.
class RowEncoder {
 public:
  /// Invalid, naming the field, when columns (a STRUCT) and schema do not go together.
  static Result<std::unique_ptr<RowEncoder>> Make(std::shared_ptr<const Schema> schema, const DataType& columns,
                                                  const EncodeOptions& options);
  ~RowEncoder();
  /// The rows to encode next, in the physical form of arrow_types.h.
  Status Bind(const arrow::RecordBatch& batch);
  /// Appends row `i`. AVRO_CANNOT_WRITE_NULL_FIELD; Invalid: text that is no symbol of an enum, bytes of another
  /// length.
  Status Append(int64_t i, std::string* out) const;

  struct Step;

 private:
  RowEncoder();
  std::shared_ptr<const Schema> schema_;
  EncodeOptions options_;
  std::unique_ptr<Step> root_;
};

}  // namespace sluice::avro
