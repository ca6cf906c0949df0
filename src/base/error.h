#pragma once
// Errors inside the engine: an arrow::Status whose detail carries Spark's condition.
#include <arrow/result.h>
#include <arrow/status.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/error.h"

namespace sluice {

using arrow::Result;
using arrow::Status;

using ErrorParameters = std::map<std::string, std::string>;

/// A position in SQL text; shared by parser, plan nodes and error messages.
struct Origin {
  std::shared_ptr<const std::string> sql_text;  // null: built by an API call
  int start = -1;                               // byte offset of the first character
  int stop = -1;                                // byte offset past the last character
};

/// Builds "[CONDITION] text SQLSTATE: nnnnn" from the catalogue in base/error_conditions.cc.
/// `condition` may name a sub-condition ("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE").
/// A condition that the catalogue lacks is a defect: it yields INTERNAL_ERROR naming it.
Status MakeError(std::string_view condition, ErrorParameters parameters = {}, const Origin* origin = nullptr);

/// UNSUPPORTED_FEATURE by name: "`feature` is not supported."
Status UnsupportedFeature(std::string_view feature, const Origin* origin = nullptr);

/// The structured part, or null when `status` came from a library.
const Error* GetError(const Status& status);
/// The way back, for what user code threw.
Status ToStatus(const Error& error);
/// "" when there is none.
std::string ConditionOf(const Status& status);
/// Adds `origin` as the query context when the error has none yet.
Status WithOrigin(const Status& status, const Origin& origin);
/// For the public API: turns any non-OK status into sluice::Error (library errors become INTERNAL_ERROR or
/// FAILED_READ_FILE-like conditions that keep the library's text).
[[noreturn]] void Throw(const Status& status);
inline void ThrowIfError(const Status& status) {
  if (!status.ok()) Throw(status);
}
template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) Throw(result.status());
  return std::move(result).ValueUnsafe();
}

/// Backquotes each part: `a`.`b c`. As Spark shows identifiers in messages.
std::string QuoteIdentifier(std::string_view part);
/// "\"INT\"": as Spark shows types and expressions in messages.
std::string InDoubleQuotes(std::string_view text);

}  // namespace sluice
