#include "server/connect/translate/match_schema.h"

#include "plan/transform.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

std::string Path(const std::vector<std::string>& path) {
  std::string out;
  for (const auto& part : path) out += (out.empty() ? "" : ".") + QuoteIdentifier(part);
  return out;
}

ExprPtr Element(const ExprPtr& parent, const std::string& field) {
  auto extract = std::make_shared<UnresolvedExtract>();
  extract->children = {parent, StringLiteral(field)};
  return extract;
}

/// Store assignment under ANSI: what an INSERT would take.
bool CanAssign(const DataType& from, const DataType& to) {
  if (from.sameType(to) || from.id() == TypeId::kVoid) return true;
  if (from.isNumeric() && to.isNumeric()) return true;
  const bool from_time =
      from.id() == TypeId::kDate || from.id() == TypeId::kTimestamp || from.id() == TypeId::kTimestampNtz;
  const bool to_time = to.id() == TypeId::kDate || to.id() == TypeId::kTimestamp || to.id() == TypeId::kTimestampNtz;
  if (from_time && to_time) return true;
  if (from.id() == to.id() && (from.id() == TypeId::kDayTimeInterval || from.id() == TypeId::kYearMonthInterval))
    return true;
  return to.id() == TypeId::kString && !from.isNested() && from.id() != TypeId::kBinary;
}

class Matcher {
 public:
  explicit Matcher(TranslateContext& context) : context_(context) {}

  /// `source` as the type of `target`. `path` names it in errors.
  Result<ExprPtr> Match(const ExprPtr& source, const DataType& from, bool nullable, const StructField& target,
                        std::vector<std::string>* path) {
    if (nullable && !target.nullable) return MakeError("NULLABLE_COLUMN_OR_FIELD", {{"name", Path(*path)}});
    const DataType& to = target.type;
    if (from.id() == TypeId::kStruct && to.id() == TypeId::kStruct)
      return MatchStruct(source, from, nullable, to, path);
    if (from.id() == TypeId::kArray && to.id() == TypeId::kArray) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr element, InLambda("element", from.elementType(), from.containsNull(),
                                                      {"element", to.elementType(), to.containsNull()}, path));
      return from == to ? source : MakeCall("transform", {source, element});
    }
    if (from.id() == TypeId::kMap && to.id() == TypeId::kMap) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr key, InLambda("key", from.keyType(), false, {"key", to.keyType(), false}, path));
      ARROW_ASSIGN_OR_RAISE(ExprPtr value, InLambda("value", from.valueType(), from.containsNull(),
                                                    {"value", to.valueType(), to.containsNull()}, path));
      if (from == to) return source;
      return MakeCall("map_from_arrays", {MakeCall("transform", {MakeCall("map_keys", {source}), key}),
                                          MakeCall("transform", {MakeCall("map_values", {source}), value})});
    }
    if (from.sameType(to)) return source;
    if (!CanAssign(from, to))
      return MakeError(
          "INVALID_COLUMN_OR_FIELD_DATA_TYPE",
          {{"name", Path(*path)}, {"type", InDoubleQuotes(from.sql())}, {"expectedType", InDoubleQuotes(to.sql())}});
    return MakeCast(source, to);
  }

  Result<ExprPtr> Field(const std::vector<StructField>& fields, const std::function<ExprPtr(size_t)>& read,
                        const StructField& target, std::vector<std::string>* path) {
    path->push_back(target.name);
    std::optional<size_t> found;
    int matches = 0;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!SameName(fields[i].name, target.name, context_)) continue;
      found = i;
      ++matches;
    }
    if (matches > 1)
      return MakeError("AMBIGUOUS_COLUMN_OR_FIELD", {{"name", Path(*path)}, {"n", std::to_string(matches)}});
    Result<ExprPtr> out;
    if (found) {
      out = Match(read(*found), fields[*found].type, fields[*found].nullable, target, path);
    } else if (target.nullable) {
      out = ExprPtr(MakeLiteral(NullValue(target.type)));
    } else {
      std::string proposal;
      for (const auto& field : fields) proposal += (proposal.empty() ? "" : ", ") + QuoteIdentifier(field.name);
      out = MakeError("UNRESOLVED_COLUMN.WITH_SUGGESTION", {{"objectName", Path(*path)}, {"proposal", proposal}});
    }
    path->pop_back();
    return out;
  }

 private:
  Result<ExprPtr> MatchStruct(const ExprPtr& source, const DataType& from, bool nullable, const DataType& to,
                              std::vector<std::string>* path) {
    ExprList args;
    for (const auto& target : to.fields()) {
      ARROW_ASSIGN_OR_RAISE(
          ExprPtr value,
          Field(
              from.fields(), [&](size_t i) { return Element(source, from.fields()[i].name); }, target, path));
      args.push_back(StringLiteral(target.name));
      args.push_back(std::move(value));
    }
    if (from == to) return source;
    ExprPtr made = MakeCall("named_struct", std::move(args));
    if (!nullable) return made;
    return MakeCall("if", {MakeCall("isnull", {source}), MakeLiteral(NullValue(to)), made});
  }

  Result<ExprPtr> InLambda(const std::string& name, const DataType& from, bool nullable, const StructField& target,
                           std::vector<std::string>* path) {
    path->push_back(name);
    auto lambda = std::make_shared<Lambda>();
    // A name that no column has: variables win over columns.
    lambda->parameters = {"__" + name + std::to_string(++variables_)};
    auto variable = std::make_shared<UnresolvedAttribute>();
    variable->parts = lambda->parameters;
    ARROW_ASSIGN_OR_RAISE(ExprPtr body, Match(variable, from, nullable, target, path));
    lambda->children = {body};
    path->pop_back();
    return ExprPtr(lambda);
  }

  TranslateContext& context_;
  int variables_ = 0;
};

}  // namespace

Result<ExprList> MatchSchema(const Attributes& columns, const DataType& schema, TranslateContext& context) {
  std::vector<StructField> fields;
  for (const auto& column : columns)
    fields.push_back({column->name, *column->type, column->nullable, column->metadata_json});
  Matcher matcher(context);
  ExprList list;
  for (const auto& target : schema.fields()) {
    std::vector<std::string> path;
    ARROW_ASSIGN_OR_RAISE(ExprPtr value, matcher.Field(
                                             fields, [&](size_t i) { return ExprPtr(columns[i]); }, target, &path));
    auto named = std::make_shared<Alias>();
    named->children = {value};
    named->name = target.name;
    named->metadata_json = target.metadata_json;
    list.push_back(named);
  }
  return list;
}

}  // namespace sluice::connect
