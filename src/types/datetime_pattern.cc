#include "types/datetime_pattern.h"

#include <array>
#include <cctype>

#include "types/datetime.h"
#include "types/datetime_names.h"

namespace sluice {
namespace {

using Use = DateTimePattern::Use;
using Item = DateTimePattern::Item;

constexpr std::string_view kNumeric = "yMLdDhHkKmsQqF";

Status Invalid(std::string_view sub, std::string_view pattern, char c) {
  ErrorParameters parameters{{"pattern", "'" + std::string(pattern) + "'"},
                             {"docroot", "https://spark.apache.org/docs/latest"}};
  if (c != 0) parameters["c"] = std::string(1, c);
  return MakeError("INVALID_DATETIME_PATTERN." + std::string(sub), std::move(parameters));
}

bool LegacyAccepts(std::string_view pattern) {
  bool quoted = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\'') quoted = !quoted;
    if (quoted || !std::isalpha(static_cast<unsigned char>(c))) continue;
    if (std::string_view("GyYMLwWDdFEuaHkKhmsSzZX").find(c) == std::string_view::npos) return false;
    if (pattern.substr(i).starts_with("XXXX")) return false;
  }
  return !quoted;
}

/// The most a letter may be repeated; 0: unknown.
int MaxCount(char c) {
  switch (c) {
    case 'y': return 6;
    case 'G':
    case 'M':
    case 'L':
    case 'E':
    case 'Q':
    case 'q':
    case 'z': return 4;
    case 'D': return 3;
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
    case 'V': return 2;
    case 'O': return 4;
    case 'a':
    case 'F': return 1;
    case 'S': return 9;
    case 'X':
    case 'x':
    case 'Z': return 5;
    default: return 0;
  }
}

Status CheckLetter(std::string_view pattern, char c, int count, Use use) {
  if (std::string_view("YWwuec").find(c) != std::string_view::npos)
    return MakeError("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", {{"c", std::string(1, c)}});
  if (std::string_view("ABnNp").find(c) != std::string_view::npos) return Invalid("ILLEGAL_CHARACTER", pattern, c);
  if (use == Use::kParse && std::string_view("EFqQ").find(c) != std::string_view::npos)
    return Invalid("ILLEGAL_CHARACTER", pattern, c);
  const int most = MaxCount(c);
  if (most == 0) return Invalid("WITH_SUGGESTION", pattern, 0);
  if (count > most)
    return Invalid(c == 'y' || (count == 5 && std::string_view("GMLEQq").find(c) != std::string_view::npos)
                       ? "LENGTH"
                       : "WITH_SUGGESTION",
                   pattern, 0);
  if ((c == 'V' && count != 2) || (c == 'O' && count != 1 && count != 4)) return Invalid("WITH_SUGGESTION", pattern, 0);
  return Status::OK();
}

bool IsDigits(const Item& item) {
  if (item.letter == 'S') return false;
  return item.letter != 0 && kNumeric.find(item.letter) != std::string_view::npos &&
         !((item.letter == 'M' || item.letter == 'L' || item.letter == 'Q' || item.letter == 'q') && item.count > 2);
}

