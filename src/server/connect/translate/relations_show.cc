// show() and _repr_html_(): the table as text, in one row.
#include <algorithm>

#include "plan/transform.h"
#include "server/connect/translate/relations.h"
#include "types/arrow_types.h"
#include "types/show_string.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

constexpr int64_t kMostRows = 2147483632 - 1;  // of a JVM's array, as Spark cuts it

struct Rows {
  DataType schema;
  session::Batches batches;
};
Result<Rows> FirstRows(const proto::Relation& relation, int64_t n, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, ToPlan(relation, context));
  ARROW_ASSIGN_OR_RAISE(plan, Analyzed(plan, context));
  auto limit = Over<Limit>(plan);
  limit->count = IntLiteral(n + 1);
  ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, Analyzed(limit, context));
  std::vector<StructField> fields;
  for (const auto& attribute : analyzed->output())
    fields.push_back({attribute->name, *attribute->type, attribute->nullable});
  ARROW_ASSIGN_OR_RAISE(auto batches, context.session.Collect(analyzed, context.cancel));
  return Rows{DataType::Struct(std::move(fields)), std::move(batches)};
}

PlanPtr OneText(const char* column, const std::string& text) {
  const DataType schema = DataType::Struct({{column, DataType::String(), false}});
  return session::MakeLocalRelation(schema,
                                    {arrow::RecordBatch::Make(ToArrowSchema(schema), 1, {StringValue(text).value})});
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

/// The first `truncate` characters, the last three of them dots when something was cut.
std::string Cut(const std::string& text, int truncate) {
  if (truncate <= 0) return text;
  size_t characters = 0, cut_at = text.size();
  const size_t keep = static_cast<size_t>(truncate < 4 ? truncate : truncate - 3);
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (characters == keep) cut_at = i;
    ++characters;
  }
  if (characters <= static_cast<size_t>(truncate)) return text;
  return text.substr(0, cut_at) + (truncate < 4 ? "" : "...");
}

std::string HtmlLine(const std::vector<std::string>& cells, const char* tag) {
  std::string out = "<tr>";
  for (const auto& cell : cells) out += std::string("<") + tag + ">" + Escaped(cell) + "</" + tag + ">";
  if (cells.empty()) out += std::string("<") + tag + "></" + tag + ">";
  return out + "</tr>\n";
}

}  // namespace

Result<PlanPtr> FromShowString(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.show_string();
  const int64_t n = std::clamp<int64_t>(message.num_rows(), 0, kMostRows);
  ARROW_ASSIGN_OR_RAISE(Rows rows, FirstRows(message.input(), n, context));
  const auto zone = context.session.MakeEvalContext().zone;
  return OneText("show_string",
                 ShowString(rows.schema, rows.batches, *zone, ShowOptions{n, message.truncate(), message.vertical()}));
}

Result<PlanPtr> FromHtmlString(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.html_string();
  const int64_t n = std::clamp<int64_t>(message.num_rows(), 0, kMostRows);
  ARROW_ASSIGN_OR_RAISE(Rows rows, FirstRows(message.input(), n, context));
  const auto zone = context.session.MakeEvalContext().zone;
  std::string html = "<table border='1'>\n";
  std::vector<std::string> cells;
  for (const auto& field : rows.schema.fields()) cells.push_back(Cut(field.name, message.truncate()));
  html += HtmlLine(cells, "th");
  int64_t shown = 0, all = 0;
  for (const auto& batch : rows.batches) {
    all += batch->num_rows();
    for (int64_t row = 0; row < batch->num_rows() && shown < n; ++row, ++shown) {
      for (size_t c = 0; c < cells.size(); ++c)
        cells[c] = Cut(ShowCell(*batch->column(static_cast<int>(c)), row, rows.schema.fields()[c].type, *zone),
                       message.truncate());
      html += HtmlLine(cells, "td");
    }
  }
  html += "</table>\n";
  if (all > n) html += "only showing top " + std::to_string(n) + (n == 1 ? " row\n" : " rows\n");
  return OneText("html_string", html);
}

}  // namespace sluice::connect
