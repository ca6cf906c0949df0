#include "exec/join_side_state.h"

#include <algorithm>
#include <functional>

#include "types/unsafe_row_layout.h"

namespace sluice::exec {

using namespace unsafe;  // NOLINT: rows are taken apart here
using state::Bytes;

JoinSideSchema JoinSideSchema::Of(const plan::ExprList& keys, const plan::Attributes& columns) {
  std::vector<StructField> key;
  for (size_t i = 0; i < keys.size(); ++i)
    key.push_back({"field" + std::to_string(i), *keys[i]->type, keys[i]->nullable, ""});
  std::vector<StructField> indexed = key, value = StateSchemaOf(columns).fields();
  indexed.push_back({"index", DataType::Long(), true, ""});
  value.push_back({"matched", DataType::Boolean(), true, ""});
  return {DataType::Struct(std::move(key)), DataType::Struct(std::move(indexed)),
          DataType::Struct({{"value", DataType::Long(), true, ""}}), DataType::Struct(std::move(value))};
}

size_t JoinSideState::matched_at() const { return NullBytes(schema_.num_columns() + 1) + 8 * schema_.num_columns(); }
size_t JoinSideState::index_at() const { return NullBytes(schema_.num_keys() + 1) + 8 * schema_.num_keys(); }

int64_t JoinSideState::CountOf(Bytes key) const {
  auto value = counts_.Get(key);
  return value && value->size() >= 16 ? Load<int64_t>(value->data() + 8) : 0;
}

void JoinSideState::SetCount(Bytes key, int64_t count) {
  if (count == 0) {
    counts_.Remove(key);
    return;
  }
  uint8_t row[16] = {};
  Store(row + 8, count);
  counts_.Put(key, {row, sizeof row});
}

Bytes JoinSideState::Indexed(Bytes indexed_key, int64_t index) {
  scratch_.assign(indexed_key.begin(), indexed_key.end());
  Store(scratch_.data() + index_at(), index);
  return scratch_;
}

std::optional<Bytes> JoinSideState::ValueAt(Bytes indexed_key, int64_t index) {
  auto value = values_.Get(Indexed(indexed_key, index));
  if (value && value->size() <= matched_at()) return std::nullopt;
  return value;
}

void JoinSideState::Append(Bytes key, Bytes indexed_key, Bytes value, bool matched) {
  const int64_t count = CountOf(key);
  row_.assign(value.begin(), value.end());
  row_[matched_at()] = matched;
  values_.Put(Indexed(indexed_key, count), row_);
  SetCount(key, count + 1);
}

void JoinSideState::SetMatched(Bytes indexed_key, int64_t index) {
  auto value = ValueAt(indexed_key, index);
  if (!value || Matched(*value)) return;
  row_.assign(value->begin(), value->end());
  row_[matched_at()] = 1;
  values_.Put(Indexed(indexed_key, index), row_);
}

Status JoinSideState::Remove(const std::vector<Entry>& rows) {
  if (rows.empty()) return Status::OK();
  std::vector<Bytes> indexed_keys;
  for (const Entry& row : rows) indexed_keys.push_back(row.indexed_key);
  ARROW_ASSIGN_OR_RAISE(Batch decoded, DecodeRows(schema_.indexed_key, indexed_keys));
  ARROW_ASSIGN_OR_RAISE(
      UnsafeRows keys,
      EncodeRows(schema_.key, std::span<const Vector>(decoded.columns).first(schema_.num_keys()), decoded.rows));
  const int64_t* index = decoded.columns.back().array->data()->GetValues<int64_t>(1);
  // Per key from the highest index down: what is behind a row then stays.
  std::vector<size_t> order(rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  auto text = [&](size_t i) {
    return std::string_view(reinterpret_cast<const char*>(keys.row(i).data()), keys.row(i).size());
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const int compared = text(a).compare(text(b));
    return compared != 0 ? compared < 0 : index[a] > index[b];
  });
  for (size_t i : order) {
    const int64_t last = CountOf(keys.row(i)) - 1;
    const std::vector<uint8_t> indexed_key(rows[i].indexed_key.begin(), rows[i].indexed_key.end());
    if (index[i] < last) {
      if (auto value = ValueAt(indexed_key, last)) {
        const std::vector<uint8_t> moved(value->begin(), value->end());
        values_.Put(Indexed(indexed_key, index[i]), moved);
      }
    }
    values_.Remove(Indexed(indexed_key, last));
    SetCount(keys.row(i), last);
  }
  return Status::OK();
}

}  // namespace sluice::exec
