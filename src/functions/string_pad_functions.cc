// Trimming, padding, replacing, searching.
#include <algorithm>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using I = arrow::Int32Type;
using B = arrow::BooleanType;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs";

// ---- trim ----------------------------------------------------------------------------------------------------------

template <bool left, bool right>
View TrimBlanks(View s) {
  if (left) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  }
  if (right) {
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  }
  return s;
}

bool HasChar(View set, View c) {
  for (size_t i = 0; i < set.size(); i += CharBytes(set[i])) {
    if (set.substr(i, CharBytes(set[i])) == c) return true;
  }
  return false;
}

template <bool left, bool right>
View TrimChars(View s, View set) {
  while (left && !s.empty()) {
    const View c = s.substr(0, CharBytes(s[0]));
    if (!HasChar(set, c)) break;
    s.remove_prefix(c.size());
  }
  while (right && !s.empty()) {
    size_t start = s.size() - 1;
    while (start > 0 && IsContinuation(s[start])) --start;
    if (!HasChar(set, s.substr(start))) break;
    s = s.substr(0, start);
  }
  return s;
}
/// trim(set, text): the set comes first.
template <bool left, bool right>
View TrimSetFirst(View set, View s) {
  return TrimChars<left, right>(s, set);
}
template <bool left, bool right>
constexpr Kernel kTrim = &ByCount<1, &Map<S, &TrimBlanks<left, right>, S>, &Map<S, &TrimSetFirst<left, right>, S, S>>;

// ---- pad -----------------------------------------------------------------------------------------------------------

/// Stray bytes in the filling count as characters.
std::vector<View> Units(View pad) {
  std::vector<View> out;
  for (size_t i = 0; i < pad.size(); i += out.back().size()) out.push_back(pad.substr(i, CharBytes(pad[i])));
  return out;
}

template <bool left>
Status Pad(View s, int32_t length, View pad, std::string* out) {
  const int32_t have = CountChars(s);
  if (length <= 0) return Status::OK();
  if (length <= have || pad.empty()) {
    out->append(SubChars(s, 0, length));
    return Status::OK();
  }
  const int32_t missing = length - have;
  if (out->size() + s.size() + static_cast<uint64_t>(missing) > INT32_MAX) return TextTooLarge();
  if (!left) out->append(s);
  if (IsAscii(pad)) {
    for (size_t left_over = static_cast<size_t>(missing); left_over > 0;) {
      const View piece = pad.substr(0, left_over);
      out->append(piece);
      left_over -= piece.size();
    }
  } else {
    const auto units = Units(pad);
    for (int32_t k = 0; k < missing; ++k) out->append(units[static_cast<size_t>(k) % units.size()]);
  }
  if (left) out->append(s);
  return Status::OK();
}
template <bool left>
Status PadBlanks(View s, int32_t length, std::string* out) {
  return Pad<left>(s, length, " ", out);
}
template <bool left>
constexpr Kernel kPad = &ByCount<2, &Map<S, &PadBlanks<left>, S, I>, &Map<S, &Pad<left>, S, I, S>>;

template <bool left>
Status PadBytes(View s, int32_t length, View pad, std::string* out) {
  if (length <= 0) return Status::OK();
  const size_t want = static_cast<size_t>(length);
  if (want <= s.size() || pad.empty()) {
    out->append(s.substr(0, want));
    return Status::OK();
  }
  if (out->size() + want > INT32_MAX) return TextTooLarge();
  if (!left) out->append(s);
  for (size_t missing = want - s.size(); missing > 0;) {
    const View piece = pad.substr(0, missing);
    out->append(piece);
    missing -= piece.size();
  }
  if (left) out->append(s);
  return Status::OK();
}
template <bool left>
Status PadZeros(View s, int32_t length, std::string* out) {
  return PadBytes<left>(s, length, View("\0", 1), out);
}
template <bool left>
constexpr Kernel kPadBytes = &ByCount<2, &Map<S, &PadZeros<left>, S, I>, &Map<S, &PadBytes<left>, S, I, S>>;

