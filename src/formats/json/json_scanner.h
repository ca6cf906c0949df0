#pragma once
// JSON as Jackson reads it without a schema: pull values one by one, copy them compactly.
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::formats {

/// A cursor over one document. Every call takes the value at the cursor; false: the text is malformed.
/// Strings may be in single quotes.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, bool leading_zeros = false)
      : text_(text), leading_zeros_(leading_zeros) {}

  /// Where the cursor is; after Peek() at the value's first character.
  size_t position() const { return pos_; }
  /// What comes next: one of { [ " (string) n (null) t (true) f (false) 0 (number), or 0 for nothing valid.
  char Peek();
  bool Skip();
  /// As Jackson writes it again: no blanks, 1.50 is 1.5, 1e2 is 100.0. Null `out` checks only.
  bool Copy(std::string* out);
  bool ReadString(std::string* out);  // decoded; null `out` checks only
  /// The text of a number.
  bool ReadNumber(std::string_view* out);
  /// After { or [ with Peek() == that: enters it. Then Next() until it says 'e' (ended) or 0 (malformed).
  void Enter() { ++pos_, first_ = true; }
  /// Moves to the next element of the array (or field of the object: `name` gets it).
  char NextElement() { return Next(']', nullptr); }
  char NextField(std::string* name) { return Next('}', name); }

 private:
  void Blank() {
    while (pos_ < text_.size() &&
           (text_[pos_] == ' ' || text_[pos_] == '\n' || text_[pos_] == '\t' || text_[pos_] == '\r'))
      ++pos_;
  }
  char Next(char close, std::string* name);
  bool Word(std::string_view word, std::string* out);

  std::string_view text_;
  size_t pos_ = 0;
  bool first_ = false, leading_zeros_;
  int depth_ = 0;
};

/// `text` in quotes, escaped as Jackson does.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace sluice::formats
