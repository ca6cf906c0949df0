#pragma once
// Patterns of to_char and to_number: 9 and 0 digits, . or D, comma or G, $, S, MI, PR.
// Source: Spark SQL guide, "Number Patterns for Formatting and Parsing".
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::functions {

class NumberPattern {
 public:
  /// INVALID_FORMAT.*
  static Result<NumberPattern> Compile(std::string_view pattern);

  /// DECIMAL(precision, scale) is what to_number gives.
  int precision() const { return whole_digits_ + scale_; }
  int scale() const { return scale_; }
  const std::string& text() const { return text_; }

  /// `number`: plain notation. Digits that find no room make the whole result #.
  void Format(std::string_view number, std::string* out) const;
  /// The number in plain notation; nullopt when the text does not fit the pattern.
  std::optional<std::string> Parse(std::string_view text) const;

 private:
  enum class Kind : uint8_t { kDigits, kComma, kPoint, kDollar, kSign, kMinus, kOpen, kClose, kOther };
  struct Token {
    Kind kind;
    int count = 0;       // kDigits
    bool exact = false;  // kDigits: begins with 0
    char other = 0;
  };
  static std::string Name(const Token& token);
  Status Check() const;
  bool ParseDigits(size_t* token, bool fraction, std::string_view text, size_t* at, std::string* digits) const;

  std::string text_;
  std::vector<Token> tokens_;
  int whole_digits_ = 0, scale_ = 0;
};

}  // namespace sluice::functions
