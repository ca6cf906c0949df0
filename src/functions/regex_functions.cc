// like ilike rlike regexp_* split.
#include <arrow/builder.h>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/regex.h"
#include "functions/signature.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using I = arrow::Int32Type;
using B = arrow::BooleanType;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs", kPredicates = "predicate_funcs";

// ---- like ----------------------------------------------------------------------------------------------------------

/// A LIKE pattern taken apart: literal characters, '_' and '%'.
class LikePattern {
 public:
  static Result<LikePattern> Parse(View pattern, View escape, const KernelCall& call) {
    LikePattern out;
    for (size_t i = 0; i < pattern.size();) {
      const size_t n = CharBytes(pattern[i]);
      const View c = pattern.substr(i, n);
      i += c.size();
      if (c == escape) {
        if (i >= pattern.size()) return Bad("ESC_AT_THE_END", pattern);
        const View next = pattern.substr(i, CharBytes(pattern[i]));
        if (next != "_" && next != "%" && next != escape) return Bad("ESC_IN_THE_MIDDLE", pattern, next);
        out.Literal(next);
        i += next.size();
      } else if (c == "%") {
        if (out.parts_.empty() || out.parts_.back().kind != '%') out.parts_.push_back({'%', ""});
      } else if (c == "_") {
        out.parts_.push_back({'_', ""});
      } else {
        out.Literal(c);
      }
    }
    return out;
  }

  bool Matches(View s) const {
    // Greedy with one point to return to: the last '%'.
    size_t part = 0, at = 0, back_part = View::npos, back_at = 0;
    while (true) {
      if (part == parts_.size()) {
        if (at == s.size()) return true;
      } else if (parts_[part].kind == '%') {
        if (part + 1 == parts_.size()) return true;
        back_part = part++;
        back_at = at;
        continue;
      } else if (parts_[part].kind == '_') {
        if (at < s.size()) {
          at = std::min(s.size(), at + CharBytes(s[at]));
          ++part;
          continue;
        }
      } else if (s.substr(at).starts_with(parts_[part].text)) {
        at += parts_[part].text.size();
        ++part;
        continue;
      }
      if (back_part == View::npos || back_at >= s.size()) return false;
      part = back_part + 1;
      if (parts_[part].kind == 'x') {  // jump to the next place the literal could start
        const size_t found = s.find(parts_[part].text, back_at + 1);
        if (found == View::npos) return false;
        back_at = found;
      } else {
        back_at = std::min(s.size(), back_at + CharBytes(s[back_at]));
      }
      at = back_at;
    }
  }

 private:
  struct Part {
    char kind;  // '%', '_' or 'x' for text
    std::string text;
  };
  void Literal(View c) {
    if (parts_.empty() || parts_.back().kind != 'x') parts_.push_back({'x', ""});
    parts_.back().text += c;
  }
  static Status Bad(std::string_view sub, View pattern, View next = {}) {
    return MakeError("INVALID_FORMAT." + std::string(sub),
                     {{"format", "'" + std::string(pattern) + "'"}, {"char", "'" + std::string(next) + "'"}});
  }
  std::vector<Part> parts_;
};

template <bool ignore_case>
Result<ArrayPtr> Like(const KernelCall& call, std::span<const Vector> args) {
  const std::string escape = args.size() == 3 && args[2].array->IsValid(0) ? std::string(Reader<S>(args[2])(0)) : "\\";
  std::optional<LikePattern> constant;
  if (args[1].constant && args[1].array->IsValid(0)) {
    const std::string pattern = ignore_case ? LowerText(Reader<S>(args[1])(0)) : std::string(Reader<S>(args[1])(0));
    ARROW_ASSIGN_OR_RAISE(constant, LikePattern::Parse(pattern, escape, call));
  }
  return MapWith<B, S, S>(call, args, [&](View s, View pattern) -> Result<bool> {
    if (constant) return constant->Matches(ignore_case ? View(LowerText(s)) : s);
    const std::string p = ignore_case ? LowerText(pattern) : std::string(pattern);
    ARROW_ASSIGN_OR_RAISE(auto parsed, LikePattern::Parse(p, escape, call));
    const std::string lowered = ignore_case ? LowerText(s) : std::string();
    return parsed.Matches(ignore_case ? View(lowered) : s);
  });
}

