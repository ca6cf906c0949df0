#include "state/variables.h"

#include <algorithm>

namespace sluice::state {
namespace {

constexpr size_t kHead = 8;    // number and size of the key
constexpr size_t kExpiry = 8;  // before a row
constexpr uint32_t kTimers = 0;

void AppendBig(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}
uint64_t ReadBig(std::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}
/// Order of bytes is order of numbers.
uint64_t Ordered(int64_t value) { return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63); }
int64_t Unordered(uint64_t value) { return static_cast<int64_t>(value ^ (uint64_t{1} << 63)); }

Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

uint32_t NumberOf(std::string_view key) { return static_cast<uint32_t>(ReadBig(key.substr(0, 4))); }
size_t PrefixOf(std::string_view key) { return kHead + ReadBig(key.substr(4, 4)); }
bool WellFormed(std::string_view key) { return key.size() >= kHead && PrefixOf(key) <= key.size(); }

int64_t ExpiryOfRow(Bytes value) {
  if (value.size() < kExpiry) return INT64_MAX;
  return static_cast<int64_t>(ReadBig(AsText(value.first(kExpiry))));
}

}  // namespace

/// Ways to rows other than by their whole key; made of the rows when a store is loaded.
struct Variables::Index final : RowIndex {
  absl::btree_set<std::string> parts;                          // of lists, maps and timers
  absl::btree_set<std::pair<int64_t, std::string>> by_time;    // timers: time, key of the row
  absl::btree_set<std::pair<int64_t, std::string>> by_expiry;  // values that expire

  void Add(std::string_view key, int64_t expires_ms) {
    const size_t prefix = PrefixOf(key);
    if (prefix < key.size()) parts.emplace(key);
    if (NumberOf(key) == kTimers) by_time.emplace(Unordered(ReadBig(key.substr(prefix))), key);
    if (expires_ms != INT64_MAX) by_expiry.emplace(expires_ms, key);
  }
  void Remove(const std::string& key, int64_t expires_ms) {
    const size_t prefix = PrefixOf(key);
    if (prefix < key.size()) parts.erase(key);
    if (NumberOf(key) == kTimers) by_time.erase({Unordered(ReadBig(std::string_view(key).substr(prefix))), key});
    if (expires_ms != INT64_MAX) by_expiry.erase({expires_ms, key});
  }
};

Variables::Variables(StateStore* store, VariableCatalog* catalog, int64_t now_ms)
    : store_(store), catalog_(catalog), now_ms_(now_ms) {
  if (!store->index()) {
    auto index = std::make_unique<Index>();
    // Variables that were given up while this partition had no rows leave theirs behind.
    std::vector<std::string> strays;
    store->rows().ForEach([&](Bytes key, Bytes value) {
      const bool known =
          WellFormed(AsText(key)) && (NumberOf(AsText(key)) == kTimers || catalog->Has(NumberOf(AsText(key))));
      if (known) {
        index->Add(AsText(key), ExpiryOfRow(value));
      } else {
        strays.emplace_back(AsText(key));
      }
    });
    for (const std::string& key : strays) removed_ += store->rows().Remove(AsBytes(key));
    store->index() = std::move(index);
  }
  index_ = static_cast<Index*>(store->index().get());
}

Result<const Variable*> Variables::Declare(const Variable& variable) {
  auto declared = std::make_unique<Variable>(variable);
  ARROW_ASSIGN_OR_RAISE(declared->number, catalog_->Declare(variable));
  declared_.push_back(std::move(declared));
  return declared_.back().get();
}

Status Variables::DeleteIfExists(const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(std::optional<uint32_t> number, catalog_->Remove(name));
  if (!number) return Status::OK();
  std::vector<std::string> keys;
  store_->rows().ForEach([&](Bytes key, Bytes) {
    if (NumberOf(AsText(key)) == *number) keys.emplace_back(AsText(key));
  });
  for (const std::string& key : keys) RemoveAt(key);
  return Status::OK();
}

std::string Variables::KeyOf(uint32_t number, Bytes rest) const {
  std::string key;
  key.reserve(kHead + key_.size() + rest.size());
  AppendBig(number, 4, &key);
  AppendBig(key_.size(), 4, &key);
  key.append(AsText(key_));
  key.append(AsText(rest));
  return key;
}

int64_t Variables::ExpiryOf(const Variable& variable) const {
  return variable.ttl_ms > 0 ? now_ms_ + variable.ttl_ms : INT64_MAX;
}

std::optional<Bytes> Variables::Live(std::string_view key) const {
  const auto value = store_->rows().Get(AsBytes(key));
  if (!value || value->size() < kExpiry || ExpiryOfRow(*value) <= now_ms_) return std::nullopt;
  return value->subspan(kExpiry);
}

