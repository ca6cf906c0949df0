#pragma once
// What the files of the cast share.
#include <string_view>

#include "functions/cast.h"
#include "functions/kernel.h"

namespace sluice::functions::internal {

struct CastCall {
  const ArrayPtr& input;
  const DataType& from;
  const DataType& to;
  CastBehavior behavior;
  const EvalContext& context;
  const Origin* origin;

  bool ansi() const { return behavior == CastBehavior::kAnsi; }
  bool legacy() const { return behavior == CastBehavior::kLegacy; }
  const TimeZone& zone() const { return *context.zone; }
};

/// CAST_INVALID_INPUT, CAST_OVERFLOW and NUMERIC_VALUE_OUT_OF_RANGE for row `i`.
Status InvalidInput(const CastCall& call, int64_t i);
Status Overflow(const CastCall& call, int64_t i);
Status OutOfRange(const CastCall& call, int64_t i);

/// fn(value, &result) for each valid row, into a preallocated column. False: error fail(call, row) under ANSI, else
/// null.
template <typename In, typename Out, typename Fn>
Result<ArrayPtr> CastRows(const CastCall& call, const Fn& fn, Status (*fail)(const CastCall&, int64_t)) {
  const int64_t n = call.input->length();
  const Vector vector{call.input, false};
  const Reader<In> in(vector);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
  Writer<Out> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  for (int64_t i = 0; i < n; ++i) {
    typename Reader<Out>::Value value{};
    if (!mask.valid(i)) {
      out.Skip(i);
    } else if (fn(in(i), &value)) {
      out.Set(i, value);
    } else {
      if (call.ansi() && fail != nullptr) return fail(call, i);
      out.Skip(i);
      mask.SetNull(i);
    }
  }
  return out.Finish(call.to, mask);
}

/// fn(value, std::string*) appends the text of each valid row.
template <typename In, typename Fn>
Result<ArrayPtr> CastText(const CastCall& call, const Fn& fn) {
  const int64_t n = call.input->length();
  const Vector vector{call.input, false};
  const Reader<In> in(vector);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
  Writer<arrow::StringType> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  for (int64_t i = 0; i < n; ++i) {
    if (mask.valid(i)) fn(in(i), &out.out());
    out.Close(i);
  }
  return out.Finish(call.to, mask);
}

// By area; each gets pairs CanCast allows.
Result<ArrayPtr> CastToNumber(const CastCall& call);    // from numbers, booleans, dates, timestamps, intervals
Result<ArrayPtr> CastToBoolean(const CastCall& call);   // from all but strings
Result<ArrayPtr> CastFromString(const CastCall& call);  // to numbers, booleans, binary
Result<ArrayPtr> CastToString(const CastCall& call);
Result<ArrayPtr> CastToBinary(const CastCall& call);    // from integers
Result<ArrayPtr> CastToDatetime(const CastCall& call);  // to dates and timestamps, from strings too
Result<ArrayPtr> CastToInterval(const CastCall& call);
Result<ArrayPtr> CastNested(const CastCall& call);

}  // namespace sluice::functions::internal
