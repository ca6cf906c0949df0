#include "formats/avro/container.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <arrow/io/memory.h>

#include "formats/avro/codec.h"
#include "formats/avro/wire.h"

namespace sluice::avro {

namespace {
constexpr size_t kSync = 16;
constexpr size_t kBlockBytes = 64 << 10;
constexpr int kMaxDepth = 64;
struct Decoder {
  const Schema& schema;
  std::string_view* bytes;

  Status Decode(int index, Value* out, int depth) {
    if (depth > kMaxDepth) return Status::Invalid("Avro: nested too deeply");
    const Node& node = schema.node(index);
    switch (node.kind) {
      case Kind::kNull: out->v = std::monostate(); return Status::OK();
      case Kind::kBoolean: {
        std::string_view b;
        ARROW_RETURN_NOT_OK(GetBytes(bytes, 1, &b));
        out->v = b[0] != 0;
        return Status::OK();
      }
      case Kind::kInt:
      case Kind::kLong:
      case Kind::kEnum: {
        int64_t v = 0;
        ARROW_RETURN_NOT_OK(GetLong(bytes, &v));
        if (node.kind == Kind::kEnum && (v < 0 || static_cast<size_t>(v) >= node.symbols.size())) return Short();
        out->v = v;
        return Status::OK();
      }
      case Kind::kFloat: {
        float v;
        ARROW_RETURN_NOT_OK(GetNumber(bytes, &v));
        out->v = static_cast<double>(v);
        return Status::OK();
      }
      case Kind::kDouble: {
        double v;
        ARROW_RETURN_NOT_OK(GetNumber(bytes, &v));
        out->v = v;
        return Status::OK();
      }
      case Kind::kBytes:
      case Kind::kString:
      case Kind::kFixed: {
        std::string_view b;
        ARROW_RETURN_NOT_OK(node.kind == Kind::kFixed ? GetBytes(bytes, node.fixed_size, &b) : GetString(bytes, &b));
        out->v = std::string(b);
        return Status::OK();
      }
      case Kind::kRecord: {
        Value::Items items(node.fields.size());
        for (size_t i = 0; i < items.size(); ++i) {
          ARROW_RETURN_NOT_OK(Decode(node.fields[i].node, &items[i], depth + 1));
        }
        out->v = std::move(items);
        return Status::OK();
      }
      case Kind::kUnion: {
        int64_t branch = 0;
        ARROW_RETURN_NOT_OK(GetLong(bytes, &branch));
        if (branch < 0 || static_cast<size_t>(branch) >= node.children.size()) return Short();
        return Decode(node.children[static_cast<size_t>(branch)], out, depth + 1);
      }
      case Kind::kArray:
      case Kind::kMap: return Blocks(node, out, depth);
    }
    return Short();
  }

  Status Blocks(const Node& node, Value* out, int depth) {
    Value::Items items;
    Value::Entries entries;
    int64_t empty_items = 0;
    while (true) {
      int64_t count = 0, ignored = 0;
      ARROW_RETURN_NOT_OK(GetCount(bytes, &count, &ignored));
      if (count == 0) break;
      for (int64_t i = 0; i < count; ++i) {
        size_t before = bytes->size();
        if (node.kind == Kind::kMap) {
          std::string_view key;
          ARROW_RETURN_NOT_OK(GetString(bytes, &key));
          entries.emplace_back(std::string(key), Value());
          ARROW_RETURN_NOT_OK(Decode(node.children[0], &entries.back().second, depth + 1));
        } else {
          items.emplace_back();
          ARROW_RETURN_NOT_OK(Decode(node.children[0], &items.back(), depth + 1));
        }
        if (bytes->size() == before && ++empty_items > kMaxEmptyItems) return Short();
      }
    }
    if (node.kind == Kind::kMap) {
      out->v = std::move(entries);
    } else {
      out->v = std::move(items);
    }
    return Status::OK();
  }
};

Status Misfit(const Node& node) {
  return Status::Invalid("Avro: a value does not fit its schema", node.name.empty() ? "" : " ", node.name);
}

/// Does `value` look like a value of `node`? To choose the branch of a union.
bool Fits(const Schema& schema, int index, const Value& value) {
  switch (schema.node(index).kind) {
    case Kind::kNull: return value.is_null();
    case Kind::kBoolean: return value.boolean() != nullptr;
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum: return value.integer() != nullptr;
    case Kind::kFloat:
    case Kind::kDouble: return value.number() != nullptr;
    case Kind::kBytes:
    case Kind::kString:
    case Kind::kFixed: return value.bytes() != nullptr;
    case Kind::kRecord:
    case Kind::kArray: return value.items() != nullptr;
    case Kind::kMap: return value.entries() != nullptr;
    case Kind::kUnion: return false;
  }
  return false;
}
}  // namespace

Status DecodeValue(const Schema& schema, int node, std::string_view* bytes, Value* out) {
  return Decoder{schema, bytes}.Decode(node, out, 0);
}

Status EncodeValue(const Schema& schema, int index, const Value& value, std::string* out) {
  const Node& node = schema.node(index);
  if (node.kind == Kind::kUnion) {
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (!Fits(schema, node.children[i], value)) continue;
      PutLong(static_cast<int64_t>(i), out);
      return EncodeValue(schema, node.children[i], value, out);
    }
    return Misfit(node);
  }
  if (!Fits(schema, index, value)) return Misfit(node);
  switch (node.kind) {
    case Kind::kNull:
    case Kind::kUnion: return Status::OK();
    case Kind::kBoolean: out->push_back(*value.boolean() ? 1 : 0); return Status::OK();
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum: PutLong(*value.integer(), out); return Status::OK();
    case Kind::kFloat: {
      auto v = static_cast<float>(*value.number());
      out->append(reinterpret_cast<const char*>(&v), sizeof v);
      return Status::OK();
    }
    case Kind::kDouble: out->append(reinterpret_cast<const char*>(value.number()), sizeof(double)); return Status::OK();
    case Kind::kBytes:
    case Kind::kString: PutString(*value.bytes(), out); return Status::OK();
    case Kind::kFixed:
      if (value.bytes()->size() != node.fixed_size) return Misfit(node);
      out->append(*value.bytes());
      return Status::OK();
    case Kind::kRecord:
      if (value.items()->size() != node.fields.size()) return Misfit(node);
      for (size_t i = 0; i < node.fields.size(); ++i) {
        ARROW_RETURN_NOT_OK(EncodeValue(schema, node.fields[i].node, (*value.items())[i], out));
      }
      return Status::OK();
    case Kind::kArray:
      if (!value.items()->empty()) PutLong(static_cast<int64_t>(value.items()->size()), out);
      for (const Value& item : *value.items()) ARROW_RETURN_NOT_OK(EncodeValue(schema, node.children[0], item, out));
      PutLong(0, out);
      return Status::OK();
    case Kind::kMap:
      if (!value.entries()->empty()) PutLong(static_cast<int64_t>(value.entries()->size()), out);
      for (const auto& [key, item] : *value.entries()) {
        PutString(key, out);
        ARROW_RETURN_NOT_OK(EncodeValue(schema, node.children[0], item, out));
      }
      PutLong(0, out);
      return Status::OK();
  }
  return Misfit(node);
}

