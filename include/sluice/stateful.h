#pragma once
// Processors of streams that keep state of each key: variables and timers of their own (Spark's transformWithState).
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/row.h"
#include "sluice/types.h"
#include "sluice/value.h"

namespace sluice {

/// When values of a variable are forgotten: so long after they were written. Time mode ProcessingTime only.
struct TTLConfig {
  int64_t ttlDurationMs = 0;  // 0: never
  static TTLConfig none() { return {}; }
};

class TimerValues {
 public:
  TimerValues(int64_t processing_ms, int64_t watermark_ms)
      : processing_ms_(processing_ms), watermark_ms_(watermark_ms) {}
  int64_t getCurrentProcessingTimeInMs() const { return processing_ms_; }
  int64_t getCurrentWatermarkInMs() const { return watermark_ms_; }

 private:
  int64_t processing_ms_, watermark_ms_;
};

class ExpiredTimerInfo {
 public:
  explicit ExpiredTimerInfo(int64_t expiry_ms) : expiry_ms_(expiry_ms) {}
  int64_t getExpiryTimeInMs() const { return expiry_ms_; }

 private:
  int64_t expiry_ms_;
};

/// One variable, of rows; the typed ones below wrap it. What it says is of the key at hand.
class StateVariable {
 public:
  virtual ~StateVariable() = default;
  virtual bool exists() const = 0;
  virtual void clear() = 0;
  virtual std::optional<Row> get(const Row& user_key = {}) const = 0;
  virtual void put(const Row& row, const Row& user_key = {}) = 0;
  virtual void remove(const Row& user_key) = 0;
  virtual void append(const Row& row) = 0;
  /// Of a list: rows; of a map: the user's keys and rows.
  virtual std::vector<std::pair<Row, Row>> entries() const = 0;
};

/// How values of T lie in state: as the only column "value", unless T is Row, whose columns are named where it is used.
template <typename T>
struct StateValue {
  static const char* ddl() {
    if constexpr (std::is_same_v<T, bool>)
      return "value BOOLEAN";
    else if constexpr (std::is_same_v<T, int32_t>)
      return "value INT";
    else if constexpr (std::is_same_v<T, int64_t>)
      return "value BIGINT";
    else if constexpr (std::is_same_v<T, double>)
      return "value DOUBLE";
    else if constexpr (std::is_same_v<T, std::string>)
      return "value STRING";
    else if constexpr (std::is_same_v<T, Timestamp>)
      return "value TIMESTAMP";
    else
      static_assert(std::is_same_v<T, Row>,
                    "state holds bool, int32_t, int64_t, double, std::string, Timestamp or Row");
  }
  static Row toRow(const T& value) { return Row{Value(value)}; }
  static T fromRow(const Row& row) { return row.getAs<T>(0); }
};
template <>
struct StateValue<Row> {
  static const char* ddl() { return ""; }
  static const Row& toRow(const Row& value) { return value; }
  static const Row& fromRow(const Row& row) { return row; }
};

template <typename T>
class ValueState {
 public:
  ValueState() = default;
  explicit ValueState(std::shared_ptr<StateVariable> variable) : variable_(std::move(variable)) {}
  bool exists() const { return variable_->exists(); }
  std::optional<T> get() const {
    const auto row = variable_->get();
    return row ? std::optional<T>(StateValue<T>::fromRow(*row)) : std::nullopt;
  }
  void update(const T& value) { variable_->put(StateValue<T>::toRow(value)); }
  void clear() { variable_->clear(); }

 private:
  std::shared_ptr<StateVariable> variable_;
};

template <typename T>
class ListState {
 public:
  ListState() = default;
  explicit ListState(std::shared_ptr<StateVariable> variable) : variable_(std::move(variable)) {}
  bool exists() const { return variable_->exists(); }
  std::vector<T> get() const {
    std::vector<T> values;
    for (const auto& [_, row] : variable_->entries()) values.push_back(StateValue<T>::fromRow(row));
    return values;
  }
  void put(const std::vector<T>& values) {
    clear();
    appendList(values);
  }
  void appendValue(const T& value) { variable_->append(StateValue<T>::toRow(value)); }
  void appendList(const std::vector<T>& values) {
    for (const T& value : values) appendValue(value);
  }
  void clear() { variable_->clear(); }