Status Split(std::string_view pattern, Use use, std::vector<Item>* out) {
  std::vector<int32_t> open;
  auto literal = [&](char c) {
    if (out->empty() || out->back().letter != 0) out->emplace_back();
    out->back().text += c;
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      if (pattern.substr(i).starts_with("''")) {
        literal('\'');
        i += 2;
        continue;
      }
      size_t end = i + 1;
      while (end < pattern.size() && (pattern[end] != '\'' || pattern.substr(end).starts_with("''"))) {
        literal(pattern[end]);
        end += pattern[end] == '\'' ? 2 : 1;
      }
      if (end >= pattern.size()) return Invalid("WITH_SUGGESTION", pattern, 0);
      i = end + 1;
    } else if (std::isalpha(static_cast<unsigned char>(c))) {
      size_t end = i;
      while (end < pattern.size() && pattern[end] == c) ++end;
      ARROW_RETURN_NOT_OK(CheckLetter(pattern, c, static_cast<int>(end - i), use));
      Item item;
      item.letter = c;
      item.count = static_cast<uint8_t>(end - i);
      out->push_back(std::move(item));
      i = end;
    } else if (c == '[') {
      open.push_back(static_cast<int32_t>(out->size()));
      Item item;
      item.letter = '[';
      out->push_back(std::move(item));
      ++i;
    } else if (c == ']') {
      if (open.empty()) return Invalid("WITH_SUGGESTION", pattern, 0);
      (*out)[static_cast<size_t>(open.back())].end = static_cast<int32_t>(out->size());
      open.pop_back();
      Item item;
      item.letter = ']';
      out->push_back(std::move(item));
      ++i;
    } else if (c == '#' || c == '{' || c == '}') {
      return Invalid("WITH_SUGGESTION", pattern, 0);
    } else {
      literal(c);
      ++i;
    }
  }
  for (int32_t at : open) (*out)[static_cast<size_t>(at)].end = static_cast<int32_t>(out->size());
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const DateTimePattern>> DateTimePattern::Compile(std::string_view pattern, Use use) {
  auto out = std::make_shared<DateTimePattern>();
  Status status = Split(pattern, use, &out->items_);
  if (!status.ok()) {
    if (!LegacyAccepts(pattern)) return status;
    return MakeError("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION",
                     {{"pattern", "'" + std::string(pattern) + "'"},
                      {"config", "\"spark.sql.legacy.timeParserPolicy\""},
                      {"docroot", "https://spark.apache.org/docs/latest"}});
  }
  // Adjacent digits: a field of open width leaves to the fixed ones behind it what they need.
  auto& items = out->items_;
  for (size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    if (!IsDigits(item)) continue;
    item.fixed = item.count == 2 || (item.letter == 'D' && item.count == 3);
    if (item.fixed) continue;
    for (size_t k = i + 1; k < items.size() && IsDigits(items[k]); ++k) {
      if (items[k].count < 2 || (items[k].letter == 'y' && items[k].count > 2)) break;
      item.reserved = static_cast<uint8_t>(item.reserved + items[k].count);
    }
  }
  return std::shared_ptr<const DateTimePattern>(out);
}

// ---- formatting ----------------------------------------------------------------------------------------------------

namespace {

void AppendPadded(int64_t v, int width, std::string* out) {
  char digits[20];
  int n = 0;
  const bool negative = v < 0;
  uint64_t u = negative ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  do {
    digits[n++] = static_cast<char>('0' + u % 10);
    u /= 10;
  } while (u != 0);
  if (negative) out->push_back('-');
  for (int i = n; i < width; ++i) out->push_back('0');
  while (n > 0) out->push_back(digits[--n]);
}

/// +HH, +HHMM, +HH:MM ...; `minutes`: 0 only when not zero, 1 always; `seconds` when not zero.
void AppendOffset(int64_t seconds, bool colon, bool minutes, bool with_seconds, std::string_view zero,
                  std::string* out) {
  if (seconds == 0) {
    out->append(zero);
    return;
  }
  out->push_back(seconds < 0 ? '-' : '+');
  const int64_t s = seconds < 0 ? -seconds : seconds;
  AppendPadded(s / 3600, 2, out);
  if (minutes || s / 60 % 60 != 0) {
    if (colon) out->push_back(':');
    AppendPadded(s / 60 % 60, 2, out);
  }
  if (with_seconds && s % 60 != 0) {
    if (colon) out->push_back(':');
    AppendPadded(s % 60, 2, out);
  }
}

void AppendLocalizedOffset(int64_t seconds, bool full, std::string* out) {
  out->append("GMT");
  if (seconds == 0) return;
  out->push_back(seconds < 0 ? '-' : '+');
  const int64_t s = seconds < 0 ? -seconds : seconds;
  AppendPadded(s / 3600, full ? 2 : 1, out);
  if (full || s / 60 % 60 != 0) {
    out->push_back(':');
    AppendPadded(s / 60 % 60, 2, out);
  }
}

}  // namespace

