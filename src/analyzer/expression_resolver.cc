#include "analyzer/expression_resolver.h"

#include <algorithm>
#include <span>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/expression_text.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else
using functions::BindContext;
using functions::FunctionDef;
using functions::FunctionKind;

namespace {

constexpr int kMaxDepth = 2000;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  return text;
}

int EditDistance(const std::string& a, const std::string& b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      int substitution = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

/// How many parts at the end of the candidates a proposal shows: those before them are the same for all.
size_t DistinctParts(const std::vector<std::vector<std::string>>& candidates, size_t wanted) {
  auto same_before = [&](size_t kept) {
    auto prefix = [&](const std::vector<std::string>& c) {
      return std::span(c).first(c.size() - std::min(kept, c.size()));
    };
    return std::all_of(candidates.begin(), candidates.end(),
                       [&](const auto& c) { return std::ranges::equal(prefix(c), prefix(candidates[0])); });
  };
  for (size_t kept = wanted; kept <= 2; ++kept)
    if (same_before(kept)) return kept;
  return SIZE_MAX;
}

/// a.`b c`: quoted where it has to be.
std::string QuoteIfNeeded(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    const bool plain = !part.empty() && std::all_of(part.begin(), part.end(),
                                                    [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    out += (out.empty() ? "" : ".") + (plain ? part : QuoteIdentifier(part));
  }
  return out;
}

/// Names that Spark takes as functions when no column has them.
bool IsLiteralFunction(const std::string& lower) {
  static const char* const kNames[] = {"current_date",   "current_timestamp", "current_user",     "user",
                                       "session_user",   "current_catalog",   "current_database", "current_schema",
                                       "localtimestamp", "current_time"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](const char* n) { return lower == n; });
}

}  // namespace

Result<ExprPtr> ExtractField(const ExprPtr& child, const std::string& name, const AnalyzerContext& context,
                             const Origin& origin) {
  const DataType* type = &*child->type;
  bool over_array = type->id() == TypeId::kArray && type->elementType().id() == TypeId::kStruct;
  if (over_array) type = &type->elementType();
  int found = -1, matches = 0;
  for (size_t i = 0; i < type->fields().size(); ++i) {
    if (!NamesEqual(type->fields()[i].name, name, context.case_sensitive)) continue;
    if (found < 0) found = static_cast<int>(i);
    ++matches;
  }
  if (matches > 1)
    return MakeError("AMBIGUOUS_REFERENCE_TO_FIELDS",
                     {{"field", QuoteIdentifier(name)}, {"count", std::to_string(matches)}}, &origin);
  if (found < 0) {
    std::string fields;
    for (const auto& f : type->fields()) fields += (fields.empty() ? "" : ", ") + QuoteIdentifier(f.name);
    return MakeError("FIELD_NOT_FOUND", {{"fieldName", QuoteIdentifier(name)}, {"fields", fields}}, &origin);
  }
  auto get = std::make_shared<GetField>();
  get->children = {child};
  get->ordinal = found;
  get->name = name;  // as written: Spark shows it so
  get->over_array = over_array;
  get->origin = origin;
  const StructField& field = type->fields()[found];
  get->type = over_array ? DataType::Array(field.type, child->type->containsNull() || field.nullable) : field.type;
  get->nullable = child->nullable || (!over_array && field.nullable);
  return ExprPtr(get);
}