Result<std::unique_ptr<BlockReader>> BlockReader::Open(std::shared_ptr<arrow::io::RandomAccessFile> file) {
  std::unique_ptr<BlockReader> reader(new BlockReader());
  ARROW_ASSIGN_OR_RAISE(reader->size_, file->GetSize());
  reader->file_ = std::move(file);
  // Headers hold a schema: some kilobytes. A longer one is read anew with twice as much.
  for (int64_t n = 64 << 10;; n *= 2) {
    ARROW_ASSIGN_OR_RAISE(auto head, reader->file_->ReadAt(0, std::min(n, reader->size_)));
    std::string_view bytes(*head);
    const Status parsed = reader->ParseHeader(&bytes);
    if (!parsed.ok()) {
      if (n < reader->size_ && bytes.empty()) continue;
      return parsed;
    }
    reader->position_ = head->size() - static_cast<int64_t>(bytes.size());
    break;
  }
  auto codec = reader->metadata_.find("avro.codec");
  if (codec != reader->metadata_.end()) {
    ARROW_ASSIGN_OR_RAISE(reader->codec_, CodecFromName(codec->second));
  }
  ARROW_ASSIGN_OR_RAISE(auto schema, Schema::Parse(reader->metadata_["avro.schema"]));
  reader->schema_ = std::make_shared<const Schema>(std::move(schema));
  return reader;
}

/// `bytes` is empty when more of it could have helped.
Status BlockReader::ParseHeader(std::string_view* bytes) {
  if (bytes->substr(0, 4) != std::string_view("Obj\x01", 4)) {
    return Status::Invalid("Avro: not an object container file");
  }
  const auto parse = [&]() -> Status {
    bytes->remove_prefix(4);
    metadata_.clear();
    while (true) {
      int64_t count = 0, ignored = 0;
      ARROW_RETURN_NOT_OK(GetCount(bytes, &count, &ignored));
      if (count == 0) break;
      for (int64_t i = 0; i < count; ++i) {
        std::string_view key, value;
        ARROW_RETURN_NOT_OK(GetString(bytes, &key));
        ARROW_RETURN_NOT_OK(GetString(bytes, &value));
        metadata_.insert_or_assign(std::string(key), std::string(value));
      }
    }
    std::string_view sync;
    ARROW_RETURN_NOT_OK(GetBytes(bytes, kSync, &sync));
    sync_ = sync;
    return Status::OK();
  };
  const Status status = parse();
  if (!status.ok()) *bytes = {};
  return status;
}

