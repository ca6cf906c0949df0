#pragma once
// The one exception type of the public API.
#include <exception>
#include <map>
#include <string>
#include <vector>

namespace sluice {

/// Where in the user's text or call an error arose.
struct QueryContext {
  std::string fragment;  // the offending piece of SQL
  int startIndex = -1;   // 0-based, in characters; -1 unknown
  int stopIndex = -1;    // inclusive
  int line = 0;          // 1-based; 0 unknown
  int position = 0;      // 0-based column of `line`
};

/// Carries Spark's error condition ("DIVIDE_BY_ZERO"), SQLSTATE, message parameters and query context, as
/// PySparkException does.
class Error : public std::exception {
 public:
  Error(std::string condition, std::string sql_state, std::string message,
        std::map<std::string, std::string> parameters, std::vector<QueryContext> context)
      : condition_(std::move(condition)), sql_state_(std::move(sql_state)), message_(std::move(message)),
        parameters_(std::move(parameters)), context_(std::move(context)) {}

  const std::string& getCondition() const { return condition_; }
  const std::string& getSqlState() const { return sql_state_; }
  /// "[CONDITION] text SQLSTATE: xxxxx", with the query context below it when known.
  const std::string& getMessage() const { return message_; }
  const std::map<std::string, std::string>& getMessageParameters() const { return parameters_; }
  const std::vector<QueryContext>& getQueryContext() const { return context_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string condition_, sql_state_, message_;
  std::map<std::string, std::string> parameters_;
  std::vector<QueryContext> context_;
};

}  // namespace sluice