Status ExpressionResolver::UnresolvedColumn(const std::vector<std::string>& parts, const Origin& origin) const {
  std::vector<std::vector<std::string>> candidates;
  for (const auto& attribute : scope_.input) {
    candidates.push_back(attribute->qualifier);
    candidates.back().push_back(attribute->name);
  }
  const size_t kept = DistinctParts(candidates, parts.size());
  const std::string wanted = QuoteIfNeeded(parts);
  std::vector<std::pair<int, std::string>> near;
  for (auto& candidate : candidates) {
    if (candidate.size() > kept)
      candidate.erase(candidate.begin(), candidate.end() - static_cast<std::ptrdiff_t>(kept));
    near.emplace_back(EditDistance(wanted, JoinParts(candidate)), JoinParts(candidate));
  }
  if (near.empty())
    return MakeError("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", {{"objectName", JoinParts(parts)}}, &origin);
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string proposal;
  for (size_t i = 0; i < near.size() && i < 5; ++i) proposal += (i ? ", " : "") + near[i].second;
  return MakeError("UNRESOLVED_COLUMN.WITH_SUGGESTION", {{"objectName", JoinParts(parts)}, {"proposal", proposal}},
                   &origin);
}

Result<ExprPtr> ExpressionResolver::TryResolveColumn(const std::vector<std::string>& parts, const Attributes& columns,
                                                     const Origin& origin) {
  // Longest qualifier first: `t.a` is column a of t before it is field a of column t.
  for (size_t qualifier = std::min<size_t>(parts.size() - 1, 3) + 1; qualifier-- > 0;) {
    std::vector<AttributePtr> matches;
    for (const auto& attribute : columns) {
      if (!NamesEqual(attribute->name, parts[qualifier], context_.case_sensitive) ||
          attribute->qualifier.size() < qualifier)
        continue;
      size_t skip = attribute->qualifier.size() - qualifier;
      bool same = true;
      for (size_t i = 0; i < qualifier && same; ++i)
        same = NamesEqual(attribute->qualifier[skip + i], parts[i], context_.case_sensitive);
      bool known = std::any_of(matches.begin(), matches.end(), [&](const auto& m) { return m->id == attribute->id; });
      if (same && !known) matches.push_back(attribute);
    }
    if (matches.empty()) continue;
    if (matches.size() > 1) {
      std::string references;
      for (const auto& m : matches) {
        std::vector<std::string> full = m->qualifier;
        full.push_back(m->name);
        references += (references.empty() ? "" : ", ") + JoinParts(full);
      }
      return MakeError("AMBIGUOUS_REFERENCE", {{"name", JoinParts(parts)}, {"referenceNames", "[" + references + "]"}},
                       &origin);
    }
    auto copy = std::static_pointer_cast<Attribute>(matches[0]->Clone());
    copy->origin = origin;
    copy->name = parts[qualifier];  // as written
    ExprPtr result = copy;
    for (size_t i = qualifier + 1; i < parts.size(); ++i) {
      const bool structs =
          result->type->id() == TypeId::kStruct ||
          (result->type->id() == TypeId::kArray && result->type->elementType().id() == TypeId::kStruct);
      if (!structs &&
          (result->type->id() == TypeId::kMap || result->type->id() == TypeId::kArray)) {  // m.key, as m['key']
        auto extract = std::make_shared<UnresolvedExtract>();
        extract->children = {result, MakeLiteral(StringValue(parts[i]), origin)};
        extract->origin = origin;
        ARROW_ASSIGN_OR_RAISE(result, ResolveExtract(*extract));
        continue;
      }
      if (!structs)
        return MakeError("INVALID_EXTRACT_BASE_FIELD_TYPE",
                         {{"base", InDoubleQuotes(ExpressionSql(*result, context_.time_zone))},
                          {"other", InDoubleQuotes(result->type->sql())}},
                         &origin);
      ARROW_ASSIGN_OR_RAISE(result, ExtractField(result, parts[i], context_, origin));
    }
    return result;
  }
  return ExprPtr();
}

