// Constant queries out of tests/sql/*.test (recorded from real Spark 4.1.1), as far as calls, literals and subscripts
// go.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <set>

#include "functions/function_test_util.h"
#include "functions/kernel.h"
#include "types/datetime.h"
#include "types/ddl.h"
#include "types/format.h"
#include "types/show_string.h"

namespace sluice::functions {
namespace {

struct Value {
  TypedValue value;
  std::string name;
  bool column = false;
};

struct Skip {};  // syntax this little evaluator does not know

class Evaluator {
 public:
  Evaluator(std::string_view text, TestMode mode) : text_(text), mode_(mode) {
    context_.ansi = mode.ansi;
    context_.zone = *TimeZone::Find(mode.zone);
    context_.now_us = 1'700'000'000'000'000;
    context_.current_catalog = "spark_catalog";
    context_.current_database = "default";
  }

  Result<Value> Expression() {
    ARROW_ASSIGN_OR_RAISE(Value left, Primary());
    while (true) {
      Blank();
      if (Take("[")) {
        ARROW_ASSIGN_OR_RAISE(Value index, Expression());
        if (!Take("]")) throw Skip();
        const bool map = left.value.type.id() == TypeId::kMap;
        ARROW_ASSIGN_OR_RAISE(left, Call(map ? "getmapvalue" : "getarrayitem", {left, index}));
      } else if (Take("+")) {
        ARROW_ASSIGN_OR_RAISE(Value right, Primary());
        ARROW_ASSIGN_OR_RAISE(left, Call("+", {left, right}));
      } else if (Rest().starts_with("- ")) {
        Take("-");
        ARROW_ASSIGN_OR_RAISE(Value right, Primary());
        ARROW_ASSIGN_OR_RAISE(left, Call("-", {left, right}));
      } else {
        return left;
      }
    }
  }
  void Blank() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
  }
  bool Take(std::string_view token) {
    Blank();
    if (!Rest().starts_with(token)) return false;
    pos_ += token.size();
    return true;
  }
  bool done() {
    Blank();
    return pos_ == text_.size();
  }
  const EvalContext& context() const { return context_; }

 private:
  std::string_view Rest() const { return text_.substr(pos_); }
  std::string Quoted() {
    Blank();
    const char quote = text_[pos_];
    if (quote != '\'' && quote != '"') throw Skip();
    std::string out;
    for (++pos_; pos_ < text_.size() && text_[pos_] != quote; ++pos_) {
      if (text_[pos_] != '\\') {
        out += text_[pos_];
        continue;
      }
      const char c = text_[++pos_];
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      if (c == 'u') throw Skip();
    }
    ++pos_;
    return out;
  }
  Value Named(TypedValue v) { return {v, LiteralName(v, mode_.zone)}; }

  Result<Value> Primary() {
    Blank();
    if (pos_ >= text_.size()) throw Skip();
    const char c = text_[pos_];
    if (c == '\'' || c == '"') return Named(StringValue(Quoted()));
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.') return Number();
    if (c == '(') throw Skip();
    size_t end = pos_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_')) ++end;
    if (end == pos_) throw Skip();
    const std::string word(text_.substr(pos_, end - pos_));
    pos_ = end;
    if (word == "NULL" || word == "null") return Named(NullValue());
    if (word == "true" || word == "false") return Named(BooleanValue(word == "true"));
    if (word == "DATE" || word == "TIMESTAMP" || word == "TIMESTAMP_NTZ") return Typed(word);
    if (word == "CAST") {
      if (!Take("(")) throw Skip();
      ARROW_ASSIGN_OR_RAISE(Value v, Expression());
      if (!Take("AS")) throw Skip();
      int depth = 0;
      size_t stop = pos_;
      while (depth > 0 || text_[stop] != ')') {
        depth += (text_[stop] == '(') - (text_[stop] == ')');
        ++stop;
      }
      ARROW_ASSIGN_OR_RAISE(DataType to, ParseDataType(text_.substr(pos_, stop - pos_)));
      pos_ = stop + 1;
      ARROW_ASSIGN_OR_RAISE(ArrayPtr cast, CastArray(v.value.value, v.value.type, to, Behavior(), context_, nullptr));
      return Value{{to, cast}, v.value.is_null() ? "NULL" : fmt::format("CAST({} AS {})", v.name, to.sql())};
    }
    if (!Take("(")) throw Skip();
    std::vector<Value> args;
    if (!Take(")")) {
      do {
        Take("DISTINCT");
        ARROW_ASSIGN_OR_RAISE(Value v, Expression());
        if (Take("AS ")) {
          Blank();
          size_t stop = pos_;
          while (std::isalnum(static_cast<unsigned char>(text_[stop]))) ++stop;
          const std::string alias(text_.substr(pos_, stop - pos_));
          pos_ = stop;
          v.name += " AS " + alias;
          alias_[v.name] = alias;
        }
        args.push_back(std::move(v));
      } while (Take(","));
      if (!Take(")")) throw Skip();
    }
    return Call(word, std::move(args));
  }

