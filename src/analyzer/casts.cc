// Casts that the analyzer puts in.
#include <algorithm>

#include "analyzer/expression_resolver.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

bool Is(const DataType& type, std::initializer_list<TypeId> ids) {
  return std::find(ids.begin(), ids.end(), type.id()) != ids.end();
}

/// Whether every value of `from` fits the decimal `to`.
bool FitsDecimal(const DataType& from, const DataType& to) {
  int digits = 0, scale = 0;
  switch (from.id()) {
    case TypeId::kVoid: return true;
    case TypeId::kBoolean:
    case TypeId::kByte: digits = 3; break;
    case TypeId::kShort: digits = 5; break;
    case TypeId::kInteger: digits = 10; break;
    case TypeId::kLong: digits = 20; break;
    case TypeId::kDecimal:
      scale = from.scale();
      digits = from.precision() - scale;
      break;
    default: return false;
  }
  return to.precision() - to.scale() >= digits && to.scale() >= scale;
}

}  // namespace

bool CastMayGiveNull(const DataType& from, const DataType& to) {
  if (Is(from, {TypeId::kString}))
    return !Is(to, {TypeId::kString, TypeId::kBinary, TypeId::kArray, TypeId::kMap, TypeId::kStruct});
  if (Is(to, {TypeId::kDecimal})) return !FitsDecimal(from, to);
  if (to.isIntegral())
    return from.isFractional() || Is(from, {TypeId::kDate}) ||
           (Is(from, {TypeId::kTimestamp}) && !Is(to, {TypeId::kLong}));
  if (Is(from, {TypeId::kFloat, TypeId::kDouble})) return Is(to, {TypeId::kTimestamp});
  if (Is(from, {TypeId::kDate}))
    return Is(to, {TypeId::kTimestampNtz, TypeId::kBoolean, TypeId::kFloat, TypeId::kDouble});
  return Is(from, {TypeId::kTimestampNtz}) && Is(to, {TypeId::kDate});
}

ExprPtr CastTo(const ExprPtr& child, const DataType& to, const AnalyzerContext& context, bool implicit,
               std::optional<CastMode> mode, const Origin* origin) {
  if (child->type && child->type->sameType(to)) return child;
  auto cast = std::make_shared<Cast>();
  cast->children = {child};
  cast->to = to;
  cast->mode = mode.value_or(context.ansi ? CastMode::kAnsi : CastMode::kLegacy);
  cast->implicit = implicit;
  cast->origin = origin ? *origin : child->origin;
  cast->type = to;
  cast->nullable =
      child->nullable || cast->mode == CastMode::kTry || (child->type && CastMayGiveNull(*child->type, to));
  return cast;
}

}  // namespace sluice::analyzer