Result<ExprPtr> ExpressionResolver::ResolveAttribute(const UnresolvedAttribute& attribute) {
  const auto& parts = attribute.parts;
  for (auto frame = lambda_frames_.rbegin(); frame != lambda_frames_.rend(); ++frame) {
    auto it = frame->find(context_.case_sensitive ? parts[0] : Lower(parts[0]));
    if (it == frame->end()) continue;
    ExprPtr result = it->second;
    for (size_t i = 1; i < parts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(result, ExtractField(result, parts[i], context_, attribute.origin));
    }
    return result;
  }
  ExprPtr column;
  if (aggregate_depth_ > 0 && !scope_.hidden.empty()) {
    ARROW_ASSIGN_OR_RAISE(column, TryResolveColumn(parts, scope_.hidden, attribute.origin));
    if (column) return column;
  }
  auto found = TryResolveColumn(parts, scope_.input, attribute.origin);
  if (scope_.ambiguous != Scope::Ambiguous::kRefused && ConditionOf(found.status()) == "AMBIGUOUS_REFERENCE") {
    auto below = TryResolveColumn(parts, scope_.hidden, attribute.origin);
    if (below.ok() && *below) return below;
    if (scope_.ambiguous == Scope::Ambiguous::kUnresolved) return UnresolvedColumn(parts, attribute.origin);
  }
  ARROW_ASSIGN_OR_RAISE(column, std::move(found));
  if (column) return column;
  if (parts.size() > 1 && !scope_.join_columns.empty()) {
    ARROW_ASSIGN_OR_RAISE(column, TryResolveColumn(parts, scope_.join_columns, attribute.origin));
    if (column) return column;
  }
  ARROW_ASSIGN_OR_RAISE(column, ResolveLateralAlias(attribute));
  if (column) return column;
  if (!scope_.hidden.empty()) {
    ARROW_ASSIGN_OR_RAISE(column, TryResolveColumn(parts, scope_.hidden, attribute.origin));
    if (column) return column;
  }
  if (parts.size() == 1 && IsLiteralFunction(Lower(parts[0]))) {
    UnresolvedFunction function;
    function.name = {Lower(parts[0])};
    function.origin = attribute.origin;
    return ResolveFunction(function);
  }
  if (plans_) {
    ARROW_ASSIGN_OR_RAISE(column, plans_->ResolveOuterColumn(parts, attribute.origin));
    if (column) return column;
  }
  return UnresolvedColumn(parts, attribute.origin);
}

Result<ExprPtr> ExpressionResolver::ResolveLateralAlias(const UnresolvedAttribute& attribute) {
  const auto& parts = attribute.parts;
  ExprPtr result;
  int matches = 0;
  for (const auto& [name, value] : scope_.lateral_aliases) {
    if (!NamesEqual(name, parts[0], context_.case_sensitive)) continue;
    result = value;
    ++matches;
  }
  if (matches > 1)
    return MakeError("AMBIGUOUS_LATERAL_COLUMN_ALIAS", {{"name", JoinParts(parts)}, {"n", std::to_string(matches)}},
                     &attribute.origin);
  if (!result) return result;
  lateral_used_ = true;
  if (lateral_as_names_)
    result = MakeAttribute("lateralAliasReference(" + parts[0] + ")", *result->type, result->nullable);
  for (size_t i = 1; i < parts.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(result, ExtractField(result, parts[i], context_, attribute.origin));
  }
  return result;
}

Result<ExprPtr> ExpressionResolver::ResolveSubquery(const SubqueryExpression& subquery) {
  if (!plans_) return UnsupportedFeature("subquery in this place", &subquery.origin);
  if (!lambda_frames_.empty())
    return MakeError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION", {}, &subquery.origin);
  ExprList values;
  for (const auto& child : subquery.children) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr value, Resolve(child));
    values.push_back(std::move(value));
  }
  return plans_->ResolveSubquery(subquery, std::move(values), scope_);
}

