// sentences: text into sentences of words.
#include <arrow/builder.h>

#include <cwctype>

#include "functions/collection_util.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;

/// Letters, digits and marks; those above ASCII but for punctuation and symbols of the common blocks.
bool IsWordChar(uint32_t c) {
  if (c < 0x80) return std::isalnum(static_cast<int>(c)) != 0 || c == '_';
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2C00) && !(c >= 0x3000 && c < 0x3005) &&
         !(c >= 0x3008 && c < 0x3021) && !(c >= 0xFF00 && c < 0xFF10) && c < 0x1F000;
}
bool IsDigitChar(uint32_t c) { return c >= '0' && c <= '9'; }
bool IsBlank(uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x3000; }

/// Whether `c` between the two belongs to the word: it's, 5.5, 1,000, Three-four.
bool Joins(uint32_t before, uint32_t c, uint32_t after) {
  if (!IsWordChar(before) || !IsWordChar(after)) return false;
  if (c == '\'' || c == '-' || c == 0x2019 || c == 0x2010 || c == '.') return true;
  return c == ',' && IsDigitChar(before) && IsDigitChar(after);
}

std::vector<uint32_t> CodePoints(View s, std::vector<size_t>* offsets) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i < s.size(); i += CharBytes(s[i])) {
    out.push_back(FirstCodePoint(s.substr(i)));
    offsets->push_back(i);
  }
  offsets->push_back(s.size());
  return out;
}

/// A sentence ends behind ! and ?, and behind a full stop and blanks that no lower-case letter follows.
bool EndsSentence(const std::vector<uint32_t>& text, size_t i) {
  const uint32_t c = text[i];
  if (c == '!' || c == '?' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x2029) return true;
  if (c != '.') return false;
  size_t next = i + 1;
  while (next < text.size() && (text[next] == ')' || text[next] == '"' || text[next] == '\'')) ++next;
  if (next == text.size()) return true;
  if (!IsBlank(text[next])) return false;
  while (next < text.size() && IsBlank(text[next])) ++next;
  return next == text.size() || UpperCodePoint(text[next]) == text[next];
}

Status BindSentences(BindContext& context) {
  context.result_type = DataType::Array(DataType::Array(DataType::String(), false), false);
  return Status::OK();
}

Result<ArrayPtr> Sentences(const KernelCall& call, std::span<const Vector> args) {
  // A NULL language or country is the default one, which these rules do not depend on.
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  const Reader<S> in(args[0]);
  arrow::StringBuilder words;
  std::vector<int32_t> sentences{0}, rows{0};
  auto end_sentence = [&] {
    if (words.length() > sentences.back()) sentences.push_back(static_cast<int32_t>(words.length()));
  };
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      const View s = in(i);
      std::vector<size_t> offsets;
      const auto text = CodePoints(s, &offsets);
      for (size_t k = 0; k < text.size();) {
        if (!IsWordChar(text[k])) {
          if (EndsSentence(text, k)) end_sentence();
          ++k;
          continue;
        }
        size_t end = k + 1;
        while (end < text.size() &&
               (IsWordChar(text[end]) || (end + 1 < text.size() && Joins(text[end - 1], text[end], text[end + 1]))))
          ++end;
        ARROW_RETURN_NOT_OK(words.Append(s.substr(offsets[k], offsets[end] - offsets[k])));
        k = end;
      }
      end_sentence();
    }
    rows.push_back(static_cast<int32_t>(sentences.size()) - 1);
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, words.Finish());
  const DataType inner = call.bound.result_type.elementType();
  ARROW_ASSIGN_OR_RAISE(ArrayPtr lists,
                        MakeList(inner, sentences, NullMask(static_cast<int64_t>(sentences.size()) - 1), values));
  return MakeList(call.bound.result_type, rows, mask, lists);
}

}  // namespace

std::span<const FunctionDef> SentenceFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "sentences",
       .signature = "(string [, string [, string]])",
       .bind = &BindSentences,
       .nulls = NullRule::kCustom,
       .group = "string_funcs",
       .doc = "The sentences of a text as arrays of words.",
       .example = {"sentences('Hi there! Good morning.')", "[[Hi, there], [Good, morning]]"},
       .kernel = &Sentences,
       .display = &WithDefaults<1, "", "">},
  };
  return kTable;
}

}  // namespace sluice::functions
