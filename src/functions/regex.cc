#include "functions/regex.h"

#include <absl/container/flat_hash_map.h>

#include <pcre2.h>

#include "functions/text_util.h"

namespace sluice::functions {
namespace {

/// Java spellings that PCRE2 lacks.
std::string Translate(std::string_view pattern, uint32_t* options) {
  if (pattern.starts_with("(?U)")) {
    *options |= PCRE2_UCP;
    pattern.remove_prefix(4);
  }
  static constexpr std::pair<std::string_view, std::string_view> kClasses[] = {{"{Lower}", "[a-z]"},
                                                                               {"{Upper}", "[A-Z]"},
                                                                               {"{Alpha}", "[A-Za-z]"},
                                                                               {"{Digit}", "[0-9]"},
                                                                               {"{Alnum}", "[0-9A-Za-z]"},
                                                                               {"{Punct}", "[!-/:-@\\[-`{-~]"},
                                                                               {"{Space}", "[ \\t\\n\\x0B\\f\\r]"},
                                                                               {"{ASCII}", "[\\x00-\\x7F]"},
                                                                               {"{XDigit}", "[0-9A-Fa-f]"},
                                                                               {"{Blank}", "[ \\t]"},
                                                                               {"{IsAlphabetic}", "\\p{L}"},
                                                                               {"{IsDigit}", "\\p{Nd}"},
                                                                               {"{IsLetter}", "\\p{L}"},
                                                                               {"{IsLatin}", "\\p{Latin}"},
                                                                               {"{IsUppercase}", "\\p{Lu}"},
                                                                               {"{IsLowercase}", "\\p{Ll}"}};
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      if (pattern[i + 1] == 'p') {
        bool done = false;
        for (const auto& [java, mine] : kClasses) {
          if (!pattern.substr(i + 2).starts_with(java)) continue;
          out += in_class && mine.starts_with('[') ? mine.substr(1, mine.size() - 2) : mine;
          i += 1 + java.size();
          done = true;
          break;
        }
        if (done) continue;
      }
      if (pattern[i + 1] == 'Z') {
        out += "\\Z";
        ++i;
        continue;
      }
      out += c;
      out += pattern[++i];
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out += c;
  }
  return out;
}

/// What a thread matches with.
struct Scratch {
  // The JIT's own stack is 32 KiB, which a few hundred rounds of (a|b)* use up; this one grows as it is needed.
  static constexpr size_t kStackAtFirst = 32 << 10, kStackLimit = 16 << 20;
  static constexpr uint32_t kHeapLimitKiB = 256 << 10, kGroups = 64;

  Scratch() {
    pcre2_jit_stack_assign(context, nullptr, stack);
    pcre2_set_heap_limit(context, kHeapLimitKiB);
  }
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
  /// Room for the whole match and `groups` groups.
  void Reserve(uint32_t groups) {
    if (groups < pcre2_get_ovector_count(data)) return;
    pcre2_match_data_free(data);
    data = pcre2_match_data_create(groups + 1, nullptr);
  }

  pcre2_match_data* data = pcre2_match_data_create(kGroups, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(kStackAtFirst, kStackLimit, nullptr);
};
Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

Regex::~Regex() { pcre2_code_free(static_cast<pcre2_code*>(code_)); }

Result<std::shared_ptr<const Regex>> Regex::Compile(std::string_view pattern, std::string_view function,
                                                    bool ignore_case) {
  thread_local absl::flat_hash_map<std::string, std::shared_ptr<const Regex>> cache;
  std::string key(1, ignore_case ? 'i' : 'c');
  key += pattern;
  if (auto it = cache.find(key); it != cache.end()) return it->second;
  uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
  if (ignore_case) options |= PCRE2_CASELESS;
  const std::string text = Translate(pattern, &options);
  int error = 0;
  PCRE2_SIZE at = 0;
  auto regex = std::shared_ptr<Regex>(new Regex());
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_ANY);
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), options, &error, &at, context);
  pcre2_compile_context_free(context);
  if (code == nullptr) {
    return MakeError("INVALID_PARAMETER_VALUE.PATTERN", {{"parameter", QuoteIdentifier("regexp")},
                                                         {"functionName", QuoteIdentifier(function)},
                                                         {"value", "'" + std::string(pattern) + "'"}});
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  regex->code_ = code;
  regex->pattern_ = pattern;
  uint32_t groups = 0;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  regex->groups_ = static_cast<int>(groups);
  if (cache.size() >= 256) cache.clear();
  cache.emplace(std::move(key), regex);
  return std::shared_ptr<const Regex>(regex);
}