Result<ExprPtr> ExpressionResolver::WithoutField(const ExprPtr& base, std::span<const std::string> path,
                                                 const Origin& origin) {
  if (base->type->id() != TypeId::kStruct) return UnresolvedColumn({path.begin(), path.end()}, origin);
  auto rebuilt = std::make_shared<UnresolvedFunction>();
  rebuilt->name = {"named_struct"};
  rebuilt->origin = origin;
  bool found = false;
  for (const auto& field : base->type->fields()) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr value, ExtractField(base, field.name, context_, origin));
    if (NamesEqual(field.name, path[0], context_.case_sensitive)) {
      found = true;
      if (path.size() == 1) continue;
      ARROW_ASSIGN_OR_RAISE(value, WithoutField(value, path.subspan(1), origin));
    }
    rebuilt->children.push_back(MakeLiteral(StringValue(field.name)));
    rebuilt->children.push_back(value);
  }
  if (!found) return UnresolvedColumn({path.begin(), path.end()}, origin);
  ARROW_ASSIGN_OR_RAISE(ExprPtr fields, Resolve(rebuilt));
  if (!base->nullable) return fields;
  auto missing = std::make_shared<UnresolvedFunction>();
  missing->name = {"isnull"};
  missing->children = {base};
  auto either = std::make_shared<UnresolvedFunction>();
  either->name = {"if"};
  either->children = {missing, MakeLiteral(NullValue(*fields->type)), fields};
  return Resolve(either);
}

Result<ExprList> ExpressionResolver::ExpandStar(const UnresolvedStar& star) {
  ExprList all;
  const auto qualified = [&](const AttributePtr& attribute) {
    if (attribute->qualifier.size() < star.target.size()) return false;
    const size_t skip = attribute->qualifier.size() - star.target.size();
    for (size_t i = 0; i < star.target.size(); ++i)
      if (!NamesEqual(attribute->qualifier[skip + i], star.target[i], context_.case_sensitive)) return false;
    return true;
  };
  if (!star.target.empty())
    for (const auto& attribute : scope_.join_columns)
      if (qualified(attribute)) all.push_back(attribute);
  for (const auto& attribute : scope_.input)
    if (qualified(attribute)) {
      const bool given =
          std::any_of(all.begin(), all.end(), [&](const auto& e) { return As<Attribute>(e)->id == attribute->id; });
      if (!given) all.push_back(attribute);
    }
  if (all.empty() && !star.target.empty()) {  // struct.*
    ARROW_ASSIGN_OR_RAISE(ExprPtr base, TryResolveColumn(star.target, star.origin));
    if (!base) {
      ARROW_ASSIGN_OR_RAISE(base, TryResolveColumn(star.target, scope_.hidden, star.origin));
    }
    if (base && base->type->id() != TypeId::kStruct)
      return MakeError("_LEGACY_ERROR_TEMP_1050", {{"attributes", ExpressionSql(*base, context_.time_zone)}},
                       &star.origin);
    if (!base) {
      std::string columns;
      for (const auto& a : scope_.input) columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(a->name);
      return MakeError("CANNOT_RESOLVE_STAR_EXPAND", {{"targetString", JoinParts(star.target)}, {"columns", columns}},
                       &star.origin);
    }
    for (const auto& field : base->type->fields()) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr value, ExtractField(base, field.name, context_, star.origin));
      all.push_back(MakeAlias(value, field.name));
    }
  }
  // EXCEPT: a column, with its qualifiers or without, or a field within one.
  for (const auto& except : star.except) {
    bool found = false;
    for (size_t at = 0; at < all.size() && !found; ++at) {
      const std::string name = NameOf(all[at], context_);
      for (size_t skip = 0; skip < except.size() && !found; ++skip) {
        if (!NamesEqual(name, except[skip], context_.case_sensitive)) continue;
        const auto* attribute = As<Attribute>(all[at]);
        if (skip > 0 && (!attribute || attribute->qualifier.empty() ||
                         !NamesEqual(attribute->qualifier.back(), except[skip - 1], context_.case_sensitive)))
          continue;
        found = true;
        if (skip + 1 == except.size()) {
          all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
          ARROW_ASSIGN_OR_RAISE(ExprPtr rest, WithoutField(all[at], std::span(except).subspan(skip + 1), star.origin));
          all[at] = MakeAlias(rest, name);
        }
      }
    }
    if (!found) return UnresolvedColumn(except, star.origin);
  }
  return all;
}

