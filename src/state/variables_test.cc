#include "state/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "state/state_stores.h"
#include "types/ddl.h"

namespace sluice::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes B(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string Text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class VariablesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("variables-" + std::to_string(::getpid()) + "-" +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Reopen(0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Reopen(int64_t version) {
    catalog_ = VariableCatalog::Open((folder_ / "variables").string()).ValueOrDie();
    store_ = StateStore::Load((folder_ / "0").string(), version).ValueOrDie();
  }
  Variables At(int64_t now_ms) { return Variables(store_.get(), catalog_.get(), now_ms); }
  static Variable Make(std::string name, Variable::Kind kind, int64_t ttl_ms = 0) {
    Variable variable{std::move(name), kind, *ParseSchema("v STRING"), {}, ttl_ms};
    if (kind == Variable::Kind::kMap) variable.key = *ParseSchema("k STRING");
    return variable;
  }
  static std::vector<std::string> Listed(const std::vector<Variables::Entry>& entries) {
    std::vector<std::string> out;
    for (const auto& entry : entries)
      out.push_back(Text(entry.user_key.size() == 8 ? Bytes() : entry.user_key) + Text(entry.row));
    return out;
  }

  std::filesystem::path folder_;
  std::unique_ptr<VariableCatalog> catalog_;
  std::unique_ptr<StateStore> store_;
};

TEST_F(VariablesTest, KindsKeepApartAndSurviveARestart) {
  {
    Variables variables = At(1000);
    const Variable* value = *variables.Declare(Make("value", Variable::Kind::kValue));
    const Variable* list = *variables.Declare(Make("list", Variable::Kind::kList));
    const Variable* map = *variables.Declare(Make("map", Variable::Kind::kMap));
    for (const char* key : {"a", "ab"}) {
      variables.SetKey(B(key));
      variables.Put(*value, B(std::string("v") + key));
      for (int i = 0; i < 300; ++i) variables.Append(*list, B(std::to_string(i)));
      variables.Put(*map, B("2"), B("y"));
      variables.Put(*map, B("1"), B("x"));
    }
    variables.SetKey(B("a"));
    variables.Clear(*list);
    variables.Append(*list, B("again"));
    variables.Remove(*map, B("y"));
  }
  ASSERT_TRUE(store_->Commit().ok());
  Reopen(1);
  Variables variables = At(2000);
  const Variable* list = *variables.Declare(Make("list", Variable::Kind::kList));
  const Variable* map = *variables.Declare(Make("map", Variable::Kind::kMap));
  const Variable* value = *variables.Declare(Make("value", Variable::Kind::kValue));
  variables.SetKey(B("a"));
  EXPECT_EQ(Text(*variables.Get(*value)), "va");
  EXPECT_THAT(Listed(variables.Entries(*list)), ElementsAre("again"));
  EXPECT_THAT(Listed(variables.Entries(*map)), ElementsAre("x1"));
  variables.SetKey(B("ab"));
  const auto listed = Listed(variables.Entries(*list));
  ASSERT_EQ(listed.size(), 300u);
  EXPECT_EQ(listed[299], "299");
  variables.Append(*list, B("after"));
  EXPECT_EQ(Listed(variables.Entries(*list)).back(), "after");
  EXPECT_THAT(Listed(variables.Entries(*map)), ElementsAre("x1", "y2"));
  variables.SetKey(B("b"));
  EXPECT_FALSE(variables.Exists(*value) || variables.Exists(*list) || variables.Exists(*map));
}

TEST_F(VariablesTest, TimersComeInOrderOfTimeOnce) {
  Variables variables = At(0);
  for (auto [key, time] :
       std::vector<std::pair<const char*, int64_t>>{{"b", 5}, {"a", 7}, {"a", -3}, {"a", 5}, {"a", 5}}) {
    variables.SetKey(B(key));
    variables.RegisterTimer(time);
  }
  variables.SetKey(B("a"));
  EXPECT_THAT(variables.Timers(), ElementsAre(-3, 5, 7));
  std::vector<std::pair<int64_t, std::string>> expired;
  for (const auto& timer : variables.ExpiredTimers(7)) expired.emplace_back(timer.time_ms, Text(timer.key));
  EXPECT_THAT(expired, ElementsAre(std::pair(-3, "a"), std::pair(5, "a"), std::pair(5, "b")));
  EXPECT_TRUE(variables.AnyTimerBefore(-2));
  variables.DeleteTimer(-3);
  EXPECT_FALSE(variables.AnyTimerBefore(5));
}

TEST_F(VariablesTest, ValuesExpire) {
  {
    Variables variables = At(1000);
    const Variable* value = *variables.Declare(Make("value", Variable::Kind::kValue, 100));
    variables.SetKey(B("a"));
    variables.Put(*value, B("old"));
    variables.SetKey(B("b"));
    variables.Put(*value, B("old"));
    EXPECT_EQ(variables.Expire(), 0);
  }
  Variables variables = At(1100);
  const Variable* value = *variables.Declare(Make("value", Variable::Kind::kValue, 100));
  variables.SetKey(B("a"));
  EXPECT_FALSE(variables.Exists(*value));
  variables.Put(*value, B("new"));
  EXPECT_EQ(variables.Expire(), 1);
  EXPECT_EQ(store_->rows().size(), 1);
  EXPECT_EQ(Text(*variables.Get(*value)), "new");
}

TEST_F(VariablesTest, AVariableGivenUpLeavesNothingBehind) {
  {
    Variables variables = At(0);
    const Variable* value = *variables.Declare(Make("value", Variable::Kind::kValue));
    variables.SetKey(B("a"));
    variables.Put(*value, B("1"));
    variables.RegisterTimer(3);
  }
  ASSERT_TRUE(store_->Commit().ok());
  ASSERT_TRUE(catalog_->Remove("value").ok());  // by another partition
  Reopen(1);
  Variables variables = At(0);
  EXPECT_EQ(store_->rows().size(), 1);
  const Variable* again = *variables.Declare(Make("value", Variable::Kind::kList));
  EXPECT_EQ(again->number, 2u);
  EXPECT_THAT(variables.Declare(Make("value", Variable::Kind::kMap)).status().ToString(),
              HasSubstr("STATE_STORE_INVALID_VARIABLE_TYPE_CHANGE"));
  Variable other = Make("value", Variable::Kind::kList);
  other.value = *ParseSchema("v INT");
  EXPECT_THAT(variables.Declare(other).status().ToString(), HasSubstr("STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE"));
}

}  // namespace
}  // namespace sluice::state
