#include "base/error.h"

#include <algorithm>
#include <optional>

#include "base/error_conditions.h"

namespace sluice {
namespace {

constexpr char kTypeId[] = "sluice::Error";

class ErrorDetail final : public arrow::StatusDetail {
 public:
  ErrorDetail(Error error, std::string text) : error_(std::move(error)), text_(std::move(text)) {}
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return error_.getCondition(); }
  const Error& error() const { return error_; }
  const std::string& text() const { return text_; }  // without context, to be joined with another one

 private:
  Error error_;
  std::string text_;
};

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string Substitute(std::string_view format, const ErrorParameters& parameters) {
  std::string out;
  size_t at = 0;
  while (at < format.size()) {
    size_t open = format.find('<', at);
    size_t close = open == std::string_view::npos ? open : format.find('>', open);
    if (close == std::string_view::npos) break;
    auto it = parameters.find(std::string(format.substr(open + 1, close - open - 1)));
    out.append(format, at, open - at);
    if (it != parameters.end()) {
      out += it->second;
    } else {
      out.append(format, open, close + 1 - open);
    }
    at = close + 1;
  }
  out.append(format, at);
  return out;
}

/// Positions count code points, as those of Spark's lexer do.
int ColumnsOf(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

struct Span {
  std::string_view text;
  size_t start, stop;  // bytes
};

std::optional<Span> SpanOf(const Origin* origin) {
  if (origin == nullptr || origin->sql_text == nullptr || origin->start < 0) return std::nullopt;
  std::string_view text = *origin->sql_text;
  size_t start = std::min<size_t>(origin->start, text.size());
  size_t stop = origin->stop < origin->start ? start : std::min<size_t>(origin->stop, text.size());
  return Span{text, start, stop};
}

QueryContext ContextOf(const Span& span) {
  QueryContext context;
  size_t line_start = span.start == 0 ? 0 : span.text.rfind('\n', span.start - 1);
  line_start = line_start == std::string_view::npos ? 0 : (span.start == 0 ? 0 : line_start + 1);
  context.fragment = std::string(span.text.substr(span.start, span.stop - span.start));
  context.startIndex = ColumnsOf(span.text.substr(0, span.start));
  context.stopIndex = context.startIndex + ColumnsOf(context.fragment) - 1;
  context.line = 1 + static_cast<int>(std::count(span.text.begin(), span.text.begin() + span.start, '\n'));
  context.position = ColumnsOf(span.text.substr(line_start, span.start - line_start));
  return context;
}

size_t BackUp(std::string_view text, size_t at) {
  do --at;
  while (at > 0 && (text[at] & 0xC0) == 0x80);
  return at;
}
size_t Advance(std::string_view text, size_t at) {
  do ++at;
  while (at < text.size() && (text[at] & 0xC0) == 0x80);
  return at;
}

/// "== SQL (line 1, position 8) ==", the lines concerned, carets below the fragment; as Spark's SQLQueryContext.
std::string ContextBlock(const Span& span, const QueryContext& context) {
  constexpr int kMaxExtra = 32;
  size_t begin = span.start, end = span.stop;
  int extra = 0;
  while (begin > 0 && span.text[BackUp(span.text, begin)] != '\n' && extra < kMaxExtra) {
    begin = BackUp(span.text, begin);
    ++extra;
  }
  bool cut_before = begin > 0 && span.text[begin - 1] != '\n';
  extra = 0;
  while (end < span.text.size() && span.text[end] != '\n' && extra < kMaxExtra) {
    end = Advance(span.text, end);
    ++extra;
  }
  bool cut_after = end < span.text.size() && span.text[end] != '\n';

  std::string out =
      "== SQL (line " + std::to_string(context.line) + ", position " + std::to_string(context.position + 1) + ") ==\n";
  for (size_t at = begin; at <= end;) {
    size_t line_end = std::min(span.text.find('\n', at), end);
    bool first = at == begin, last = line_end >= end;
    std::string_view line = span.text.substr(at, line_end - at);
    if (first && cut_before) out += "...";
    out += line;
    if (last && cut_after) out += "...";
    size_t mark_from = std::clamp(span.start, at, line_end), mark_to = std::clamp(span.stop, at, line_end);
    out += '\n';
    out.append((first && cut_before ? 3 : 0) + ColumnsOf(span.text.substr(at, mark_from - at)), ' ');
    out.append(ColumnsOf(span.text.substr(mark_from, mark_to - mark_from)), '^');
    out += '\n';
    at = line_end + 1;
  }
  return out;
}

/// The parser's form: " (line 1, pos 7)", then the statement with an arrow.
std::string ParserBlock(const Span& span, const QueryContext& context) {
  std::string out =
      " (line " + std::to_string(context.line) + ", pos " + std::to_string(context.position) + ")\n\n== SQL ==\n";
  size_t line_end = std::min(span.text.find('\n', span.start), span.text.size());
  out += span.text.substr(0, line_end);
  out += '\n' + std::string(context.position, '-') + "^^^\n";
  if (line_end < span.text.size()) {
    out += span.text.substr(line_end + 1);
    out += '\n';
  }
  return out;
}

arrow::StatusCode CodeOf(std::string_view condition) {
  if (StartsWith(condition, "UNSUPPORTED_FEATURE")) return arrow::StatusCode::NotImplemented;
  if (StartsWith(condition, "INTERNAL_ERROR")) return arrow::StatusCode::UnknownError;
  if (condition == "OPERATION_CANCELED") return arrow::StatusCode::Cancelled;
  if (condition == "PATH_NOT_FOUND" || StartsWith(condition, "FAILED_READ_FILE") || condition == "TASK_WRITE_FAILED") {
    return arrow::StatusCode::IOError;
  }
  return arrow::StatusCode::Invalid;
}

Status Build(arrow::StatusCode code, std::string condition, std::string state, std::string text,
             ErrorParameters parameters, const Origin* origin) {
  std::string message = text;
  std::vector<QueryContext> contexts;
  if (auto span = SpanOf(origin)) {
    contexts.push_back(ContextOf(*span));
    if (StartsWith(condition, "PARSE_")) {
      message = '\n' + message + ParserBlock(*span, contexts[0]);
    } else {
      message += '\n' + ContextBlock(*span, contexts[0]);
    }
  }
  Error error(std::move(condition), std::move(state), message, std::move(parameters), std::move(contexts));
  return Status(code, std::move(message), std::make_shared<ErrorDetail>(std::move(error), std::move(text)));
}

std::string Headed(std::string_view condition, std::string_view state, std::string_view text) {
  std::string out = "[" + std::string(condition) + "] " + std::string(text);
  if (!state.empty()) out += " SQLSTATE: " + std::string(state);
  return out;
}

const ErrorDetail* DetailOf(const Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != kTypeId) return nullptr;
  return static_cast<const ErrorDetail*>(detail.get());
}

}  // namespace

