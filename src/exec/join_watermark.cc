#include "exec/join_watermark.h"

#include <arrow/array.h>

#include <algorithm>
#include <map>

#include "functions/registry.h"
#include "types/vector.h"

namespace sluice::exec {
namespace {

/// A sum of columns and a constant, in microseconds.
struct Sum {
  std::map<plan::ExprId, int> columns;  // how often, negative when subtracted
  int64_t constant_us = 0;
  bool known = true;
};

void AddTerms(const plan::ExprPtr& e, int sign, Sum* sum) {
  if (const auto* column = plan::As<plan::Attribute>(e)) {
    sum->columns[column->id] += sign;
    return;
  }
  if (const auto* cast = plan::As<plan::Cast>(e)) {
    if (cast->to.id() == TypeId::kTimestamp) return AddTerms(e->children[0], sign, sum);
  } else if (const auto* literal = plan::As<plan::Literal>(e)) {
    if (literal->value->IsValid(0) && literal->type->id() == TypeId::kDayTimeInterval) {
      sum->constant_us += sign * literal->value->data()->GetValues<int64_t>(1)[0];
      return;
    }
    if (literal->value->IsValid(0) && literal->type->id() == TypeId::kCalendarInterval) {
      const auto v = static_cast<const arrow::MonthDayNanoIntervalArray&>(*literal->value).GetValue(0);
      if (v.months == 0) {
        sum->constant_us += sign * (v.days * 86'400'000'000 + v.nanoseconds / 1000);
        return;
      }
    }
  } else if (const auto* call = plan::As<plan::Call>(e)) {
    const std::string_view name = call->def->name;
    if (name == "__timestamp_add" || name == "__timestamp_sub") {
      AddTerms(e->children[0], sign, sum);
      return AddTerms(e->children[1], name == "__timestamp_add" ? sign : -sign, sum);
    }
  }
  sum->known = false;
}

const plan::Attribute* FindColumn(const plan::Attributes& columns, plan::ExprId id) {
  for (const auto& column : columns)
    if (column->id == id) return column.get();
  return nullptr;
}

/// less < more, solved for the column of `side`: what to add to the watermark, in milliseconds.
std::optional<int64_t> Solve(const plan::ExprPtr& less, const plan::ExprPtr& more, const plan::Attributes& side,
                             const plan::Attributes& other) {
  Sum sum;  // less - more < 0
  AddTerms(less, 1, &sum);
  AddTerms(more, -1, &sum);
  if (!sum.known) return std::nullopt;
  bool solved = false, timed = false;
  for (const auto& [id, times] : sum.columns) {
    if (times == 0) continue;
    if (FindColumn(side, id) != nullptr) {
      if (times != -1 || solved) return std::nullopt;
      solved = true;
    } else if (const auto* column = FindColumn(other, id);
               column != nullptr && times == 1 && !timed && column->watermark_delay_us) {
      timed = true;
    } else {
      return std::nullopt;
    }
  }
  if (!solved || !timed) return std::nullopt;
  return sum.constant_us / 1000;
}

}  // namespace

std::optional<int64_t> StateWatermarkOffsetMs(const plan::ExprList& conjuncts, const plan::Attributes& side,
                                              const plan::Attributes& other) {
  std::optional<int64_t> least;
  for (const auto& conjunct : conjuncts) {
    const auto* call = plan::As<plan::Call>(conjunct);
    if (call == nullptr || call->children.size() != 2) continue;
    const std::string_view name = call->def->name;
    const bool less = name == "<" || name == "<=", inclusive = name == "<=" || name == ">=";
    if (!less && name != ">" && name != ">=") continue;
    auto offset = Solve(call->children[less ? 0 : 1], call->children[less ? 1 : 0], side, other);
    if (!offset) continue;
    // A row as old as the bound may still have a partner that equals it.
    if (inclusive) *offset -= 1;
    least = least ? std::min(*least, *offset) : *offset;
  }
  return least;
}

}  // namespace sluice::exec
