// The slow road: lenient JSON, as Jackson reads it with Spark's options, to strict JSON.
#include <cstring>

#include "base/utf8.h"
#include "formats/json/json_reader.h"

namespace sluice::formats {

namespace {

constexpr int kMaxDepth = 1000;  // Jackson's limit

class Normalizer {
 public:
  Normalizer(std::string_view text, const JsonReadOptions& options) : in_(text), options_(options) {
    out_.reserve(text.size() + 16);
  }

  /// The first value; what follows it is not looked at, as from_json does.
  std::optional<std::string> Run() {
    if (!Value(0)) return std::nullopt;
    return std::move(out_);
  }

 private:
  char Peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }

  bool SkipSpace() {
    while (at_ < in_.size()) {
      char c = in_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else if (c == '/' && options_.allow_comments && at_ + 1 < in_.size() && in_[at_ + 1] == '/') {
        while (at_ < in_.size() && in_[at_] != '\n') ++at_;
      } else if (c == '/' && options_.allow_comments && at_ + 1 < in_.size() && in_[at_ + 1] == '*') {
        size_t end = in_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return false;
        at_ = end + 2;
      } else {
        break;
      }
    }
    return true;
  }

  bool String() {
    char quote = in_[at_++];
    out_ += '"';
    while (at_ < in_.size()) {
      char c = in_[at_++];
      if (c == quote) {
        out_ += '"';
        return true;
      }
      if (c == '"') {
        out_ += "\\\"";
      } else if (c == '\\') {
        if (at_ >= in_.size()) return false;
        char e = in_[at_++];
        if (std::strchr("\"\\/bfnrt", e) != nullptr) {
          out_ += '\\';
          out_ += e;
        } else if (e == 'u') {
          if (at_ + 4 > in_.size()) return false;
          for (int i = 0; i < 4; ++i)
            if (!isxdigit(static_cast<unsigned char>(in_[at_ + i]))) return false;
          out_ += "\\u";
          out_ += in_.substr(at_, 4);
          at_ += 4;
        } else if (options_.allow_backslash_escaping_any || (e == '\'' && options_.allow_single_quotes)) {
          out_ += e;
        } else {
          return false;
        }
      } else if (static_cast<unsigned char>(c) < 0x20) {
        if (!options_.allow_unquoted_control_chars) return false;
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
        out_ += escaped;
      } else if (static_cast<unsigned char>(c) < 0x80) {
        out_ += c;
      } else {
        --at_;
        const Utf8Step step = NextUtf8(in_.substr(at_));
        out_ += step.valid ? in_.substr(at_, step.length) : kReplacementCharacter;  // as Java decodes it
        at_ += step.length;
      }
    }
    return false;
  }

  bool Name() {
    char c = Peek();
    if (c == '"' || (c == '\'' && options_.allow_single_quotes)) return String();
    if (!options_.allow_unquoted_field_names) return false;
    size_t start = at_;
    while (at_ < in_.size() && (isalnum(static_cast<unsigned char>(in_[at_])) || std::strchr("_$@#*-+", in_[at_])))
      ++at_;
    if (at_ == start) return false;
    out_ += '"';
    out_ += in_.substr(start, at_ - start);
    out_ += '"';
    return true;
  }

  bool Word(std::string_view word) {
    if (in_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool Scalar() {
    for (std::string_view word : {"true", "false", "null"})
      if (Word(word)) {
        out_ += word;
        return true;
      }
    if (options_.allow_non_numeric_numbers)
      for (std::string_view word : {"NaN", "Infinity", "-Infinity", "+Infinity", "-INF", "+INF", "INF"})
        if (Word(word)) {
          out_ += '"';
          out_ += word;
          out_ += '"';
          return true;
        }
    return Number();
  }

  bool Number() {
    size_t start = at_;
    if (Peek() == '-') ++at_;
    size_t digits = at_;
    while (isdigit(static_cast<unsigned char>(Peek()))) ++at_;
    if (at_ == digits) return false;
    bool negative = in_[start] == '-';
    size_t first = digits;
    while (first + 1 < at_ && in_[first] == '0') ++first;
    if (first != digits && !options_.allow_numeric_leading_zeros) return false;
    if (negative) out_ += '-';
    out_ += in_.substr(first, at_ - first);
    size_t rest = at_;
    if (Peek() == '.') {
      ++at_;
      if (!isdigit(static_cast<unsigned char>(Peek()))) return false;
      while (isdigit(static_cast<unsigned char>(Peek()))) ++at_;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!isdigit(static_cast<unsigned char>(Peek()))) return false;
      while (isdigit(static_cast<unsigned char>(Peek()))) ++at_;
    }
    out_ += in_.substr(rest, at_ - rest);
    char next = Peek();
    return at_ >= in_.size() || std::strchr(" \t\r\n,]}/", next) != nullptr;
  }

  bool Value(int depth) {
    if (depth > kMaxDepth || !SkipSpace() || at_ >= in_.size()) return false;
    char c = in_[at_];
    if (c == '"' || (c == '\'' && options_.allow_single_quotes)) return String();
    if (c != '{' && c != '[') return Scalar();
    const char close = c == '{' ? '}' : ']';
    out_ += c;
    ++at_;
    if (!SkipSpace()) return false;
    bool first = true;
    while (Peek() != close) {
      if (!first) {
        if (Peek() != ',') return false;
        out_ += ',';
        ++at_;
        if (!SkipSpace()) return false;
      }
      first = false;
      if (close == '}') {
        if (!Name() || !SkipSpace() || Peek() != ':') return false;
        out_ += ':';
        ++at_;
      }
      if (!Value(depth + 1) || !SkipSpace() || at_ >= in_.size()) return false;
    }
    out_ += close;
    ++at_;
    return true;
  }

  std::string_view in_;
  const JsonReadOptions& options_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> NormalizeJson(std::string_view text, const JsonReadOptions& options) {
  return Normalizer(text, options).Run();
}

}  // namespace sluice::formats
