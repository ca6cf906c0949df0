// Expressions as Spark writes them: generated column names, messages, and the lines of EXPLAIN.
#include "plan/expression_text.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "plan/transform.h"

namespace sluice::plan {

namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}
std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string JoinTexts(const std::vector<std::string>& parts, std::string_view separator = ", ", size_t from = 0) {
  std::string out;
  for (size_t i = from; i < parts.size(); ++i) {
    if (i > from) out += separator;
    out += parts[i];
  }
  return out;
}

/// Spark's quoteIfNeeded: letters, digits and underscores, not digits alone, need none.
std::string QuoteIfNeeded(const std::string& part) {
  const auto word = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (!part.empty() && std::all_of(part.begin(), part.end(), word) && !std::all_of(part.begin(), part.end(), digit)) {
    return part;
  }
  return QuoteIdentifier(part);
}

std::string QuoteParts(const std::vector<std::string>& parts) {
  std::vector<std::string> quoted;
  for (const auto& part : parts) quoted.push_back(QuoteIfNeeded(part));
  return JoinTexts(quoted, ".");
}

/// Shown "(a op b)"; the first column is the name, the second what is shown.
constexpr std::array<std::array<std::string_view, 2>, 24> kInfix = {{
    {"+", "+"}, {"-", "-"},   {"*", "*"},   {"/", "/"},   {"%", "%"},     {"div", "div"}, {"&", "&"},
    {"|", "|"}, {"^", "^"},   {"<<", "<<"}, {">>", ">>"}, {">>>", ">>>"}, {"=", "="},     {"==", "="},
    {"<", "<"}, {"<=", "<="}, {">", ">"},   {">=", ">="}, {"<=>", "<=>"}, {"and", "AND"}, {"or", "OR"},
}};

std::string CaseText(const std::vector<std::string>& args) {
  std::string out = "CASE";
  size_t i = 0;
  for (; i + 1 < args.size(); i += 2) out += " WHEN " + args[i] + " THEN " + args[i + 1];
  if (i < args.size()) out += " ELSE " + args[i];
  return out + " END";
}

std::string TrimText(std::string_view option, const std::vector<std::string>& args) {
  return "TRIM(" + std::string(option) + " " + args[0] + " FROM " + args[1] + ")";
}

}  // namespace

std::string CallText(std::string_view name, const std::vector<std::string>& args, std::string_view quantifier) {
  const std::string lower = Lower(name);
  if (args.size() == 2) {
    for (const auto& [op, shown] : kInfix) {
      if (!op.empty() && op == lower) return "(" + args[0] + " " + std::string(shown) + " " + args[1] + ")";
    }
    if (lower == "!=" || lower == "<>") return "(NOT (" + args[0] + " = " + args[1] + "))";
    if (lower == "like") return args[0] + " LIKE " + args[1];
    if (lower == "rlike" || lower == "regexp" || lower == "regexp_like") {
      return Upper(lower) + "(" + args[0] + ", " + args[1] + ")";
    }
    if (lower == "||") return "concat(" + JoinTexts(args) + ")";
    if (lower == "trim") return TrimText("BOTH", args);
    if (lower == "ltrim") return TrimText("LEADING", args);
    if (lower == "rtrim") return TrimText("TRAILING", args);
    if (lower == "extract") return "extract(" + args[0] + " FROM " + args[1] + ")";
  }
  if (args.size() == 1) {
    if (lower == "positive") return "(+ " + args[0] + ")";
    if (lower == "-" || lower == "+") return "(" + lower + " " + args[0] + ")";
    if (lower == "~") return "~" + args[0];
    if (lower == "not" || lower == "!") return "(NOT " + args[0] + ")";
    if (lower == "isnull") return "(" + args[0] + " IS NULL)";
    if (lower == "isnotnull") return "(" + args[0] + " IS NOT NULL)";
  }
  if (lower == "like" && args.size() == 3) return args[0] + " LIKE " + args[1] + " ESCAPE '" + args[2] + "'";
  if (lower == "likeany" || lower == "likeall" || lower == "notlikeany" || lower == "notlikeall") {
    return lower + "(" + (args.empty() ? "" : args[0]) + ")";
  }
  if (lower == "in" && !args.empty()) return "(" + args[0] + " IN (" + JoinTexts(args, ", ", 1) + "))";
  if (lower == "if" && args.size() == 3) return "(IF(" + JoinTexts(args) + "))";
  if (lower == "when" || lower == "case") return CaseText(args);
  if (args.empty() && (lower == "rank" || lower == "dense_rank" || lower == "percent_rank")) {
    return Upper(lower) + "()";
  }
  return std::string(name) + "(" + std::string(quantifier) + JoinTexts(args) + ")";
}

