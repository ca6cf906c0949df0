#include "state/row_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace sluice::state {
namespace {

Bytes B(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string S(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

std::map<std::string, std::string> Rows(const RowTable& table) {
  std::map<std::string, std::string> rows;
  table.ForEach([&](Bytes key, Bytes value) { rows[S(key)] = S(value); });
  return rows;
}

// Against std::map: the rows, and that the changes turn the last settled rows into these.
RC_GTEST_PROP(RowTable, IsAMapThatKnowsItsChanges, ()) {
  RowTable table;
  std::map<std::string, std::string> model, settled;
  const int steps = *rc::gen::inRange(0, 600);
  for (int step = 0; step < steps; ++step) {
    const std::string key = std::to_string(*rc::gen::inRange(0, 90));
    switch (*rc::gen::inRange(0, 6)) {
      case 0: RC_ASSERT(table.Remove(B(key)) == (model.erase(key) > 0)); break;
      case 1:
        if (*rc::gen::inRange(0, 10) == 0) {
          table.Settle();
          settled = model;
        }
        break;
      case 2: {
        const auto found = table.Get(B(key));
        RC_ASSERT(found.has_value() == (model.count(key) > 0));
        if (found) RC_ASSERT(S(*found) == model[key]);
        break;
      }
      default:
        model[key] = std::string(*rc::gen::inRange<size_t>(0, 40), 'a' + static_cast<char>(step % 26));
        table.Put(B(key), B(model[key]));
    }
    RC_ASSERT(table.size() == static_cast<int64_t>(model.size()));
  }
  RC_ASSERT(Rows(table) == model);
  int64_t bytes = 0;
  for (const auto& [key, value] : model) bytes += static_cast<int64_t>(key.size() + value.size());
  RC_ASSERT(table.live_bytes() == bytes);
  table.ForEachChange([&](Bytes key, const std::optional<Bytes>& value) {
    if (value) {
      settled[S(key)] = S(*value);
    } else {
      RC_ASSERT(settled.erase(S(key)) == 1u);
    }
  });
  RC_ASSERT(settled == model);
}

TEST(RowTable, AnUnchangedValueIsNoChange) {
  RowTable table;
  table.Put(B("k"), B("v"));
  table.Settle();
  table.Put(B("k"), B("v"));
  int changes = 0;
  table.ForEachChange([&](Bytes, const std::optional<Bytes>&) { ++changes; });
  EXPECT_EQ(changes, 0);
}

TEST(RowTable, RoomOfRemovedRowsIsReclaimed) {
  RowTable table;
  const std::string value(1000, 'x');
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1000; ++i) table.Put(B(std::to_string(round * 1000 + i)), B(value));
    table.RemoveIf([](Bytes key, Bytes) { return key.back() != '7'; });
    table.Settle();
  }
  EXPECT_EQ(table.size(), 2000);
  EXPECT_LT(table.bytes_used(), 3 * table.live_bytes() + 4'000'000);
}

TEST(RowTable, TheEmptyKeyIsAKey) {
  RowTable table;
  EXPECT_FALSE(table.Get(B("")).has_value());
  table.Put(B(""), B("global"));
  EXPECT_EQ(S(*table.Get(B(""))), "global");
}

}  // namespace
}  // namespace sluice::state