/// Of bytes alone it is a function of its own, whose filling is X'00'.
template <FixedText bytes>
Status BindPad(BindContext& context) {
  const auto& types = context.arg_types;
  if (types[0].id() != TypeId::kBinary || (types.size() == 3 && types[2].id() != TypeId::kBinary)) {
    context.arg_types[0] = DataType::String();
    if (types.size() == 3) context.arg_types[2] = DataType::String();
    context.result_type = DataType::String();
    return Status::OK();
  }
  const FunctionDef* def = FunctionRegistry::Builtins().Find(bytes.view());
  ARROW_RETURN_NOT_OK(BindFunction(*def, &context));
  context.target = def;
  for (size_t i = 0; i < types.size(); ++i) context.arg_order.push_back(static_cast<int>(i));
  return Status::OK();
}
template <FixedText name>
std::string PadBytesDisplay(std::string_view, std::span<const std::string> args) {
  return WithDefaults<2, "X'00'">(name.view(), args);
}

// ---- replace -------------------------------------------------------------------------------------------------------

void Replace(View s, View search, View replacement, std::string* out) {
  if (search.empty()) {
    out->append(s);
    return;
  }
  for (size_t at = 0;;) {
    const size_t found = s.find(search, at);
    out->append(s.substr(at, found == View::npos ? View::npos : found - at));
    if (found == View::npos) return;
    out->append(replacement);
    at = found + search.size();
  }
}
void Remove(View s, View search, std::string* out) { Replace(s, search, "", out); }

void Translate(View s, View from, View to, std::string* out) {
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    const View c = s.substr(i, n);
    int64_t index = 0, hit = -1;
    for (size_t k = 0; k < from.size() && hit < 0; k += CharBytes(from[k]), ++index) {
      if (from.substr(k, CharBytes(from[k])) == c) hit = index;
    }
    out->append(hit < 0 ? c : SubChars(to, hit, hit + 1));
    i += n;
  }
}

void Overlay4(View s, View replacement, int32_t pos, int32_t length, std::string* out) {
  const int32_t len = length >= 0 ? length : CountChars(replacement);
  out->append(SubstringSql(s, 1, pos - 1));
  out->append(replacement);
  out->append(SubstringSql(s, pos + len, INT32_MAX));
}
void Overlay3(View s, View replacement, int32_t pos, std::string* out) { Overlay4(s, replacement, pos, -1, out); }

// ---- search --------------------------------------------------------------------------------------------------------

int32_t Locate3(View search, View s, int32_t pos) {
  if (pos < 1) return 0;
  const size_t start = CharOffset(s, pos - 1);
  if (search.empty()) return pos;
  const size_t found = s.find(search, start);
  return found == View::npos ? 0 : pos + CountChars(s.substr(start, found - start));
}
int32_t Locate2(View search, View s) { return Locate3(search, s, 1); }
int32_t Instr(View s, View search) { return Locate3(search, s, 1); }

int32_t FindInSet(View word, View set) {
  if (word.find(',') != View::npos) return 0;
  int32_t n = 1;
  for (size_t at = 0;; ++n) {
    const size_t comma = set.find(',', at);
    if (set.substr(at, comma == View::npos ? View::npos : comma - at) == word) return n;
    if (comma == View::npos) return 0;
    at = comma + 1;
  }
}

bool StartsWith(View s, View part) { return s.starts_with(part); }
bool EndsWith(View s, View part) { return s.ends_with(part); }
bool Contains(View s, View part) { return s.find(part) != View::npos; }

// ---- sounds and distances ------------------------------------------------------------------------------------------

std::vector<uint32_t> CodePoints(View s) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i < s.size(); i += CharBytes(s[i])) out.push_back(FirstCodePoint(s.substr(i)));
  return out;
}

int32_t Levenshtein(View a, View b) {
  const auto x = CodePoints(a), y = CodePoints(b);
  std::vector<int32_t> row(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) row[j] = static_cast<int32_t>(j);
  for (size_t i = 1; i <= x.size(); ++i) {
    int32_t diagonal = row[0];
    row[0] = static_cast<int32_t>(i);
    for (size_t j = 1; j <= y.size(); ++j) {
      const int32_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (x[i - 1] != y[j - 1])});
      diagonal = up;
    }
  }
  return row[y.size()];
}
int32_t LevenshteinLimit(View a, View b, int32_t limit) {
  const int32_t d = Levenshtein(a, b);
  return d <= limit ? d : -1;
}