Result<ExprPtr> ExpressionResolver::ResolveCast(const Cast& cast) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, Resolve(cast.children[0]));
  const bool tries = cast.mode == CastMode::kTry, ansi = tries || context_.ansi;
  if (!(tries ? functions::CanTryCast(*child->type, cast.to) : functions::CanCast(*child->type, cast.to, ansi))) {
    ErrorParameters parameters{{"sqlExpr", InDoubleQuotes(ExpressionSql(cast, context_.time_zone))},
                               {"srcType", InDoubleQuotes(child->type->sql())},
                               {"targetType", InDoubleQuotes(cast.to.sql())}};
    const char* condition = "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION";
    if (const char* function = ansi ? functions::InsteadOfCast(*child->type, cast.to) : nullptr) {
      condition = "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION";
      parameters["functionNames"] = function;
    } else if (ansi && !tries && functions::CanCast(*child->type, cast.to, false)) {
      condition = "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION";
      parameters["config"] = "\"spark.sql.ansi.enabled\"";
      parameters["configVal"] = "'false'";
    }
    return MakeError(condition, parameters, &cast.origin);
  }
  auto copy = std::static_pointer_cast<Cast>(cast.Clone());
  copy->children = {child};
  if (copy->mode != CastMode::kTry) copy->mode = context_.ansi ? CastMode::kAnsi : CastMode::kLegacy;
  copy->type = copy->to;
  copy->nullable = child->nullable || copy->mode == CastMode::kTry || CastMayGiveNull(*child->type, copy->to);
  return ExprPtr(copy);
}

Result<ExprPtr> ExpressionResolver::ResolveExtract(const UnresolvedExtract& extract) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, Resolve(extract.children[0]));
  ARROW_ASSIGN_OR_RAISE(ExprPtr key, Resolve(extract.children[1]));
  const auto* literal = As<Literal>(key);
  bool by_name = literal && key->type->id() == TypeId::kString;
  const DataType& base = *child->type;
  if (by_name &&
      (base.id() == TypeId::kStruct || (base.id() == TypeId::kArray && base.elementType().id() == TypeId::kStruct))) {
    ARROW_ASSIGN_OR_RAISE(std::string name, StringOf({*key->type, literal->value}));
    return ExtractField(child, name, context_, extract.origin);
  }
  const char* function = base.id() == TypeId::kArray ? "getarrayitem"
                         : base.id() == TypeId::kMap ? "getmapvalue"
                                                     : nullptr;
  if (!function)
    return MakeError(
        "INVALID_EXTRACT_BASE_FIELD_TYPE",
        {{"base", InDoubleQuotes(ExpressionSql(*child, context_.time_zone))}, {"other", InDoubleQuotes(base.sql())}},
        &extract.origin);
  UnresolvedFunction call;
  call.name = {function};
  call.origin = extract.origin;
  const FunctionDef* def = context_.functions->Find(function);
  if (!def) return UnsupportedFeature("subscript of " + base.sql(), &extract.origin);
  return Bind(call, *def, {child, key});
}

