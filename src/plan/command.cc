#include "plan/command.h"

namespace sluice::plan {

ExprList InsertInto::expressions() const {
  ExprList out;
  for (const auto& [name, value] : static_partition) {
    if (value) out.push_back(value);
  }
  if (replace_where) out.push_back(replace_where);
  return out;
}

void InsertInto::set_expressions(ExprList e) {
  size_t next = 0;
  for (auto& [name, value] : static_partition) {
    if (value) value = e[next++];
  }
  if (replace_where) replace_where = e[next++];
}

}  // namespace sluice::plan