/// likeany, likeall and their negations: text, pattern...
template <bool all, bool negated>
Result<ArrayPtr> LikeMany(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  const Reader<S> text(args[0]);
  Writer<B> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    bool decided = false, null = false;
    for (const Vector& arg : args.subspan(1)) {
      if (arg.IsNull(i)) {
        null = true;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto pattern, LikePattern::Parse(Reader<S>(arg)(i), "\\", call));
      if ((pattern.Matches(text(i)) != negated) != all) {
        decided = true;
        break;
      }
    }
    if (!decided && null)
      mask.SetNull(i);
    else
      out.Set(i, decided != all);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- regular expressions -------------------------------------------------------------------------------------------

Result<bool> Rlike(const KernelCall&, View s, View pattern) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "rlike"));
  return regex->Contains(s);
}

Status ReplaceFrom(View s, View pattern, View replacement, int32_t pos, std::string* out) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "regexp_replace"));
  const size_t start = CharOffset(s, pos - 1);
  if (start >= s.size() && pos > 1) {
    out->append(s);
    return Status::OK();
  }
  out->append(s.substr(0, start));
  const View rest = s.substr(start);
  size_t last = 0;
  bool good = true;
  ARROW_RETURN_NOT_OK(ForEachMatch(*regex, rest, [&](const Regex::Match& m) {
    out->append(rest.substr(last, m.groups[0].first - last));
    last = m.groups[0].second;
    return good = AppendReplacement(*regex, rest, m, replacement, out);
  }));
  if (!good)
    return MakeError("INVALID_REGEXP_REPLACE", {{"source", std::string(s)},
                                                {"pattern", std::string(pattern)},
                                                {"replacement", std::string(replacement)},
                                                {"position", std::to_string(pos)}});
  out->append(rest.substr(last));
  return Status::OK();
}
Status Replace3(View s, View pattern, View replacement, std::string* out) {
  return ReplaceFrom(s, pattern, replacement, 1, out);
}
Status Replace4(View s, View pattern, View replacement, int32_t pos, std::string* out) {
  return ReplaceFrom(s, pattern, replacement, pos, out);
}

Status BadGroup(std::string_view function, int groups, int32_t index) {
  return MakeError("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", {{"parameter", QuoteIdentifier("idx")},
                                                                 {"functionName", QuoteIdentifier(function)},
                                                                 {"groupCount", std::to_string(groups)},
                                                                 {"groupIndex", std::to_string(index)}});
}

Status ExtractGroup(View s, View pattern, int32_t index, std::string* out) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "regexp_extract"));
  Regex::Match match;
  ARROW_ASSIGN_OR_RAISE(const bool found, regex->Find(s, 0, &match));
  if (index < 0 || (found && index > regex->group_count()))
    return BadGroup("regexp_extract", regex->group_count(), index);
  if (!found) return Status::OK();
  const auto [start, end] = match.groups[static_cast<size_t>(index)];
  if (start != View::npos) out->append(s.substr(start, end - start));
  return Status::OK();
}
Status Extract2(View s, View pattern, std::string* out) { return ExtractGroup(s, pattern, 1, out); }
Status Extract3(View s, View pattern, int32_t index, std::string* out) { return ExtractGroup(s, pattern, index, out); }

Result<int32_t> Count(const KernelCall&, View s, View pattern) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "regexp_count"));
  int32_t n = 0;
  ARROW_RETURN_NOT_OK(ForEachMatch(*regex, s, [&](const Regex::Match&) { return ++n, true; }));
  return n;
}

Result<int32_t> Instr2(const KernelCall&, View s, View pattern) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "regexp_instr"));
  Regex::Match match;
  ARROW_ASSIGN_OR_RAISE(const bool found, regex->Find(s, 0, &match));
  if (!found) return 0;
  return CountChars(s.substr(0, match.groups[0].first)) + 1;
}
Result<int32_t> Instr3(const KernelCall& call, View s, View pattern, int32_t) { return Instr2(call, s, pattern); }

