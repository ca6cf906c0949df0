// What to do with each value of a row: Avro's schema resolution and Spark's conversions, settled once.
#include <arrow/builder.h>

#include <strings.h>

#include <algorithm>

#include "formats/avro/decode_step.h"
#include "formats/avro/default_value.h"
#include "formats/avro/sql_schema.h"

namespace sluice::avro {

namespace {

using Step = RowDecoder::Step;
using Builders = std::vector<arrow::ArrayBuilder*>;

constexpr std::string_view kKindNames[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                           "string", "record",  "enum", "array", "map",   "union",  "fixed"};
std::string NameOf(const Node& node) {
  return node.name.empty() ? std::string(kKindNames[static_cast<size_t>(node.kind)]) : node.name;
}

Step Simple(Op op, int node, arrow::ArrayBuilder* builder) {
  Step step;
  step.op = op;
  step.node = node;
  step.builder = builder;
  return step;
}

bool IsDatetime(const DataType& type) {
  return type.id() == TypeId::kDate || type.id() == TypeId::kTimestamp || type.id() == TypeId::kTimestampNtz;
}

/// May a value of `from` be read as `to`, by Avro's rules? Types of one kind always may.
bool Promotes(Kind from, Kind to) {
  switch (from) {
    case Kind::kInt: return to == Kind::kLong || to == Kind::kFloat || to == Kind::kDouble;
    case Kind::kLong: return to == Kind::kFloat || to == Kind::kDouble;
    case Kind::kFloat: return to == Kind::kDouble;
    case Kind::kString: return to == Kind::kBytes;
    case Kind::kBytes: return to == Kind::kString;
    default: return false;
  }
}

bool SameName(const Node& writer, const Node& reader) {
  return writer.name == reader.name ||
         std::find(reader.aliases.begin(), reader.aliases.end(), writer.name) != reader.aliases.end();
}

class Planner {
 public:
  Planner(const Schema& writer, const Schema& reader, const DecodeOptions& options)
      : writer_(writer), reader_(reader), options_(options) {}

  /// The writer's value `w`, which the reader's schema says is `r`, as `type` into `builder`. An error: no value of `r`
  /// can be; a kFail step: none of `w` can.
  Result<Step> Value(int w, int r, const DataType& type, arrow::ArrayBuilder* builder) {
    const Node& from = writer_.node(w);
    if (from.kind == Kind::kUnion) {
      Step step = Simple(Op::kUnion, w, builder);
      for (int branch : from.children) {
        ARROW_ASSIGN_OR_RAISE(Step child, Value(branch, r, type, builder));
        step.children.push_back(std::move(child));
      }
      return step;
    }
    const Node& to = reader_.node(r);
    if (to.kind == Kind::kUnion) return OfUnion(w, to, type, builder);
    if (from.kind != to.kind && !Promotes(from.kind, to.kind)) return Mismatch(from, to);
    if (to.kind == Kind::kRecord) {
      if (type.id() != TypeId::kStruct) return Incompatible(to, type);
      auto& fields = static_cast<arrow::StructBuilder&>(*builder);
      Builders builders;
      for (int i = 0; i < fields.num_fields(); ++i) builders.push_back(fields.field_builder(i));
      return Record(w, to, type, builder, builders);
    }
    if (to.kind == Kind::kArray) {
      if (type.id() != TypeId::kArray) return Incompatible(to, type);
      Step step = Simple(Op::kArray, w, builder);
      const Path inside(this, "element", "element");
      ARROW_ASSIGN_OR_RAISE(Step element, Value(from.children[0], to.children[0], type.elementType(),
                                                static_cast<arrow::ListBuilder&>(*builder).value_builder()));
      step.children.push_back(std::move(element));
      return step;
    }
    if (to.kind == Kind::kMap) {
      if (type.id() != TypeId::kMap || type.keyType().id() != TypeId::kString) return Incompatible(to, type);
      Step step = Simple(Op::kMap, w, builder);
      auto& map = static_cast<arrow::MapBuilder&>(*builder);
      step.children.push_back(Simple(Op::kBytes, -1, map.key_builder()));
      const Path inside(this, "value", "value");
      ARROW_ASSIGN_OR_RAISE(Step value, Value(from.children[0], to.children[0], type.valueType(), map.item_builder()));
      step.children.push_back(std::move(value));
      return step;
    }
    return Leaf(w, to, type, builder);
  }

