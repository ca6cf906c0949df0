// Calls with literal arguments out of tests/sql/functions.tsv: answers and types recorded from real Spark 4.1.1.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "functions/function_test_util.h"

namespace sluice::functions {
namespace {

/// A literal: 1, 1L, 1.5, 1.5D, 'text', NULL, true. Nullopt: something else.
std::optional<TypedValue> Literal(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "NULL") return NullValue();
  if (text == "true" || text == "false") return BooleanValue(text == "true");
  if (text.front() == '\'' && text.back() == '\'' && text.size() > 1) {
    text = text.substr(1, text.size() - 2);
    if (text.find_first_of("'\\") != std::string_view::npos) return std::nullopt;
    return StringValue(text);
  }
  const std::string_view body = text.substr(text.front() == '-');
  const size_t end = body.find_first_not_of("0123456789");
  if (end == 0) return std::nullopt;
  if (end == std::string_view::npos) {
    const int64_t v = std::stoll(std::string(text));
    return IntegralValue(v, v == static_cast<int32_t>(v) ? DataType::Integer() : DataType::Long());
  }
  if (body.substr(end) == "L") return IntegralValue(std::stoll(std::string(text)), DataType::Long());
  if (body[end] != '.') return std::nullopt;
  const size_t stop = body.find_first_not_of("0123456789", end + 1);
  if (stop == std::string_view::npos) {
    std::string value(text);
    if (body.starts_with("0.")) value.erase(value.find('0'), 1);
    return Dec(value);
  }
  if (body.substr(stop) == "D") return DoubleValue(std::stod(std::string(text)));
  return std::nullopt;
}

std::optional<std::vector<TypedValue>> Arguments(std::string_view text) {
  std::vector<TypedValue> out;
  while (!text.empty()) {
    size_t end = 0;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != ','); ++end) quoted ^= text[end] == '\'';
    std::string_view one = text.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    auto value = Literal(one);
    if (!value) return std::nullopt;
    out.push_back(*value);
    text = end < text.size() ? text.substr(end + 1) : std::string_view();
  }
  return out;
}

TEST(Corpus, Functions) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/sql/functions.tsv");
  ASSERT_TRUE(file.good());
  std::string line;
  int run = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    for (size_t at = 0; at != std::string::npos;) {
      const size_t tab = line.find('\t', at);
      cells.push_back(line.substr(at, tab == std::string::npos ? tab : tab - at));
      at = tab == std::string::npos ? tab : tab + 1;
    }
    if (cells.size() < 4) continue;
    const std::string& call = cells[1];
    const size_t open = call.find('(');
    if (open == std::string::npos || !call.ends_with(')')) continue;
    const std::string name = call.substr(0, open);
    const FunctionDef* def = FunctionRegistry::Builtins().Find(name);
    auto args = Arguments(std::string_view(call).substr(open + 1, call.size() - open - 2));
    if (def == nullptr || def->kind != FunctionKind::kScalar || def->lambda != nullptr || !def->deterministic || !args)
      continue;
    if (cells[2].find('\\') != std::string::npos) continue;
    ++run;
    EXPECT_EQ(Eval(name, *args), cells[2]) << call;
    EXPECT_EQ(TypeOf(name, *args), cells[3]) << call;
  }
  EXPECT_GT(run, 60);
  RecordProperty("calls", run);
}

}  // namespace
}  // namespace sluice::functions
