#include "formats/avro/row_encoder.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>
#include <strings.h>

#include <algorithm>

#include "formats/avro/sql_schema.h"
#include "formats/avro/wire.h"
#include "types/big_integer.h"

namespace sluice::avro {

namespace {

enum class Op : uint8_t {
  kNull,
  kBoolean,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kMonths,
  kDuration,
  kDate,
  kMicros,
  kMillis,
  kFloat,
  kDouble,
  kBytes,
  kFixed,
  kDecimalBytes,
  kDecimalFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kMembers,  // a struct of which the first field that is not NULL is written, as a branch of a union
};

}  // namespace

struct RowEncoder::Step {
  Op op = Op::kNull;
  int null_branch = -1, value_branch = -1;  // of the union around it; -1: none
  std::string name, type_name;              // for errors
  std::vector<Step> children;               // kRecord: by field; kMap: the values
  std::vector<int> columns;                 // kRecord: of each field; -1: NULL is written
  const std::vector<std::string>* symbols = nullptr;
  size_t size = 0;
  bool rebase = false;
  std::shared_ptr<arrow::Array> array;  // bound
  std::shared_ptr<arrow::Array> keys;   // kMap
};

namespace {

using Step = RowEncoder::Step;

class Planner {
 public:
  Planner(const Schema& schema, const EncodeOptions& options) : schema_(schema), options_(options) {}

  Result<Step> Value(const DataType& type, int index, const std::string& name) {
    const Node* node = &schema_.node(index);
    Step step;
    int null_branch = -1, value_branch = -1;
    if (node->kind == Kind::kUnion) {
      null_branch = node->null_branch;
      const auto branches = ValueBranches(*node);
      if (branches.size() > 1) {
        ARROW_ASSIGN_OR_RAISE(step, OfUnion(type, *node, branches, name));
        step.null_branch = null_branch;
        step.name = name;
        return step;
      }
      if (!branches.empty()) {
        value_branch = BranchOf(*node, branches[0]);
        node = &schema_.node(branches[0]);
      }
    }
    ARROW_ASSIGN_OR_RAISE(step, Plain(type, *node, name));
    step.null_branch = null_branch;
    step.value_branch = value_branch;
    step.name = name;
    return step;
  }

  Result<Step> Record(const DataType& type, const Node& node) {
    if (node.kind != Kind::kRecord) return Status::Invalid("Attempting to treat ", node.name, " as a RECORD");
    Step step;
    step.op = Op::kRecord;
    std::vector<bool> used(type.fields().size());
    for (size_t k = 0; k < node.fields.size(); ++k) {
      const auto& field = node.fields[k];
      int column = -1;
      for (size_t i = 0; i < type.fields().size(); ++i) {
        const std::string& name = type.fields()[i].name;
        const bool same = options_.by_position      ? i == k
                          : options_.case_sensitive ? name == field.name
                                                    : strcasecmp(name.c_str(), field.name.c_str()) == 0;
        if (same && column < 0) column = static_cast<int>(i);
      }
      step.columns.push_back(column);
      if (column >= 0) {
        used[static_cast<size_t>(column)] = true;
        const auto& source = type.fields()[static_cast<size_t>(column)];
        ARROW_ASSIGN_OR_RAISE(Step child, Value(source.type, field.node, field.name));
        step.children.push_back(std::move(child));
        continue;
      }
      const Node& target = schema_.node(field.node);
      if (!target.nullable())
        return Status::Invalid("Found field '", field.name, "' in Avro schema but there is no match in the SQL schema");
      Step null;
      null.null_branch = target.null_branch;
      step.children.push_back(std::move(null));
    }
    for (size_t i = 0; i < used.size(); ++i)
      if (!used[i]) return Status::Invalid("Cannot find field '", type.fields()[i].name, "' in Avro schema");
    return step;
  }

 private:
  static int BranchOf(const Node& node, int child) {
    return static_cast<int>(std::find(node.children.begin(), node.children.end(), child) - node.children.begin());
  }
  static Status Incompatible(const DataType& type, const Node& node, const std::string& name) {
    return Status::Invalid("Cannot convert SQL field '", name, "' to Avro field '", name,
                           "' because schema is incompatible (sqlType = ", type.sql(),
                           ", avroType = ", node.name.empty() ? node.logical_type : node.name, ")");
  }