  /// `builder`: of the struct; null for the row itself. `builders`: of the fields of `type`.
  Result<Step> Record(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder,
                      const Builders& builders) {
    const Node& from = writer_.node(w);
    ARROW_ASSIGN_OR_RAISE(const auto columns, MatchColumns(to, type));
    Step step = Simple(Op::kRecord, w, builder);
    std::vector<bool> written(to.fields.size()), filled(type.fields().size());
    for (size_t i = 0; i < from.fields.size(); ++i) {
      const int field = FindField(from, i, to);
      const int column = field < 0 ? -1 : columns[static_cast<size_t>(field)];
      if (field >= 0) written[static_cast<size_t>(field)] = true;
      if (column < 0) {
        step.children.push_back(Simple(Op::kSkip, from.fields[i].node, nullptr));
        continue;
      }
      const auto at = static_cast<size_t>(column);
      const auto& reader_field = to.fields[static_cast<size_t>(field)];
      const Path inside(this, reader_field.name, type.fields()[at].name);
      ARROW_ASSIGN_OR_RAISE(Step child,
                            Value(from.fields[i].node, reader_field.node, type.fields()[at].type, builders[at]));
      step.children.push_back(std::move(child));
      filled[at] = true;
    }
    for (size_t i = 0; i < to.fields.size(); ++i) {
      if (written[i]) continue;
      const auto& field = to.fields[i];
      if (!field.default_json) {
        Step fail;
        fail.op = Op::kFail;
        fail.text = "Found " + NameOf(from) + ", expecting " + NameOf(to) + ", missing required field " + field.name;
        return fail;
      }
      if (columns[i] < 0) continue;
      const auto at = static_cast<size_t>(columns[i]);
      std::string bytes;
      ARROW_RETURN_NOT_OK(EncodeDefault(reader_, field.node, *field.default_json, &bytes));
      Planner of_reader(reader_, reader_, options_);
      ARROW_ASSIGN_OR_RAISE(Step constant,
                            of_reader.Value(field.node, field.node, type.fields()[at].type, builders[at]));
      step.children.push_back(std::move(constant));
      step.constants.push_back(std::move(bytes));
      filled[at] = true;
    }
    for (size_t i = 0; i < filled.size(); ++i)
      if (!filled[i]) step.nulls.push_back(builders[i]);
    return step;
  }

 private:
  /// Names the place in errors, for as long as it lives.
  class Path {
   public:
    Path(Planner* planner, const std::string& avro, const std::string& sql) : planner_(planner) {
      planner_->avro_path_.push_back(avro);
      planner_->sql_path_.push_back(sql);
    }
    ~Path() {
      planner_->avro_path_.pop_back();
      planner_->sql_path_.pop_back();
    }
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

   private:
    Planner* planner_;
  };
  static std::string Text(const std::vector<std::string>& path) {
    if (path.empty()) return "top-level record";
    std::string out = "field '";
    for (size_t i = 0; i < path.size(); ++i) out += (i > 0 ? "." : "") + path[i];
    return out + "'";
  }
  Status Incompatible(const Node& node, const DataType& type) const {
    return Status::Invalid("Cannot convert Avro ", Text(avro_path_), " to SQL ", Text(sql_path_),
                           " because schema is incompatible (avroType = ", NameOf(node), ", sqlType = ", type.sql(),
                           ")");
  }
  Status WouldLose(const std::string& node, const DataType& type) const {
    return MakeError("AVRO_INCOMPATIBLE_READ_TYPE", {{"avroPath", Text(avro_path_)},
                                                     {"sqlPath", Text(sql_path_)},
                                                     {"avroType", node},
                                                     {"sqlType", type.simpleString()}});
  }
  static Step Mismatch(const Node& from, const Node& to) {
    Step fail;
    fail.op = Op::kFail;
    fail.text = "Found " + NameOf(from) + ", expecting " + NameOf(to);
    return fail;
  }

  /// Which branch of the reader's union takes the value; -1: none.
  int FindBranch(int w, const Node& to) const {
    const Node& from = writer_.node(w);
    const auto find = [&](auto matches) {
      for (size_t i = 0; i < to.children.size(); ++i)
        if (matches(reader_.node(to.children[i]))) return static_cast<int>(i);
      return -1;
    };
    if (&writer_ == &reader_) {
      const auto same = std::find(to.children.begin(), to.children.end(), w);
      if (same != to.children.end()) return static_cast<int>(same - to.children.begin());
    }
    int found = find([&](const Node& node) { return node.kind == from.kind && SameName(from, node); });
    if (found < 0) found = find([&](const Node& node) { return node.kind == from.kind && node.kind == Kind::kRecord; });
    if (found < 0) found = find([&](const Node& node) { return Promotes(from.kind, node.kind); });
    return found;
  }