Status BlockReader::Restrict(int64_t start, int64_t end) {
  end_ = end;
  // The marker before a block belongs to its part; the first one ends the header.
  const auto marker = static_cast<int64_t>(kSync);
  if (start <= position_ - marker) return Status::OK();
  constexpr int64_t kChunk = 64 << 10;
  for (int64_t at = start; at < std::min(end, size_); at += kChunk) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, file_->ReadAt(at, kChunk + marker - 1));
    const size_t found = std::string_view(*bytes).find(sync_);
    if (found == std::string_view::npos) continue;
    position_ = at + static_cast<int64_t>(found) + marker;
    return Status::OK();
  }
  position_ = size_;
  return Status::OK();
}

Result<bool> BlockReader::NextHead(int64_t* count, int64_t* bytes) {
  const auto marker = static_cast<int64_t>(kSync);
  if (position_ >= size_ || position_ - marker >= end_) return false;
  ARROW_ASSIGN_OR_RAISE(auto head, file_->ReadAt(position_, 20));
  std::string_view rest(*head);
  ARROW_RETURN_NOT_OK(GetLong(&rest, count));
  ARROW_RETURN_NOT_OK(GetLong(&rest, bytes));
  position_ += head->size() - static_cast<int64_t>(rest.size());
  if (*count < 0 || *bytes < 0 || *bytes > size_ - position_ - marker) return Short();
  return true;
}

Result<bool> BlockReader::Next(int64_t* count, std::string* data) {
  int64_t bytes = 0;
  ARROW_ASSIGN_OR_RAISE(bool more, NextHead(count, &bytes));
  if (!more) return false;
  ARROW_ASSIGN_OR_RAISE(auto packed, file_->ReadAt(position_, bytes + static_cast<int64_t>(kSync)));
  const std::string_view all(*packed);
  if (all.substr(static_cast<size_t>(bytes)) != sync_)
    return Status::Invalid("Avro: a sync marker is wrong: the file is corrupt");
  position_ += packed->size();
  ARROW_ASSIGN_OR_RAISE(*data, Decompress(codec_, all.substr(0, static_cast<size_t>(bytes))));
  if (data->empty() && *count > kMaxEmptyItems) return Short();
  return true;
}

Result<bool> BlockReader::Skip(int64_t* count) {
  int64_t bytes = 0;
  ARROW_ASSIGN_OR_RAISE(bool more, NextHead(count, &bytes));
  position_ += more ? bytes + static_cast<int64_t>(kSync) : 0;
  return more;
}

Result<ContainerReader> ContainerReader::Open(std::string_view bytes) {
  ContainerReader reader;
  ARROW_ASSIGN_OR_RAISE(
      reader.blocks_,
      BlockReader::Open(std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(bytes))));
  return reader;
}

Result<bool> ContainerReader::Next(Value* out) {
  while (block_count_ == 0) {
    if (!block_rest_.empty()) return Short();
    ARROW_ASSIGN_OR_RAISE(bool more, blocks_->Next(&block_count_, &block_));
    if (!more) return false;
    block_rest_ = block_;
  }
  // The view points into block_, which moves with the reader.
  block_rest_ = std::string_view(block_).substr(block_.size() - block_rest_.size());
  ARROW_RETURN_NOT_OK(DecodeValue(schema(), schema().root_index(), &block_rest_, out));
  --block_count_;
  if (block_count_ > kMaxEmptyItems && block_rest_.empty()) return Short();
  return true;
}

Result<ContainerWriter> ContainerWriter::Make(const std::string& schema_json,
                                              std::map<std::string, std::string> metadata, Codec codec, int level) {
  ContainerWriter writer;
  writer.level_ = level;
  ARROW_ASSIGN_OR_RAISE(auto schema, Schema::Parse(schema_json));
  writer.schema_ = std::make_shared<const Schema>(std::move(schema));
  writer.codec_ = codec;
  metadata["avro.schema"] = schema_json;
  metadata["avro.codec"] = CodecName(codec);
  static thread_local std::mt19937_64 random{std::random_device{}()};
  for (int i = 0; i < 2; ++i) {
    uint64_t word = random();
    writer.sync_.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  writer.out_.assign("Obj\x01", 4);
  PutLong(static_cast<int64_t>(metadata.size()), &writer.out_);
  for (const auto& [key, value] : metadata) {
    PutString(key, &writer.out_);
    PutString(value, &writer.out_);
  }
  PutLong(0, &writer.out_);
  writer.out_ += writer.sync_;
  return writer;
}

Status ContainerWriter::Append(const Value& value) {
  ARROW_RETURN_NOT_OK(EncodeValue(*schema_, schema_->root_index(), value, &block_));
  return EndRow();
}

Status ContainerWriter::EndRow() {
  ++block_count_;
  return block_.size() >= kBlockBytes ? FlushBlock() : Status::OK();
}

Status ContainerWriter::FlushBlock() {
  if (block_count_ == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(std::string packed, Compress(codec_, block_, level_));
  PutLong(block_count_, &out_);
  PutLong(static_cast<int64_t>(packed.size()), &out_);
  out_ += packed;
  out_ += sync_;
  block_.clear();
  block_count_ = 0;
  return Status::OK();
}

Result<std::string> ContainerWriter::Finish() {
  ARROW_RETURN_NOT_OK(FlushBlock());
  return std::move(out_);
}

}  // namespace sluice::avro
