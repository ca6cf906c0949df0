#include "formats/avro/row_decoder.h"

#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include "formats/avro/decode_step.h"
#include "formats/avro/wire.h"
#include "types/arrow_types.h"
#include "types/big_integer.h"

namespace sluice::avro {

namespace {

/// Records within records that are skipped, as deep as a stack allows.
constexpr int kMaxSkipDepth = 2000;

class Skipper {
 public:
  explicit Skipper(const Schema& schema) : schema_(schema) {}

  Status Skip(int index, std::string_view* bytes, int depth = 0) const {
    if (depth > kMaxSkipDepth) return Status::Invalid("Avro: nested too deeply");
    const Node& node = schema_.node(index);
    int64_t ignored = 0;
    std::string_view text;
    switch (node.kind) {
      case Kind::kNull: return Status::OK();
      case Kind::kBoolean: return GetBytes(bytes, 1, &text);
      case Kind::kInt:
      case Kind::kLong:
      case Kind::kEnum: return GetLong(bytes, &ignored);
      case Kind::kFloat: return GetBytes(bytes, sizeof(float), &text);
      case Kind::kDouble: return GetBytes(bytes, sizeof(double), &text);
      case Kind::kBytes:
      case Kind::kString: return GetString(bytes, &text);
      case Kind::kFixed: return GetBytes(bytes, node.fixed_size, &text);
      case Kind::kRecord:
        for (const auto& field : node.fields) ARROW_RETURN_NOT_OK(Skip(field.node, bytes, depth + 1));
        return Status::OK();
      case Kind::kUnion:
        ARROW_RETURN_NOT_OK(GetLong(bytes, &ignored));
        if (ignored < 0 || static_cast<size_t>(ignored) >= node.children.size()) return Short();
        return Skip(node.children[static_cast<size_t>(ignored)], bytes, depth + 1);
      case Kind::kArray:
      case Kind::kMap: return SkipBlocks(node, bytes, depth);
    }
    return Short();
  }

 private:
  Status SkipBlocks(const Node& node, std::string_view* bytes, int depth) const {
    while (true) {
      int64_t count = 0, size = 0;
      ARROW_RETURN_NOT_OK(GetCount(bytes, &count, &size));
      if (count == 0) return Status::OK();
      std::string_view text;
      if (size >= 0) {
        ARROW_RETURN_NOT_OK(GetBytes(bytes, static_cast<size_t>(size), &text));
        continue;
      }
      for (int64_t i = 0; i < count; ++i) {
        const size_t before = bytes->size();
        if (node.kind == Kind::kMap) ARROW_RETURN_NOT_OK(GetString(bytes, &text));
        ARROW_RETURN_NOT_OK(Skip(node.children[0], bytes, depth + 1));
        if (bytes->size() == before) break;  // nothing to skip, however many
      }
    }
  }
  const Schema& schema_;
};

template <typename Builder>
Builder& As(const RowDecoder::Step& step) {
  return static_cast<Builder&>(*step.builder);
}

Result<arrow::Decimal128> ToDecimal(const arrow::Decimal128& value, const RowDecoder::Step& step) {
  if (step.rescale == 0) return value;
  return value.Rescale(0, step.rescale);
}

/// Runs steps over the bytes of rows.
class Runner {
 public:
  Runner(const Schema& writer, const Schema& reader, const Rebase& rebase, std::string_view* bytes)
      : writer_(writer), reader_(reader), rebase_(rebase), bytes_(bytes) {}