void Soundex(View s, std::string* out) {
  static constexpr char kCodes[] = "01230120022455012623010202";  // A-Z; '0' vowels; H and W below
  if (s.empty()) return;
  char first = s[0] >= 'a' && s[0] <= 'z' ? static_cast<char>(s[0] - 32) : s[0];
  if (first < 'A' || first > 'Z') {
    out->append(s);
    return;
  }
  auto code = [](char upper) { return upper == 'H' || upper == 'W' ? '7' : kCodes[upper - 'A']; };
  std::string result(1, first);
  char last = code(first);
  for (size_t i = 1; i < s.size() && result.size() < 4; ++i) {
    char c = s[i] >= 'a' && s[i] <= 'z' ? static_cast<char>(s[i] - 32) : s[i];
    if (c < 'A' || c > 'Z') {
      last = '0';
      continue;
    }
    const char k = code(c);
    if (k == '7') continue;
    if (k != '0' && k != last) result.push_back(k);
    last = k;
  }
  result.resize(4, '0');
  out->append(result);
}

// ---- characters ----------------------------------------------------------------------------------------------------

int32_t Ascii(View s) { return static_cast<int32_t>(FirstCodePoint(s)); }
void Chr(int64_t n, std::string* out) {
  if (n < 0) return;
  AppendCodePoint(static_cast<uint32_t>(n & 0xFF), out);
}

}  // namespace

