#include "exec/window_frame.h"

#include <algorithm>

namespace sluice::exec {

namespace {

using Bound = WindowFrame::Bound;
using plan::ExprPtr;
using plan::FrameBound;

ExprPtr CastTo(const ExprPtr& child, const DataType& type) {
  if (child->type->sameType(type)) return child;
  auto cast = std::make_shared<plan::Cast>();
  cast->children = {child};
  cast->to = type;
  cast->implicit = true;
  cast->type = type;
  return cast;
}

/// key + offset or key - offset, whatever function that is for their types.
Result<ExprPtr> Shift(const ExprPtr& key, const ExprPtr& offset, bool subtract) {
  plan::ExprList args{key, offset};
  const std::string_view name = subtract ? "-" : "+";
  const auto* def = functions::FunctionRegistry::Builtins().Find(name);
  functions::BindContext bind;
  bind.name = name;
  for (const auto& arg : args) {
    bind.arg_types.push_back(*arg->type);
    bind.arg_nullable.push_back(arg->nullable);
    bind.arg_literals.push_back(nullptr);
    bind.arg_names.emplace_back();
  }
  ARROW_RETURN_NOT_OK(functions::BindFunction(*def, &bind));
  if (bind.target != nullptr) {
    def = bind.target;
    plan::ExprList ordered;
    for (int from : bind.arg_order) ordered.push_back(args[from]);
    args = std::move(ordered);
  }
  auto call = std::make_shared<plan::Call>();
  for (size_t i = 0; i < args.size(); ++i) call->children.push_back(CastTo(args[i], bind.arg_types[i]));
  call->def = def;
  call->bound = std::make_shared<functions::BoundCall>(functions::MakeBoundCall(bind));
  call->display_name = def->name;
  call->type = bind.result_type;
  call->nullable = true;
  return ExprPtr(call);
}

Result<int64_t> RowsOf(const FrameBound& bound) {
  const auto* literal = plan::As<plan::Literal>(bound.offset);
  if (literal == nullptr) return Status::Invalid("a frame's offset is no literal");
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, IntegralOf({*literal->type, literal->value}));
  return bound.kind == FrameBound::Kind::kPreceding ? -rows : rows;
}

}  // namespace

Result<WindowFrame> CompileFrame(const plan::WindowExpression& window, plan::ExprList* inputs) {
  WindowFrame frame;
  frame.range = *window.unit == plan::FrameUnit::kRange;
  for (const auto* from : {&*window.lower, &*window.upper}) {
    const bool is_lower = from == &*window.lower;
    Bound& bound = is_lower ? frame.lower : frame.upper;
    if (from->kind == FrameBound::Kind::kCurrentRow) {
      bound = Bound::kCurrent;
    } else if (!from->offset) {
      bound = Bound::kUnbounded;
    } else if (!frame.range) {
      bound = Bound::kRows;
      ARROW_ASSIGN_OR_RAISE((is_lower ? frame.lower_rows : frame.upper_rows), RowsOf(*from));
    } else {
      bound = Bound::kValue;
      const auto& order = *plan::As<plan::SortOrder>(window.children[1 + window.num_partition_keys]);
      const bool before = from->kind == FrameBound::Kind::kPreceding;
      ARROW_ASSIGN_OR_RAISE(const ExprPtr value, Shift(order.children[0], from->offset, before == order.ascending));
      // The sum may be wider than the key: keys and both bounds are compared in its type.
      frame.key_column = {*value->type, order.ascending, order.nulls_first};
      if (frame.key < 0) {
        frame.key = static_cast<int>(inputs->size());
        inputs->push_back(CastTo(order.children[0], *value->type));
      }
      (is_lower ? frame.lower_value : frame.upper_value) = static_cast<int>(inputs->size());
      inputs->push_back(value);
    }
  }
  return frame;
}

PartitionBounds FindBounds(const SortKeys& partition, const SortKeys& order, int64_t rows) {
  PartitionBounds out;
  for (auto* v : {&out.partition_start, &out.partition_end, &out.peer_start, &out.peer_end}) v->resize(rows);
  for (int64_t i = 0; i < rows; ++i) {
    const bool new_partition = i == 0 || partition.key(i) != partition.key(i - 1);
    const bool new_peer = new_partition || order.key(i) != order.key(i - 1);
    out.partition_start[i] = new_partition ? static_cast<int32_t>(i) : out.partition_start[i - 1];
    out.peer_start[i] = new_peer ? static_cast<int32_t>(i) : out.peer_start[i - 1];
  }
  for (int64_t i = rows; i-- > 0;) {
    const bool last = i + 1 == rows || out.partition_start[i + 1] == i + 1;
    const bool last_peer = i + 1 == rows || out.peer_start[i + 1] == i + 1;
    out.partition_end[i] = last ? static_cast<int32_t>(i + 1) : out.partition_end[i + 1];
    out.peer_end[i] = last_peer ? static_cast<int32_t>(i + 1) : out.peer_end[i + 1];
  }
  return out;
}

namespace {

/// For each row, the first row of its partition whose key is not below its bound (`past`: that is above it).
Status FindByValue(const SortKeys& keys, const SortKeys& values, const PartitionBounds& bounds, bool past,
                   std::vector<int32_t>* out) {
  int32_t at = 0;
  for (size_t i = 0; i < out->size(); ++i) {
    if (bounds.partition_start[i] == static_cast<int32_t>(i)) at = static_cast<int32_t>(i);
    const std::string_view value = values.key(static_cast<int64_t>(i));
    // Bounds rise with the keys they are made from, so the search goes on where it stopped.
    while (at < bounds.partition_end[i] && (past ? keys.key(at) <= value : keys.key(at) < value)) ++at;
    (*out)[i] = at;
  }
  return Status::OK();
}

}  // namespace

Result<FrameBounds> FindFrames(const WindowFrame& frame, const PartitionBounds& bounds, std::span<const Vector> inputs,
                               int64_t rows) {
  FrameBounds out;
  out.start.resize(rows);
  out.end.resize(rows);
  SortKeys keys({frame.key_column});
  if (frame.key >= 0) ARROW_RETURN_NOT_OK(keys.Append({&inputs[frame.key], 1}, rows));
  for (const bool lower : {true, false}) {
    std::vector<int32_t>& to = lower ? out.start : out.end;
    switch (lower ? frame.lower : frame.upper) {
      case Bound::kUnbounded: to = lower ? bounds.partition_start : bounds.partition_end; break;
      case Bound::kCurrent:
        if (frame.range) {
          to = lower ? bounds.peer_start : bounds.peer_end;
        } else {
          for (int64_t i = 0; i < rows; ++i) to[i] = static_cast<int32_t>(lower ? i : i + 1);
        }
        break;
      case Bound::kRows: {
        const int64_t distance = lower ? frame.lower_rows : frame.upper_rows + 1;
        for (int64_t i = 0; i < rows; ++i)
          to[i] = static_cast<int32_t>(
              std::clamp<int64_t>(i + distance, bounds.partition_start[i], bounds.partition_end[i]));
        break;
      }
      case Bound::kValue: {
        SortKeys values({frame.key_column});
        ARROW_RETURN_NOT_OK(values.Append({&inputs[lower ? frame.lower_value : frame.upper_value], 1}, rows));
        ARROW_RETURN_NOT_OK(FindByValue(keys, values, bounds, !lower, &to));
        break;
      }
    }
  }
  return out;
}

}  // namespace sluice::exec
