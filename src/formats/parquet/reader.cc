#include "formats/parquet/reader.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <strings.h>

namespace sluice::parquet_io {

namespace {
bool Matches(const arrow::Field& from, const arrow::Field& to, MatchBy by) {
  if (by == MatchBy::kFieldId) return FieldIdOf(to) >= 0 && FieldIdOf(from) == FieldIdOf(to);
  return strcasecmp(from.name().c_str(), to.name().c_str()) == 0;
}

int FindMatch(const arrow::FieldVector& fields, const arrow::Field& to, MatchBy by) {
  int found = -1;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!Matches(*fields[i], to, by)) continue;
    if (by == MatchBy::kFieldId || fields[i]->name() == to.name()) return static_cast<int>(i);
    if (found < 0) found = static_cast<int>(i);
  }
  return found;
}

using SchemaField = ::parquet::arrow::SchemaField;

void AllLeaves(const SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) AllLeaves(child, leaves);
}

int FirstLeaf(const SchemaField& field) { return field.is_leaf() ? field.column_index : FirstLeaf(field.children[0]); }

void SelectLeaves(const SchemaField& from, const arrow::Field& to, MatchBy by, std::vector<int>* leaves) {
  if (from.is_leaf()) {
    leaves->push_back(from.column_index);
    return;
  }
  switch (from.field->type()->id()) {
    case arrow::Type::STRUCT: {
      if (to.type()->id() != arrow::Type::STRUCT) return AllLeaves(from, leaves);
      size_t before = leaves->size();
      for (const auto& want : to.type()->fields()) {
        for (const auto& child : from.children) {
          if (Matches(*child.field, *want, by)) SelectLeaves(child, *want, by, leaves);
        }
      }
      if (leaves->size() == before) leaves->push_back(FirstLeaf(from));  // which rows are null?
      return;
    }
    case arrow::Type::LIST:
      if (to.type()->id() != arrow::Type::LIST) return AllLeaves(from, leaves);
      return SelectLeaves(from.children[0], *to.type()->field(0), by, leaves);
    case arrow::Type::MAP: {
      if (to.type()->id() != arrow::Type::MAP || from.children.empty()) return AllLeaves(from, leaves);
      const SchemaField& entries = from.children[0];
      if (entries.children.size() != 2) return AllLeaves(from, leaves);
      AllLeaves(entries.children[0], leaves);
      return SelectLeaves(entries.children[1], *to.type()->field(0)->type()->field(1), by, leaves);
    }
    default: AllLeaves(from, leaves);
  }
}

Result<std::shared_ptr<arrow::Array>> UuidText(const arrow::Array& array) {
  const auto& values = static_cast<const arrow::FixedSizeBinaryArray&>(array);
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    std::string text;
    for (int b = 0; b < 16; ++b) {
      text += fmt::format("{:02x}", values.GetValue(i)[b]);
      if (b == 3 || b == 5 || b == 7 || b == 9) text += '-';
    }
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> ProjectLeaf(std::shared_ptr<arrow::Array> array, const arrow::Field& to) {
  if (array->type()->Equals(*to.type())) return array;
  if (array->type_id() == arrow::Type::EXTENSION) array = static_cast<const arrow::ExtensionArray&>(*array).storage();
  if (array->type_id() == arrow::Type::FIXED_SIZE_BINARY && to.type()->id() == arrow::Type::STRING &&
      static_cast<const arrow::FixedSizeBinaryType&>(*array->type()).byte_width() == 16) {
    return UuidText(*array);
  }
  if (array->type_id() == arrow::Type::TIMESTAMP && to.type()->id() == arrow::Type::TIMESTAMP) {
    // The zone is only a label; between units a truncating cast.
    auto unit = static_cast<const arrow::TimestampType&>(*array->type()).unit();
    auto to_unit = static_cast<const arrow::TimestampType&>(*to.type()).unit();
    if (unit == to_unit) return array->View(to.type());
    ARROW_ASSIGN_OR_RAISE(auto naive, array->View(arrow::timestamp(unit)));
    ARROW_ASSIGN_OR_RAISE(
        auto cast, arrow::compute::Cast(*naive, arrow::timestamp(to_unit), arrow::compute::CastOptions::Unsafe()));
    return cast->View(to.type());
  }
  auto cast = arrow::compute::Cast(*array, to.type());
  if (!cast.ok()) {
    return Status::TypeError("Parquet column ", to.name(), ": the file has ", array->type()->ToString(), ", wanted ",
                             to.type()->ToString(), ": ", cast.status().message());
  }
  return *cast;
}
}  // namespace