 private:
  std::shared_ptr<StateVariable> variable_;
};

template <typename K, typename V>
class MapState {
 public:
  MapState() = default;
  explicit MapState(std::shared_ptr<StateVariable> variable) : variable_(std::move(variable)) {}
  bool exists() const { return variable_->exists(); }
  std::optional<V> getValue(const K& key) const {
    const auto row = variable_->get(StateValue<K>::toRow(key));
    return row ? std::optional<V>(StateValue<V>::fromRow(*row)) : std::nullopt;
  }
  bool containsKey(const K& key) const { return variable_->get(StateValue<K>::toRow(key)).has_value(); }
  void updateValue(const K& key, const V& value) {
    variable_->put(StateValue<V>::toRow(value), StateValue<K>::toRow(key));
  }
  void removeKey(const K& key) { variable_->remove(StateValue<K>::toRow(key)); }
  std::vector<std::pair<K, V>> iterator() const {
    std::vector<std::pair<K, V>> entries;
    for (const auto& [key, row] : variable_->entries())
      entries.emplace_back(StateValue<K>::fromRow(key), StateValue<V>::fromRow(row));
    return entries;
  }
  void clear() { variable_->clear(); }

 private:
  std::shared_ptr<StateVariable> variable_;
};

/// What a processor asks for variables and timers. Columns of Row are given as DDL: "ts TIMESTAMP, n INT".
class StatefulProcessorHandle {
 public:
  virtual ~StatefulProcessorHandle() = default;
  template <typename T>
  ValueState<T> getValueState(const std::string& name, TTLConfig ttl = {},
                              const std::string& ddl = StateValue<T>::ddl()) {
    return ValueState<T>(variable(name, 0, "", ddl, ttl));
  }
  template <typename T>
  ListState<T> getListState(const std::string& name, TTLConfig ttl = {},
                            const std::string& ddl = StateValue<T>::ddl()) {
    return ListState<T>(variable(name, 1, "", ddl, ttl));
  }
  template <typename K, typename V>
  MapState<K, V> getMapState(const std::string& name, TTLConfig ttl = {},
                             const std::string& key_ddl = StateValue<K>::ddl(),
                             const std::string& ddl = StateValue<V>::ddl()) {
    return MapState<K, V>(variable(name, 2, key_ddl, ddl, ttl));
  }
  virtual void deleteIfExists(const std::string& name) = 0;
  /// Timers of the key at hand, in milliseconds. Time modes ProcessingTime and EventTime.
  virtual void registerTimer(int64_t expiry_ms) = 0;
  virtual void deleteTimer(int64_t expiry_ms) = 0;
  virtual std::vector<int64_t> listTimers() const = 0;

 protected:
  virtual std::shared_ptr<StateVariable> variable(const std::string& name, int kind, const std::string& key_ddl,
                                                  const std::string& ddl, TTLConfig ttl) = 0;
};

/// Made anew for each partition of each batch; called by one thread. Exceptions fail the query.
class StatefulProcessor {
 public:
  using Emit = std::function<void(const Row&)>;
  virtual ~StatefulProcessor() = default;
  virtual void init(StatefulProcessorHandle& handle) = 0;
  /// All rows of a key in a batch.
  virtual void handleInputRows(const Row& key, const std::vector<Row>& rows, const TimerValues& times,
                               const Emit& emit) = 0;
  virtual void handleExpiredTimer(const Row& key, const TimerValues& times, const ExpiredTimerInfo& timer,
                                  const Emit& emit);
  virtual void close() {}
};
using StatefulProcessorFactory = std::function<std::unique_ptr<StatefulProcessor>()>;

}  // namespace sluice
