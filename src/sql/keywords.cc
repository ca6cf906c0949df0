#include "sql/keywords.h"

#include <absl/container/flat_hash_map.h>

#include <array>
#include <string>

namespace sluice::sql {

namespace {

constexpr std::string_view kTexts[] = {"",
#define SLUICE_SQL_KEYWORD(name) #name,
                                       SLUICE_SQL_KEYWORDS(SLUICE_SQL_KEYWORD)
#undef SLUICE_SQL_KEYWORD
};

}  // namespace

Keyword FindKeyword(std::string_view word) {
  static const auto* map = [] {
    auto* out = new absl::flat_hash_map<std::string_view, Keyword>();
    for (size_t i = 1; i < std::size(kTexts); ++i) out->emplace(kTexts[i], static_cast<Keyword>(i));
    return out;
  }();
  std::array<char, 16> upper;
  if (word.size() > upper.size()) return Keyword::kNone;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    upper[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  const auto it = map->find(std::string_view(upper.data(), word.size()));
  return it == map->end() ? Keyword::kNone : it->second;
}

std::string_view KeywordText(Keyword keyword) { return kTexts[static_cast<size_t>(keyword)]; }

bool IsStrict(Keyword keyword) {
  switch (keyword) {
    case Keyword::kANTI:
    case Keyword::kCROSS:
    case Keyword::kEXCEPT:
    case Keyword::kFULL:
    case Keyword::kINNER:
    case Keyword::kINTERSECT:
    case Keyword::kJOIN:
    case Keyword::kLATERAL:
    case Keyword::kLEFT:
    case Keyword::kMINUS:
    case Keyword::kNATURAL:
    case Keyword::kON:
    case Keyword::kRIGHT:
    case Keyword::kSEMI:
    case Keyword::kUNION:
    case Keyword::kUSING: return true;
    default: return false;
  }
}

}  // namespace sluice::sql
