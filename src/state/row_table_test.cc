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

template <typename F>
int64_t Remove(RowTable* table, F&& f) {
  auto time = [&](Bytes key, Bytes) { return f(key) ? std::optional<int64_t>(0) : std::nullopt; };
  return table->RemoveUpTo(0, RowTable::Time::kInKey, time, [](Bytes, Bytes) {});
}

std::shared_ptr<StateMemory> Budget(int64_t bytes) { return std::make_shared<StateMemory>(bytes, "/tmp"); }

// Against std::map: the rows, and that the changes turn the last settled rows into these.
void IsAMapThatKnowsItsChanges(bool spills) {
  RowTable table(spills ? Budget(1) : StateMemory::Unlimited());
  std::map<std::string, std::string> model, settled;
  const int steps = *rc::gen::inRange(0, 600);
  for (int step = 0; step < steps; ++step) {
    const std::string key = std::to_string(*rc::gen::inRange(0, 90));
    switch (*rc::gen::inRange(0, 7)) {
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
      case 3: {
        const bool fresh = model.emplace(key, "new").second;
        RC_ASSERT(table.PutNew(B(key), B("new")) == fresh);
        break;
      }
      default:
        model[key] = std::string(*rc::gen::inRange<size_t>(0, spills ? 4000 : 40), 'a' + static_cast<char>(step % 26));
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
      const size_t erased = settled.erase(S(key));
      RC_ASSERT(spills || erased == 1u);
    }
  });
  RC_ASSERT(settled == model);
  RC_ASSERT(table.status().ok());
}

RC_GTEST_PROP(RowTable, IsAMapThatKnowsItsChanges, ()) { IsAMapThatKnowsItsChanges(false); }
RC_GTEST_PROP(RowTable, IsThatMapBeyondItsBudget, ()) { IsAMapThatKnowsItsChanges(true); }

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
    Remove(&table, [](Bytes key) { return key.back() != '7'; });
    table.Settle();
  }
  EXPECT_EQ(table.size(), 2000);
  EXPECT_LT(table.bytes_used(), 3 * table.live_bytes() + 4'000'000);
}

// Many segments, so that some are in the file; values change, keys go and come.
TEST(RowTable, RowsBeyondTheBudgetAreInTheFile) {
  auto memory = Budget(256 * 1024);
  std::map<std::string, std::string> model;
  {
    RowTable table(memory);
    for (int round = 0; round < 12; ++round) {
      for (int i = round; i < 6000; i += 1 + round % 5) {
        const std::string key = "key-" + std::to_string(i);
        if (i % 7 == round % 7) {
          EXPECT_EQ(table.Remove(B(key)), model.erase(key) == 1);
        } else {
          const std::string value(static_cast<size_t>(10 + (i + round) % 300), static_cast<char>('a' + round));
          table.Put(B(key), B(value));
          model[key] = value;
        }
      }
      table.Settle();
      EXPECT_LE(memory->held(), 256 * 1024 + 64 * 1024);
      EXPECT_GT(memory->bytes_in_file(), 0);
    }
    EXPECT_EQ(Rows(table), model);
    for (const auto& [key, value] : model) ASSERT_EQ(S(*table.Get(B(key))), value);
    EXPECT_TRUE(table.status().ok());
    EXPECT_LT(memory->bytes_in_file(), 4 * table.live_bytes()) << "room of rows that changed is reclaimed";
    EXPECT_EQ(Remove(&table, [](Bytes) { return true; }), static_cast<int64_t>(model.size()));
    table.Settle();
    EXPECT_EQ(table.size(), 0);
  }
  EXPECT_EQ(memory->held(), 0);
  EXPECT_EQ(memory->bytes_in_file(), 0);
}

