#include "functions/coercion.h"

#include <algorithm>
#include <cctype>

namespace sluice::functions {
namespace {

bool IsAtomic(const DataType& t) {
  return !t.isNested() && t.id() != TypeId::kVoid && t.id() != TypeId::kCalendarInterval;
}
bool IsDatetime(const DataType& t) { return t.id() >= TypeId::kDate && t.id() <= TypeId::kTimestampNtz; }
bool IsAnsiInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval;
}
bool Is(const DataType& t, TypeId id) { return t.id() == id; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool IsWiderDecimal(const DataType& decimal, const DataType& integral) {
  return decimal.precision() - decimal.scale() >= DecimalForType(integral).precision();
}

using Widen = std::optional<DataType> (*)(const DataType&, const DataType&, bool);

std::optional<DataType> WidenNested(const DataType& a, const DataType& b, bool ansi, Widen widen) {
  if (a.id() != b.id()) return std::nullopt;
  if (Is(a, TypeId::kArray)) {
    auto element = widen(a.elementType(), b.elementType(), ansi);
    if (!element) return std::nullopt;
    return DataType::Array(*element, a.containsNull() || b.containsNull());
  }
  if (Is(a, TypeId::kMap)) {
    auto key = widen(a.keyType(), b.keyType(), ansi);
    auto value = widen(a.valueType(), b.valueType(), ansi);
    if (!key || !value) return std::nullopt;
    return DataType::Map(*key, *value, a.containsNull() || b.containsNull());
  }
  if (Is(a, TypeId::kStruct)) {
    if (a.fields().size() != b.fields().size()) return std::nullopt;
    std::vector<StructField> fields;
    for (size_t i = 0; i < a.fields().size(); ++i) {
      const StructField &x = a.fields()[i], &y = b.fields()[i];
      if (!SameName(x.name, y.name)) return std::nullopt;
      auto type = widen(x.type, y.type, ansi);
      if (!type) return std::nullopt;
      fields.push_back({x.name, *type, x.nullable || y.nullable, ""});
    }
    return DataType::Struct(std::move(fields));
  }
  return std::nullopt;
}

std::optional<DataType> WiderDecimalMix(const DataType& a, const DataType& b) {
  const bool da = Is(a, TypeId::kDecimal), db = Is(b, TypeId::kDecimal);
  if (da && db) return WiderDecimal(a, b);
  if (!da && !db) return std::nullopt;
  const DataType& decimal = da ? a : b;
  const DataType& other = da ? b : a;
  if (other.isIntegral()) return WiderDecimal(DecimalForType(other), decimal);
  if (other.isFractional()) return DataType::Double();
  return std::nullopt;
}

/// A cast that does not raise may give NULL for a value of `from`.
bool MayGiveNull(const DataType& from, const DataType& to) {
  if (Is(from, TypeId::kVoid) || from.sameType(to)) return false;
  if (Is(from, TypeId::kString)) return !Is(to, TypeId::kBinary);
  if (Is(to, TypeId::kString)) return false;
  if (Is(from, TypeId::kTimestamp) && to.isIntegral()) return !Is(to, TypeId::kLong);
  if (IsDatetime(from)) return !IsDatetime(to);
  if (Is(to, TypeId::kDate)) return true;
  if (Is(to, TypeId::kTimestamp)) return from.id() == TypeId::kFloat || from.id() == TypeId::kDouble;
  if (Is(to, TypeId::kDecimal)) {
    if (!Is(from, TypeId::kDecimal)) return !from.isIntegral() || !IsWiderDecimal(to, from);
    return to.scale() < from.scale() || to.precision() - to.scale() < from.precision() - from.scale();
  }
  return from.isFractional() && to.isIntegral();
}

/// No map inside gets NULL keys.
bool KeepsKeys(const DataType& from, const DataType& to) {
  if (from.id() != to.id()) return true;
  if (Is(from, TypeId::kArray)) return KeepsKeys(from.elementType(), to.elementType());
  if (Is(from, TypeId::kMap)) {
    return !MayGiveNull(from.keyType(), to.keyType()) && KeepsKeys(from.keyType(), to.keyType()) &&
           KeepsKeys(from.valueType(), to.valueType());
  }
  if (!Is(from, TypeId::kStruct)) return true;
  return std::equal(from.fields().begin(), from.fields().end(), to.fields().begin(), to.fields().end(),
                    [](const StructField& a, const StructField& b) { return KeepsKeys(a.type, b.type); });
}

}  // namespace

std::optional<DataType> TightestCommonType(const DataType& a, const DataType& b, bool ansi) {
  if (a == b) return a;
  if (Is(a, TypeId::kVoid)) return b;
  if (Is(b, TypeId::kVoid)) return a;
  if (a.isNumeric() && b.isNumeric()) {
    const bool da = Is(a, TypeId::kDecimal), db = Is(b, TypeId::kDecimal);
    if (da || db) {
      if (db && a.isIntegral() && IsWiderDecimal(b, a)) return b;
      if (da && b.isIntegral() && IsWiderDecimal(a, b)) return a;
      return std::nullopt;
    }
    const DataType& wide = a.id() > b.id() ? a : b;
    if (ansi && Is(wide, TypeId::kFloat) && (a.isIntegral() || b.isIntegral())) return DataType::Double();
    return wide;
  }
  if (IsDatetime(a) && IsDatetime(b)) {
    if (Is(a, TypeId::kTimestamp) || Is(b, TypeId::kTimestamp)) return DataType::Timestamp();
    if (Is(a, TypeId::kTimestampNtz) || Is(b, TypeId::kTimestampNtz)) return DataType::TimestampNtz();
    return DataType::Date();
  }
  if (IsAnsiInterval(a) && a.id() == b.id()) {
    auto from = std::min(a.intervalStart(), b.intervalStart());
    auto to = std::max(a.intervalEnd(), b.intervalEnd());
    return Is(a, TypeId::kDayTimeInterval) ? DataType::DayTimeInterval(from, to)
                                           : DataType::YearMonthInterval(from, to);
  }
  return WidenNested(a, b, ansi, &TightestCommonType);
}

std::optional<DataType> StringPromotion(const DataType& other) {
  if (other.isIntegral()) return DataType::Long();
  if (other.isFractional()) return DataType::Double();
  if (Is(other, TypeId::kVoid)) return DataType::String();
  if (IsAnsiInterval(other) || !IsAtomic(other)) return std::nullopt;
  return other;
}

std::optional<DataType> WiderType(const DataType& a, const DataType& b, bool ansi) {
  if (auto t = TightestCommonType(a, b, ansi)) return t;
  if (auto t = WiderDecimalMix(a, b)) return t;
  const bool sa = Is(a, TypeId::kString), sb = Is(b, TypeId::kString);
  if (sa || sb) {
    const DataType& other = sa ? b : a;
    if (ansi) return StringPromotion(other);
    if (IsAtomic(other) && !Is(other, TypeId::kBinary) && !Is(other, TypeId::kBoolean)) return DataType::String();
    return std::nullopt;
  }
  return WidenNested(a, b, ansi, &WiderType);
}

namespace {

std::optional<DataType> WidenWithoutPromotion(const DataType& a, const DataType& b, bool ansi) {
  if (auto t = TightestCommonType(a, b, ansi)) return t;
  if (auto t = WiderDecimalMix(a, b)) return t;
  return WidenNested(a, b, ansi, &WidenWithoutPromotion);
}

}  // namespace

std::optional<DataType> WiderTypeWithoutPromotion(const std::vector<DataType>& types, bool ansi) {
  DataType wide;
  for (const DataType& t : types) {
    auto next = WidenWithoutPromotion(wide, t, ansi);
    if (!next) return std::nullopt;
    wide = *next;
  }
  return wide;
}

std::optional<DataType> WiderType(const std::vector<DataType>& types, bool ansi) {
  std::vector<const DataType*> order;
  for (const DataType& t : types) order.push_back(&t);
  if (!ansi)
    std::stable_partition(order.begin(), order.end(), [](const DataType* t) { return Is(*t, TypeId::kString); });
  DataType wide;
  for (const DataType* t : order) {
    auto next = WiderType(wide, *t, ansi);
    if (!next) return std::nullopt;
    wide = *next;
  }
  return wide;
}

bool CanImplicitlyCast(const DataType& from, const DataType& to, bool ansi) {
  if (from.sameType(to) || Is(from, TypeId::kVoid)) return true;
  if (Is(from, TypeId::kString))
    return ansi ? IsAtomic(to) && !IsAnsiInterval(to) : to.isNumeric() || IsDatetime(to) || Is(to, TypeId::kBinary);
  if (ansi) return CanStoreAssign(from, to);
  if (from.isNumeric() && to.isNumeric()) return true;
  if (IsDatetime(from) && IsDatetime(to)) return true;
  if (Is(to, TypeId::kString)) return IsAtomic(from);
  if (from.id() != to.id()) return false;
  if (Is(from, TypeId::kArray)) return CanImplicitlyCast(from.elementType(), to.elementType(), ansi);
  if (Is(from, TypeId::kMap)) {
    return CanImplicitlyCast(from.keyType(), to.keyType(), ansi) &&
           CanImplicitlyCast(from.valueType(), to.valueType(), ansi);
  }
  return false;
}

bool CanCast(const DataType& from, const DataType& to, bool ansi) {
  if (from.sameType(to) || Is(from, TypeId::kVoid) || Is(to, TypeId::kString)) return true;
  if (!ansi && !KeepsKeys(from, to)) return false;
  switch (from.id()) {
    case TypeId::kString:
      return to.isNumeric() || IsDatetime(to) || IsAnsiInterval(to) || Is(to, TypeId::kCalendarInterval) ||
             Is(to, TypeId::kBinary) || Is(to, TypeId::kBoolean);
    case TypeId::kBoolean: return to.isNumeric() || (!ansi && Is(to, TypeId::kTimestamp));
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
      if (IsAnsiInterval(to) || (!ansi && Is(to, TypeId::kBinary))) return true;
      [[fallthrough]];
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDecimal:
      if (Is(from, TypeId::kDecimal) && IsAnsiInterval(to)) return true;
      return to.isNumeric() || Is(to, TypeId::kBoolean) || Is(to, TypeId::kTimestamp);
    case TypeId::kDate: return IsDatetime(to) || (!ansi && (to.isNumeric() || Is(to, TypeId::kBoolean)));
    case TypeId::kTimestamp: return IsDatetime(to) || to.isNumeric() || (!ansi && Is(to, TypeId::kBoolean));
    case TypeId::kTimestampNtz: return IsDatetime(to);
    case TypeId::kDayTimeInterval:
    case TypeId::kYearMonthInterval: return to.id() == from.id() || to.isIntegral() || Is(to, TypeId::kDecimal);
    case TypeId::kArray: return Is(to, TypeId::kArray) && CanCast(from.elementType(), to.elementType(), ansi);
    case TypeId::kMap:
      return Is(to, TypeId::kMap) && CanCast(from.keyType(), to.keyType(), ansi) &&
             CanCast(from.valueType(), to.valueType(), ansi);
    case TypeId::kStruct: {
      if (!Is(to, TypeId::kStruct) || from.fields().size() != to.fields().size()) return false;
      for (size_t i = 0; i < from.fields().size(); ++i) {
        if (!CanCast(from.fields()[i].type, to.fields()[i].type, ansi)) return false;
        if (from.fields()[i].nullable && !to.fields()[i].nullable) return false;
      }
      return true;
    }
    default: return false;
  }
}

bool CanTryCast(const DataType& from, const DataType& to) { return CanCast(from, to, true) && KeepsKeys(from, to); }

const char* InsteadOfCast(const DataType& from, const DataType& to) {
  if (from.isNumeric() && Is(to, TypeId::kDate)) return "`DATE_FROM_UNIX_DATE`";
  if (Is(from, TypeId::kDate) && to.isNumeric()) return "`UNIX_DATE`";
  return nullptr;
}

bool CanStoreAssign(const DataType& from, const DataType& to) {
  if (from.sameType(to) || Is(from, TypeId::kVoid)) return true;
  if (from.isNumeric() && to.isNumeric()) return true;
  if (Is(to, TypeId::kString)) return IsAtomic(from) || Is(from, TypeId::kCalendarInterval);
  if (IsDatetime(from) && IsDatetime(to)) return true;
  if (from.id() != to.id()) return false;
  if (IsAnsiInterval(from)) return true;
  if (Is(from, TypeId::kArray)) return CanStoreAssign(from.elementType(), to.elementType());
  if (Is(from, TypeId::kMap))
    return CanStoreAssign(from.keyType(), to.keyType()) && CanStoreAssign(from.valueType(), to.valueType());
  if (Is(from, TypeId::kStruct)) {
    if (from.fields().size() != to.fields().size()) return false;
    for (size_t i = 0; i < from.fields().size(); ++i) {
      if (!CanStoreAssign(from.fields()[i].type, to.fields()[i].type)) return false;
    }
    return true;
  }
  return false;
}

bool CanUpCast(const DataType& from, const DataType& to) {
  if (from.sameType(to) || Is(from, TypeId::kVoid)) return true;
  if (from.isNumeric() && to.isNumeric()) {
    auto digits = [](const DataType& t) { return t.precision() - t.scale(); };
    if (Is(to, TypeId::kDecimal)) {
      if (Is(from, TypeId::kFloat) || Is(from, TypeId::kDouble)) return false;
      const DataType exact = DecimalForType(from);
      return digits(to) >= digits(exact) && to.scale() >= exact.scale();
    }
    if (Is(from, TypeId::kDecimal)) {
      return to.isIntegral() && from.scale() == 0 && from.precision() < DecimalForType(to).precision();
    }
    auto rank = [](const DataType& t) {
      constexpr TypeId kOrder[] = {TypeId::kByte, TypeId::kShort, TypeId::kInteger,
                                   TypeId::kLong, TypeId::kFloat, TypeId::kDouble};
      return std::find(std::begin(kOrder), std::end(kOrder), t.id()) - std::begin(kOrder);
    };
    return rank(from) < rank(to);
  }
  if (Is(to, TypeId::kString)) return IsAtomic(from) || Is(from, TypeId::kCalendarInterval);
  if (IsDatetime(from) && IsDatetime(to)) return !Is(to, TypeId::kDate);
  if (from.id() != to.id()) return false;
  if (IsAnsiInterval(from)) return true;
  if (Is(from, TypeId::kArray)) return CanUpCast(from.elementType(), to.elementType());
  if (Is(from, TypeId::kMap))
    return CanUpCast(from.keyType(), to.keyType()) && CanUpCast(from.valueType(), to.valueType());
  if (!Is(from, TypeId::kStruct) || from.fields().size() != to.fields().size()) return false;
  for (size_t i = 0; i < from.fields().size(); ++i) {
    if (!CanUpCast(from.fields()[i].type, to.fields()[i].type)) return false;
  }
  return true;
}

bool SameShape(const DataType& a, const DataType& b) {
  if (a.id() != b.id()) return false;
  switch (a.id()) {
    case TypeId::kArray: return SameShape(a.elementType(), b.elementType());
    case TypeId::kMap: return SameShape(a.keyType(), b.keyType()) && SameShape(a.valueType(), b.valueType());
    case TypeId::kStruct:
      return std::equal(a.fields().begin(), a.fields().end(), b.fields().begin(), b.fields().end(),
                        [](const StructField& x, const StructField& y) { return SameShape(x.type, y.type); });
    default: return a.sameType(b);
  }
}

bool IsOrderable(const DataType& t) {
  switch (t.id()) {
    case TypeId::kCalendarInterval:
    case TypeId::kMap: return false;
    case TypeId::kArray: return IsOrderable(t.elementType());
    case TypeId::kStruct:
      return std::all_of(t.fields().begin(), t.fields().end(),
                         [](const StructField& f) { return IsOrderable(f.type); });
    default: return true;
  }
}

bool HasMap(const DataType& t) {
  switch (t.id()) {
    case TypeId::kMap: return true;
    case TypeId::kArray: return HasMap(t.elementType());
    case TypeId::kStruct:
      return std::any_of(t.fields().begin(), t.fields().end(), [](const StructField& f) { return HasMap(f.type); });
    default: return false;
  }
}

DataType DecimalForType(const DataType& t) {
  switch (t.id()) {
    case TypeId::kByte: return DataType::Decimal(3, 0);
    case TypeId::kShort: return DataType::Decimal(5, 0);
    case TypeId::kInteger: return DataType::Decimal(10, 0);
    case TypeId::kLong: return DataType::Decimal(20, 0);
    case TypeId::kFloat: return DataType::Decimal(14, 7);
    case TypeId::kDouble: return DataType::Decimal(30, 15);
    case TypeId::kDecimal: return t;
    default: return DataType::Decimal(10, 0);
  }
}

DataType DecimalForLiteral(const TypedValue& integral) {
  auto value = IntegralOf(integral);
  if (!value.ok()) return DecimalForType(integral.type);
  int digits = 1;
  for (int64_t v = *value / 10; v != 0; v /= 10) ++digits;
  return DataType::Decimal(digits, 0);
}

DataType WiderDecimal(const DataType& a, const DataType& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int range = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  if (range + scale <= 38) return DataType::Decimal(range + scale, scale);
  return DataType::Decimal(38, std::max(0, 38 - range));
}

DataType AdjustDecimal(int precision, int scale, bool allow_precision_loss) {
  if (precision <= 38) return DataType::Decimal(precision, scale);
  if (!allow_precision_loss) return DataType::Decimal(38, std::min(scale, 38));
  const int digits = precision - scale;
  return DataType::Decimal(38, std::max(38 - digits, std::min(scale, 6)));
}

DataType DecimalResult(char op, const DataType& a, const DataType& b, bool loss) {
  const int p1 = a.precision(), s1 = a.scale(), p2 = b.precision(), s2 = b.scale();
  const int scale = std::max(s1, s2);
  switch (op) {
    case '+':
    case '-': return AdjustDecimal(std::max(p1 - s1, p2 - s2) + scale + 1, scale, loss);
    case '*': return AdjustDecimal(p1 + p2 + 1, s1 + s2, loss);
    case '/': {
      if (loss) {
        const int quotient = std::max(6, s1 + p2 + 1);
        return AdjustDecimal(p1 - s1 + s2 + quotient, quotient, true);
      }
      int digits = std::min(38, p1 - s1 + s2), fraction = std::min(38, std::max(6, s1 + p2 + 1));
      const int excess = digits + fraction - 38;
      if (excess > 0) {
        fraction -= excess / 2 + 1;
        digits = 38 - fraction;
      }
      return AdjustDecimal(digits + fraction, fraction, false);
    }
    default: return AdjustDecimal(std::min(p1 - s1, p2 - s2) + scale, scale, loss);
  }
}

}  // namespace sluice::functions