  Result<Step> OfUnion(const DataType& type, const Node& node, const std::vector<int>& branches,
                       const std::string& name) {
    const UnionForm form = FormOfUnion(schema_, branches);
    const auto branch_of_kind = [&](Kind kind) {
      for (size_t i = 0; i < node.children.size(); ++i)
        if (schema_.node(node.children[i]).kind == kind) return static_cast<int>(i);
      return -1;
    };
    Step step;
    if (form == UnionForm::kLong && type.id() == TypeId::kLong) {
      step.op = Op::kInt64;
      step.value_branch = branch_of_kind(Kind::kLong);
      return step;
    }
    if (form == UnionForm::kDouble && type.id() == TypeId::kDouble) {
      step.op = Op::kDouble;
      step.value_branch = branch_of_kind(Kind::kDouble);
      return step;
    }
    if (type.id() != TypeId::kStruct || type.fields().size() != branches.size()) return Incompatible(type, node, name);
    step.op = Op::kMembers;
    for (size_t i = 0; i < branches.size(); ++i) {
      const auto& member = type.fields()[i];
      if (!options_.by_position && member.name != "member" + std::to_string(i))
        return Status::Invalid("Generic Avro union at field '", name,
                               "' does not match the SQL schema: it has the field ", member.name, " where member", i,
                               " was expected");
      ARROW_ASSIGN_OR_RAISE(Step child, Plain(member.type, schema_.node(branches[i]), member.name));
      child.value_branch = BranchOf(node, branches[i]);
      step.children.push_back(std::move(child));
    }
    return step;
  }

  Result<Step> Plain(const DataType& type, const Node& node, const std::string& name) {
    Step step;
    step.type_name = node.name;
    const auto as = [&](Op op, Kind kind) -> Result<Step> {
      if (node.kind != kind) return Incompatible(type, node, name);
      step.op = op;
      return std::move(step);
    };
    switch (type.id()) {
      case TypeId::kVoid: return as(Op::kNull, Kind::kNull);
      case TypeId::kBoolean: return as(Op::kBoolean, Kind::kBoolean);
      case TypeId::kByte: return as(Op::kInt8, Kind::kInt);
      case TypeId::kShort: return as(Op::kInt16, Kind::kInt);
      case TypeId::kInteger: return as(Op::kInt32, Kind::kInt);
      case TypeId::kLong: return as(Op::kInt64, Kind::kLong);
      case TypeId::kFloat: return as(Op::kFloat, Kind::kFloat);
      case TypeId::kDouble: return as(Op::kDouble, Kind::kDouble);
      case TypeId::kYearMonthInterval: return as(Op::kMonths, Kind::kInt);
      case TypeId::kDayTimeInterval: return as(Op::kDuration, Kind::kLong);
      case TypeId::kDate: step.rebase = options_.rebase_days != nullptr; return as(Op::kDate, Kind::kInt);
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz: {
        const std::string prefix = type.id() == TypeId::kTimestampNtz ? "local-" : "";
        const bool micros = node.logical_type == prefix + "timestamp-micros";
        if (!micros && !node.logical_type.empty() && node.logical_type != prefix + "timestamp-millis")
          return Incompatible(type, node, name);
        step.rebase = type.id() == TypeId::kTimestamp && options_.rebase_micros != nullptr;
        return as(micros ? Op::kMicros : Op::kMillis, Kind::kLong);
      }
      case TypeId::kString:
        if (node.kind != Kind::kEnum) return as(Op::kBytes, Kind::kString);
        step.symbols = &node.symbols;
        return as(Op::kEnum, Kind::kEnum);
      case TypeId::kBinary:
        step.size = node.fixed_size;
        return node.kind == Kind::kFixed ? as(Op::kFixed, Kind::kFixed) : as(Op::kBytes, Kind::kBytes);
      case TypeId::kDecimal:
        if (!node.is_decimal() || node.precision != type.precision() || node.scale != type.scale())
          return Incompatible(type, node, name);
        step.size = node.fixed_size;
        return node.kind == Kind::kFixed ? as(Op::kDecimalFixed, Kind::kFixed) : as(Op::kDecimalBytes, Kind::kBytes);
      case TypeId::kStruct:
        if (node.kind != Kind::kRecord) return Incompatible(type, node, name);
        return Record(type, node);
      case TypeId::kArray: {
        if (node.kind != Kind::kArray) return Incompatible(type, node, name);
        ARROW_ASSIGN_OR_RAISE(Step element, Value(type.elementType(), node.children[0], name + ".element"));
        step.children.push_back(std::move(element));
        return as(Op::kArray, Kind::kArray);
      }
      case TypeId::kMap: {
        if (node.kind != Kind::kMap || type.keyType().id() != TypeId::kString) return Incompatible(type, node, name);
        ARROW_ASSIGN_OR_RAISE(Step value, Value(type.valueType(), node.children[0], name + ".value"));
        step.children.push_back(std::move(value));
        return as(Op::kMap, Kind::kMap);
      }
      default: return Incompatible(type, node, name);
    }
  }