  Result<Value> Typed(const std::string& word) {
    const std::string text = Quoted();
    if (word == "DATE") return Named(IntegralValue(ParseDate(text).value(), DataType::Date()));
    if (word == "TIMESTAMP")
      return Named(IntegralValue(ParseTimestamp(text, *context_.zone).value(), DataType::Timestamp()));
    return Named(IntegralValue(ParseTimestampNtz(text).value(), DataType::TimestampNtz()));
  }

  Result<Value> Number() {
    size_t end = pos_ + 1;
    while (end < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '.' || text_[end] == 'e'))
      ++end;
    const std::string body(text_.substr(pos_, end - pos_));
    const char suffix = end < text_.size() ? text_[end] : ' ';
    pos_ = end;
    if (body == "-") throw Skip();
    if (suffix == 'L' || suffix == 'Y' || suffix == 'S') {
      ++pos_;
      return Named(IntegralValue(std::stoll(body), suffix == 'L'   ? DataType::Long()
                                                   : suffix == 'Y' ? DataType::Byte()
                                                                   : DataType::Short()));
    }
    if (suffix == 'D' || body.find('e') != std::string::npos) {
      pos_ += suffix == 'D';
      return Named(DoubleValue(std::stod(body)));
    }
    if (suffix == 'F') {
      ++pos_;
      return Named(FloatValue(std::stof(body)));
    }
    if (body.find('.') != std::string::npos) return Named(Dec(body));
    if (body.size() > 10) return Named(IntegralValue(std::stoll(body), DataType::Long()));
    return Named(IntegralValue(std::stoll(body), DataType::Integer()));
  }

  CastBehavior Behavior() const { return mode_.ansi ? CastBehavior::kAnsi : CastBehavior::kLegacy; }

  static bool IsLazy(const FunctionDef& def) { return def.lazy != nullptr && def.kernel == nullptr; }