namespace {

/// Display name of "(a, b)".
constexpr std::string_view kRow = "row";

std::string RowText(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  std::string out = "named_struct(";
  for (size_t i = 0; i < values.size(); ++i) out += (i > 0 ? ", " : "") + names[i] + ", " + values[i];
  return out + ")";
}

/// Field names of a row constructor: the columns' own, else col1, col2 ...
std::vector<std::string> RowNames(const ExprList& values) {
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) {
    if (const auto* attribute = As<UnresolvedAttribute>(values[i]))
      names.push_back(attribute->parts.back());
    else if (const auto* alias = As<Alias>(values[i]))
      names.push_back(alias->name);
    else
      names.push_back("col" + std::to_string(i + 1));
  }
  return names;
}

enum class Style : uint8_t { kName, kSql, kTree };

class Writer {
 public:
  Writer(Style style, const std::string& time_zone) : style_(style), zone_(time_zone) {}

  std::string Text(const Expression& expr) const {
    switch (expr.kind) {
      case ExprKind::kUnresolvedAttribute: {
        const auto& parts = static_cast<const UnresolvedAttribute&>(expr).parts;
        if (style_ == Style::kName) return JoinTexts(parts, ".");
        return (style_ == Style::kTree ? "'" : "") + QuoteParts(parts);
      }
      case ExprKind::kUnresolvedStar: {
        const auto& star = static_cast<const UnresolvedStar&>(expr);
        return star.target.empty() ? "*" : JoinTexts(star.target, ".") + ".*";
      }
      case ExprKind::kUnresolvedFunction: return Function(static_cast<const UnresolvedFunction&>(expr));
      case ExprKind::kUnresolvedExtract: return Extract(expr);
      case ExprKind::kUnresolvedAlias: return Text(*expr.children[0]);
      case ExprKind::kLiteral: return LiteralText(static_cast<const Literal&>(expr));
      case ExprKind::kAttribute: {
        const auto& attribute = static_cast<const Attribute&>(expr);
        if (style_ == Style::kTree) return attribute.name + "#" + std::to_string(attribute.id);
        if (style_ == Style::kName) return attribute.name;
        std::vector<std::string> parts = attribute.qualifier;
        parts.push_back(attribute.name);
        return QuoteParts(parts);
      }
      case ExprKind::kAlias: {
        const auto& alias = static_cast<const Alias&>(expr);
        std::string out =
            Text(*expr.children[0]) + " AS " + (style_ == Style::kSql ? QuoteIfNeeded(alias.name) : alias.name);
        if (style_ == Style::kTree) out += "#" + std::to_string(alias.id);
        return out;
      }
      case ExprKind::kMultiAlias:
        return Text(*expr.children[0]) + " AS (" + JoinTexts(static_cast<const MultiAlias&>(expr).names) + ")";
      case ExprKind::kCast: return CastText(static_cast<const Cast&>(expr));
      case ExprKind::kCall: {
        const auto& call = static_cast<const Call&>(expr);
        const std::vector<std::string> args = Texts(expr.children);
        if (call.display_name == kRow && expr.type && expr.type->fields().size() == args.size()) {
          std::vector<std::string> names;
          for (const auto& field : expr.type->fields()) names.push_back(field.name);
          return RowText(names, args);
        }
        return call.display != nullptr ? call.display(call.display_name, args) : CallText(call.display_name, args);
      }
      case ExprKind::kAggregateCall: return AggregateText(static_cast<const AggregateCall&>(expr));
      case ExprKind::kGeneratorCall:
        return CallText(static_cast<const GeneratorCall&>(expr).display_name, Texts(expr.children));
      case ExprKind::kGetField: {
        const std::string& name = static_cast<const GetField&>(expr).name;
        return Text(*expr.children[0]) + "." + (style_ == Style::kSql ? QuoteIfNeeded(name) : name);
      }
      case ExprKind::kSortOrder: {
        const auto& order = static_cast<const SortOrder&>(expr);
        return Text(*expr.children[0]) + (order.ascending ? " ASC" : " DESC") +
               (order.nulls_first ? " NULLS FIRST" : " NULLS LAST");
      }
      case ExprKind::kLambda: {
        const auto& lambda = static_cast<const Lambda&>(expr);
        std::string out = "lambdafunction(" + Text(*expr.children[0]);
        for (const auto& parameter : lambda.parameters) {
          out += ", " + (style_ == Style::kTree ? "lambda " + parameter : "namedlambdavariable()");
        }
        return out + ")";
      }
      case ExprKind::kLambdaVariable:
        if (style_ != Style::kTree) return "namedlambdavariable()";
        return "lambda " + static_cast<const LambdaVariable&>(expr).name;
      case ExprKind::kSubquery: return Subquery(static_cast<const SubqueryExpression&>(expr));
      case ExprKind::kWindow: return WindowText(static_cast<const WindowExpression&>(expr));
      case ExprKind::kOuterReference: return OuterText(static_cast<const OuterReference&>(expr));
      case ExprKind::kNamedArgument:
        return static_cast<const NamedArgument&>(expr).name + " => " + Text(*expr.children[0]);
      case ExprKind::kParameter: {
        const std::string& name = static_cast<const Parameter&>(expr).name;
        return name.empty() ? "?" : ":" + name;
      }
      case ExprKind::kDefaultValue: return "DEFAULT";
      case ExprKind::kWindowSpec: break;
    }
    return "windowspecdefinition(" + JoinTexts(Texts(expr.children)) + ")";
  }

