// Arrays as sets, and sequence.
#include <fmt/format.h>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "types/datetime.h"
#include "types/format.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "array_funcs";

/// Set operations need equality only, but Spark asks for an order.
Status ExpectOrderable(const BindContext& context, const DataType& t) {
  if (IsOrderable(t)) return Status::OK();
  return DatatypeMismatch(context, "INVALID_ORDERING_TYPE",
                          {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(t.sql())}});
}

Status BindDistinct(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  context.result_type = context.arg_types[0];
  return ExpectOrderable(context, context.result_type.elementType());
}

Result<ArrayPtr> Distinct(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  if (in.values->type_id() == arrow::Type::NA) return args[0].array;
  const ElementKeys keys(in.values, true);
  ElementSet set(keys);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i)) {
      out.CloseNull();
      continue;
    }
    bool null = false;
    set.Reset(in.size(i));
    for (int64_t k = in.begin(i); k < in.end(i); ++k) {
      if (keys.null(k)) {
        if (!std::exchange(null, true)) out.Add(k);
      } else if (set.FindOrAdd(k) < 0) {
        out.Add(k);
      }
    }
    out.CloseRow();
  }
  return out.Finish();
}

Status BindPair(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  DataType &a = context.arg_types[0], &b = context.arg_types[1];
  auto common =
      a.id() == TypeId::kArray && b.id() == TypeId::kArray ? TightestCommonType(a, b, context.ansi) : std::nullopt;
  if (!common) {
    return DatatypeMismatch(context, "BINARY_ARRAY_DIFF_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"arrayType", "\"ARRAY\""},
                             {"leftType", InDoubleQuotes(a.sql())},
                             {"rightType", InDoubleQuotes(b.sql())}});
  }
  const bool left_nulls = a.containsNull(), right_nulls = b.containsNull();
  a = DataType::Array(common->elementType(), left_nulls);
  b = DataType::Array(common->elementType(), right_nulls);
  bool nulls = left_nulls || right_nulls;
  if (context.name == "array_intersect") nulls = left_nulls && right_nulls;
  if (context.name == "array_except") nulls = left_nulls;
  context.result_type = DataType::Array(common->elementType(), nulls);
  return ExpectOrderable(context, common->elementType());
}
Status BindOverlap(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindPair(context));
  context.result_type = DataType::Boolean();
  return Status::OK();
}

enum class SetOperation : uint8_t { kUnion, kIntersect, kExcept };

template <SetOperation operation>
Result<ArrayPtr> SetKernel(const KernelCall& call, std::span<const Vector> args) {
  const Lists a(args[0]), b(args[1]);
  const ArrayPtr pieces[] = {a.values, b.values};
  ARROW_ASSIGN_OR_RAISE(ArrayPtr all, Combine(call.bound.arg_types[0].elementType(), pieces));
  const int64_t shift = a.values->length();
  const ElementKeys keys(all, true);
  ElementSet kept(keys), other(keys);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(all);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!a.valid(i) || !b.valid(i)) {
      out.CloseNull();
      continue;
    }
    const int64_t b_begin = shift + b.begin(i), b_end = shift + b.end(i);
    kept.Reset(a.size(i) + b.size(i));
    bool null_kept = false, null_in_b = false;
    if (operation != SetOperation::kUnion) {
      other.Reset(b.size(i));
      for (int64_t k = b_begin; k < b_end; ++k) {
        if (keys.null(k))
          null_in_b = true;
        else
          other.FindOrAdd(k);
      }
    }
    auto add = [&](int64_t k) {
      if (keys.null(k)) {
        const bool wanted = operation == SetOperation::kUnion || null_in_b == (operation == SetOperation::kIntersect);
        if (wanted && !std::exchange(null_kept, true)) out.Add(k);
        return;
      }
      if (operation != SetOperation::kUnion && (other.Find(k) >= 0) != (operation == SetOperation::kIntersect)) return;
      if (kept.FindOrAdd(k) < 0) out.Add(k);
    };
    for (int64_t k = a.begin(i); k < a.end(i); ++k) add(k);
    if (operation == SetOperation::kUnion) {
      for (int64_t k = b_begin; k < b_end; ++k) add(k);
    }
    out.CloseRow();
  }
  return out.Finish();
}