Result<std::shared_ptr<arrow::Array>> ProjectArray(const std::shared_ptr<arrow::Array>& array, const arrow::Field& from,
                                                   const arrow::Field& to, MatchBy by) {
  if (array->type_id() == arrow::Type::STRUCT && to.type()->id() == arrow::Type::STRUCT) {
    const auto& s = static_cast<const arrow::StructArray&>(*array);
    arrow::ArrayVector children;
    for (const auto& want : to.type()->fields()) {
      int i = FindMatch(from.type()->fields(), *want, by);
      if (i < 0) {
        ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(want->type(), array->length()));
        children.push_back(std::move(nulls));
      } else {
        ARROW_ASSIGN_OR_RAISE(auto child, ProjectArray(s.field(i), *from.type()->field(i), *want, by));
        children.push_back(std::move(child));
      }
    }
    // The children carry no offset of the struct's: s.field() has applied it.
    std::shared_ptr<arrow::Buffer> validity;
    if (array->null_count() > 0) {
      ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(array->length()));
      for (int64_t i = 0; i < array->length(); ++i) {
        if (array->IsValid(i)) validity->mutable_data()[i / 8] |= static_cast<uint8_t>(1 << (i % 8));
      }
    }
    return std::make_shared<arrow::StructArray>(to.type(), array->length(), std::move(children), std::move(validity));
  }
  if (array->type_id() == arrow::Type::LIST && to.type()->id() == arrow::Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(auto values, ProjectArray(list.values(), *from.type()->field(0), *to.type()->field(0), by));
    auto data = array->data()->Copy();
    data->type = to.type();
    data->child_data = {values->data()};
    return arrow::MakeArray(data);
  }
  if (array->type_id() == arrow::Type::MAP && to.type()->id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapArray&>(*array);
    const auto& from_entries = *from.type()->field(0)->type();
    const auto& to_entries = *to.type()->field(0)->type();
    ARROW_ASSIGN_OR_RAISE(auto keys, ProjectArray(map.keys(), *from_entries.field(0), *to_entries.field(0), by));
    ARROW_ASSIGN_OR_RAISE(auto items, ProjectArray(map.items(), *from_entries.field(1), *to_entries.field(1), by));
    auto entries =
        arrow::ArrayData::Make(to.type()->field(0)->type(), keys->length(), {nullptr}, {keys->data(), items->data()});
    auto data = array->data()->Copy();
    data->type = to.type();
    data->child_data = {entries};
    return arrow::MakeArray(data);
  }
  return ProjectLeaf(array, to);
}

namespace {
class FileReaderImpl final : public FileReader {
 public:
  explicit FileReaderImpl(ReaderOptions options) : options_(options) {}