  Result<Value> Call(const std::string& name, std::vector<Value> args) {
    const FunctionDef* def = FunctionRegistry::Builtins().Find(name);
    if (def == nullptr || def->lambda != nullptr || IsLazy(*def) || def->kind != FunctionKind::kScalar) throw Skip();
    BindContext bind;
    bind.name = name;
    bind.ansi = mode_.ansi;
    bind.size_of_null = !mode_.ansi;
    bind.time_zone = mode_.zone;
    std::vector<std::string> names;
    for (const Value& arg : args) {
      bind.arg_types.push_back(arg.value.type);
      bind.arg_nullable.push_back(arg.value.is_null());
      bind.arg_literals.push_back(&arg.value);
      bind.arg_is_literal.push_back(true);
      auto alias = alias_.find(arg.name);
      bind.arg_names.push_back(alias == alias_.end() ? "" : alias->second);
      names.push_back(arg.name);
    }
    ARROW_RETURN_NOT_OK(BindFunction(*def, &bind));
    if (bind.target != nullptr) {
      def = bind.target;
      if (IsLazy(*def)) throw Skip();
      std::vector<Value> reordered;
      names.clear();
      for (int i : bind.arg_order) {
        reordered.push_back(args[static_cast<size_t>(i)]);
        names.push_back(args[static_cast<size_t>(i)].name);
      }
      args = reordered;
    }
    std::vector<Vector> vectors;
    for (size_t i = 0; i < args.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto cast, CastArray(args[i].value.value, args[i].value.type, bind.arg_types[i], Behavior(),
                                                 context_, nullptr));
      vectors.push_back({cast, true});
    }
    const BoundCall bound = MakeBoundCall(bind);
    ARROW_ASSIGN_OR_RAISE(ArrayPtr result, CallKernel(*def, KernelCall{bound, context_, 1, nullptr}, vectors));
    ARROW_RETURN_NOT_OK(result->ValidateFull());
    if (!result->type()->Equals(*ToArrowType(bind.result_type)))
      return Status::TypeError("physical type ", result->type()->ToString(), " for ", bind.result_type.simpleString());
    const std::string shown =
        def->name.starts_with("__") ? (name == "+" || name == "-" ? name : std::string(name)) : std::string(name);
    return Value{{bind.result_type, result},
                 def->display ? def->display(shown, names) : fmt::format("{}({})", shown, fmt::join(names, ", "))};
  }

  std::string_view text_;
  size_t pos_ = 0;
  TestMode mode_;
  EvalContext context_;
  std::map<std::string, std::string> alias_;
};

std::string Failure(const Status& status) {
  return ConditionOf(status).empty() ? status.ToString() : ConditionOf(status);
}

struct Tally {
  int passed = 0, skipped = 0;
};

std::vector<std::string> Cells(const std::string& line, char separator) {
  std::vector<std::string> out(1);
  for (char c : line) c == separator ? out.emplace_back() : (out.back() += c, out.back());
  return out;
}

std::string Text(const TypedValue& v, const TimeZone& zone) {
  std::string out;
  AppendValueText(*v.value, 0, v.type, zone, TextStyle::kShow, &out);
  return out;
}

/// Without the escapes of tests/sql/README.md.
std::string Unescaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'x' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (c != 'e') {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 's' ? ' ' : c;
    }
  }
  return out;
}

/// Each expression of a query with its answer; `names` in one string, as Spark writes the schema.
void RunQuery(const std::string& sql, std::string schema, const std::string& answer, TestMode mode, Tally* tally) {
  schema = Unescaped(schema);
  if (!sql.starts_with("SELECT ") || sql.find(" FROM ") != std::string::npos) {
    ++tally->skipped;
    return;
  }
  const std::vector<std::string> answers = Cells(answer, '\t');
  // Expressions one by one, so that one unknown does not hide the others.
  std::vector<std::string> expressions(1);
  int depth = 0;
  char quote = 0;
  for (size_t i = 7; i < sql.size(); ++i) {
    const char c = sql[i];
    if (quote) {
      if (c == '\\')
        expressions.back() += sql[i++];
      else if (c == quote)
        quote = 0;
    } else if (c == '\'' || c == '"')
      quote = c;
    else if (c == '(' || c == '[')
      ++depth;
    else if (c == ')' || c == ']')
      --depth;
    if (c == ',' && depth == 0 && !quote)
      expressions.emplace_back();
    else
      expressions.back() += sql[i];
  }
  if (expressions.size() != answers.size()) {
    ++tally->skipped;
    return;
  }
  for (size_t i = 0; i < expressions.size(); ++i) {
    try {
      Evaluator evaluator(expressions[i], mode);
      auto value = evaluator.Expression();
      if (value.ok() && !evaluator.done()) throw Skip();
      ++tally->passed;
      if (!value.ok()) {
        ADD_FAILURE() << expressions[i] << "\n  want " << answers[i] << "\n  got  " << value.status().ToString();
        continue;
      }
      const TypedValue& v = value->value;
      const std::string shown = Text(v, *evaluator.context().zone);
      EXPECT_EQ(shown, Unescaped(answers[i])) << expressions[i] << " without ANSI: " << !mode.ansi;
      const std::string column = value->name + ":" + v.type.simpleString();
      EXPECT_NE(("," + schema).find(column), std::string::npos) << expressions[i] << "\n  named " << column;
    } catch (const Skip&) {
      ++tally->skipped;
    }
  }
}