Result<ArrayPtr> Overlap(const KernelCall& call, std::span<const Vector> args) {
  const Lists a(args[0]), b(args[1]);
  const ArrayPtr pieces[] = {a.values, b.values};
  ARROW_ASSIGN_OR_RAISE(ArrayPtr all, Combine(call.bound.arg_types[0].elementType(), pieces));
  const int64_t shift = a.values->length();
  const ElementKeys keys(all, false);
  ElementSet set(keys);
  NullMask mask(call.length);
  Writer<arrow::BooleanType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!a.valid(i) || !b.valid(i)) continue;
    set.Reset(a.size(i));
    bool null = false, found = false;
    for (int64_t k = a.begin(i); k < a.end(i); ++k) {
      if (keys.null(k))
        null = true;
      else
        set.FindOrAdd(k);
    }
    for (int64_t k = shift + b.begin(i); k < shift + b.end(i) && !found; ++k) {
      if (keys.null(k))
        null = true;
      else
        found = set.Find(k) >= 0;
    }
    out.Set(i, found);
    if (!found && null && a.size(i) > 0 && b.size(i) > 0) mask.SetNull(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- sequence ------------------------------------------------------------------------------------------------------

bool IsTime(const DataType& t) {
  return t.id() == TypeId::kDate || t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz;
}
bool IsInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval ||
         t.id() == TypeId::kCalendarInterval;
}

Status BindSequence(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2 && n != 3) return WrongNumArgs(context.name, "[2, 3]", n);
  auto wrong = [&] {
    return DatatypeMismatch(context, "SEQUENCE_WRONG_INPUT_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"startType", "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\")"},
                             {"stepType", "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")"},
                             {"otherStartType", "\"INTEGRAL\""}});
  };
  auto common = TightestCommonType(context.arg_types[0], context.arg_types[1], context.ansi);
  if (!common || (!common->isIntegral() && !IsTime(*common))) return wrong();
  if (common->isIntegral() && n == 3) {
    common = TightestCommonType(*common, context.arg_types[2], context.ansi);
    if (!common || !common->isIntegral()) return wrong();
    context.arg_types[2] = *common;
  } else if (n == 3) {
    if (!IsInterval(context.arg_types[2])) return wrong();
  }
  context.arg_types[0] = context.arg_types[1] = *common;
  context.result_type = DataType::Array(*common, false);
  return Status::OK();
}

template <typename T>
Result<ArrayPtr> IntegralSequence(const KernelCall& call, std::span<const Vector> args) {
  using V = typename T::c_type;
  const Reader<T> start(args[0]), stop(args[1]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  std::vector<V> values;
  std::vector<int32_t> offsets{0};
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      const int64_t a = start(i), b = stop(i);
      const int64_t step = args.size() == 3 ? static_cast<int64_t>(Reader<T>(args[2])(i)) : (a <= b ? 1 : -1);
      if ((step > 0 && a > b) || (step < 0 && a < b) || (step == 0 && a != b))
        return Status::Invalid(fmt::format("Illegal sequence boundaries: {} to {} by {}", a, b, step));
      const __int128 count = step == 0 ? 1 : (static_cast<__int128>(b) - a) / step + 1;
      if (count > kMaxArraySize)
        return ArrayTooLarge("sequence", "count", static_cast<int64_t>(std::min<__int128>(count, INT64_MAX)));
      if (count + static_cast<__int128>(values.size()) > INT32_MAX) return ListsTooLarge();
      for (__int128 k = 0; k < count; ++k) values.push_back(static_cast<V>(a + k * step));
    }
    offsets.push_back(static_cast<int32_t>(values.size()));
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, NewBuffer(static_cast<int64_t>(values.size() * sizeof(V))));
  std::memcpy(buffer->mutable_data(), values.data(), values.size() * sizeof(V));
  const DataType& type = call.bound.result_type;
  return MakeList(type, offsets, mask,
                  ArrayOf(type.elementType(), static_cast<int64_t>(values.size()), {nullptr, buffer}));
}

struct Step {
  int32_t months = 0, days = 0;
  int64_t us = 0;
};

Step StepAt(const Vector& v, const DataType& type, int64_t i) {
  if (type.id() == TypeId::kYearMonthInterval) return {Reader<arrow::Int32Type>(v)(i), 0, 0};
  if (type.id() == TypeId::kDayTimeInterval) {
    const int64_t us = Reader<arrow::Int64Type>(v)(i);
    return {0, static_cast<int32_t>(us / kUsPerDay), us % kUsPerDay};
  }
  const auto value = static_cast<const arrow::MonthDayNanoIntervalArray&>(*v.array).GetValue(v.At(i));
  return {value.months, value.days, value.nanoseconds / 1000};
}

/// start + n * step on the wall clock for months and days, on the time line for the rest; nullopt beyond the range.
std::optional<int64_t> Advance(int64_t start_us, const Step& step, int64_t n, const TimeZone* zone) {
  int64_t us;
  if (__builtin_mul_overflow(n, step.us, &us)) return std::nullopt;
  return AddToTimestamp(start_us, n * step.months, n * step.days, us, zone);
}