std::span<const FunctionDef> StringPadFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "trim",
       .signature = "(string [, string]) -> string",
       .group = kGroup,
       .doc = "Without blanks, or the characters of the first argument, at both ends.",
       .example = {"trim('    SparkSQL   ')", "SparkSQL"},
       .kernel = kTrim<true, true>},
      {.name = "ltrim",
       .signature = "(string [, string]) -> string",
       .group = kGroup,
       .doc = "Without blanks, or the characters of the first argument, at the start.",
       .example = {"ltrim('    SparkSQL')", "SparkSQL"},
       .kernel = kTrim<true, false>},
      {.name = "rtrim",
       .signature = "(string [, string]) -> string",
       .group = kGroup,
       .doc = "Without blanks, or the characters of the first argument, at the end.",
       .example = {"rtrim('SparkSQL    ')", "SparkSQL"},
       .kernel = kTrim<false, true>},
      {.name = "btrim",
       .signature = "(string [, string]) -> string",
       .group = kGroup,
       .doc = "Without blanks, or the characters of the second argument, at both ends.",
       .example = {"btrim('SSparkSQLS', 'SL')", "parkSQ"},
       .kernel = &ByCount<1, &Map<S, &TrimBlanks<true, true>, S>, &Map<S, &TrimChars<true, true>, S, S>>},
      {.name = "lpad",
       .signature = "(string|binary, int [, string|binary])",
       .bind = &BindPad<"__lpad_bytes">,
       .group = kGroup,
       .doc = "Filled at the left, or cut, to a number of characters.",
       .example = {"lpad('hi', 5, '??')", "???hi"},
       .kernel = kPad<true>,
       .display = &WithDefaults<2, " ">},
      {.name = "rpad",
       .signature = "(string|binary, int [, string|binary])",
       .bind = &BindPad<"__rpad_bytes">,
       .group = kGroup,
       .doc = "Filled at the right, or cut, to a number of characters.",
       .example = {"rpad('hi', 5, '??')", "hi???"},
       .kernel = kPad<false>,
       .display = &WithDefaults<2, " ">},
      {.name = "__lpad_bytes",
       .signature = "(binary, int [, binary]) -> binary",
       .group = kGroup,
       .doc = "lpad of bytes.",
       .kernel = kPadBytes<true>,
       .display = &PadBytesDisplay<"lpad">},
      {.name = "__rpad_bytes",
       .signature = "(binary, int [, binary]) -> binary",
       .group = kGroup,
       .doc = "rpad of bytes.",
       .kernel = kPadBytes<false>,
       .display = &PadBytesDisplay<"rpad">},
      {.name = "replace",
       .signature = "(string, string [, string]) -> string",
       .group = kGroup,
       .doc = "Every occurrence replaced.",
       .example = {"replace('ABCabc', 'abc', 'DEF')", "ABCDEF"},
       .kernel = &ByCount<2, &Map<S, &Remove, S, S>, &Map<S, &Replace, S, S, S>>,
       .display = &WithDefaults<2, "">},
      {.name = "translate",
       .signature = "(string, string, string) -> string",
       .group = kGroup,
       .doc = "Characters replaced one by one.",
       .example = {"translate('AaBbCc', 'abc', '123')", "A1B2C3"},
       .kernel = Ternary<S, S, S, S, &Translate>},
      {.name = "overlay",
       .signature = "(string, string, int [, int]) -> string",
       .group = kGroup,
       .doc = "Part of text replaced by position.",
       .example = {"overlay('Spark SQL', '_', 6)", "Spark_SQL"},
       .kernel = &ByCount<3, &Map<S, &Overlay3, S, S, I>, &Map<S, &Overlay4, S, S, I, I>>,
       .display = &WithDefaults<3, "-1">},
      {.name = "instr",
       .signature = "(string, string) -> int",
       .group = kGroup,
       .doc = "Position of the first occurrence, from 1; 0: none.",
       .example = {"instr('SparkSQL', 'SQL')", "6"},
       .kernel = Binary<S, S, I, &Instr>},
      {.name = "locate",
       .aliases = {"position"},
       .signature = "(string, string [, int]) -> int",
       .group = kGroup,
       .doc = "Position of the first argument in the second, from a position on.",
       .example = {"locate('bar', 'foobarbar')", "4"},
       .kernel = &ByCount<2, &Map<I, &Locate2, S, S>, &Map<I, &Locate3, S, S, I>>,
       .display = &WithDefaults<2, "1">},
      {.name = "find_in_set",
       .signature = "(string, string) -> int",
       .group = kGroup,
       .doc = "Index in a comma-separated list, from 1; 0: not there.",
       .example = {"find_in_set('ab','abc,b,ab,c,def')", "3"},
       .kernel = Binary<S, S, I, &FindInSet>},
      {.name = "startswith",
       .signature = "(string, string) -> boolean; (binary, binary) -> boolean",
       .group = kGroup,
       .doc = "Whether the first begins with the second.",
       .example = {"startswith('Spark SQL', 'Spark')", "true"},
       .kernel = Binary<S, S, B, &StartsWith>},
      {.name = "endswith",
       .signature = "(string, string) -> boolean; (binary, binary) -> boolean",
       .group = kGroup,
       .doc = "Whether the first ends with the second.",
       .example = {"endswith('Spark SQL', 'SQL')", "true"},
       .kernel = Binary<S, S, B, &EndsWith>},
      {.name = "contains",
       .signature = "(string, string) -> boolean; (binary, binary) -> boolean",
       .group = kGroup,
       .doc = "Whether the second is inside the first.",
       .example = {"contains('Spark SQL', 'Spark')", "true"},
       .kernel = Binary<S, S, B, &Contains>},
      {.name = "levenshtein",
       .signature = "(string, string [, int]) -> int",
       .group = kGroup,
       .doc = "Edit distance; -1 above the limit given.",
       .example = {"levenshtein('kitten', 'sitting')", "3"},
       .kernel = &ByCount<2, &Map<I, &Levenshtein, S, S>, &Map<I, &LevenshteinLimit, S, S, I>>},
      {.name = "soundex",
       .signature = "(string) -> string",
       .group = kGroup,
       .doc = "Soundex code.",
       .example = {"soundex('Miller')", "M460"},
       .kernel = Unary<S, S, &Soundex>},
      {.name = "ascii",
       .signature = "(string) -> int",
       .group = kGroup,
       .doc = "Code point of the first character; 0 when empty.",
       .example = {"ascii('222')", "50"},
       .kernel = Unary<S, I, &Ascii>},
      {.name = "chr",
       .aliases = {"char"},
       .signature = "(bigint) -> string",
       .group = kGroup,
       .doc = "The character of a code modulo 256.",
       .example = {"chr(65)", "A"},
       .kernel = Unary<arrow::Int64Type, S, &Chr>},
  };
  return kTable;
}

}  // namespace sluice::functions