  Result<Step> OfUnion(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder) {
    const int branch = FindBranch(w, to);
    if (branch < 0) return Mismatch(writer_.node(w), to);
    if (branch == to.null_branch) return Simple(Op::kNull, w, builder);
    const int r = to.children[static_cast<size_t>(branch)];
    const auto branches = ValueBranches(to);
    if (branches.size() == 1) return Value(w, r, type, builder);
    const UnionForm form = FormOfUnion(reader_, branches);
    if ((form == UnionForm::kLong && type.id() == TypeId::kLong) ||
        (form == UnionForm::kDouble && type.id() == TypeId::kDouble))
      return Value(w, r, type, builder);
    if (type.id() != TypeId::kStruct || type.fields().size() != branches.size()) return Incompatible(to, type);
    const auto member = static_cast<size_t>(std::find(branches.begin(), branches.end(), r) - branches.begin());
    auto& fields = static_cast<arrow::StructBuilder&>(*builder);
    Step step = Simple(Op::kMember, w, builder);
    for (int i = 0; i < fields.num_fields(); ++i)
      if (static_cast<size_t>(i) != member) step.nulls.push_back(fields.field_builder(i));
    const Path inside(this, "member", type.fields()[member].name);
    ARROW_ASSIGN_OR_RAISE(Step child,
                          Value(w, r, type.fields()[member].type, fields.field_builder(static_cast<int>(member))));
    step.children.push_back(std::move(child));
    return step;
  }

  /// The reader's field that the writer's `i`th is; -1: none.
  int FindField(const Node& from, size_t i, const Node& to) const {
    if (&from == &to) return static_cast<int>(i);
    const std::string& name = from.fields[i].name;
    for (size_t k = 0; k < to.fields.size(); ++k)
      if (to.fields[k].name == name) return static_cast<int>(k);
    for (size_t k = 0; k < to.fields.size(); ++k) {
      const auto& aliases = to.fields[k].aliases;
      if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return static_cast<int>(k);
    }
    return -1;
  }

  /// The column of each field of `record`; -1: not wanted.
  Result<std::vector<int>> MatchColumns(const Node& record, const DataType& type) const {
    std::vector<int> out(record.fields.size(), -1);
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const auto& column = type.fields()[i];
      int found = options_.by_position && i < out.size() ? static_cast<int>(i) : -1;
      for (size_t k = 0; k < record.fields.size() && !options_.by_position; ++k) {
        const std::string& name = record.fields[k].name;
        if (options_.case_sensitive ? name != column.name : strcasecmp(name.c_str(), column.name.c_str()) != 0)
          continue;
        if (found >= 0)
          return Status::Invalid("Searching for '", column.name, "' in Avro schema at ", Text(avro_path_),
                                 " gave more than one match");
        found = static_cast<int>(k);
      }
      if (found >= 0) {
        out[static_cast<size_t>(found)] = static_cast<int>(i);
      } else if (!column.nullable) {
        return Status::Invalid("Cannot find field '", column.name, "' in Avro schema");
      }
    }
    return out;
  }

  Result<Step> Leaf(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder) {
    const Node& from = writer_.node(w);
    const auto step = [&](Op op) { return Simple(op, w, builder); };
    const bool from_integer = from.kind == Kind::kInt || from.kind == Kind::kLong;
    switch (to.kind) {
      case Kind::kNull:
        if (type.id() == TypeId::kVoid) return step(Op::kNull);
        break;
      case Kind::kBoolean:
        if (type.id() == TypeId::kBoolean) return step(Op::kBoolean);
        break;
      case Kind::kInt: return OfInt(w, to, type, builder);
      case Kind::kLong: return OfLong(w, to, type, builder);
      case Kind::kFloat:
        if (type.id() == TypeId::kFloat) return step(from_integer ? Op::kIntToFloat : Op::kFloat);
        if (type.id() == TypeId::kDouble) {
          Step out = step(from_integer ? Op::kIntToDouble : Op::kFloatToDouble);
          out.via_float = true;
          return out;
        }
        break;
      case Kind::kDouble:
        if (type.id() == TypeId::kDouble)
          return step(from_integer ? Op::kIntToDouble : from.kind == Kind::kFloat ? Op::kFloatToDouble : Op::kDouble);
        break;
      case Kind::kString:
        if (type.id() == TypeId::kString) return step(Op::kBytes);
        break;
      case Kind::kBytes:
      case Kind::kFixed: return OfBytes(w, to, type, builder);
      case Kind::kEnum: {
        if (type.id() != TypeId::kString) break;
        Step out = step(Op::kEnum);
        for (const auto& symbol : from.symbols) {
          const bool known = std::find(to.symbols.begin(), to.symbols.end(), symbol) != to.symbols.end();
          out.symbols.push_back(known ? symbol : to.default_symbol);
        }
        return out;
      }
      default: break;
    }
    return Incompatible(to, type);
  }