  const Schema& schema_;
  const EncodeOptions& options_;
};

void BindStep(Step* step, std::shared_ptr<arrow::Array> array) {
  switch (step->op) {
    case Op::kRecord: {
      const auto& rows = static_cast<const arrow::StructArray&>(*array);
      for (size_t k = 0; k < step->children.size(); ++k)
        if (step->columns[k] >= 0) BindStep(&step->children[k], rows.field(step->columns[k]));
      break;
    }
    case Op::kMembers: {
      const auto& rows = static_cast<const arrow::StructArray&>(*array);
      for (size_t k = 0; k < step->children.size(); ++k) BindStep(&step->children[k], rows.field(static_cast<int>(k)));
      break;
    }
    case Op::kArray: BindStep(&step->children[0], static_cast<const arrow::ListArray&>(*array).values()); break;
    case Op::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(*array);
      step->keys = map.keys();
      BindStep(&step->children[0], map.items());
      break;
    }
    default: break;
  }
  step->array = std::move(array);
}

class Runner {
 public:
  Runner(const EncodeOptions& options, std::string* out) : options_(options), out_(out) {}

  Status Write(const Step& step, int64_t i) const {
    // A step without an array is a field that no column fills.
    if (step.array == nullptr || step.array->IsNull(i)) {
      if (step.null_branch >= 0) {
        PutLong(step.null_branch, out_);
        return Status::OK();
      }
      if (step.op == Op::kNull) return Status::OK();
      return MakeError("AVRO_CANNOT_WRITE_NULL_FIELD",
                       {{"name", QuoteIdentifier(step.name)}, {"dataType", step.type_name}});
    }
    if (step.value_branch >= 0) PutLong(step.value_branch, out_);
    return WriteValue(step, i);
  }

  /// The fields of row `i`; `step` has no array when the row is one of the batch's.
  Status WriteRecord(const Step& step, int64_t i) const {
    for (const auto& child : step.children) ARROW_RETURN_NOT_OK(Write(child, i));
    return Status::OK();
  }

 private:
  template <typename Array>
  static auto At(const Step& step, int64_t i) {
    return static_cast<const Array&>(*step.array).Value(i);
  }
  static std::string_view Text(const Step& step, int64_t i) {
    return static_cast<const arrow::BinaryArray&>(*step.array).GetView(i);
  }

