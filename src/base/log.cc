#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cctype>
#include <cstdlib>

#include "base/config.h"

namespace sluice {
namespace {

const ConfigEntry kLogLevel("sluice.log.level", "warn", "What is logged: trace, debug, info, warn, error or off.");

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error", "off"};
constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                 spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};

int LevelIndex(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "warning") lower = "warn";
  for (int i = 0; i < 6; ++i) {
    if (lower == kNames[i]) return i;
  }
  return -1;
}

spdlog::logger& Logger() {
  // Never destroyed: threads may log while the process ends.
  static auto* logger = [] {
    auto* made = new spdlog::logger("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    const char* env = std::getenv("SLUICE_LOG_LEVEL");
    int level = env == nullptr ? -1 : LevelIndex(env);
    made->set_level(kLevels[level < 0 ? static_cast<int>(LogLevel::kWarn) : level]);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (unsigned char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == 0x7f) return true;
  }
  return false;
}

void AppendQuoted(std::string_view value, std::string* out) {
  *out += '"';
  for (char c : value) {
    if (c == '\n') {
      *out += "\\n";
    } else if (c == '\t') {
      *out += "\\t";
    } else if (c == '\r') {
      *out += "\\r";
    } else {
      if (c == '"' || c == '\\') *out += '\\';
      *out += c;
    }
  }
  *out += '"';
}

}  // namespace

bool LogEnabled(LogLevel level) { return Logger().should_log(kLevels[static_cast<int>(level)]); }

std::string FormatLogLine(std::string_view message, LogFields fields) {
  std::string line(message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (NeedsQuotes(field.value)) {
      AppendQuoted(field.value, &line);
    } else {
      line += field.value;
    }
  }
  return line;
}

void Log(LogLevel level, std::string_view message, LogFields fields) {
  if (!LogEnabled(level)) return;
  Logger().log(kLevels[static_cast<int>(level)], FormatLogLine(message, fields));
}

Status SetLogLevel(std::string_view level) {
  int index = LevelIndex(level);
  if (index < 0) {
    return MakeError("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                     {{"confName", kLogLevel.key},
                      {"confValue", std::string(level)},
                      {"confOptions", "trace, debug, info, warn, error, off"}});
  }
  Logger().set_level(kLevels[index]);
  return Status::OK();
}

}  // namespace sluice
