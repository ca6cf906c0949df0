#pragma once
// DataFrame.to(schema): columns and nested fields put in order by name and cast as assignments are.
#include "server/connect/translate/expressions.h"

namespace sluice::connect {

/// Errors: UNRESOLVED_COLUMN.WITH_SUGGESTION, AMBIGUOUS_COLUMN_OR_FIELD, NULLABLE_COLUMN_OR_FIELD,
/// INVALID_COLUMN_OR_FIELD_DATA_TYPE.
Result<plan::ExprList> MatchSchema(const plan::Attributes& columns, const DataType& schema, TranslateContext& context);

}  // namespace sluice::connect
