#pragma once
// Structured logs to standard error: time, level, message, key=value ...
// Level from sluice.log.level, else SLUICE_LOG_LEVEL, else warn: trace, debug, info, warn, error, off.
#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

struct LogField {
  template <typename T>
  LogField(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}  // NOLINT: {"batch", 3} reads well
  LogField(std::string_view k, const Status& v) : key(k), value(v.message()) {}
  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

/// Cheap; ask before building costly fields.
bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view message, LogFields fields = {});
inline void LogDebug(std::string_view message, LogFields fields = {}) { Log(LogLevel::kDebug, message, fields); }
inline void LogInfo(std::string_view message, LogFields fields = {}) { Log(LogLevel::kInfo, message, fields); }
inline void LogWarn(std::string_view message, LogFields fields = {}) { Log(LogLevel::kWarn, message, fields); }
inline void LogError(std::string_view message, LogFields fields = {}) { Log(LogLevel::kError, message, fields); }

/// The value of sluice.log.level; INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS when unknown.
Status SetLogLevel(std::string_view level);

/// The text after time and level: message key=value key="two words".
std::string FormatLogLine(std::string_view message, LogFields fields);

}  // namespace sluice