 private:
  std::vector<std::string> Texts(const ExprList& list) const {
    std::vector<std::string> out;
    out.reserve(list.size());
    for (const auto& expr : list) out.push_back(Text(*expr));
    return out;
  }

  std::string LiteralText(const Literal& literal) const {
    if (style_ != Style::kSql && literal.written) return *literal.written;
    const TypedValue value{*literal.type, literal.value};
    if (style_ != Style::kSql && value.is_null()) return style_ == Style::kName ? "NULL" : "null";
    return style_ == Style::kSql ? LiteralSql(value, zone_) : LiteralName(value, zone_);
  }

  std::string Function(const UnresolvedFunction& call) const {
    std::vector<std::string> args = Texts(call.children);
    if (call.is_operator && call.name[0] == "struct") return RowText(RowNames(call.children), args);
    std::string name = call.is_operator ? OperatorDisplayName(call) : Lower(JoinTexts(call.name, "."));
    if (style_ == Style::kName && name == "count" && args.size() == 1 && args[0] == "*" && !call.distinct) {
      args[0] = "1";
    }
    std::string out = CallText(name, args, call.distinct ? "DISTINCT " : "");
    if (style_ == Style::kTree) out = "'" + out;
    if (!call.within_group.empty()) {
      std::vector<std::string> orders;
      for (const auto& order : call.within_group) {
        const auto* sort = As<SortOrder>(order);
        const bool full = name == "listagg" || name == "string_agg";
        orders.push_back(full                      ? Text(*order)
                         : sort && sort->ascending ? Text(*order->children[0])
                                                   : Text(*order->children[0]) + " DESC");
      }
      out += " WITHIN GROUP (ORDER BY " + JoinTexts(orders) + ")";
    }
    if (call.filter) out += " FILTER (WHERE " + Text(*call.filter) + ")";
    return out;
  }

