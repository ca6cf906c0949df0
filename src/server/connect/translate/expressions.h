#pragma once
// Expressions of the protocol over a relation's inputs.
#include "server/connect/translate/inputs.h"

namespace sluice::connect {

Result<plan::ExprPtr> ToExpression(const proto::Expression& expression, Inputs& inputs);
Result<plan::ExprPtr> ToSortOrder(const proto::Expression::SortOrder& order, Inputs& inputs);
/// ORDER BY items as DataFrame.sort sends them.
Result<plan::ExprList> ToSortOrders(const google::protobuf::RepeatedPtrField<proto::Expression::SortOrder>& orders,
                                    Inputs& inputs);
Result<plan::ExprList> ToExpressions(const google::protobuf::RepeatedPtrField<proto::Expression>& expressions,
                                     Inputs& inputs);
/// An item of a select list: df["*"] and regular expressions give several.
Result<plan::ExprList> ToSelectItems(const proto::Expression& expression, Inputs& inputs);
Result<plan::ExprList> ToSelectList(const google::protobuf::RepeatedPtrField<proto::Expression>& expressions,
                                    Inputs& inputs);

/// a.`b c`.d -> parts, as Spark takes names of columns.
Result<std::vector<std::string>> ColumnParts(const std::string& name);

// ---- building blocks of the relations that are desugared
plan::ExprPtr MakeCall(std::string name, plan::ExprList args, bool is_operator = false);
plan::ExprPtr MakeNamed(plan::ExprPtr child, std::string name);
plan::ExprPtr MakeCast(plan::ExprPtr child, const DataType& to, plan::CastMode mode = plan::CastMode::kAnsi);
plan::ExprPtr StringLiteral(std::string_view text);
plan::ExprPtr IntLiteral(int64_t value);
plan::ExprPtr DoubleLiteral(double value);

}  // namespace sluice::connect