void Variables::PutAt(const std::string& key, Bytes row, int64_t expires_ms) {
  if (const auto before = store_->rows().Get(AsBytes(key))) index_->Remove(key, ExpiryOfRow(*before));
  std::string value;
  value.reserve(kExpiry + row.size());
  AppendBig(static_cast<uint64_t>(expires_ms), 8, &value);
  value.append(AsText(row));
  store_->rows().Put(AsBytes(key), AsBytes(value));
  index_->Add(key, expires_ms);
  ++updated_;
}

void Variables::RemoveAt(const std::string& key) {
  const auto value = store_->rows().Get(AsBytes(key));
  if (!value) return;
  index_->Remove(key, ExpiryOfRow(*value));
  store_->rows().Remove(AsBytes(key));
  ++removed_;
}

template <typename F>
void Variables::ForEachBelow(const std::string& prefix, F&& f) const {
  for (auto it = index_->parts.lower_bound(prefix); it != index_->parts.end() && it->starts_with(prefix); ++it) f(*it);
}

std::optional<Bytes> Variables::Get(const Variable& variable, Bytes user_key) const {
  return Live(KeyOf(variable.number, user_key));
}

void Variables::Put(const Variable& variable, Bytes row, Bytes user_key) {
  PutAt(KeyOf(variable.number, user_key), row, ExpiryOf(variable));
}

void Variables::Remove(const Variable& variable, Bytes user_key) { RemoveAt(KeyOf(variable.number, user_key)); }

bool Variables::Exists(const Variable& variable) const {
  if (variable.kind == Variable::Kind::kValue) return Get(variable).has_value();
  bool any = false;
  ForEachBelow(KeyOf(variable.number), [&](const std::string& key) { any = any || Live(key); });
  return any;
}

void Variables::Clear(const Variable& variable) {
  if (variable.kind == Variable::Kind::kValue) return Remove(variable);
  std::vector<std::string> keys;
  ForEachBelow(KeyOf(variable.number), [&](const std::string& key) { keys.push_back(key); });
  for (const std::string& key : keys) RemoveAt(key);
}

void Variables::Append(const Variable& variable, Bytes row) {
  // One past the last of this list, which is the last before what follows all its positions.
  const std::string prefix = KeyOf(variable.number);
  std::string past = prefix;
  AppendBig(UINT64_MAX, 8, &past);
  auto it = index_->parts.upper_bound(past);
  uint64_t position = 0;
  if (it != index_->parts.begin() && (--it)->starts_with(prefix))
    position = ReadBig(std::string_view(*it).substr(prefix.size())) + 1;
  std::string key = prefix;
  AppendBig(position, 8, &key);
  PutAt(key, row, ExpiryOf(variable));
}

std::vector<Variables::Entry> Variables::Entries(const Variable& variable) const {
  std::vector<Entry> entries;
  const std::string prefix = KeyOf(variable.number);
  ForEachBelow(prefix, [&](const std::string& key) {
    if (const auto row = Live(key)) entries.push_back({AsBytes(std::string_view(key).substr(prefix.size())), *row});
  });
  return entries;
}

void Variables::RegisterTimer(int64_t time_ms) {
  std::string key = KeyOf(kTimers);
  AppendBig(Ordered(time_ms), 8, &key);
  if (!store_->rows().Get(AsBytes(key))) PutAt(key, {}, INT64_MAX);
}

void Variables::DeleteTimer(int64_t time_ms) {
  std::string key = KeyOf(kTimers);
  AppendBig(Ordered(time_ms), 8, &key);
  RemoveAt(key);
}

std::vector<int64_t> Variables::Timers() const {
  std::vector<int64_t> times;
  const std::string prefix = KeyOf(kTimers);
  ForEachBelow(prefix, [&](const std::string& key) {
    times.push_back(Unordered(ReadBig(std::string_view(key).substr(prefix.size()))));
  });
  return times;
}

std::vector<Variables::Timer> Variables::ExpiredTimers(int64_t until_ms) const {
  std::vector<Timer> timers;
  for (const auto& [time_ms, key] : index_->by_time) {
    if (time_ms >= until_ms) break;
    const Bytes bytes = AsBytes(key).subspan(kHead, PrefixOf(key) - kHead);
    timers.push_back({time_ms, {bytes.begin(), bytes.end()}});
  }
  return timers;
}

bool Variables::AnyTimerBefore(int64_t until_ms) const {
  return !index_->by_time.empty() && index_->by_time.begin()->first < until_ms;
}

int64_t Variables::Expire() {
  int64_t expired = 0;
  while (!index_->by_expiry.empty() && index_->by_expiry.begin()->first <= now_ms_) {
    const std::string key = index_->by_expiry.begin()->second;
    RemoveAt(key);
    ++expired;
  }
  return expired;
}

}  // namespace sluice::state