  std::string Extract(const Expression& expr) const {
    const auto* key = As<Literal>(expr.children[1]);
    if (key != nullptr && key->type == DataType::String() && !key->value->IsNull(0)) {
      auto text = StringOf({*key->type, key->value});
      if (text.ok()) return Text(*expr.children[0]) + "." + *text;
    }
    return Text(*expr.children[0]) + "[" + Text(*expr.children[1]) + "]";
  }

  std::string CastText(const Cast& cast) const {
    const std::string child = Text(*cast.children[0]);
    if (style_ == Style::kTree) {
      return (cast.mode == CastMode::kTry ? "try_cast(" : "cast(") + child + " as " + cast.to.simpleString() + ")";
    }
    // Casts to nested types lose the mark of being the user's own in Spark, and do not show.
    if (style_ == Style::kName && (cast.implicit || cast.to.isNested())) return child;
    return (cast.mode == CastMode::kTry ? "TRY_CAST(" : "CAST(") + child + " AS " + cast.to.sql() + ")";
  }

  std::string AggregateText(const AggregateCall& call) const {
    ExprList args = call.children;
    std::string filter;
    if (call.has_filter) {
      filter = " FILTER (WHERE " + Text(*args.back()) + ")";
      args.pop_back();
    }
    std::string name = call.display_name;
    if (call.ignore_nulls && name == "first_value") name = "first";
    if (call.ignore_nulls && name == "last_value") name = "last";
    if (name == "string_agg" && !call.within_group.empty()) name = "listagg";
    const ExprList keys(args.end() - static_cast<std::ptrdiff_t>(call.within_group.size()), args.end());
    args.resize(args.size() - keys.size());
    std::string text;
    if (call.display != nullptr) {
      text = call.display(name, Texts(args));
      if (call.distinct) text.insert(text.find('(') + 1, "DISTINCT ");
    } else {
      text = CallText(name, Texts(args), call.distinct ? "DISTINCT " : "");
    }
    if (!keys.empty()) {
      const bool full = name == "listagg";   // the others write what is not the default
      const bool reversed = name == "mode";  // whose text in Spark has the directions the wrong way round
      std::vector<std::string> orders;
      for (size_t i = 0; i < keys.size(); ++i) {
        const auto& order = call.within_group[i];
        orders.push_back(Text(*keys[i]) + (order.ascending != reversed ? (full ? " ASC" : "") : " DESC"));
        if (full) orders.back() += order.nulls_first ? " NULLS FIRST" : " NULLS LAST";
      }
      text += " WITHIN GROUP (ORDER BY " + JoinTexts(orders) + ")";
    }
    return text + filter;
  }

  std::string Subquery(const SubqueryExpression& subquery) const {
    switch (subquery.subquery_kind) {
      case SubqueryKind::kScalar: return "scalarsubquery(" + JoinTexts(Texts(subquery.children)) + ")";
      case SubqueryKind::kExists: return "exists(" + JoinTexts(Texts(subquery.children)) + ")";
      case SubqueryKind::kIn: break;
    }
    std::vector<std::string> values = Texts(subquery.children);
    const auto outer = values.begin() + static_cast<std::ptrdiff_t>(subquery.num_values());
    const std::string query = "listquery(" + JoinTexts({outer, values.end()}) + ")";
    values.erase(outer, values.end());
    if (values.size() == 1) return "(" + values[0] + " IN (" + query + "))";
    return "((" + JoinTexts(values) + ") IN (" + query + "))";
  }

