#include "types/vector.h"

#include <arrow/builder.h>
#include <arrow/scalar.h>

namespace sluice {

arrow::Result<std::shared_ptr<arrow::Array>> Materialize(const Vector& vector, int64_t length) {
  if (!vector.constant) return vector.array;
  if (length == 1) return vector.array;
  if (vector.array->IsNull(0) || vector.array->type_id() == arrow::Type::NA) {
    return arrow::MakeArrayOfNull(vector.array->type(), length);
  }
  if (vector.array->data()->child_data.empty() && vector.array->type_id() != arrow::Type::INTERVAL_MONTH_DAY_NANO) {
    ARROW_ASSIGN_OR_RAISE(auto scalar, vector.array->GetScalar(0));
    return arrow::MakeArrayFromScalar(*scalar, length);
  }
  // Nested values: Arrow's scalars of them are slow and incomplete.
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(vector.array->type()));
  ARROW_RETURN_NOT_OK(builder->Reserve(length));
  arrow::ArraySpan span(*vector.array->data());
  for (int64_t i = 0; i < length; ++i) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(span, 0, 1));
  return builder->Finish();
}

}  // namespace sluice