void RunError(const std::string& sql, const std::string& condition, TestMode mode, Tally* tally) {
  if (!sql.starts_with("SELECT ") || sql.find(" FROM ") != std::string::npos) return;
  try {
    Evaluator evaluator(std::string_view(sql).substr(7), mode);
    auto value = evaluator.Expression();
    if (value.ok() && !evaluator.done()) throw Skip();
    ++tally->passed;
    if (value.ok())
      ADD_FAILURE() << sql << "\n  want " << condition << "\n  got  " << value->value.value->ToString();
    else if (condition != "-")
      EXPECT_EQ(Failure(value.status()), condition) << sql;
  } catch (const Skip&) {
    ++tally->skipped;
  }
}

void RunFile(const std::string& name) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/sql/" + name);
  ASSERT_TRUE(file.good());
  TestMode mode;
  Tally tally;
  std::string line, sql, schema, answer;
  while (std::getline(file, line)) {
    if (line.starts_with("set ")) {
      const auto pair = Cells(line.substr(4), '=');
      if (pair[0] == "spark.sql.ansi.enabled") mode.ansi = pair[1] == "true";
      if (pair[0] == "spark.sql.session.timeZone") mode.zone = pair[1];
      if (pair[0] == "spark.sql.mapKeyDedupPolicy" || pair[0] == "spark.sql.columnNameOfCorruptRecord") {  // not here
        while (std::getline(file, line) && !line.starts_with("reset")) {
        }
      }
    } else if (line.starts_with("reset ")) {
      if (line == "reset spark.sql.ansi.enabled") mode.ansi = true;
      if (line == "reset spark.sql.session.timeZone") mode.zone = "UTC";
    } else if (line == "query") {
      std::getline(file, sql);
      if (sql.starts_with("SET TIME ZONE '")) mode.zone = Cells(sql, '\'')[1];
      if (sql == "SET TIME ZONE INTERVAL 3 HOURS") mode.zone = "+03:00";
      if (!std::getline(file, schema) || !schema.starts_with("---- ")) continue;
      if (!std::getline(file, answer)) answer.clear();
      RunQuery(sql, schema, answer, mode, &tally);
    } else if (line.starts_with("error ")) {
      std::getline(file, sql);
      RunError(sql, Cells(line, ' ')[1], mode, &tally);
    }
  }
  std::cout << name << ": " << tally.passed << " checked, " << tally.skipped << " skipped\n";
}

TEST(ExpressionCorpus, Collection) { RunFile("collection.test"); }
TEST(ExpressionCorpus, DateTime) { RunFile("date_time.test"); }
TEST(ExpressionCorpus, Json) { RunFile("json.test"); }

TEST(ExpressionCorpus, Functions) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/sql/functions.tsv");
  Tally tally;
  std::string line;
  while (std::getline(file, line)) {
    const auto cells = Cells(line, '\t');
    if (line.starts_with("#") || cells.size() != 4 || cells[1].find(" FROM ") != std::string::npos) continue;
    try {
      Evaluator evaluator(cells[1], {});
      auto value = evaluator.Expression();
      if (value.ok() && !evaluator.done()) throw Skip();
      ++tally.passed;
      if (!value.ok()) {
        ADD_FAILURE() << cells[1] << ": " << value.status().ToString();
        continue;
      }
      const TypedValue& v = value->value;
      EXPECT_EQ(Text(v, *evaluator.context().zone), Unescaped(cells[2])) << cells[1];
      EXPECT_EQ(v.type.simpleString(), cells[3]) << cells[1];
    } catch (const Skip&) {
      ++tally.skipped;
    }
  }
  std::cout << "functions.tsv: " << tally.passed << " checked, " << tally.skipped << " skipped\n";
}

}  // namespace
}  // namespace sluice::functions
