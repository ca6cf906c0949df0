#pragma once
// Text -> tokens, by Spark's lexical rules. Whitespace and comments are dropped; hints /*+ ... */ are kept.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/keywords.h"

namespace sluice::sql {

enum class TokenKind : uint8_t {
  kEnd,
  kWord,
  kQuoted /* `a` */,
  kDoubleQuoted,
  kString,
  kInteger,
  kDecimal,
  kExponent,
  kLong,
  kShort,
  kByte,
  kFloat,
  kDouble,
  kBigDecimal,
  kSymbol,
  kHintStart,
  kHintEnd,
  kUnknown,
};

/// One or two characters, the first in the low byte: Sym("<=").
using Symbol = uint32_t;
constexpr Symbol Sym(std::string_view text) {
  Symbol out = 0;
  for (size_t i = 0; i < text.size(); ++i) out |= static_cast<Symbol>(static_cast<unsigned char>(text[i])) << (8 * i);
  return out;
}

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Keyword keyword = Keyword::kNone;
  Symbol symbol = 0;
  int start = 0, stop = 0;  // bytes, past the end
};

struct LexedText {
  std::vector<Token> tokens;  // ends in kEnd
  int unclosed_comment = -1;  // where a /* without */ begins
};

/// Never fails: what is no token of SQL becomes kUnknown, which the parser refuses. ">>" is two tokens (types end in
/// it).
LexedText Lex(std::string_view text);

/// The value of a string token as written: quotes, escapes \n \t \u0041 \101 \% \_, doubled quotes, r'raw'.
/// `keep_escapes` (spark.sql.parser.escapedStringLiterals) leaves backslashes alone.
std::string UnescapeString(std::string_view written, bool keep_escapes = false);

}  // namespace sluice::sql
