// __in_set: IN over many constants.
#include "functions/in_set.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "functions/compare.h"
#include "functions/families.h"
#include "functions/kernel.h"

namespace sluice::functions {
namespace {

/// By the type, one of the three: integers, texts, or rows of `values` in Spark's order.
struct InSet : BoundState {
  ArrayPtr values;
  bool has_null = false;
  absl::flat_hash_set<int64_t> integers;
  absl::flat_hash_set<std::string_view> texts;  // within `values`
  std::vector<int64_t> sorted;

  bool ContainsRow(const arrow::Array& column, int64_t row) const {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), row,
                                     [&](int64_t k, int64_t) { return CompareRows(*values, k, column, row) < 0; });
    return at != sorted.end() && CompareRows(*values, *at, column, row) == 0;
  }
};

/// Calls fn(std::type_identity<T>{}) when values of `type` are integers or texts of the Arrow type T; false for others.
template <typename Fn>
bool VisitHashed(const DataType& type, const Fn& fn) {
  switch (type.id()) {
    case TypeId::kByte: return fn(std::type_identity<arrow::Int8Type>{}), true;
    case TypeId::kShort: return fn(std::type_identity<arrow::Int16Type>{}), true;
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return fn(std::type_identity<arrow::Int32Type>{}), true;
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return fn(std::type_identity<arrow::Int64Type>{}), true;
    case TypeId::kString:
    case TypeId::kBinary: return fn(std::type_identity<arrow::StringType>{}), true;
    default: return false;
  }
}

/// found(row) for each row that is not null.
template <typename Fn>
Result<ArrayPtr> Answer(const KernelCall& call, std::span<const Vector> args, const InSet& set, const Fn& found) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  Writer<arrow::BooleanType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    if (found(i)) {
      out.Set(i, true);
    } else if (set.has_null) {
      mask.SetNull(i);
    }
  }
  return out.Finish(DataType::Boolean(), mask);
}

Result<ArrayPtr> Lookup(const KernelCall& call, std::span<const Vector> args) {
  const auto& set = static_cast<const InSet&>(*call.bound.state);
  Result<ArrayPtr> result = ArrayPtr();
  const bool hashed = VisitHashed(call.bound.arg_types[0], [&]<typename T>(std::type_identity<T>) {
    const Reader<T> value(args[0]);
    if constexpr (kIsText<T>) {
      result = Answer(call, args, set, [&](int64_t i) { return set.texts.contains(value(i)); });
    } else {
      result = Answer(call, args, set, [&](int64_t i) { return set.integers.contains(value(i)); });
    }
  });
  if (hashed) return result;
  return Answer(call, args, set, [&](int64_t i) { return set.ContainsRow(*args[0].array, args[0].At(i)); });
}

std::string Display(std::string_view, std::span<const std::string> args) {
  return "(" + args[0] + " INSET " + args[1] + ")";
}

}  // namespace

Result<std::shared_ptr<const BoundCall>> BindInSet(const DataType& type, const ArrayPtr& values) {
  auto set = std::make_shared<InSet>();
  set->values = values;
  set->has_null = values->null_count() > 0;
  const Vector column{values, false};
  const bool hashed = VisitHashed(type, [&]<typename T>(std::type_identity<T>) {
    const Reader<T> value(column);
    for (int64_t i = 0; i < values->length(); ++i) {
      if (values->IsNull(i)) continue;
      if constexpr (kIsText<T>)
        set->texts.insert(value(i));
      else
        set->integers.insert(value(i));
    }
  });
  if (!hashed) {
    for (int64_t i = 0; i < values->length(); ++i) {
      if (values->IsValid(i)) set->sorted.push_back(i);
    }
    std::sort(set->sorted.begin(), set->sorted.end(),
              [&](int64_t a, int64_t b) { return CompareRows(*values, a, *values, b) < 0; });
  }
  auto bound = std::make_shared<BoundCall>();
  bound->arg_types = {type, DataType::Array(type)};
  bound->result_type = DataType::Boolean();
  bound->state = std::move(set);
  return std::shared_ptr<const BoundCall>(std::move(bound));
}

std::span<const FunctionDef> InSetFunctions() {
  static const FunctionDef kTable[] = {
      {.name = kInSet,
       .signature = "(any, any) -> boolean",
       .nulls = NullRule::kCustom,
       .group = "predicate_funcs",
       .doc = "IN over many constants.",
       .kernel = &Lookup,
       .display = &Display},
  };
  return kTable;
}

}  // namespace sluice::functions
