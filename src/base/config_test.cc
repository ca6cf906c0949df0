#include "base/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/options.h"

namespace sluice {
namespace {

const ConfigEntry kFlag("sluice.test.flag", "true", "");
const ConfigEntry kNumber("sluice.test.number", "7", "");
const ConfigEntry kTime("sluice.test.time", "10s", "");
const ConfigEntry kSize("sluice.test.size", "64m", "");

TEST(Config, DefaultsAndValues) {
  Config config;
  EXPECT_EQ(config.Get("sluice.test.number"), "7");
  EXPECT_EQ(config.Get("no.such.key"), std::nullopt);
  EXPECT_TRUE(*config.GetBool(kFlag));
  EXPECT_EQ(*config.GetInt(kNumber), 7);
  EXPECT_EQ(*config.GetDurationMs(kTime), 10'000);
  EXPECT_EQ(*config.GetBytes(kSize), 64 << 20);
  config.Set("sluice.test.flag", "FALSE");
  config.Set("sluice.test.number", "-8");
  config.Set("sluice.test.time", "250");
  EXPECT_FALSE(*config.GetBool(kFlag));
  EXPECT_EQ(*config.GetInt(kNumber), -8);
  EXPECT_EQ(*config.GetDurationMs(kTime), 250);
  Config copy = config;
  config.Unset("sluice.test.number");
  EXPECT_EQ(*config.GetInt(kNumber), 7);
  EXPECT_EQ(*copy.GetInt(kNumber), -8);
  EXPECT_EQ(KnownConfigs().count("sluice.test.size"), 1u);
}

TEST(Config, BadValuesNameTheKey) {
  Config config;
  for (const char* key : {"sluice.test.flag", "sluice.test.number", "sluice.test.time", "sluice.test.size"}) {
    config.Set(key, "many");
  }
  for (const Status& status : {config.GetBool(kFlag).status(), config.GetInt(kNumber).status(),
                               config.GetDurationMs(kTime).status(), config.GetBytes(kSize).status()}) {
    EXPECT_EQ(ConditionOf(status), "INVALID_CONF_VALUE.TYPE_MISMATCH");
    EXPECT_NE(status.message().find("sluice.test."), std::string::npos);
  }
}

TEST(Config, Durations) {
  EXPECT_EQ(*ParseDurationUs("10 seconds"), 10'000'000);
  EXPECT_EQ(*ParseDurationUs("1 minute 30 s"), 90'000'000);
  EXPECT_EQ(*ParseDurationUs("100ms"), 100'000);
  EXPECT_EQ(*ParseDurationUs("INTERVAL 5 MINUTES"), 300'000'000);
  EXPECT_EQ(*ParseDurationUs("interval '5' minute"), 300'000'000);
  EXPECT_EQ(*ParseDurationUs("interval '5 minutes'"), 300'000'000);
  EXPECT_EQ(*ParseDurationUs("0.5 seconds"), 500'000);
  EXPECT_EQ(*ParseDurationUs("1h"), 3'600'000'000);
  EXPECT_EQ(*ParseDurationUs("2 weeks 1 day"), 15 * 86'400'000'000);
  EXPECT_EQ(*ParseDurationUs("-1 hour"), -3'600'000'000);
  EXPECT_EQ(*ParseDurationUs("7 microseconds"), 7);
  for (const char* bad : {"", "10", "ten seconds", "10 parsecs", "1.2.3 s", "s", "1 - s", "99999999999999 days",
                          "interval", "1s2", "--1 s", "1..5 s", ". s"}) {
    EXPECT_EQ(ConditionOf(ParseDurationUs(bad).status()), "CANNOT_PARSE_INTERVAL") << bad;
  }
}

TEST(Config, ByteSizes) {
  EXPECT_EQ(*ParseByteSize("1024"), 1024);
  EXPECT_EQ(*ParseByteSize("64m"), 64 << 20);
  EXPECT_EQ(*ParseByteSize("1G"), 1 << 30);
  EXPECT_EQ(*ParseByteSize("2kb"), 2048);
  EXPECT_EQ(*ParseByteSize("2KiB"), 2048);
  EXPECT_EQ(*ParseByteSize("3 b"), 3);
  for (const char* bad : {"", "m", "1x", "1mm", "1.5g", "99999999999t"}) EXPECT_FALSE(ParseByteSize(bad).ok()) << bad;
}

TEST(Config, PropertiesFile) {
  std::string path = testing::TempDir() + "/sluice_test.conf";
  std::ofstream(path) << "# comment\n\nspark.a   1\nspark.b=two words\n  spark.c : x=y\nspark.d\n! also\n";
  auto values = ReadPropertiesFile(path);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(*values, (std::map<std::string, std::string>{
                         {"spark.a", "1"}, {"spark.b", "two words"}, {"spark.c", "x=y"}, {"spark.d", ""}}));
  EXPECT_EQ(ConditionOf(ReadPropertiesFile("/no/such/file").status()), "PATH_NOT_FOUND");
}

TEST(Options, KeysIgnoreCaseButKeepIt) {
  OptionMap options{{"maxFilesPerTrigger", "5"}, {"Header", "TRUE"}};
  options["HEADER"] = "true";
  EXPECT_EQ(options.size(), 2u);
  EXPECT_EQ(options.begin()->first, "Header");
  EXPECT_EQ(*GetIntOption(options, "maxfilespertrigger", 1), 5);
  EXPECT_EQ(*GetIntOption(options, "other", 1), 1);
  EXPECT_TRUE(*GetBoolOption(options, "header", false));
  options["maxFilesPerTrigger"] = "5 files";
  Status status = GetIntOption(options, "maxFilesPerTrigger", 1).status();
  EXPECT_NE(status.message().find("maxFilesPerTrigger"), std::string::npos);
  options["header"] = "yes";
  EXPECT_FALSE(GetBoolOption(options, "header", false).ok());
}

}  // namespace
}  // namespace sluice