  Result<Step> OfInt(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder) {
    const auto step = [&](Op op) { return Simple(op, w, builder); };
    if (IsDatetime(type) && to.catalyst_type.starts_with("interval")) return WouldLose(to.catalyst_type, type);
    switch (type.id()) {
      case TypeId::kInteger: return step(Op::kInt32);
      case TypeId::kLong: return step(Op::kInt64);
      case TypeId::kDouble: return step(Op::kIntToDouble);
      case TypeId::kYearMonthInterval: return step(Op::kMonths);
      case TypeId::kDate: {
        Step out = step(Op::kDate);
        out.rebase = options_.rebase.days != nullptr;
        return out;
      }
      default: return Incompatible(to, type);
    }
  }

  Result<Step> OfLong(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder) {
    if (IsDatetime(type) && to.catalyst_type.starts_with("interval")) return WouldLose(to.catalyst_type, type);
    const std::string& logical = to.logical_type;
    // A plain long is milliseconds, as it was before Avro had logical types.
    const std::string prefix = type.id() == TypeId::kTimestampNtz ? "local-" : "";
    const bool micros = logical == prefix + "timestamp-micros";
    const bool other_time =
        !micros && logical != prefix + "timestamp-millis" && logical.find("time") != std::string::npos;
    switch (type.id()) {
      case TypeId::kLong: return Simple(Op::kInt64, w, builder);
      case TypeId::kDayTimeInterval: return Simple(Op::kDuration, w, builder);
      case TypeId::kDate: return Simple(Op::kDateOfMillis, w, builder);
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz: {
        if (other_time) break;
        Step out = Simple(micros ? Op::kMicros : Op::kMillis, w, builder);
        out.rebase = type.id() == TypeId::kTimestamp && options_.rebase.micros != nullptr;
        return out;
      }
      case TypeId::kDecimal: {
        if (logical != "custom-decimal") break;
        Step out = Simple(Op::kLongToDecimal, w, builder);
        out.rescale = type.scale() - to.scale;
        return out;
      }
      default: break;
    }
    return Incompatible(to, type);
  }

  Result<Step> OfBytes(int w, const Node& to, const DataType& type, arrow::ArrayBuilder* builder) {
    const Node& from = writer_.node(w);
    const bool fixed = from.kind == Kind::kFixed;
    if (fixed && (from.fixed_size != to.fixed_size || !SameName(from, to))) return Mismatch(from, to);
    Step step = Simple(fixed ? Op::kFixed : Op::kBytes, w, builder);
    step.size = from.fixed_size;
    if (type.id() == TypeId::kBinary) return step;
    if (type.id() != TypeId::kDecimal || !to.is_decimal()) return Incompatible(to, type);
    const DataType stored = DataType::Decimal(to.precision, to.scale);
    if (to.precision - to.scale > type.precision() - type.scale()) return WouldLose(stored.simpleString(), type);
    step.op = fixed ? Op::kFixedToDecimal : Op::kBytesToDecimal;
    step.rescale = type.scale() - to.scale;
    return step;
  }

  const Schema& writer_;
  const Schema& reader_;
  const DecodeOptions& options_;
  std::vector<std::string> avro_path_, sql_path_;
};

}  // namespace

Result<Step> PlanDecode(const Schema& writer, const Schema& reader, const DataType& wanted,
                        const DecodeOptions& options,
                        const std::vector<std::shared_ptr<arrow::ArrayBuilder>>& builders) {
  const Node& to = reader.root();
  if (to.kind != Kind::kRecord || writer.root().kind != Kind::kRecord)
    return Status::Invalid("Avro: the rows of a file are no records");
  Builders columns;
  for (const auto& builder : builders) columns.push_back(builder.get());
  return Planner(writer, reader, options).Record(writer.root_index(), to, wanted, nullptr, columns);
}

}  // namespace sluice::avro
