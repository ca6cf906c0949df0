// DataFrame: what runs a query, views, writers.
#include <iostream>

#include "plan/transform.h"
#include "session/api_support.h"
#include "session/row_values.h"
#include "session/settings.h"
#include "sluice/functions.h"
#include "sluice/readwriter.h"
#include "types/show_string.h"

namespace sluice {

using session::Over;

namespace {
std::string Lower(std::string text) { return session::LowerCase(std::move(text)); }
}  // namespace

void DataFrame::printSchema() const { std::cout << schema().treeString() << "\n" << std::flush; }

std::string DataFrame::showString(int64_t n, int truncate, bool vertical) const {
  auto batches =
      ValueOrThrow(session_->Collect(limit(std::min<int64_t>(std::max<int64_t>(n, 0), 2147483630) + 1).plan_));
  return ShowString(schema(), batches, *session_->MakeEvalContext().zone, ShowOptions{n, truncate, vertical});
}
void DataFrame::show(int64_t n, int truncate, bool vertical) const {
  std::cout << showString(n, truncate, vertical) << "\n" << std::flush;
}

std::vector<Row> DataFrame::collect() const {
  return session::ToRows(ValueOrThrow(session_->Collect(plan_)), schema());
}
std::vector<Row> DataFrame::take(int64_t n) const { return limit(n).collect(); }
std::vector<Row> DataFrame::tail(int64_t n) const {
  auto node = Over<plan::Tail>(plan_);
  node->count = n;
  return with(node).collect();
}
std::optional<Row> DataFrame::head() const {
  auto rows = take(1);
  return rows.empty() ? std::nullopt : std::optional(rows[0]);
}
int64_t DataFrame::count() const {
  auto rows = groupBy().agg({functions::call_function("count", {Column::literal(1)})}).collect();
  return rows.at(0).getLong(0);
}
bool DataFrame::isEmpty() const { return take(1).empty(); }
std::vector<std::string> DataFrame::toJSON() const {
  std::vector<std::string> out;
  for (const auto& row : select({functions::to_json(functions::struct_(std::vector<Column>{Column("*")}))}).collect())
    out.push_back(row.getString(0));
  return out;
}

std::string DataFrame::explainString(const std::string& mode) const {
  const std::string name = Lower(mode);
  plan::ExplainMode chosen = plan::ExplainMode::kSimple;
  if (name == "extended")
    chosen = plan::ExplainMode::kExtended;
  else if (name == "codegen")
    chosen = plan::ExplainMode::kCodegen;
  else if (name == "cost")
    chosen = plan::ExplainMode::kCost;
  else if (name == "formatted")
    chosen = plan::ExplainMode::kFormatted;
  else if (name != "simple")
    Throw(MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", "Unknown explain mode: " + mode}}));
  return ValueOrThrow(session_->Explain(plan_, chosen));
}
void DataFrame::explain(bool extended) const { explain(std::string(extended ? "extended" : "simple")); }
void DataFrame::explain(const std::string& mode) const { std::cout << explainString(mode) << "\n" << std::flush; }

void DataFrame::view(const std::string& name, bool global, bool replace) const {
  ThrowIfError(session_->CreateView(session::ParseName(name), plan_, global, replace));
}
void DataFrame::createTempView(const std::string& name) const { view(name, false, false); }
void DataFrame::createOrReplaceTempView(const std::string& name) const { view(name, false, true); }
void DataFrame::createGlobalTempView(const std::string& name) const { view(name, true, false); }
void DataFrame::createOrReplaceGlobalTempView(const std::string& name) const { view(name, true, true); }
DataFrameWriter DataFrame::write() const { return DataFrameWriter(*this); }
DataFrameWriterV2 DataFrame::writeTo(const std::string& table) const { return DataFrameWriterV2(*this, table); }
DataStreamWriter DataFrame::writeStream() const {
  if (!isStreaming()) Throw(MakeError("WRITE_STREAM_NOT_ALLOWED"));
  return DataStreamWriter(*this);
}

}  // namespace sluice
