#include "connectors/iceberg/rows_table.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>

#include "connectors/iceberg/literal.h"
#include "formats/parquet/reader.h"
#include "types/arrow_types.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
template <typename Builder, typename V>
Status AppendTo(arrow::ArrayBuilder* builder, V value) {
  return static_cast<Builder*>(builder)->Append(value);
}

Status Append(const Cell& cell, arrow::ArrayBuilder* builder) {
  if (cell.is_null()) return builder->AppendNull();
  const std::shared_ptr<arrow::DataType> held = builder->type();  // a map builder makes it anew each time
  const arrow::DataType& type = *held;
  auto misfit = [&] { return Status::Invalid("a metadata table's cell does not fit ", type.ToString()); };
  switch (type.id()) {
    case arrow::Type::BOOL:
      return cell.boolean() ? AppendTo<arrow::BooleanBuilder>(builder, *cell.boolean()) : misfit();
    case arrow::Type::INT32:
      return cell.integer() ? AppendTo<arrow::Int32Builder>(builder, static_cast<int32_t>(*cell.integer())) : misfit();
    case arrow::Type::DATE32:
      return cell.integer() ? AppendTo<arrow::Date32Builder>(builder, static_cast<int32_t>(*cell.integer())) : misfit();
    case arrow::Type::INT64: return cell.integer() ? AppendTo<arrow::Int64Builder>(builder, *cell.integer()) : misfit();
    case arrow::Type::TIMESTAMP:
      return cell.integer() ? AppendTo<arrow::TimestampBuilder>(builder, *cell.integer()) : misfit();
    case arrow::Type::FLOAT:
      return cell.number() ? AppendTo<arrow::FloatBuilder>(builder, static_cast<float>(*cell.number())) : misfit();
    case arrow::Type::DOUBLE: return cell.number() ? AppendTo<arrow::DoubleBuilder>(builder, *cell.number()) : misfit();
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return cell.bytes() ? static_cast<arrow::BinaryBuilder*>(builder)->Append(*cell.bytes()) : misfit();
    case arrow::Type::DECIMAL128: {
      if (!cell.bytes()) return misfit();
      ARROW_ASSIGN_OR_RAISE(auto decimal, DecimalFromBytes(*cell.bytes()));
      return AppendTo<arrow::Decimal128Builder>(builder, decimal);
    }
    case arrow::Type::STRUCT: {
      auto* s = static_cast<arrow::StructBuilder*>(builder);
      if (!cell.items() || static_cast<int>(cell.items()->size()) != s->num_fields()) return misfit();
      ARROW_RETURN_NOT_OK(s->Append());
      for (int i = 0; i < s->num_fields(); ++i) {
        ARROW_RETURN_NOT_OK(Append((*cell.items())[static_cast<size_t>(i)], s->field_builder(i)));
      }
      return Status::OK();
    }
    case arrow::Type::LIST: {
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      if (!cell.items()) return misfit();
      ARROW_RETURN_NOT_OK(list->Append());
      for (const Cell& item : *cell.items()) ARROW_RETURN_NOT_OK(Append(item, list->value_builder()));
      return Status::OK();
    }
    case arrow::Type::MAP: {
      auto* map = static_cast<arrow::MapBuilder*>(builder);
      if (!cell.items()) return misfit();
      ARROW_RETURN_NOT_OK(map->Append());
      for (const Cell& pair : *cell.items()) {
        if (!pair.items() || pair.items()->size() != 2) return misfit();
        ARROW_RETURN_NOT_OK(Append((*pair.items())[0], map->key_builder()));
        ARROW_RETURN_NOT_OK(Append((*pair.items())[1], map->item_builder()));
      }
      return Status::OK();
    }
    default: return misfit();
  }
}

struct WholeTable final : Split {
  std::string ToString() const override { return "metadata"; }
};

class OneBatch final : public BatchReader {
 public:
  explicit OneBatch(std::shared_ptr<arrow::RecordBatch> batch) : batch_(std::move(batch)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return std::exchange(batch_, nullptr); }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

class RowsScan final : public Scan {
 public:
  RowsScan(DataType schema, ScanRequest request, std::function<Result<Rows>()> rows)
      : schema_(std::move(schema)), request_(std::move(request)), rows_(std::move(rows)) {}

  Result<std::vector<SplitPtr>> Plan() override { return std::vector<SplitPtr>{std::make_shared<WholeTable>()}; }

  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr&) override {
    ARROW_ASSIGN_OR_RAISE(Rows rows, rows_());
    auto full = ToArrowSchema(schema_), wanted = ToArrowSchema(request_.schema);
    auto count = static_cast<int64_t>(rows.size());
    if (request_.limit) count = std::min(count, *request_.limit);
    arrow::ArrayVector columns;
    for (const auto& want : wanted->fields()) {
      int at = full->GetFieldIndex(want->name());
      if (at < 0) return MakeError("INTERNAL_ERROR", {{"message", "the metadata table has no column " + want->name()}});
      std::unique_ptr<arrow::ArrayBuilder> builder;
      ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), full->field(at)->type(), &builder));
      for (int64_t i = 0; i < count; ++i) {
        ARROW_RETURN_NOT_OK(Append(rows[static_cast<size_t>(i)][static_cast<size_t>(at)], builder.get()));
      }
      std::shared_ptr<arrow::Array> column;
      ARROW_RETURN_NOT_OK(builder->Finish(&column));
      ARROW_ASSIGN_OR_RAISE(column,
                            parquet_io::ProjectArray(column, *full->field(at), *want, parquet_io::MatchBy::kName));
      columns.push_back(std::move(column));
    }
    return std::make_unique<OneBatch>(arrow::RecordBatch::Make(wanted, count, std::move(columns)));
  }

 private:
  DataType schema_;
  ScanRequest request_;
  std::function<Result<Rows>()> rows_;
};

class RowsTable final : public Table {
 public:
  RowsTable(std::string name, DataType schema, std::function<Result<Rows>()> rows)
      : name_(std::move(name)), schema_(std::move(schema)), rows_(std::move(rows)) {}
  std::string name() const override { return name_; }
  const DataType& schema() const override { return schema_; }
  std::string provider() const override { return "iceberg"; }
  bool can_read() const override { return true; }
  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return std::make_unique<RowsScan>(schema_, request, rows_);
  }

 private:
  std::string name_;
  DataType schema_;
  std::function<Result<Rows>()> rows_;
};
}  // namespace

TablePtr MakeRowsTable(std::string name, DataType schema, std::function<Result<Rows>()> rows) {
  return std::make_shared<RowsTable>(std::move(name), std::move(schema), std::move(rows));
}

}  // namespace sluice::iceberg