  Status Run(const RowDecoder::Step& step) {
    switch (step.op) {
      case Op::kSkip: return Skipper(writer_).Skip(step.node, bytes_);
      case Op::kNull: return step.builder->AppendNull();
      case Op::kFail: return Status::Invalid(step.text);
      case Op::kBoolean: {
        std::string_view b;
        ARROW_RETURN_NOT_OK(GetBytes(bytes_, 1, &b));
        return As<arrow::BooleanBuilder>(step).Append(b[0] != 0);
      }
      case Op::kInt32:
      case Op::kInt64:
      case Op::kMonths:
      case Op::kDuration:
      case Op::kDate:
      case Op::kDateOfMillis:
      case Op::kMillis:
      case Op::kMicros:
      case Op::kIntToDouble:
      case Op::kIntToFloat:
      case Op::kLongToDecimal: return RunVarint(step);
      case Op::kFloat:
      case Op::kFloatToDouble: {
        float v = 0;
        ARROW_RETURN_NOT_OK(GetNumber(bytes_, &v));
        if (step.op == Op::kFloat) return As<arrow::FloatBuilder>(step).Append(v);
        return As<arrow::DoubleBuilder>(step).Append(v);
      }
      case Op::kDouble: {
        double v = 0;
        ARROW_RETURN_NOT_OK(GetNumber(bytes_, &v));
        return As<arrow::DoubleBuilder>(step).Append(v);
      }
      case Op::kBytes:
      case Op::kFixed:
      case Op::kBytesToDecimal:
      case Op::kFixedToDecimal: return RunBytes(step);
      case Op::kEnum: {
        int64_t symbol = 0;
        ARROW_RETURN_NOT_OK(GetLong(bytes_, &symbol));
        if (symbol < 0 || static_cast<size_t>(symbol) >= step.symbols.size()) return Short();
        const std::string& name = step.symbols[static_cast<size_t>(symbol)];
        if (name.empty()) return Status::Invalid("Avro: a symbol that the reader's enum lacks");
        return As<arrow::StringBuilder>(step).Append(name);
      }
      case Op::kRecord: return RunRecord(step);
      case Op::kArray:
      case Op::kMap: return RunBlocks(step);
      case Op::kUnion: {
        int64_t branch = 0;
        ARROW_RETURN_NOT_OK(GetLong(bytes_, &branch));
        if (branch < 0 || static_cast<size_t>(branch) >= step.children.size()) return Short();
        return Run(step.children[static_cast<size_t>(branch)]);
      }
      case Op::kMember:
        ARROW_RETURN_NOT_OK(Run(step.children[0]));
        for (auto* builder : step.nulls) ARROW_RETURN_NOT_OK(builder->AppendNull());
        return As<arrow::StructBuilder>(step).Append();
    }
    return Short();
  }

 private:
  Status RunVarint(const RowDecoder::Step& step) {
    int64_t v = 0;
    ARROW_RETURN_NOT_OK(GetLong(bytes_, &v));
    switch (step.op) {
      case Op::kInt32: return As<arrow::Int32Builder>(step).Append(static_cast<int32_t>(v));
      case Op::kInt64: return As<arrow::Int64Builder>(step).Append(v);
      case Op::kMonths: return As<arrow::MonthIntervalBuilder>(step).Append(static_cast<int32_t>(v));
      case Op::kDuration: return As<arrow::DurationBuilder>(step).Append(v);
      case Op::kDateOfMillis: return As<arrow::Date32Builder>(step).Append(static_cast<int32_t>(v / 86'400'000));
      case Op::kDate: {
        auto days = static_cast<int32_t>(v);
        if (step.rebase) {
          ARROW_ASSIGN_OR_RAISE(days, rebase_.days(days));
        }
        return As<arrow::Date32Builder>(step).Append(days);
      }
      case Op::kMillis:
        if (__builtin_mul_overflow(v, int64_t{1000}, &v))
          return Status::Invalid("Avro: a time of too many milliseconds");
        [[fallthrough]];
      case Op::kMicros:
        if (step.rebase) {
          ARROW_ASSIGN_OR_RAISE(v, rebase_.micros(v));
        }
        return As<arrow::TimestampBuilder>(step).Append(v);
      case Op::kIntToFloat: return As<arrow::FloatBuilder>(step).Append(static_cast<float>(v));
      case Op::kLongToDecimal: {
        ARROW_ASSIGN_OR_RAISE(auto decimal, ToDecimal(arrow::Decimal128(v), step));
        return As<arrow::Decimal128Builder>(step).Append(decimal);
      }
      default:
        return As<arrow::DoubleBuilder>(step).Append(step.via_float ? static_cast<float>(v) : static_cast<double>(v));
    }
  }

