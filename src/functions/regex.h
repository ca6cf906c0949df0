#pragma once
// Java-like regular expressions on PCRE2 with JIT.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::functions {

/// Immutable, thread-safe. Groups without a match are npos pairs. Whatever searches fails with REGEX_TOO_COMPLEX when
/// the pattern takes too much stack, memory or backtracking on the text: that is no "no match".
class Regex {
 public:
  /// From a small cache per thread. INVALID_PARAMETER_VALUE.PATTERN names `function`.
  static Result<std::shared_ptr<const Regex>> Compile(std::string_view pattern, std::string_view function,
                                                      bool ignore_case = false);
  ~Regex();
  int group_count() const { return groups_; }
  /// Number of a named group, or -1.
  int GroupNumber(std::string_view name) const;

  struct Match {
    std::vector<std::pair<size_t, size_t>> groups;  // byte offsets; 0 is the whole match
  };
  /// First match at or after `start`.
  Result<bool> Find(std::string_view text, size_t start, Match* match) const;
  Result<bool> Contains(std::string_view text) const;

 private:
  Regex() = default;
  Result<bool> Run(std::string_view text, size_t start) const;
  std::string pattern_;
  void* code_ = nullptr;
  int groups_ = 0;
};

/// Every match in turn, as java.util.regex.Matcher.find(): empty matches move on by a character. fn returns false to
/// stop.
Status ForEachMatch(const Regex& regex, std::string_view text, const std::function<bool(const Regex::Match&)>& fn);
/// The pieces between the matches, as String.split with a limit that is not 0: at most `limit` pieces when that is
/// positive, empty ones at the end included.
Status SplitText(const Regex& regex, std::string_view text, int32_t limit,
                 const std::function<void(std::string_view)>& add);
/// Appends a replacement with $1, ${name} and backslashes as Matcher.appendReplacement. False: no such group.
bool AppendReplacement(const Regex& regex, std::string_view text, const Regex::Match& match,
                       std::string_view replacement, std::string* out);

}  // namespace sluice::functions