  Status WriteValue(const Step& step, int64_t i) const {
    switch (step.op) {
      case Op::kNull: return Status::OK();
      case Op::kBoolean: out_->push_back(At<arrow::BooleanArray>(step, i) ? 1 : 0); return Status::OK();
      case Op::kInt8: PutLong(At<arrow::Int8Array>(step, i), out_); return Status::OK();
      case Op::kInt16: PutLong(At<arrow::Int16Array>(step, i), out_); return Status::OK();
      case Op::kInt32: PutLong(At<arrow::Int32Array>(step, i), out_); return Status::OK();
      case Op::kInt64: PutLong(At<arrow::Int64Array>(step, i), out_); return Status::OK();
      case Op::kMonths: PutLong(At<arrow::MonthIntervalArray>(step, i), out_); return Status::OK();
      case Op::kDuration: PutLong(At<arrow::DurationArray>(step, i), out_); return Status::OK();
      case Op::kDate: {
        int32_t days = At<arrow::Date32Array>(step, i);
        if (step.rebase) {
          ARROW_ASSIGN_OR_RAISE(days, options_.rebase_days(days));
        }
        PutLong(days, out_);
        return Status::OK();
      }
      case Op::kMicros:
      case Op::kMillis: {
        int64_t us = At<arrow::TimestampArray>(step, i);
        if (step.rebase) {
          ARROW_ASSIGN_OR_RAISE(us, options_.rebase_micros(us));
        }
        PutLong(step.op == Op::kMicros ? us : us / 1000 - (us % 1000 < 0), out_);
        return Status::OK();
      }
      case Op::kFloat: PutNumber(At<arrow::FloatArray>(step, i), out_); return Status::OK();
      case Op::kDouble: PutNumber(At<arrow::DoubleArray>(step, i), out_); return Status::OK();
      case Op::kBytes: PutString(Text(step, i), out_); return Status::OK();
      case Op::kFixed: {
        const auto bytes = Text(step, i);
        if (bytes.size() != step.size)
          return Status::Invalid(bytes.size(), " bytes of binary data cannot be written into FIXED type with size of ",
                                 step.size, " bytes, in the field '", step.name, "'");
        out_->append(bytes);
        return Status::OK();
      }
      case Op::kDecimalBytes:
      case Op::kDecimalFixed: WriteDecimal(step, i); return Status::OK();
      case Op::kEnum: {
        const auto symbol = std::find(step.symbols->begin(), step.symbols->end(), Text(step, i));
        if (symbol == step.symbols->end())
          return Status::Invalid("\"", Text(step, i),
                                 "\" cannot be written since it's not defined in the enum of the field '", step.name,
                                 "'");
        PutLong(symbol - step.symbols->begin(), out_);
        return Status::OK();
      }
      case Op::kRecord: return WriteRecord(step, i);
      case Op::kMembers:
        for (const auto& child : step.children)
          if (!child.array->IsNull(i)) return Write(child, i);
        if (step.null_branch < 0)
          return MakeError("AVRO_CANNOT_WRITE_NULL_FIELD",
                           {{"name", QuoteIdentifier(step.name)}, {"dataType", "union"}});
        PutLong(step.null_branch, out_);
        return Status::OK();
      case Op::kArray:
      case Op::kMap: return WriteBlocks(step, i);
    }
    return Status::OK();
  }

  void WriteDecimal(const Step& step, int64_t i) const {
    const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(*step.array).GetValue(i));
    char bytes[16];
    const size_t n = BigIntegerBytes(value, bytes);
    if (step.op == Op::kDecimalBytes) {
      PutString({bytes, n}, out_);
      return;
    }
    out_->append(step.size - std::min(step.size, n), value.high_bits() < 0 ? '\xFF' : '\0');
    out_->append(bytes, n);
  }

  Status WriteBlocks(const Step& step, int64_t i) const {
    const auto& list = static_cast<const arrow::ListArray&>(*step.array);  // maps are lists of entries
    const int64_t from = list.value_offset(i), n = list.value_length(i);
    if (n > 0) PutLong(n, out_);
    for (int64_t k = from; k < from + n; ++k) {
      if (step.op == Op::kMap) PutString(static_cast<const arrow::StringArray&>(*step.keys).GetView(k), out_);
      ARROW_RETURN_NOT_OK(Write(step.children[0], k));
    }
    PutLong(0, out_);
    return Status::OK();
  }

  const EncodeOptions& options_;
  std::string* out_;
};

}  // namespace

RowEncoder::RowEncoder() = default;
RowEncoder::~RowEncoder() = default;

Result<std::unique_ptr<RowEncoder>> RowEncoder::Make(std::shared_ptr<const Schema> schema, const DataType& columns,
                                                     const EncodeOptions& options) {
  std::unique_ptr<RowEncoder> out(new RowEncoder());
  out->options_ = options;
  out->schema_ = std::move(schema);
  const Node* root = &out->schema_->root();
  if (root->kind == Kind::kUnion) return Status::Invalid("Avro: the rows of a file are records, not values of a union");
  ARROW_ASSIGN_OR_RAISE(Step step, Planner(*out->schema_, out->options_).Record(columns, *root));
  out->root_ = std::make_unique<Step>(std::move(step));
  return out;
}

Status RowEncoder::Bind(const arrow::RecordBatch& batch) {
  for (size_t k = 0; k < root_->children.size(); ++k)
    if (root_->columns[k] >= 0) BindStep(&root_->children[k], batch.column(root_->columns[k]));
  return Status::OK();
}

Status RowEncoder::Append(int64_t i, std::string* out) const { return Runner(options_, out).WriteRecord(*root_, i); }

}  // namespace sluice::avro