  std::string OuterText(const OuterReference& outer) const {
    if (style_ == Style::kTree) return "outer(" + outer.name + "#" + std::to_string(outer.id) + ")";
    std::vector<std::string> parts = outer.qualifier;
    parts.push_back(outer.name);
    return "outer(" + QuoteParts(parts) + ")";
  }

  std::string Bound(const FrameBound& bound) const {
    // Preceding is minus in Spark, and shows as such below a cast.
    if (bound.written && bound.kind == FrameBound::Kind::kPreceding)
      return "(- " + Text(*bound.written) + ") FOLLOWING";
    if (bound.written) return Text(*bound.written) + " FOLLOWING";
    switch (bound.kind) {
      case FrameBound::Kind::kUnboundedPreceding: return "UNBOUNDED PRECEDING";
      case FrameBound::Kind::kPreceding: return Text(*bound.offset) + " PRECEDING";
      case FrameBound::Kind::kCurrentRow: return "CURRENT ROW";
      case FrameBound::Kind::kFollowing: return Text(*bound.offset) + " FOLLOWING";
      case FrameBound::Kind::kUnboundedFollowing: break;
    }
    return "UNBOUNDED FOLLOWING";
  }

  std::string WindowText(const WindowExpression& window) const {
    const std::vector<std::string> texts = Texts(window.children);
    std::string out = texts[0] + " OVER ";
    if (!window.window_name.empty()) return out + window.window_name;
    const size_t keys_end = 1 + static_cast<size_t>(window.num_partition_keys);
    std::vector<std::string> clauses;
    if (keys_end > 1) {
      clauses.push_back("PARTITION BY " + JoinTexts({texts.begin() + 1, texts.begin() + static_cast<long>(keys_end)}));
    }
    if (texts.size() > keys_end) clauses.push_back("ORDER BY " + JoinTexts(texts, ", ", keys_end));
    if (window.unit && window.lower && window.upper) {
      clauses.push_back((*window.unit == FrameUnit::kRows ? "ROWS BETWEEN " : "RANGE BETWEEN ") + Bound(*window.lower) +
                        " AND " + Bound(*window.upper));
    }
    return out + "(" + JoinTexts(clauses, " ") + ")";
  }

  Style style_;
  const std::string& zone_;
};

}  // namespace

std::string OperatorDisplayName(const UnresolvedFunction& call) {
  const std::string& name = call.name.back();
  if (call.is_operator && name == "struct") return std::string(kRow);
  if (call.is_operator && call.children.size() == 1) {
    if (name == "negative") return "-";
    if (name == "positive") return "+";
  }
  return name;
}

std::string ExpressionName(const Expression& expr, const std::string& time_zone) {
  return Writer(Style::kName, time_zone).Text(expr);
}

std::string ExpressionSql(const Expression& expr, const std::string& time_zone) {
  return Writer(Style::kSql, time_zone).Text(expr);
}

std::string ExpressionTreeText(const Expression& expr) {
  static const std::string kUtc = "UTC";
  return Writer(Style::kTree, kUtc).Text(expr);
}

std::string SelectItemName(const Expression& expr, const std::string& time_zone) {
  if (const auto* cast = As<Cast>(expr)) {
    const Expression& child = *cast->children[0];
    if (const auto* attribute = As<Attribute>(child)) return attribute->name;
    if (const auto* attribute = As<UnresolvedAttribute>(child)) return attribute->parts.back();
    if (const auto* alias = As<Alias>(child)) return alias->name;
  }
  if (const auto* attribute = As<UnresolvedAttribute>(expr)) return attribute->parts.back();
  // Time windows become a column of that name.
  std::string function;
  if (const auto* call = As<Call>(expr)) function = call->display_name;
  if (const auto* call = As<UnresolvedFunction>(expr)) function = Lower(call->name.back());
  if (function == "window" || function == "session_window" || function == "window_time") return function;
  return ExpressionName(expr, time_zone);
}

}  // namespace sluice::plan
