// Column: builds plan expressions, nothing more.
#include "plan/expression_text.h"
#include "plan/transform.h"
#include "session/row_values.h"
#include "sluice/column.h"
#include "sluice/functions.h"
#include "sql/parser.h"
#include "types/ddl.h"

namespace sluice {

namespace {

plan::ExprPtr Call(std::string name, plan::ExprList args, bool is_operator = false) {
  auto call = std::make_shared<plan::UnresolvedFunction>();
  call->name = {std::move(name)};
  call->children = std::move(args);
  call->is_operator = is_operator;
  return call;
}

plan::ExprPtr NameExpression(const std::string& name) {
  if (name == "*") return std::make_shared<plan::UnresolvedStar>();
  std::vector<std::string> parts;
  bool star = name.size() > 2 && name.compare(name.size() - 2, 2, ".*") == 0;
  auto parsed = sql::ParseMultipartIdentifier(star ? name.substr(0, name.size() - 2) : name);
  parts = parsed.ok() ? *parsed : std::vector<std::string>{name};
  if (star) {
    auto out = std::make_shared<plan::UnresolvedStar>();
    out->target = parts;
    return out;
  }
  auto out = std::make_shared<plan::UnresolvedAttribute>();
  out->parts = parts;
  return out;
}

Column CastTo(const Column& column, const DataType& to, plan::CastMode mode) {
  auto cast = std::make_shared<plan::Cast>();
  cast->children = {column.expr()};
  cast->to = to;
  cast->mode = mode;
  return Column(cast);
}

Column Order(const Column& column, bool ascending, bool nulls_first) {
  auto order = std::make_shared<plan::SortOrder>();
  order->children = {column.expr()};
  order->ascending = ascending;
  order->nulls_first = nulls_first;
  return Column(order);
}

}  // namespace

Column::Column(std::string name) : expr_(NameExpression(name)) {}

Column Column::literal(const Value& value) {
  DataType type = session::TypeOf(value);
  auto array = ValueOrThrow(session::FromValues({value}, type));
  return Column(plan::MakeLiteral(TypedValue{type, array}));
}

Column Column::binary(const char* function, const Column& left, const Column& right) {
  if (std::string_view(function) == "!=")
    return Column(Call("not", {Call("=", {left.expr(), right.expr()}, true)}, true));
  return Column(Call(std::string_view(function) == "==" ? "=" : function, {left.expr(), right.expr()}, true));
}

Column Column::operator!() const { return Column(Call("not", {expr_}, true)); }
Column Column::operator-() const { return Column(Call("negative", {expr_})); }

Column Column::as(std::string name) const {
  auto alias = std::make_shared<plan::Alias>();
  alias->name = std::move(name);
  alias->children = {expr_};
  return Column(alias);
}
Column Column::as(std::vector<std::string> names) const {
  auto alias = std::make_shared<plan::MultiAlias>();
  alias->names = std::move(names);
  alias->children = {expr_};
  return Column(alias);
}

Column Column::cast(const DataType& to) const { return CastTo(*this, to, plan::CastMode::kAnsi); }
Column Column::cast(std::string_view to) const { return cast(ValueOrThrow(ParseDataType(to))); }
Column Column::try_cast(const DataType& to) const { return CastTo(*this, to, plan::CastMode::kTry); }
Column Column::try_cast(std::string_view to) const { return try_cast(ValueOrThrow(ParseDataType(to))); }
Column Column::isNull() const { return Column(Call("isnull", {expr_}, true)); }
Column Column::isNotNull() const { return Column(Call("isnotnull", {expr_}, true)); }
Column Column::isNaN() const { return Column(Call("isnan", {expr_})); }
Column Column::isin(const std::vector<Column>& list) const {
  plan::ExprList args{expr_};
  for (const auto& item : list) args.push_back(item.expr());
  return Column(Call("in", std::move(args), true));
}
Column Column::between(const Column& lower, const Column& upper) const { return *this >= lower && *this <= upper; }
Column Column::like(std::string_view pattern) const { return binary("like", *this, literal(std::string(pattern))); }
Column Column::ilike(std::string_view pattern) const { return binary("ilike", *this, literal(std::string(pattern))); }
Column Column::rlike(std::string_view pattern) const { return binary("rlike", *this, literal(std::string(pattern))); }
Column Column::startsWith(const Column& other) const { return Column(Call("startswith", {expr_, other.expr()})); }
Column Column::endsWith(const Column& other) const { return Column(Call("endswith", {expr_, other.expr()})); }
Column Column::contains(const Column& other) const { return Column(Call("contains", {expr_, other.expr()})); }
Column Column::substr(int start, int length) const {
  return Column(Call("substring", {expr_, literal(start).expr(), literal(length).expr()}));
}
Column Column::getItem(const Value& key) const {
  auto extract = std::make_shared<plan::UnresolvedExtract>();
  extract->children = {expr_, literal(key).expr()};
  return Column(extract);
}
Column Column::getField(std::string name) const { return getItem(Value(std::move(name))); }
Column Column::withField(std::string name, const Column& value) const {
  return Column(Call("__with_field", {expr_, literal(std::move(name)).expr(), value.expr()}));
}
Column Column::dropFields(std::vector<std::string> names) const {
  plan::ExprList args{expr_};
  for (auto& name : names) args.push_back(literal(std::move(name)).expr());
  return Column(Call("__drop_fields", std::move(args)));
}
Column Column::when(const Column& condition, const Column& value) const {
  const auto* call = plan::As<plan::UnresolvedFunction>(expr_);
  if (!call || call->name != std::vector<std::string>{"when"} || call->children.size() % 2 != 0)
    Throw(MakeError("_LEGACY_ERROR_TEMP_3102",
                    {{"msg", "when() can only be applied on a Column previously generated by when() function"}}));
  plan::ExprList args = call->children;
  args.push_back(condition.expr());
  args.push_back(value.expr());
  return Column(Call("when", std::move(args), true));
}
Column Column::otherwise(const Column& value) const {
  const auto* call = plan::As<plan::UnresolvedFunction>(expr_);
  if (!call || call->name != std::vector<std::string>{"when"} || call->children.size() % 2 != 0)
    Throw(MakeError("_LEGACY_ERROR_TEMP_3102",
                    {{"msg", "otherwise() can only be applied on a Column previously generated by when()"}}));
  plan::ExprList args = call->children;
  args.push_back(value.expr());
  return Column(Call("when", std::move(args), true));
}
Column Column::asc() const { return Order(*this, true, true); }
Column Column::desc() const { return Order(*this, false, false); }
Column Column::asc_nulls_first() const { return Order(*this, true, true); }
Column Column::asc_nulls_last() const { return Order(*this, true, false); }
Column Column::desc_nulls_first() const { return Order(*this, false, true); }
Column Column::desc_nulls_last() const { return Order(*this, false, false); }
std::string Column::toString() const { return plan::ExpressionName(*expr_); }

namespace functions {

Column call_function(const std::string& name, const std::vector<Column>& args) {
  plan::ExprList list;
  for (const auto& arg : args) list.push_back(arg.expr());
  return Column(Call(name, std::move(list)));
}
Column call_distinct(const std::string& name, const std::vector<Column>& args) {
  auto call = std::make_shared<plan::UnresolvedFunction>();
  call->name = {name};
  call->distinct = true;
  for (const auto& arg : args) call->children.push_back(arg.expr());
  return Column(call);
}
Column expr(const std::string& sql) { return Column(ValueOrThrow(sql::ParseExpression(sql))); }
Column when(const Column& condition, const Column& value) {
  return Column(Call("when", {condition.expr(), value.expr()}, true));
}
Column lit(const Value& value) { return Column::literal(value); }

}  // namespace functions

}  // namespace sluice