  Status RunBytes(const RowDecoder::Step& step) {
    std::string_view bytes;
    if (step.op == Op::kFixed || step.op == Op::kFixedToDecimal) {
      ARROW_RETURN_NOT_OK(GetBytes(bytes_, step.size, &bytes));
    } else {
      ARROW_RETURN_NOT_OK(GetString(bytes_, &bytes));
    }
    if (step.op == Op::kBytes || step.op == Op::kFixed) return As<arrow::BinaryBuilder>(step).Append(bytes);
    // Longer ones, of other writers, begin with bytes that only repeat the sign.
    if (bytes.size() > 16) bytes.remove_prefix(bytes.size() - 16);
    ARROW_ASSIGN_OR_RAISE(auto decimal, ToDecimal(BigIntegerFromBytes(bytes), step));
    return As<arrow::Decimal128Builder>(step).Append(decimal);
  }

  Status RunRecord(const RowDecoder::Step& step) {
    const size_t constants = step.constants.size(), fields = step.children.size() - constants;
    for (size_t i = 0; i < fields; ++i) ARROW_RETURN_NOT_OK(Run(step.children[i]));
    for (size_t i = 0; i < constants; ++i) {
      std::string_view bytes = step.constants[i];
      ARROW_RETURN_NOT_OK(Runner(reader_, reader_, rebase_, &bytes).Run(step.children[fields + i]));
    }
    for (auto* builder : step.nulls) ARROW_RETURN_NOT_OK(builder->AppendNull());
    return step.builder == nullptr ? Status::OK() : As<arrow::StructBuilder>(step).Append();
  }

  Status RunBlocks(const RowDecoder::Step& step) {
    if (step.op == Op::kMap) {
      ARROW_RETURN_NOT_OK(As<arrow::MapBuilder>(step).Append());
    } else {
      ARROW_RETURN_NOT_OK(As<arrow::ListBuilder>(step).Append());
    }
    int64_t empty_items = 0;
    while (true) {
      int64_t count = 0, ignored = 0;
      ARROW_RETURN_NOT_OK(GetCount(bytes_, &count, &ignored));
      if (count == 0) return Status::OK();
      for (int64_t i = 0; i < count; ++i) {
        const size_t before = bytes_->size();
        for (const auto& child : step.children) ARROW_RETURN_NOT_OK(Run(child));
        if (bytes_->size() == before && ++empty_items > kMaxEmptyItems) return Short();
      }
    }
  }

  const Schema& writer_;
  const Schema& reader_;
  const Rebase& rebase_;
  std::string_view* bytes_;
};

}  // namespace

RowDecoder::RowDecoder() = default;
RowDecoder::~RowDecoder() = default;

Result<std::unique_ptr<RowDecoder>> RowDecoder::Make(std::shared_ptr<const Schema> writer,
                                                     std::shared_ptr<const Schema> reader, const DataType& wanted,
                                                     const DecodeOptions& options) {
  std::unique_ptr<RowDecoder> out(new RowDecoder());
  out->schema_ = ToArrowSchema(wanted);
  for (const auto& field : out->schema_->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(field->type()));
    out->builders_.push_back(std::move(builder));
  }
  ARROW_ASSIGN_OR_RAISE(Step root, PlanDecode(*writer, *reader, wanted, options, out->builders_));
  out->root_ = std::make_unique<Step>(std::move(root));
  out->writer_ = std::move(writer);
  out->reader_ = std::move(reader);
  out->rebase_ = options.rebase;
  return out;
}

Status RowDecoder::Decode(std::string_view* bytes) {
  ARROW_RETURN_NOT_OK(Runner(*writer_, *reader_, rebase_, bytes).Run(*root_));
  ++rows_;
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> RowDecoder::Finish() {
  arrow::ArrayVector columns;
  for (size_t i = 0; i < builders_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, builders_[i]->Finish());
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema_, std::exchange(rows_, 0), std::move(columns));
}

}  // namespace sluice::avro
