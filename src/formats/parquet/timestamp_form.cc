#include "formats/parquet/timestamp_form.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <parquet/arrow/schema.h>

namespace sluice::parquet_io {

namespace {

namespace schema = ::parquet::schema;

bool IsInstant(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP && !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

std::shared_ptr<arrow::Field> InMillis(const std::shared_ptr<arrow::Field>& field);

std::shared_ptr<arrow::DataType> InMillis(const std::shared_ptr<arrow::DataType>& type) {
  if (IsInstant(*type))
    return arrow::timestamp(arrow::TimeUnit::MILLI, static_cast<const arrow::TimestampType&>(*type).timezone());
  switch (type->id()) {
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(InMillis(field));
      return arrow::struct_(std::move(fields));
    }
    case arrow::Type::LIST: return arrow::list(InMillis(type->field(0)));
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(InMillis(map.key_field()), InMillis(map.item_field()), map.keys_sorted());
    }
    default: return type;
  }
}

std::shared_ptr<arrow::Field> InMillis(const std::shared_ptr<arrow::Field>& field) {
  return field->WithType(InMillis(field->type()));
}

Result<std::shared_ptr<arrow::ArrayData>> ToMillis(const arrow::ArrayData& data, const arrow::DataType& to) {
  auto out = data.Copy();
  out->type = const_cast<arrow::DataType&>(to).shared_from_this();
  if (IsInstant(to)) {
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer((data.offset + data.length) * 8));
    auto* millis = reinterpret_cast<int64_t*>(values->mutable_data()) + data.offset;
    const auto* micros = data.GetValues<int64_t>(1);
    for (int64_t i = 0; i < data.length; ++i) millis[i] = micros[i] / 1000 - (micros[i] % 1000 < 0);
    out->buffers[1] = std::move(values);
    return out;
  }
  for (size_t i = 0; i < out->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(out->child_data[i], ToMillis(*data.child_data[i], *to.field(static_cast<int>(i))->type()));
  }
  return out;
}

schema::NodePtr WithInt96(const schema::NodePtr& node) {
  if (node->is_group()) {
    const auto& group = static_cast<const schema::GroupNode&>(*node);
    schema::NodeVector fields;
    for (int i = 0; i < group.field_count(); ++i) fields.push_back(WithInt96(group.field(i)));
    const auto& logical = group.logical_type();
    return schema::GroupNode::Make(group.name(), group.repetition(), fields,
                                   logical && !logical->is_none() ? logical : nullptr, group.field_id());
  }
  const auto& logical = node->logical_type();
  if (!logical || !logical->is_timestamp() ||
      !static_cast<const ::parquet::TimestampLogicalType&>(*logical).is_adjusted_to_utc())
    return node;
  return schema::PrimitiveNode::Make(node->name(), node->repetition(), ::parquet::Type::INT96,
                                     ::parquet::ConvertedType::NONE, -1, -1, -1, node->field_id());
}

}  // namespace

std::shared_ptr<arrow::Schema> FileSchema(const std::shared_ptr<arrow::Schema>& schema, TimestampForm form) {
  if (form != TimestampForm::kMillis) return schema;
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) fields.push_back(InMillis(field));
  return arrow::schema(std::move(fields), schema->metadata());
}

Result<std::shared_ptr<arrow::Array>> ToFileArray(const std::shared_ptr<arrow::Array>& array,
                                                  const arrow::DataType& to) {
  if (array->type()->Equals(to)) return array;
  ARROW_ASSIGN_OR_RAISE(auto data, ToMillis(*array->data(), to));
  return arrow::MakeArray(std::move(data));
}

Result<std::shared_ptr<schema::GroupNode>> ParquetSchema(const arrow::Schema& schema, TimestampForm form,
                                                         const ::parquet::WriterProperties& properties) {
  std::shared_ptr<::parquet::SchemaDescriptor> descriptor;
  ARROW_RETURN_NOT_OK(::parquet::arrow::ToParquetSchema(&schema, properties,
                                                        *::parquet::default_arrow_writer_properties(), &descriptor));
  auto root = descriptor->schema_root();
  if (form == TimestampForm::kInt96) root = WithInt96(root);
  return std::static_pointer_cast<schema::GroupNode>(root);
}

}  // namespace sluice::parquet_io