  Status Init(std::shared_ptr<arrow::io::RandomAccessFile> file) {
    ::parquet::ArrowReaderProperties properties;
    properties.set_batch_size(options_.batch_rows);
    properties.set_use_threads(false);
    properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    ::parquet::ReaderProperties reader_properties;
    ::parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::move(file), reader_properties));
    ARROW_RETURN_NOT_OK(builder.properties(properties)->Build(&reader_));
    for (const auto& leaf : LeafColumns(manifest())) has_ids_ |= leaf.field_id >= 0;
    return Status::OK();
  }

  const ::parquet::FileMetaData& metadata() const override { return *reader_->parquet_reader()->metadata(); }
  const ::parquet::arrow::SchemaManifest& manifest() const override { return reader_->manifest(); }
  bool has_field_ids() const override { return has_ids_; }
  void set_match_by(MatchBy match_by) override { options_.match_by = match_by; }
  int64_t RowGroupOffset(int i) const override {
    auto group = metadata().RowGroup(i);
    if (group->num_columns() == 0) return 0;
    auto chunk = group->ColumnChunk(0);
    int64_t offset = chunk->data_page_offset();
    if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
      offset = std::min(offset, chunk->dictionary_page_offset());
    }
    return offset;
  }

  Status Start(std::shared_ptr<arrow::Schema> schema, std::vector<int> row_groups, MissingColumn missing) override {
    schema_ = std::move(schema);
    missing_ = std::move(missing);
    rows_left_ = 0;
    for (int group : row_groups) rows_left_ += metadata().RowGroup(group)->num_rows();
    std::vector<int> leaves;
    from_.clear();
    std::vector<size_t> chosen;
    const auto& fields = manifest().schema_fields;
    for (const auto& want : schema_->fields()) {
      int at = -1;
      for (size_t i = 0; i < fields.size(); ++i) {
        if (Matches(*fields[i].field, *want, options_.match_by) &&
            (at < 0 || fields[i].field->name() == want->name())) {
          at = static_cast<int>(i);
        }
      }
      from_.push_back(at);
      if (at >= 0) SelectLeaves(fields[static_cast<size_t>(at)], *want, options_.match_by, &leaves);
    }
    std::sort(leaves.begin(), leaves.end());
    leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
    batches_.reset();
    if (!leaves.empty() && !row_groups.empty()) {
      ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader(row_groups, leaves));
      // Positions among the columns read: file order of the chosen fields.
      for (int& at : from_) {
        if (at >= 0) at = batches_->schema()->GetFieldIndex(fields[static_cast<size_t>(at)].field->name());
      }
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (rows_left_ <= 0) return std::shared_ptr<arrow::RecordBatch>();
    std::shared_ptr<arrow::RecordBatch> in;
    int64_t rows = std::min(rows_left_, options_.batch_rows);
    if (batches_) {
      ARROW_RETURN_NOT_OK(batches_->ReadNext(&in));
      if (!in) return Status::IOError("Parquet: the file has fewer rows than its footer says");
      rows = in->num_rows();
    }
    rows_left_ -= rows;
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const arrow::Field& to = *schema_->field(i);
      int at = from_[static_cast<size_t>(i)];
      if (at < 0) {
        ARROW_ASSIGN_OR_RAISE(auto column, missing_ ? missing_(to, rows) : arrow::MakeArrayOfNull(to.type(), rows));
        columns.push_back(std::move(column));
      } else {
        ARROW_ASSIGN_OR_RAISE(auto column,
                              ProjectArray(in->column(at), *in->schema()->field(at), to, options_.match_by));
        columns.push_back(std::move(column));
      }
    }
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

 private:
  ReaderOptions options_;
  std::unique_ptr<::parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::Schema> schema_;
  MissingColumn missing_;
  std::vector<int> from_;
  int64_t rows_left_ = 0;
  bool has_ids_ = false;
};
}  // namespace

Result<std::unique_ptr<FileReader>> FileReader::Open(std::shared_ptr<arrow::io::RandomAccessFile> file,
                                                     ReaderOptions options) {
  auto reader = std::make_unique<FileReaderImpl>(options);
  try {
    ARROW_RETURN_NOT_OK(reader->Init(std::move(file)));
  } catch (const std::exception& e) {
    return Status::IOError("Parquet: ", e.what());
  }
  return reader;
}

}  // namespace sluice::parquet_io
