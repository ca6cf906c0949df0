#pragma once
// How rows and errors are printed.
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sluice/dataframe.h"
#include "sluice/error.h"

namespace sluice::cli {

enum class OutputFormat { kTable, kCsv, kJson };

/// All rows: as show() without cutting, as CSV with a header, or as one JSON object a line, as to_json writes it.
void PrintRows(const DataFrame& df, OutputFormat format, std::ostream& out);

/// "[CONDITION] message SQLSTATE: nnnnn" and, when the place in `sql` is known, the line with a caret below.
void PrintError(const Error& error, std::string_view sql, std::ostream& out);

/// Why a server did not start: one line when the system said no (a port that is taken), else the error.
void PrintStartFailure(const Status& status, std::ostream& out);

}  // namespace sluice::cli