// Values begin with their time; what is too old goes, and only what may be is looked at.
TEST(RowTable, OldRowsAreFoundWithoutLookingAtAll) {
  for (const int64_t budget : {INT64_MAX, int64_t{200'000}}) {
    RowTable table(Budget(budget));
    std::map<std::string, std::string> model;
    int64_t looked = 0;
    auto time_of = [&](Bytes, Bytes value) {
      ++looked;
      return value[0] == 'x' ? std::nullopt : std::optional<int64_t>(std::stoll(S(value)));
    };
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 3000; ++i) {
        const std::string key = std::to_string(round) + "-" + std::to_string(i);
        const std::string value =
            (i % 100 == 0 ? "x" : std::to_string(100'000 + round * 10 + i % 10)) + std::string(20, ' ');
        table.Put(B(key), B(value));
        model[key] = value;
      }
      if (round % 4 == 3) {  // an early time, in a row that was later
        const std::string key = std::to_string(round - 2) + "-1234", value = "100000" + std::string(20, ' ');
        table.Put(B(key), B(value));
        model[key] = value;
      }
      looked = 0;
      const int64_t limit = 100'000 + (round - 30) * 10;
      const auto too_old = std::erase_if(
          model, [&](const auto& row) { return row.second[0] != 'x' && std::stoll(row.second) <= limit; });
      EXPECT_EQ(table.RemoveUpTo(limit, RowTable::Time::kInValue, time_of,
                                 [&](Bytes, Bytes value) { EXPECT_LE(std::stoll(S(value)), limit); }),
                static_cast<int64_t>(too_old))
          << "round " << round;
      if (round > 5 && round < 30) {
        EXPECT_LT(looked, 40'000);
      }
      table.Settle();
    }
    EXPECT_EQ(Rows(table), model);
  }
}

TEST(RowTable, RowsLargerThanASegment) {
  auto memory = Budget(100'000);
  RowTable table(memory);
  const std::string large(300'000, 'l'), larger(700'000, 'm');
  for (const char* key : {"a", "b", "c"}) table.Put(B(key), B(large));
  table.Settle();
  table.Put(B("b"), B(larger));
  table.Put(B("d"), B("small"));
  EXPECT_EQ(Rows(table),
            (std::map<std::string, std::string>{{"a", large}, {"b", larger}, {"c", large}, {"d", "small"}}));
  table.Settle();
  EXPECT_EQ(S(*table.Get(B("b"))), larger);
  EXPECT_LE(memory->held(), 800'000);
}

TEST(RowTable, AFileThatCannotBeWrittenIsAnError) {
  RowTable table(std::make_shared<StateMemory>(1, "/nowhere"));
  for (int i = 0; i < 100; ++i) table.Put(B(std::to_string(i)), B(std::string(2000, 'x')));
  table.Settle();
  EXPECT_EQ(table.size(), 100);
  EXPECT_NE(table.status().message().find("/nowhere"), std::string::npos) << table.status();
}

TEST(HashIndex, ManyOfOneHashAndManyHashes) {
  HashIndex index;
  auto any = [](uint32_t) { return true; };
  for (uint32_t i = 0; i < 10'000; ++i) index.Insert(7, i);
  for (uint32_t i = 0; i < 200'000; ++i) index.Insert(i * 2654435761u, 10'000 + i);
  for (uint32_t i = 0; i < 200'000; ++i)
    ASSERT_EQ(index.Find(i * 2654435761u, [&](uint32_t at) { return at == 10'000 + i; }), 10'000 + i);
  ASSERT_EQ(index.Find(7, [](uint32_t at) { return at == 9'999; }), 9'999u);
  for (uint32_t i = 0; i < 200'000; i += 2) index.Erase(i * 2654435761u, 10'000 + i);
  for (uint32_t i = 1; i < 200'000; i += 2) ASSERT_EQ(index.Find(i * 2654435761u, any), 10'000 + i);
  for (uint32_t i = 1; i < 200'000; i += 2) index.Erase(i * 2654435761u, 10'000 + i);
  for (uint32_t i = 0; i < 10'000; ++i) index.Erase(7, i);
  index.Shrink();
  EXPECT_LT(index.bytes(), 4096);
}

TEST(RowTable, TheEmptyKeyIsAKey) {
  RowTable table;
  EXPECT_FALSE(table.Get(B("")).has_value());
  table.Put(B(""), B("global"));
  EXPECT_EQ(S(*table.Get(B(""))), "global");
}

}  // namespace
}  // namespace sluice::state