int Regex::GroupNumber(std::string_view name) const {
  const int n = pcre2_substring_number_from_name(static_cast<pcre2_code*>(code_),
                                                 reinterpret_cast<PCRE2_SPTR>(std::string(name).c_str()));
  return n < 0 ? -1 : n;
}

Result<bool> Regex::Run(std::string_view text, size_t start) const {
  Scratch& scratch = ThreadScratch();
  scratch.Reserve(static_cast<uint32_t>(groups_));
  auto match = [&](uint32_t options) {
    return pcre2_match(static_cast<pcre2_code*>(code_), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                       options, scratch.data, scratch.context);
  };
  int rc = match(0);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = match(PCRE2_NO_JIT);  // slower, and keeps its stack on the heap
  if (rc >= 0) return true;
  if (rc == PCRE2_ERROR_NOMATCH) return false;
  PCRE2_UCHAR reason[128] = {};
  pcre2_get_error_message(rc, reason, sizeof(reason));
  return MakeError("REGEX_TOO_COMPLEX", {{"pattern", "'" + pattern_ + "'"},
                                         {"length", std::to_string(text.size())},
                                         {"reason", reinterpret_cast<const char*>(reason)}});
}

Result<bool> Regex::Contains(std::string_view text) const { return Run(text, 0); }

Result<bool> Regex::Find(std::string_view text, size_t start, Match* match) const {
  ARROW_ASSIGN_OR_RAISE(const bool found, Run(text, start));
  if (!found) return false;
  const PCRE2_SIZE* o = pcre2_get_ovector_pointer(ThreadScratch().data);
  match->groups.resize(static_cast<size_t>(groups_) + 1);
  // Groups that took no part are PCRE2_UNSET, which is npos.
  for (size_t g = 0; g < match->groups.size(); ++g) match->groups[g] = {o[2 * g], o[2 * g + 1]};
  return true;
}

Status ForEachMatch(const Regex& regex, std::string_view text, const std::function<bool(const Regex::Match&)>& fn) {
  Regex::Match match;
  size_t at = 0;
  while (at <= text.size()) {
    ARROW_ASSIGN_OR_RAISE(const bool found, regex.Find(text, at, &match));
    if (!found || !fn(match)) break;
    const auto [start, end] = match.groups[0];
    if (end > start) {
      at = end;
    } else {
      if (end >= text.size()) break;
      at = end + CharBytes(text[end]);
    }
  }
  return Status::OK();
}

Status SplitText(const Regex& regex, std::string_view text, int32_t limit,
                 const std::function<void(std::string_view)>& add) {
  size_t last = 0;
  int32_t n = 1;
  ARROW_RETURN_NOT_OK(ForEachMatch(regex, text, [&](const Regex::Match& match) {
    if (limit > 0 && n >= limit) return false;
    const auto [start, end] = match.groups[0];
    if (end == 0) return true;  // an empty match at the start gives no piece
    add(text.substr(last, start - last));
    last = end;
    ++n;
    return true;
  }));
  add(text.substr(last));
  return Status::OK();
}

bool AppendReplacement(const Regex& regex, std::string_view text, const Regex::Match& match,
                       std::string_view replacement, std::string* out) {
  auto append = [&](int group) {
    const auto [start, end] = match.groups[static_cast<size_t>(group)];
    if (start != std::string_view::npos) out->append(text.substr(start, end - start));
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '\\') {
      if (++i >= replacement.size()) return false;
      out->push_back(replacement[i]);
    } else if (c == '$') {
      if (++i >= replacement.size()) return false;
      int group = -1;
      if (replacement[i] == '{') {
        const size_t close = replacement.find('}', i);
        if (close == std::string_view::npos) return false;
        group = regex.GroupNumber(replacement.substr(i + 1, close - i - 1));
        i = close;
      } else if (replacement[i] >= '0' && replacement[i] <= '9') {
        group = replacement[i] - '0';
        while (i + 1 < replacement.size() && replacement[i + 1] >= '0' && replacement[i + 1] <= '9' &&
               group * 10 + (replacement[i + 1] - '0') <= regex.group_count()) {
          group = group * 10 + (replacement[++i] - '0');
        }
      }
      if (group < 0 || group > regex.group_count()) return false;
      append(group);
    } else {
      out->push_back(c);
    }
  }
  return true;
}

}  // namespace sluice::functions