Result<ExprPtr> ExpressionResolver::Resolve(const ExprPtr& expr) {
  if (expr->resolved() && expr->kind != ExprKind::kCast) return expr;
  if (++depth_ > kMaxDepth) {
    depth_ = 0;
    return MakeError("FAILED_TO_PARSE_TOO_COMPLEX", {}, &expr->origin);
  }
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  switch (expr->kind) {
    case ExprKind::kUnresolvedAttribute: return ResolveAttribute(*As<UnresolvedAttribute>(expr));
    case ExprKind::kUnresolvedFunction: return ResolveFunction(*As<UnresolvedFunction>(expr));
    case ExprKind::kUnresolvedExtract: return ResolveExtract(*As<UnresolvedExtract>(expr));
    case ExprKind::kCast: return ResolveCast(*As<Cast>(expr));
    case ExprKind::kUnresolvedAlias: return Resolve(expr->children[0]);
    case ExprKind::kUnresolvedStar:
      return MakeError("INVALID_USAGE_OF_STAR_OR_REGEX", {{"elem", "'*'"}, {"prettyName", "expression"}});
    case ExprKind::kAlias: {
      ARROW_ASSIGN_OR_RAISE(ExprPtr child, Resolve(expr->children[0]));
      const auto& alias = *As<Alias>(expr);
      auto copy = std::static_pointer_cast<Alias>(alias.Clone());
      copy->children = {child};
      if (copy->id == 0) copy->id = NextExprId();
      copy->type = child->type;
      copy->nullable = child->nullable;
      if (copy->metadata_json.empty())
        if (const auto* attribute = As<Attribute>(child)) copy->metadata_json = attribute->metadata_json;
      return ExprPtr(copy);
    }
    case ExprKind::kMultiAlias: {
      ARROW_ASSIGN_OR_RAISE(ExprPtr child, Resolve(expr->children[0]));
      auto copy = expr->Clone();
      copy->children = {child};
      copy->type = child->type;
      return ExprPtr(copy);
    }
    case ExprKind::kSortOrder: {
      ARROW_ASSIGN_OR_RAISE(ExprPtr child, Resolve(expr->children[0]));
      auto copy = expr->Clone();
      copy->children = {child};
      copy->type = child->type;
      copy->nullable = child->nullable;
      return ExprPtr(copy);
    }
    case ExprKind::kSubquery: return ResolveSubquery(*As<SubqueryExpression>(expr));
    case ExprKind::kWindow: return ResolveWindow(*As<WindowExpression>(expr));
    case ExprKind::kParameter:
      return MakeError("UNBOUND_SQL_PARAMETER", {{"name", As<Parameter>(expr)->name}}, &expr->origin);
    case ExprKind::kNamedArgument:
      return MakeError("NAMED_PARAMETERS_NOT_SUPPORTED", {{"functionName", "expression"}}, &expr->origin);
    case ExprKind::kLambda:
      if (expr.get() == generator_at_)
        return MakeError("INTERNAL_ERROR", {{"message", "A lambda goes to a higher-order function only"}},
                         &expr->origin);
      return MakeError("INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", {{"class", "expression"}},
                       &expr->origin);
    default: return UnsupportedFeature("expression " + ExpressionSql(*expr, context_.time_zone), &expr->origin);
  }
}

Result<ExprList> ExpressionResolver::ResolveSelectItem(const ExprPtr& item) {
  const ExprPtr& inner = item->kind == ExprKind::kUnresolvedAlias ? item->children[0] : item;
  if (const auto* star = As<UnresolvedStar>(inner)) return ExpandStar(*star);
  lateral_used_ = false;
  generator_at_ = As<Alias>(inner) || As<MultiAlias>(inner) ? inner->children[0].get() : inner.get();
  ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, Resolve(inner));
  if (As<Attribute>(resolved) || As<Alias>(resolved) || As<MultiAlias>(resolved) || As<GeneratorCall>(resolved))
    return ExprList{resolved};
  // a.b.c is named c, be it a field or the value of a map.
  const auto* path = As<UnresolvedAttribute>(inner);
  if (path && (path->parts.size() > 1 || lateral_used_)) return ExprList{MakeAlias(resolved, path->parts.back())};
  ExprPtr named = resolved;
  if (lateral_used_) {
    lateral_as_names_ = true;
    auto again = Resolve(inner);
    lateral_as_names_ = false;
    if (again.ok()) named = *again;
  }
  return ExprList{MakeAlias(resolved, NameOf(named, context_))};
}

}  // namespace sluice::analyzer
