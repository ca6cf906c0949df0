#pragma once
// One side of a stream-stream join in one partition: its rows by key.
#include "exec/stateful.h"

namespace sluice::exec {

/// The forms in which a side keeps its rows: a key is an UnsafeRow of the key columns, an indexed key has the index of
/// the row among those of its key behind them, a value is the row with `matched` behind its columns.
struct JoinSideSchema {
  DataType key, indexed_key, count, value;  // STRUCTs
  static JoinSideSchema Of(const plan::ExprList& keys, const plan::Attributes& columns);
  size_t num_keys() const { return key.fields().size(); }
  size_t num_columns() const { return value.fields().size() - 1; }
};

/// Over the stores keyToNumValues and keyWithIndexToValue.
class JoinSideState {
 public:
  JoinSideState(const JoinSideSchema& schema, state::RowTable& counts, state::RowTable& values)
      : schema_(schema), counts_(counts), values_(values) {}

  int64_t CountOf(state::Bytes key) const;
  /// Worth it for keys that are asked for a few calls later.
  void PrefetchCount(state::Bytes key) const { counts_.Prefetch(key); }
  /// `indexed_key`: the key with any index.
  std::optional<state::Bytes> ValueAt(state::Bytes indexed_key, int64_t index);
  void Append(state::Bytes key, state::Bytes indexed_key, state::Bytes value, bool matched);
  void SetMatched(state::Bytes indexed_key, int64_t index);
  bool Matched(state::Bytes value) const { return value[matched_at()] != 0; }

  struct Entry {
    state::Bytes indexed_key, value;
  };
  /// The rows with time_of(indexed key, value) at most `limit`, all to be removed; valid until the next change.
  template <typename TimeOf>
  std::vector<Entry> FindUpTo(int64_t limit, state::RowTable::Time time, TimeOf&& time_of) {
    std::vector<Entry> found;
    values_.ForEachUpTo(limit, time, time_of, [&](state::Bytes key, state::Bytes value) {
      found.push_back({key, value});
    });
    return found;
  }
  /// Removes rows that FindUpTo gave. The last row of a key takes a removed one's index.
  Status Remove(const std::vector<Entry>& rows);

 private:
  size_t matched_at() const;
  size_t index_at() const;
  state::Bytes Indexed(state::Bytes indexed_key, int64_t index);
  void SetCount(state::Bytes key, int64_t count);

  const JoinSideSchema& schema_;
  state::RowTable &counts_, &values_;
  std::vector<uint8_t> scratch_, row_;
};

}  // namespace sluice::exec
