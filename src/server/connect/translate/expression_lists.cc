// Lists of expressions, and the small expressions that desugared relations are made of.
#include <algorithm>

#include "plan/transform.h"
#include "server/connect/translate/expressions.h"
#include "session/settings.h"
#include "sql/parser.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// The regular expression between the backquotes of colRegex("`...`"), and the qualifier before it.
struct ColumnPattern {
  std::string regex, qualifier;
};
std::optional<ColumnPattern> PatternOf(const std::string& name) {
  if (name.size() < 3 || name.back() != '`') return std::nullopt;
  const size_t open = name.rfind('`', name.size() - 2);
  if (open == std::string::npos || (open > 0 && (open < 2 || name[open - 1] != '.'))) return std::nullopt;
  return ColumnPattern{name.substr(open + 1, name.size() - open - 2), open > 0 ? name.substr(0, open - 1) : ""};
}

/// The columns whose whole name matches; Java's dialect, which the engine's own functions know.
Result<ExprList> MatchingColumns(const ColumnPattern& pattern, Inputs& inputs) {
  ARROW_ASSIGN_OR_RAISE(Attributes output, inputs.Output());
  session::Session& session = inputs.context().session;
  const bool exact = session.config().Get(session::kCaseSensitive) == "true";
  std::shared_ptr<void> holder;
  auto analyzer = session.MakeAnalyzerContext(&holder);
  ExprList out;
  for (const auto& attribute : output) {
    if (!pattern.qualifier.empty() &&
        (attribute->qualifier.empty() || attribute->qualifier.back() != pattern.qualifier))
      continue;
    auto project = std::make_shared<Project>();
    project->children = {std::make_shared<OneRow>()};
    project->list = {MakeCall("rlike", {StringLiteral(attribute->name),
                                        StringLiteral((exact ? "^(?:" : "^(?i)(?:") + pattern.regex + ")$")})};
    ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, session.Analyze(project));
    ARROW_ASSIGN_OR_RAISE(TypedValue matches, analyzer.evaluate_constant(As<Project>(analyzed)->list[0]->children[0]));
    if (static_cast<const arrow::BooleanArray&>(*matches.value).Value(0)) out.push_back(attribute);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> ColumnParts(const std::string& name) {
  auto parts = sql::ParseMultipartIdentifier(name);
  if (parts.ok()) return parts;
  // Names of columns need no quotes but around dots: "a b", "count(1)".
  std::vector<std::string> out{""};
  bool quoted = false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '`') {
      if (quoted && i + 1 < name.size() && name[i + 1] == '`') {
        out.back() += c;
        ++i;
      } else {
        quoted = !quoted;
        const bool starts = i == 0 || name[i - 1] == '.', ends = i + 1 == name.size() || name[i + 1] == '.';
        if (quoted ? !starts : !ends) return MakeError("INVALID_ATTRIBUTE_NAME_SYNTAX", {{"name", name}});
      }
    } else if (c == '.' && !quoted) {
      if (i == 0 || i + 1 == name.size() || name[i - 1] == '.')
        return MakeError("INVALID_ATTRIBUTE_NAME_SYNTAX", {{"name", name}});
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  if (quoted) return MakeError("INVALID_ATTRIBUTE_NAME_SYNTAX", {{"name", name}});
  return out;
}

Result<ExprPtr> ToSortOrder(const proto::Expression::SortOrder& message, Inputs& inputs) {
  auto order = std::make_shared<SortOrder>();
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, ToExpression(message.child(), inputs));
  order->children = {child};
  order->ascending = message.direction() == proto::Expression::SortOrder::SORT_DIRECTION_ASCENDING;
  order->nulls_first = message.null_ordering() == proto::Expression::SortOrder::SORT_NULLS_FIRST;
  return ExprPtr(order);
}

Result<ExprList> ToSortOrders(const google::protobuf::RepeatedPtrField<proto::Expression::SortOrder>& messages,
                              Inputs& inputs) {
  ExprList out;
  for (const auto& message : messages) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr order, ToSortOrder(message, inputs));
    out.push_back(std::move(order));
  }
  return out;
}

Result<ExprList> ToExpressions(const google::protobuf::RepeatedPtrField<proto::Expression>& messages, Inputs& inputs) {
  ExprList out;
  for (const auto& message : messages) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr expr, ToExpression(message, inputs));
    out.push_back(std::move(expr));
  }
  return out;
}

Result<ExprList> ToSelectItems(const proto::Expression& message, Inputs& inputs) {
  if (message.has_unresolved_star() && message.unresolved_star().has_plan_id()) {
    if (message.unresolved_star().has_unparsed_target())
      return InvalidPlan("UnresolvedStar with both target and plan id is not supported.");
    return inputs.Star(message.unresolved_star().plan_id());
  }
  if (message.has_unresolved_regex()) {
    if (auto pattern = PatternOf(message.unresolved_regex().col_name())) return MatchingColumns(*pattern, inputs);
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr item, ToExpression(message, inputs));
  return ExprList{item};
}

Result<ExprList> ToSelectList(const google::protobuf::RepeatedPtrField<proto::Expression>& messages, Inputs& inputs) {
  ExprList out;
  for (const auto& message : messages) {
    ARROW_ASSIGN_OR_RAISE(ExprList items, ToSelectItems(message, inputs));
    if (message.has_unresolved_attribute() && items[0]->resolved() &&
        !As<Attribute>(items[0])) {  // df["s.a"] is named a
      ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(message.unresolved_attribute().unparsed_identifier()));
      items[0] = MakeNamed(items[0], parts.back());
    }
    out.insert(out.end(), items.begin(), items.end());
  }
  return out;
}

ExprPtr MakeCall(std::string name, ExprList args, bool is_operator) {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {std::move(name)};
  call->children = std::move(args);
  call->is_operator = is_operator;
  return call;
}

ExprPtr MakeNamed(ExprPtr child, std::string name) {
  auto alias = std::make_shared<Alias>();
  alias->children = {std::move(child)};
  alias->name = std::move(name);
  return alias;
}

ExprPtr MakeCast(ExprPtr child, const DataType& to, CastMode mode) {
  auto cast = std::make_shared<Cast>();
  cast->children = {std::move(child)};
  cast->to = to;
  cast->mode = mode;
  return cast;
}

ExprPtr StringLiteral(std::string_view text) { return MakeLiteral(StringValue(text)); }
ExprPtr IntLiteral(int64_t value) { return MakeLiteral(IntegralValue(value, DataType::Integer())); }
ExprPtr DoubleLiteral(double value) { return MakeLiteral(DoubleValue(value)); }

}  // namespace sluice::connect