Status MakeError(std::string_view condition, ErrorParameters parameters, const Origin* origin) {
  const ErrorCondition* row = FindErrorCondition(condition);
  if (row == nullptr) {
    return MakeError("INTERNAL_ERROR", {{"message", "Unknown error condition " + std::string(condition) + "."}},
                     origin);
  }
  std::string text;
  std::string_view state = row->sql_state;
  if (size_t dot = condition.find('.'); dot != std::string_view::npos) {
    const ErrorCondition* parent = FindErrorCondition(condition.substr(0, dot));
    if (parent != nullptr) {
      text = Substitute(parent->message, parameters);
      state = parent->sql_state;
      if (!row->message.empty()) text += ' ';
    }
  }
  text += Substitute(row->message, parameters);
  // "_name": for the message alone, no parameter of Spark's.
  std::erase_if(parameters, [](const auto& parameter) { return StartsWith(parameter.first, "_"); });
  return Build(CodeOf(condition), std::string(condition), std::string(state), Headed(condition, state, text),
               std::move(parameters), origin);
}

Status UnsupportedFeature(std::string_view feature, const Origin* origin) {
  std::string text = "The feature is not supported: " + std::string(feature) + ".";
  return Build(arrow::StatusCode::NotImplemented, "UNSUPPORTED_FEATURE", "0A000",
               Headed("UNSUPPORTED_FEATURE", "0A000", text), {{"feature", std::string(feature)}}, origin);
}

const Error* GetError(const Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  return detail == nullptr ? nullptr : &detail->error();
}

Status ToStatus(const Error& error) {
  return Status(CodeOf(error.getCondition()), error.getMessage(),
                std::make_shared<ErrorDetail>(error, error.getMessage()));
}

std::string ConditionOf(const Status& status) {
  const Error* error = GetError(status);
  return error == nullptr ? std::string() : error->getCondition();
}

Status WithOrigin(const Status& status, const Origin& origin) {
  const ErrorDetail* detail = DetailOf(status);
  if (detail == nullptr || !detail->error().getQueryContext().empty()) return status;
  const Error& error = detail->error();
  return Build(status.code(), error.getCondition(), error.getSqlState(), detail->text(), error.getMessageParameters(),
               &origin);
}

void Throw(const Status& status) {
  if (const Error* error = GetError(status)) throw *error;
  // A library's own failure: keep its words, since only they say what happened.
  std::string condition = status.IsIOError() ? "FAILED_READ_FILE.NO_HINT" : "INTERNAL_ERROR";
  if (status.IsCancelled()) condition = "OPERATION_CANCELED";
  std::string state = status.IsIOError() ? "KD001" : status.IsCancelled() ? "HY008" : "XX000";
  throw Error(condition, state, Headed(condition, state, status.message()), {{"message", status.message()}}, {});
}

std::string QuoteIdentifier(std::string_view part) {
  std::string out = "`";
  for (char c : part) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + '`';
}

std::string InDoubleQuotes(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace sluice
