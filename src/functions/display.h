#pragma once
// How Spark writes a call as a column name when that is not name(arguments): values for FunctionDef::display.
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::functions {

/// A literal as template argument.
template <size_t n>
struct FixedText {
  constexpr FixedText(const char (&text)[n]) {  // NOLINT: implicit, so that FixedName<"concat"> works
    for (size_t i = 0; i < n; ++i) chars[i] = text[i];
  }
  constexpr std::string_view view() const { return {chars, n - 1}; }
  char chars[n];
};

inline std::string DisplayCall(std::string_view name, std::span<const std::string> args) {
  std::string out(name);
  out += '(';
  for (size_t i = 0; i < args.size(); ++i) out.append(i ? ", " : "").append(args[i]);
  return out + ')';
}

/// One name, whatever the spelling.
template <FixedText name>
std::string FixedName(std::string_view, std::span<const std::string> args) {
  return DisplayCall(name.view(), args);
}

/// In capitals, except by the alias: SQRT(x), but ceiling(x).
template <FixedText alias = "">
std::string UpperName(std::string_view name, std::span<const std::string> args) {
  std::string shown(name);
  if (name != alias.view())
    for (char& c : shown) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return DisplayCall(shown, args);
}

/// Arguments left out are shown: `tail` are the texts of those behind the `required` ones.
template <size_t required, FixedText... tail>
std::string WithDefaults(std::string_view name, std::span<const std::string> args) {
  static constexpr std::string_view kTail[] = {tail.view()...};
  std::vector<std::string> all(args.begin(), args.end());
  for (size_t i = all.size(); i < required + sizeof...(tail); ++i) all.emplace_back(kTail[i - required]);
  return DisplayCall(name, all);
}

/// name(a) of a call with more arguments.
inline std::string FirstArgument(std::string_view name, std::span<const std::string> args) {
  return DisplayCall(name, args.first(args.empty() ? 0 : 1));
}

}  // namespace sluice::functions