void DateTimePattern::FormatLocal(int64_t local_us, int64_t utc_us, const TimeZone& zone, std::string* out) const {
  int64_t day = local_us / kUsPerDay;
  if (local_us % kUsPerDay < 0) --day;
  const int64_t in_day = local_us - day * kUsPerDay;
  const CivilDate date = CivilFromDays(static_cast<int32_t>(day));
  const int64_t hour = in_day / kUsPerHour, offset = (local_us - utc_us) / kUsPerSecond;
  const int32_t era_year = date.year > 0 ? date.year : 1 - date.year;
  for (const Item& item : items_) {
    switch (item.letter) {
      case 0: out->append(item.text); break;
      case '[':
      case ']': break;
      case 'G':
        out->append(item.count == 4 ? (date.year > 0 ? "Anno Domini" : "Before Christ")
                                    : (date.year > 0 ? "AD" : "BC"));
        break;
      case 'y':
        if (item.count == 2) {
          AppendPadded(era_year % 100, 2, out);
        } else {
          if (item.count >= 4) {
            int64_t limit = 1;
            for (int k = 0; k < item.count; ++k) limit *= 10;
            if (era_year >= limit) out->push_back('+');
          }
          AppendPadded(era_year, item.count, out);
        }
        break;
      case 'M':
      case 'L':
        if (item.count < 3)
          AppendPadded(date.month, item.count, out);
        else
          out->append(MonthName(date.month, item.count == 4));
        break;
      case 'd': AppendPadded(date.day, item.count, out); break;
      case 'D': AppendPadded(day - DaysFromCivil(date.year, 1, 1) + 1, item.count, out); break;
      case 'Q':
      case 'q': {
        const int32_t quarter = (date.month - 1) / 3 + 1;
        if (item.count == 3) out->push_back('Q');
        AppendPadded(quarter, item.count < 3 ? item.count : 1, out);
        if (item.count == 4)
          out->append(std::array{"st", "nd", "rd", "th"}[static_cast<size_t>(quarter - 1)]).append(" quarter");
        break;
      }
      case 'E': out->append(WeekdayName(IsoWeekday(static_cast<int32_t>(day)), item.count == 4)); break;
      case 'F': AppendPadded((date.day - 1) % 7 + 1, 1, out); break;
      case 'a': out->append(hour < 12 ? "AM" : "PM"); break;
      case 'h': AppendPadded((hour + 11) % 12 + 1, item.count, out); break;
      case 'H': AppendPadded(hour, item.count, out); break;
      case 'k': AppendPadded((hour + 23) % 24 + 1, item.count, out); break;
      case 'K': AppendPadded(hour % 12, item.count, out); break;
      case 'm': AppendPadded(in_day / kUsPerMinute % 60, item.count, out); break;
      case 's': AppendPadded(in_day / kUsPerSecond % 60, item.count, out); break;
      case 'S': {
        char digits[10] = "000000000";
        int64_t us = in_day % kUsPerSecond;
        for (int k = 5; k >= 0; --k, us /= 10) digits[k] = static_cast<char>('0' + us % 10);
        out->append(digits, item.count);
        break;
      }
      case 'V': out->append(zone.name()); break;
      case 'z': out->append(ZoneText(zone, utc_us, item.count == 4)); break;
      case 'O': AppendLocalizedOffset(offset, item.count == 4, out); break;
      case 'X':
      case 'x': {
        static constexpr std::string_view kZero[] = {"+00", "+0000", "+00:00", "+0000", "+00:00"};
        AppendOffset(offset, item.count == 3 || item.count == 5, item.count > 1, item.count > 3,
                     item.letter == 'X' ? "Z" : kZero[item.count - 1], out);
        break;
      }
      case 'Z':
        if (item.count == 4)
          AppendLocalizedOffset(offset, true, out);
        else
          AppendOffset(offset, item.count == 5, true, item.count == 5, item.count == 5 ? "Z" : "+0000", out);
        break;
      default: break;
    }
  }
}

}  // namespace sluice
