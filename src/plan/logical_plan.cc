#include "plan/logical_plan.h"

#include <algorithm>

namespace sluice::plan {

namespace {

AttributePtr WithNullable(const AttributePtr& attribute, bool nullable) {
  if (attribute->nullable == nullable) return attribute;
  auto copy = std::make_shared<Attribute>(*attribute);
  copy->nullable = nullable;
  return copy;
}

Attributes AllNullable(Attributes attributes) {
  for (auto& attribute : attributes) attribute = WithNullable(attribute, true);
  return attributes;
}

Attributes ToAttributes(const ExprList& list) {
  Attributes out;
  out.reserve(list.size());
  for (const auto& item : list) {
    if (auto attribute = ToAttribute(item)) out.push_back(std::move(attribute));
  }
  return out;
}

void Append(Attributes* out, const Attributes& more) { out->insert(out->end(), more.begin(), more.end()); }

/// Lists of lists as one list, and back with the same lengths.
ExprList Flatten(const std::vector<ExprList>& rows) {
  ExprList out;
  for (const auto& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}
void Unflatten(ExprList flat, std::vector<ExprList>* rows) {
  size_t next = 0;
  for (auto& row : *rows) {
    for (auto& expr : row) expr = std::move(flat[next++]);
  }
}

}  // namespace

AttributePtr ToAttribute(const ExprPtr& named) {
  if (named->kind == ExprKind::kAttribute) return std::static_pointer_cast<const Attribute>(named);
  const auto* alias = As<Alias>(named);
  if (alias == nullptr || !named->type.has_value()) return nullptr;
  auto out = std::make_shared<Attribute>();
  out->name = alias->name;
  out->id = alias->id;
  out->type = named->type;
  out->nullable = named->nullable;
  out->metadata_json = alias->metadata_json;
  out->watermark_delay_us = alias->watermark_delay_us;
  if (const auto* child = As<Attribute>(alias->children[0])) {
    if (out->metadata_json.empty()) out->metadata_json = child->metadata_json;
    if (!out->watermark_delay_us) out->watermark_delay_us = child->watermark_delay_us;
  }
  out->origin = named->origin;
  return out;
}

ExprList UnresolvedRelation::expressions() const {
  ExprList out;
  if (version_as_of) out.push_back(version_as_of);
  if (timestamp_as_of) out.push_back(timestamp_as_of);
  return out;
}
void UnresolvedRelation::set_expressions(ExprList e) {
  size_t next = 0;
  if (version_as_of) version_as_of = e[next++];
  if (timestamp_as_of) timestamp_as_of = e[next++];
}

ExprList UnresolvedInlineTable::expressions() const { return Flatten(rows); }
void UnresolvedInlineTable::set_expressions(ExprList e) { Unflatten(std::move(e), &rows); }

Attributes Project::output() const { return ToAttributes(list); }

Attributes Aggregate::output() const { return ToAttributes(aggregates); }
ExprList Aggregate::expressions() const {
  ExprList out = grouping;
  out.insert(out.end(), aggregates.begin(), aggregates.end());
  return out;
}
void Aggregate::set_expressions(ExprList e) {
  const auto middle = e.begin() + static_cast<std::ptrdiff_t>(grouping.size());
  aggregates.assign(middle, e.end());
  grouping.assign(e.begin(), middle);
}

Attributes Generate::output() const {
  const Attributes child = children[0]->output();
  Attributes out;
  for (size_t i = 0; i < child.size(); ++i) {
    if (std::find(unneeded_child_output.begin(), unneeded_child_output.end(), static_cast<int>(i)) ==
        unneeded_child_output.end()) {
      out.push_back(child[i]);
    }
  }
  Append(&out, outer ? AllNullable(generator_output) : generator_output);
  return out;
}

Attributes SubqueryAlias::output() const {
  Attributes out = children[0]->output();
  for (size_t i = 0; i < out.size(); ++i) {
    auto copy = std::make_shared<Attribute>(*out[i]);
    copy->qualifier = name;
    if (i < column_aliases.size()) copy->name = column_aliases[i];
    out[i] = std::move(copy);
  }
  return out;
}

Attributes EventTimeWatermark::output() const {
  Attributes out = children[0]->output();
  const auto* column = As<Attribute>(event_time);
  for (auto& attribute : out) {
    const bool is_event_time = column != nullptr && attribute->id == column->id;
    if (!is_event_time && !attribute->watermark_delay_us) continue;
    auto copy = std::make_shared<Attribute>(*attribute);
    copy->watermark_delay_us = is_event_time ? std::optional<int64_t>(delay_us) : std::nullopt;
    attribute = std::move(copy);
  }
  return out;
}

Attributes Window::output() const {
  Attributes out = children[0]->output();
  Append(&out, ToAttributes(window_expressions));
  return out;
}

ExprList Expand::expressions() const { return Flatten(projections); }
void Expand::set_expressions(ExprList e) { Unflatten(std::move(e), &projections); }

ExprList Pivot::expressions() const {
  ExprList out = grouping;
  out.push_back(column);
  out.insert(out.end(), values.begin(), values.end());
  out.insert(out.end(), aggregates.begin(), aggregates.end());
  return out;
}
void Pivot::set_expressions(ExprList e) {
  size_t next = 0;
  for (auto& expr : grouping) expr = e[next++];
  column = e[next++];
  for (auto& expr : values) expr = e[next++];
  for (auto& expr : aggregates) expr = e[next++];
}

ExprList Unpivot::expressions() const {
  ExprList out = ids.value_or(ExprList{});
  if (!values) return out;
  for (const auto& set : *values) out.insert(out.end(), set.begin(), set.end());
  return out;
}
void Unpivot::set_expressions(ExprList e) {
  size_t next = 0;
  if (ids) {
    for (auto& expr : *ids) expr = e[next++];
  }
  if (values) {
    for (auto& set : *values) {
      for (auto& expr : set) expr = e[next++];
    }
  }
}

Attributes Join::output() const {
  const Attributes left = children[0]->output();
  if (type == JoinType::kLeftSemi || type == JoinType::kLeftAnti) return left;
  if (type == JoinType::kExistence) {
    Attributes out = left;
    out.push_back(exists);
    return out;
  }
  const Attributes right = children[1]->output();
  const bool left_nulls = type == JoinType::kRightOuter || type == JoinType::kFullOuter;
  const bool right_nulls =
      type == JoinType::kLeftOuter || type == JoinType::kLeftSingle || type == JoinType::kFullOuter;
  Attributes out = left_nulls ? AllNullable(left) : left;
  Append(&out, right_nulls ? AllNullable(right) : right);
  return out;
}
ExprList Join::expressions() const { return condition ? ExprList{condition} : ExprList{}; }
void Join::set_expressions(ExprList e) {
  if (condition) condition = e[0];
}

Attributes SetOperation::output() const {
  Attributes left = children[0]->output();
  if (type == SetOperationType::kExcept) return left;
  const Attributes right = children[1]->output();
  for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
    left[i] = WithNullable(left[i], left[i]->nullable && right[i]->nullable);
  }
  return left;
}

}  // namespace sluice::plan