Result<ArrayPtr> TimeSequence(const KernelCall& call, std::span<const Vector> args) {
  const DataType& type = call.bound.arg_types[0];
  const bool date = type.id() == TypeId::kDate, ntz = date || type.id() == TypeId::kTimestampNtz;
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  auto at = [&](const Vector& v, int64_t i) {
    return date ? Reader<arrow::Int32Type>(v)(i) * kUsPerDay : Reader<arrow::Int64Type>(v)(i);
  };
  std::vector<int64_t> values;
  std::vector<int32_t> offsets{0};
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      const int64_t start = at(args[0], i), stop = at(args[1], i);
      const Step step =
          args.size() == 3 ? StepAt(args[2], call.bound.arg_types[2], i) : Step{0, start <= stop ? 1 : -1, 0};
      const __int128 estimate = static_cast<__int128>(step.months) * (28 * kUsPerDay) + step.days * kUsPerDay + step.us;
      if ((estimate > 0 && start > stop) || (estimate < 0 && start < stop) || (estimate == 0 && start != stop))
        return Status::Invalid(
            fmt::format("Illegal sequence boundaries: {} to {} by {}", start, stop, static_cast<int64_t>(estimate)));
      values.push_back(start);
      for (int64_t n = 1; estimate != 0; ++n) {
        const auto next = Advance(start, step, n, ntz ? nullptr : call.context.zone.get());
        if (!next || (estimate > 0 ? *next > stop : *next < stop)) break;
        if (values.size() >= static_cast<size_t>(INT32_MAX)) return ListsTooLarge();
        values.push_back(*next);
      }
    }
    offsets.push_back(static_cast<int32_t>(values.size()));
  }
  const int64_t count = static_cast<int64_t>(values.size());
  ARROW_ASSIGN_OR_RAISE(auto buffer, NewBuffer(count * (date ? 4 : 8)));
  if (date) {
    auto* out = reinterpret_cast<int32_t*>(buffer->mutable_data());
    for (size_t k = 0; k < values.size(); ++k)
      out[k] = static_cast<int32_t>(values[k] / kUsPerDay - (values[k] % kUsPerDay < 0));
  } else {
    std::copy(values.begin(), values.end(), reinterpret_cast<int64_t*>(buffer->mutable_data()));
  }
  return MakeList(call.bound.result_type, offsets, mask, ArrayOf(type, count, {nullptr, buffer}));
}

Result<ArrayPtr> Sequence(const KernelCall& call, std::span<const Vector> args) {
  switch (call.bound.arg_types[0].id()) {
    case TypeId::kByte: return IntegralSequence<arrow::Int8Type>(call, args);
    case TypeId::kShort: return IntegralSequence<arrow::Int16Type>(call, args);
    case TypeId::kInteger: return IntegralSequence<arrow::Int32Type>(call, args);
    case TypeId::kLong: return IntegralSequence<arrow::Int64Type>(call, args);
    default: return TimeSequence(call, args);
  }
}

}  // namespace

std::span<const FunctionDef> CollectionSetFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "array_distinct",
       .bind = &BindDistinct,
       .group = kGroup,
       .doc = "The elements without repetitions.",
       .example = {"array_distinct(array(1, 2, 3, null, 3))", "[1, 2, 3, NULL]"},
       .kernel = &Distinct},
      {.name = "array_union",
       .bind = &BindPair,
       .group = kGroup,
       .doc = "The elements of either array, without repetitions.",
       .example = {"array_union(array(1, 2, 3), array(1, 3, 5))", "[1, 2, 3, 5]"},
       .kernel = &SetKernel<SetOperation::kUnion>},
      {.name = "array_intersect",
       .bind = &BindPair,
       .group = kGroup,
       .doc = "The elements of both arrays, without repetitions.",
       .example = {"array_intersect(array(1, 2, 3), array(1, 3, 5))", "[1, 3]"},
       .kernel = &SetKernel<SetOperation::kIntersect>},
      {.name = "array_except",
       .bind = &BindPair,
       .group = kGroup,
       .doc = "The elements of the first array that the second lacks, without repetitions.",
       .example = {"array_except(array(1, 2, 3), array(1, 3, 5))", "[2]"},
       .kernel = &SetKernel<SetOperation::kExcept>},
      {.name = "arrays_overlap",
       .bind = &BindOverlap,
       .yields_null = true,
       .group = kGroup,
       .doc = "Whether the arrays share an element; null when they do not but have nulls.",
       .example = {"arrays_overlap(array(1, 2, 3), array(3, 4, 5))", "true"},
       .kernel = &Overlap},
      {.name = "sequence",
       .bind = &BindSequence,
       .group = kGroup,
       .doc = "Numbers, dates or timestamps from start to stop, both included.",
       .example = {"sequence(1, 5)", "[1, 2, 3, 4, 5]"},
       .kernel = &Sequence},
  };
  return kTable;
}

}  // namespace sluice::functions
