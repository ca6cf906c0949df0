// product: what Spark gives DataFrames and not SQL.
#include "functions/aggregate_internal.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

/// Buffer [product DOUBLE], null before the first value. Source: Spark's Product.
class Product final : public GroupedAccumulator {
 public:
  explicit Product(const BoundCall&) {}
  Status Resize(int64_t n) override {
    products_.resize(static_cast<size_t>(n), 1.0);
    filled_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override { return Multiply(args[0], ids); }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    return Multiply(Column(buffers[0]), ids);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto column, Finish());
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    return GroupColumn<arrow::DoubleType>(DataType::Double(), products_, &filled_);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(products_.capacity() * (sizeof(double) + 1)); }

 private:
  Status Multiply(const Vector& values, std::span<const uint32_t> ids) {
    const NullableReader<arrow::DoubleType> in(values);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!in.valid(static_cast<int64_t>(i))) continue;
      products_[ids[i]] *= in(static_cast<int64_t>(i));
      filled_[ids[i]] = 1;
    }
    return Status::OK();
  }

  std::vector<double> products_;
  std::vector<uint8_t> filled_;
};

DataType ProductBuffer(const BoundCall&) { return BufferOf({{"product", DataType::Double(), true, ""}}); }

std::unique_ptr<GroupedAccumulator> MakeProduct(const BoundCall& bound, const EvalContext&) {
  return std::make_unique<Product>(bound);
}

}  // namespace

std::span<const FunctionDef> ProductFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "product",
       .signature = "(double) -> double",
       .nulls = NullRule::kCustom,
       .kind = FunctionKind::kAggregate,
       .group = "agg_funcs",
       .doc = "Product of the values.",
       .aggregate = {.buffer_schema = &ProductBuffer, .make = &MakeProduct}},
  };
  return kTable;
}

}  // namespace sluice::functions
