#pragma once
#include "functions/registry.h"

namespace sluice::functions {

/// What an INSERT stores, cast to its column's type: the value of its only argument, but a cast that overflows is
/// CAST_OVERFLOW_IN_TABLE_INSERT. No name in SQL; calls carry an InsertColumn.
const FunctionDef& InsertCheck();

struct InsertColumn final : BoundState {
  InsertColumn(std::string column, DataType source) : name(std::move(column)), from(std::move(source)) {}
  std::string name;
  DataType from;
};

/// Can casting `from` to `to` overflow?
bool CanOverflowInInsert(const DataType& from, const DataType& to);

}  // namespace sluice::functions
