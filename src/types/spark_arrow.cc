#include "types/spark_arrow.h"

#include "types/arrow_types.h"

namespace sluice {

using ArrowType = std::shared_ptr<arrow::DataType>;

ArrowType SparkArrowType(const DataType& type, const std::string& time_zone) {
  switch (type.id()) {
    case TypeId::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO, time_zone);
    case TypeId::kArray:
      return arrow::list(arrow::field("element", SparkArrowType(type.elementType(), time_zone), type.containsNull()));
    case TypeId::kMap:
      return std::make_shared<arrow::MapType>(
          arrow::field("key", SparkArrowType(type.keyType(), time_zone), false),
          arrow::field("value", SparkArrowType(type.valueType(), time_zone), type.containsNull()));
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const auto& field : type.fields())
        fields.push_back(arrow::field(field.name, SparkArrowType(field.type, time_zone), field.nullable));
      return arrow::struct_(std::move(fields));
    }
    default: return ToArrowType(type);
  }
}

std::shared_ptr<arrow::Schema> SparkArrowSchema(const DataType& schema, const std::string& time_zone) {
  return arrow::schema(SparkArrowType(schema, time_zone)->fields());
}

std::shared_ptr<arrow::ArrayData> WithArrowType(const std::shared_ptr<arrow::ArrayData>& data, const ArrowType& type) {
  if (data->type->Equals(type)) return data;
  auto copy = data->Copy();
  copy->type = type;
  for (size_t i = 0; i < copy->child_data.size(); ++i)
    copy->child_data[i] = WithArrowType(copy->child_data[i], type->field(static_cast<int>(i))->type());
  return copy;
}

std::shared_ptr<arrow::RecordBatch> WithArrowSchema(const arrow::RecordBatch& batch,
                                                    const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayDataVector columns;
  for (int i = 0; i < batch.num_columns(); ++i)
    columns.push_back(WithArrowType(batch.column_data(i), schema->field(i)->type()));
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

}  // namespace sluice