Result<std::optional<View>> Substr(const KernelCall&, View s, View pattern) {
  ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern, "regexp_substr"));
  Regex::Match match;
  ARROW_ASSIGN_OR_RAISE(const bool found, regex->Find(s, 0, &match));
  if (!found) return std::optional<View>();
  return std::optional(s.substr(match.groups[0].first, match.groups[0].second - match.groups[0].first));
}

// ---- arrays of text ------------------------------------------------------------------------------------------------

/// fn(row, add) adds the row's elements.
template <typename Fn>
Result<ArrayPtr> Lists(const KernelCall& call, std::span<const Vector> args, const Fn& fn) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  ARROW_ASSIGN_OR_RAISE(auto offsets, NewBuffer((call.length + 1) * 4));
  auto* o = reinterpret_cast<int32_t*>(offsets->mutable_data());
  arrow::StringBuilder values;
  o[0] = 0;
  Status failed;
  auto add = [&](View v) {
    Status s = values.Append(v);
    if (!s.ok()) failed = s;
  };
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) ARROW_RETURN_NOT_OK(fn(i, add));
    ARROW_RETURN_NOT_OK(failed);
    o[i + 1] = static_cast<int32_t>(values.length());
  }
  ARROW_ASSIGN_OR_RAISE(auto items, values.Finish());
  return ArrayOf(call.bound.result_type, call.length, {mask.buffer(), offsets}, {items});
}

Result<ArrayPtr> ExtractAll(const KernelCall& call, std::span<const Vector> args) {
  const Reader<S> text(args[0]), pattern(args[1]);
  return Lists(call, args, [&](int64_t i, const auto& add) -> Status {
    const int32_t index = args.size() == 3 ? Reader<I>(args[2])(i) : 1;
    ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern(i), "regexp_extract_all"));
    const View s = text(i);
    bool bad = index < 0;
    ARROW_RETURN_NOT_OK(ForEachMatch(*regex, s, [&](const Regex::Match& m) {
      if (bad || index > regex->group_count()) return bad = true, false;
      const auto [start, end] = m.groups[static_cast<size_t>(index)];
      add(start == View::npos ? View() : s.substr(start, end - start));
      return true;
    }));
    return bad ? BadGroup("regexp_extract_all", regex->group_count(), index) : Status::OK();
  });
}

Result<ArrayPtr> Split(const KernelCall& call, std::span<const Vector> args) {
  const Reader<S> text(args[0]), pattern(args[1]);
  return Lists(call, args, [&](int64_t i, const auto& add) -> Status {
    const View s = text(i);
    const int32_t limit = args.size() == 3 ? Reader<I>(args[2])(i) : -1;
    if (!s.empty() && pattern(i).empty()) {
      int32_t n = 0;
      for (size_t k = 0; k < s.size(); k += CharBytes(s[k])) {
        if (limit > 0 && ++n >= limit) {
          add(s.substr(k));
          break;
        }
        add(s.substr(k, CharBytes(s[k])));
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto regex, Regex::Compile(pattern(i), "split"));
    return SplitText(*regex, s, limit, add);
  });
}

Status BindReplace(BindContext& context) {
  if (context.arg_types.size() < 4) return Status::OK();
  const TypedValue* position = context.arg_literals[3];
  if (position == nullptr) return NonFoldable(context, 3, "position", "INT");
  if (position->is_null() || !position->type.isIntegral()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const int64_t value, IntegralOf(*position));
  if (value > 0) return Status::OK();
  return DatatypeMismatch(
      context, "VALUE_OUT_OF_RANGE",
      {{"exprName", "position"}, {"valueRange", "(0, 2147483647]"}, {"currentValue", std::to_string(value)}});
}

Status TextArray(BindContext& context) {
  context.result_type = DataType::Array(DataType::String(), context.name != "split");
  return Status::OK();
}

FunctionDef Many(std::string_view name, Kernel kernel) {
  return {.name = name,
          .signature = "(string, string...) -> boolean",
          .nulls = NullRule::kCustom,
          .group = kPredicates,
          .doc = "LIKE against several patterns.",
          .kernel = kernel};
}

}  // namespace

