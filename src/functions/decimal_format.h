#pragma once
// java.text.DecimalFormat's patterns ("#,##0.00", "0.#%"), as format_number takes them.
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::functions {

class DecimalFormat {
 public:
  /// UNSUPPORTED_FEATURE for exponents and a subpattern of negative numbers.
  static Result<DecimalFormat> Compile(std::string_view pattern);

  /// Digits behind the point that a number is to be rounded to (half even), after it was moved left by shift().
  int fraction_digits() const { return max_fraction_; }
  int shift() const { return shift_; }  // 2 for %, 3 for per mille
  /// `number`: plain notation with no more than fraction_digits().
  void Format(std::string_view number, std::string* out) const;

 private:
  std::string prefix_, suffix_;
  int min_integer_ = 0, min_fraction_ = 0, max_fraction_ = 0, grouping_ = 0, shift_ = 0;
};

}  // namespace sluice::functions
