#include "functions/families.h"

// One line a family: F(Name) stands for `std::span<const FunctionDef> Name()`, defined beside its kernels.
// clang-format off
#define SLUICE_FAMILIES(F) \
  F(ArithmeticFunctions) \
  F(BitFunctions) \
  F(ComparisonFunctions) \
  F(InSetFunctions) \
  F(ConditionalFunctions) \
  F(CountSumFunctions) \
  F(MinMaxFunctions) \
  F(FirstLastFunctions) \
  F(CollectFunctions) \
  F(MomentFunctions) \
  F(ProductFunctions) \
  F(JsonFunctions) \
  F(JsonTextFunctions) \
  F(StructFunctions) \
  F(CollectionMakeFunctions) \
  F(CollectionAccessFunctions) \
  F(CollectionReshapeFunctions) \
  F(CollectionSetFunctions) \
  F(HigherOrderFunctions) \
  F(HigherOrderMapFunctions) \
  F(GeneratorFunctions) \
  F(DatetimeFieldFunctions) \
  F(DatetimeTextFunctions) \
  F(DatetimeArithmeticFunctions) \
  F(DatetimeMakeFunctions) \
  F(MathFunctions) \
  F(RoundFunctions) \
  F(StringFunctions) \
  F(StringPadFunctions) \
  F(RegexFunctions) \
  F(EncodingFunctions) \
  F(HashFunctions) \
  F(UrlFunctions) \
  F(MiscFunctions) \
  F(StringFormatFunctions) \
  F(PercentileFunctions) \
  F(OrderedAggregateFunctions) \
  F(HistogramFunctions) \
  F(ApproxCountFunctions) \
  F(WindowFunctions) \
  F(GroupingFunctions) \
  F(TypeCastFunctions) \
  F(NumberFormatFunctions) \
  F(MaskFunctions) \
  F(SentenceFunctions) \
  F(RandomFunctions) \
  F(AesFunctions) \
  F(TimeWindowFunctions)
// clang-format on

namespace sluice::functions {

#define SLUICE_DECLARE(name) std::span<const FunctionDef> name();
SLUICE_FAMILIES(SLUICE_DECLARE)
#undef SLUICE_DECLARE

std::span<const Family> Families() {
#define SLUICE_LIST(name) name,
  static constexpr Family kFamilies[] = {SLUICE_FAMILIES(SLUICE_LIST)};
#undef SLUICE_LIST
  return kFamilies;
}

}  // namespace sluice::functions