std::span<const FunctionDef> RegexFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "like",
       .signature = "(string, string [, string]) -> boolean",
       .group = kPredicates,
       .doc = "Whether text fits a pattern of % and _.",
       .example = {"like('Spark', '_park')", "true"},
       .kernel = &Like<false>},
      {.name = "ilike",
       .signature = "(string, string [, string]) -> boolean",
       .group = kPredicates,
       .doc = "LIKE without regard to case.",
       .example = {"ilike('Spark', '_Park')", "true"},
       .kernel = &Like<true>},
      Many("likeany", &LikeMany<false, false>),
      Many("likeall", &LikeMany<true, false>),
      Many("notlikeany", &LikeMany<false, true>),
      Many("notlikeall", &LikeMany<true, true>),
      {.name = "rlike",
       .aliases = {"regexp", "regexp_like"},
       .signature = "(string, string) -> boolean",
       .group = kPredicates,
       .doc = "Whether a regular expression matches somewhere.",
       .example = {"rlike('abc', 'b')", "true"},
       .kernel = Binary<S, S, B, &Rlike>},
      {.name = "regexp_replace",
       .signature = "(string, string, string [, int]) -> string",
       .bind = &BindReplace,
       .group = kGroup,
       .doc = "Every match replaced; $1 is the first group.",
       .example = {"regexp_replace('100-200', '(\\\\d+)', 'num')", "num-num"},
       .kernel = &ByCount<3, &Map<S, &Replace3, S, S, S>, &Map<S, &Replace4, S, S, S, I>>,
       .display = &WithDefaults<3, "1">},
      {.name = "regexp_extract",
       .signature = "(string, string [, int]) -> string",
       .group = kGroup,
       .doc = "A group of the first match, the first by default.",
       .example = {"regexp_extract('100-200', '(\\\\d+)-(\\\\d+)', 1)", "100"},
       .kernel = &ByCount<2, &Map<S, &Extract2, S, S>, &Map<S, &Extract3, S, S, I>>,
       .display = &WithDefaults<2, "1">},
      {.name = "regexp_extract_all",
       .signature = "(string, string [, int])",
       .bind = &TextArray,
       .group = kGroup,
       .doc = "A group of every match.",
       .example = {"regexp_extract_all('100-200, 300-400', '(\\\\d+)-(\\\\d+)', 1)", "[100, 300]"},
       .kernel = &ExtractAll,
       .display = &WithDefaults<2, "1">},
      {.name = "regexp_count",
       .signature = "(string, string) -> int",
       .group = kGroup,
       .doc = "Number of matches.",
       .example = {"regexp_count('Steven Jones and Stephen Smith', 'Ste(v|ph)en')", "2"},
       .kernel = Binary<S, S, I, &Count>},
      {.name = "regexp_instr",
       .signature = "(string, string [, int]) -> int",
       .group = kGroup,
       .doc = "Position of the first match, from 1; 0: none.",
       .example = {"regexp_instr('Steven Jones', 'Jones')", "8"},
       .kernel = &ByCount<2, &Map<I, &Instr2, S, S>, &Map<I, &Instr3, S, S, I>>,
       .display = &WithDefaults<2, "0">},
      {.name = "regexp_substr",
       .signature = "(string, string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The first match, or null.",
       .example = {"regexp_substr('Steven Jones', 'Ste(v|ph)en')", "Steven"},
       .kernel = Binary<S, S, S, &Substr>},
      {.name = "split",
       .signature = "(string, string [, int])",
       .bind = &TextArray,
       .group = kGroup,
       .doc = "Pieces between the matches of a regular expression.",
       .example = {"split('oneAtwoBthreeC', '[ABC]')", "[one, two, three, ]"},
       .kernel = &Split,
       .display = &WithDefaults<2, "-1">},
  };
  return kTable;
}

}  // namespace sluice::functions
