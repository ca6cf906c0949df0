#include "connectors/file/file_metadata.h"

#include <arrow/array/util.h>
#include <arrow/scalar.h>

#include <algorithm>

#include "types/arrow_types.h"

namespace sluice::connectors::file {

namespace {

/// One fact of a part, by the name of its field or function. Null: there is none of this name.
std::shared_ptr<arrow::Scalar> Fact(const std::string& name, const Root& root, const FilePart& part) {
  const std::string uri = root.EncodedUri(part.file.path);
  const int64_t length = std::min(part.end, part.file.size) - part.start;
  if (name == "input_file_name()") return std::make_shared<arrow::StringScalar>(uri);
  // As Hadoop's paths show themselves: file:/a, where input_file_name() has file:///a.
  if (name == "file_path")
    return std::make_shared<arrow::StringScalar>(root.local ? "file:" + uri.substr(std::string_view("file://").size())
                                                            : uri);
  if (name == "file_name") return std::make_shared<arrow::StringScalar>(uri.substr(uri.rfind('/') + 1));
  if (name == "file_size") return std::make_shared<arrow::Int64Scalar>(part.file.size);
  if (name == "file_block_start" || name == "input_file_block_start()")
    return std::make_shared<arrow::Int64Scalar>(part.start);
  if (name == "file_block_length" || name == "input_file_block_length()")
    return std::make_shared<arrow::Int64Scalar>(length);
  if (name == "file_modification_time")
    return std::make_shared<arrow::TimestampScalar>(part.file.modified_ms * 1000, ToArrowType(DataType::Timestamp()));
  return nullptr;
}

}  // namespace

DataType HiddenColumns(const Format& format, const DataType& schema) {
  std::vector<StructField> fields = {
      {"file_path", DataType::String(), false},       {"file_name", DataType::String(), false},
      {"file_size", DataType::Long(), false},         {"file_block_start", DataType::Long(), false},
      {"file_block_length", DataType::Long(), false}, {"file_modification_time", DataType::Timestamp(), false}};
  if (format.has_row_index()) fields.push_back({kRowIndexField, DataType::Long(), true});
  std::vector<StructField> out = {{kMetadataColumn, DataType::Struct(std::move(fields)), false},
                                  {"input_file_name()", DataType::String(), false},
                                  {"input_file_block_start()", DataType::Long(), false},
                                  {"input_file_block_length()", DataType::Long(), false}};
  std::erase_if(out, [&](const auto& hidden) {
    return std::any_of(schema.fields().begin(), schema.fields().end(),
                       [&](const auto& field) { return field.name == hidden.name; });
  });
  return DataType::Struct(std::move(out));
}

bool IsHiddenColumn(const StructField& field, const Format& format, const DataType& schema) {
  const DataType hidden = HiddenColumns(format, schema);
  return std::any_of(hidden.fields().begin(), hidden.fields().end(),
                     [&](const auto& known) { return known.name == field.name; });
}

Result<std::shared_ptr<arrow::Array>> HiddenColumn(const StructField& field, const Root& root, const FilePart& part,
                                                   int64_t rows, const std::shared_ptr<arrow::Array>& row_index) {
  if (field.name != kMetadataColumn) return arrow::MakeArrayFromScalar(*Fact(field.name, root, part), rows);
  arrow::ArrayVector children;
  for (const auto& member : field.type.fields()) {
    if (member.name == kRowIndexField) {
      children.push_back(row_index);
      continue;
    }
    const auto fact = Fact(member.name, root, part);
    if (fact == nullptr)
      return MakeError("INTERNAL_ERROR", {{"message", "no field " + member.name + " in a file's metadata"}});
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayFromScalar(*fact, rows));
    children.push_back(std::move(column));
  }
  return std::make_shared<arrow::StructArray>(ToArrowType(field.type), rows, std::move(children));
}

}  // namespace sluice::connectors::file
