// rand randn uniform randstr.
#include <random>
#include <vector>

#include "base/xorshift.h"
#include "functions/cast.h"
#include "functions/coercion.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

struct Seed : BoundState {
  int64_t value = 0;
};

Status BindRandom(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n > 1) return WrongNumArgs(context.name, "[0, 1]", n);
  auto seed = std::make_shared<Seed>();
  if (n == 0) {
    seed->value = static_cast<int64_t>(std::random_device{}()) << 32 | std::random_device{}();
  } else {
    if (context.arg_literals[0] == nullptr)
      return MakeError("SEED_EXPRESSION_IS_UNFOLDABLE",
                       {{"seedExpr", "\"seed\""}, {"exprWithSeed", InDoubleQuotes(CallText(context))}});
    const DataType& t = context.arg_types[0];
    if (!context.arg_literals[0]->is_null()) {
      if (t.id() != TypeId::kInteger && t.id() != TypeId::kLong && t.id() != TypeId::kShort && t.id() != TypeId::kByte)
        return UnexpectedInputType(context, 0, "(\"INT\" or \"BIGINT\")");
      ARROW_ASSIGN_OR_RAISE(seed->value, IntegralOf(*context.arg_literals[0]));
    }
  }
  context.state = seed;
  context.result_type = DataType::Double();
  context.result_nullable = false;
  return Status::OK();
}

/// What draws once a row draws: rand, randn ... of a partition are one sequence over its batches.
enum class Draw : uint8_t { kDouble, kGaussian, kChars };

/// As Spark's: per partition, and here per micro-batch; sums of seeds wrap, as Java's do.
int64_t SeedOf(const KernelCall& call, int64_t seed) {
  return static_cast<int64_t>(static_cast<uint64_t>(seed) + static_cast<uint64_t>(call.context.task_partition) +
                              static_cast<uint64_t>(call.context.batch_seed));
}

/// Generators by how far they have drawn, so that a batch goes on where the one before stopped. A thread keeps the last
/// few, which is as many as the calls that its tasks have at a time; others are drawn again from their seeds.
class Generators {
 public:
  static XorShift At(const KernelCall& call, Draw kind, int64_t seed, int64_t draws_per_row = 1) {
    const Position at{kind, SeedOf(call, seed), call.context.rows_before * draws_per_row};
    for (const Entry& entry : OfThread().entries_) {
      if (at.draws > 0 && entry.at == at) return entry.generator;
    }
    XorShift generator(at.seed);
    for (int64_t i = 0; i < at.draws; ++i) Skip(kind, generator);
    return generator;
  }
  /// `generator` stands behind the call's rows.
  static void Keep(const KernelCall& call, Draw kind, int64_t seed, XorShift generator, int64_t draws_per_row = 1) {
    Generators& own = OfThread();
    own.entries_[own.next_++ % kKept] = {
        {kind, SeedOf(call, seed), (call.context.rows_before + call.length) * draws_per_row}, generator};
  }

 private:
  static constexpr size_t kKept = 256;
  struct Position {
    Draw kind = Draw::kDouble;
    int64_t seed = 0, draws = 0;
    bool operator==(const Position&) const = default;
  };
  struct Entry {
    Position at;
    XorShift generator{0};
  };
  static Generators& OfThread() {
    thread_local Generators generators;
    return generators;
  }
  static void Skip(Draw kind, XorShift& generator) {
    if (kind == Draw::kDouble)
      generator.Double();
    else if (kind == Draw::kGaussian)
      generator.Gaussian();
    else
      generator.Next(32);
  }
  std::vector<Entry> entries_ = std::vector<Entry>(kKept);
  size_t next_ = 0;
};

template <bool gaussian>
Result<ArrayPtr> Random(const KernelCall& call, std::span<const Vector>) {
  constexpr Draw kind = gaussian ? Draw::kGaussian : Draw::kDouble;
  const int64_t seed = static_cast<const Seed&>(*call.bound.state).value;
  XorShift random = Generators::At(call, kind, seed);
  Writer<arrow::DoubleType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, gaussian ? random.Gaussian() : random.Double());
  Generators::Keep(call, kind, seed, random);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

// ---- uniform -------------------------------------------------------------------------------------------------------

struct UniformState : BoundState {
  int64_t seed = 0;
  double low = 0, high = 0;
  bool null = false;
};

int64_t RandomSeed() { return static_cast<int64_t>(std::random_device{}()) << 32 | std::random_device{}(); }

/// The seed in the last argument, or a new one. NULL is 0.
Result<int64_t> SeedAt(BindContext& context, size_t arg) {
  if (context.arg_types.size() <= arg) return RandomSeed();
  if (context.arg_literals[arg] == nullptr) return NonFoldable(context, arg, "seed", "INT\" or \"BIGINT");
  if (context.arg_literals[arg]->is_null()) return int64_t{0};
  if (!context.arg_types[arg].isIntegral()) return UnexpectedInputType(context, arg, "(\"INT\" or \"BIGINT\")");
  return IntegralOf(*context.arg_literals[arg]);
}

/// Not the usual widening: a DECIMAL stands although the other bound needs more digits.
DataType UniformType(const DataType& a, const DataType& b) {
  if (a.id() == TypeId::kVoid || b.id() == TypeId::kVoid) return DataType::Double();
  if (a.isIntegral() && b.isIntegral()) return a.id() < b.id() ? b : a;
  for (TypeId id : {TypeId::kDouble, TypeId::kFloat}) {
    if (a.id() == id || b.id() == id) return id == TypeId::kDouble ? DataType::Double() : DataType::Float();
  }
  if (a.id() != TypeId::kDecimal) return b;
  if (b.id() != TypeId::kDecimal) return a;
  return a.precision() - a.scale() >= b.precision() - b.scale() && a.scale() >= b.scale() ? a : b;
}

Status BindUniform(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2 && n != 3) return WrongNumArgs(context.name, "[2, 3]", n);
  auto state = std::make_shared<UniformState>();
  for (size_t i = 0; i < 2; ++i) {
    if (!context.arg_types[i].isNumeric() && context.arg_types[i].id() != TypeId::kVoid)
      return UnexpectedInputType(context, i, "integer or floating-point");
    const TypedValue* bound = context.arg_literals[i];
    if (bound == nullptr) return NonFoldable(context, i, i == 0 ? "min" : "max", "integer or floating-point");
    if (bound->is_null()) {
      state->null = true;
      continue;
    }
    EvalContext plain;
    plain.zone = *TimeZone::Find("UTC");
    ARROW_ASSIGN_OR_RAISE(ArrayPtr value, CastArray(bound->value, bound->type, DataType::Double(),
                                                    CastBehavior::kLegacy, plain, nullptr));
    (i == 0 ? state->low : state->high) = static_cast<const arrow::DoubleArray&>(*value).Value(0);
  }
  ARROW_ASSIGN_OR_RAISE(state->seed, SeedAt(context, 2));
  context.result_type = UniformType(context.arg_types[0], context.arg_types[1]);
  context.result_nullable = state->null;
  context.state = state;
  return Status::OK();
}

Result<ArrayPtr> Uniform(const KernelCall& call, std::span<const Vector>) {
  const auto& state = static_cast<const UniformState&>(*call.bound.state);
  if (state.null) return NullArray(call.bound.result_type, call.length);
  XorShift random = Generators::At(call, Draw::kDouble, state.seed);
  Writer<arrow::DoubleType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, state.low + (state.high - state.low) * random.Double());
  Generators::Keep(call, Draw::kDouble, state.seed, random);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, out.Finish(DataType::Double(), NullMask(call.length)));
  return CastArray(values, DataType::Double(), call.bound.result_type, CastBehavior::kLegacy, call.context,
                   call.origin);
}

// ---- randstr -------------------------------------------------------------------------------------------------------

struct RandStrState : BoundState {
  int64_t seed = 0, length = 0;
};

Status BindRandStr(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  const TypedValue* length = context.arg_literals[0];
  if (!context.arg_types[0].isIntegral()) return UnexpectedInputType(context, 0, "(\"INT\" or \"SMALLINT\")");
  if (length == nullptr || length->is_null()) return NonFoldable(context, 0, "length", "INT\" or \"SMALLINT");
  auto state = std::make_shared<RandStrState>();
  ARROW_ASSIGN_OR_RAISE(state->length, IntegralOf(*length));
  if (state->length < 0)
    return MakeError(
        "INVALID_PARAMETER_VALUE.LENGTH",
        {{"parameter", "`length`"}, {"functionName", "`randstr`"}, {"length", std::to_string(state->length)}});
  ARROW_ASSIGN_OR_RAISE(state->seed, SeedAt(context, 1));
  context.result_type = DataType::String();
  context.result_nullable = false;
  context.state = state;
  return Status::OK();
}

Result<ArrayPtr> RandStr(const KernelCall& call, std::span<const Vector>) {
  static constexpr char kChars[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto& state = static_cast<const RandStrState&>(*call.bound.state);
  XorShift random = Generators::At(call, Draw::kChars, state.seed, state.length);
  Writer<arrow::StringType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    for (int64_t k = 0; k < state.length; ++k) {
      const int32_t v = static_cast<int32_t>(random.Next(32)) % 62;
      out.out().push_back(kChars[v < 0 ? -v : v]);
    }
    out.Close(i);
  }
  Generators::Keep(call, Draw::kChars, state.seed, random, state.length);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

}  // namespace

std::span<const FunctionDef> RandomFunctions() {
  constexpr NullRule kCustom = NullRule::kCustom;
  static const FunctionDef kTable[] = {
      {.name = "rand",
       .aliases = {"random"},
       .bind = &BindRandom,
       .nulls = kCustom,
       .deterministic = false,
       .group = "math_funcs",
       .doc = "Random numbers in [0, 1).",
       .example = {"rand(0)", "0.7604953758285915"},
       .kernel = &Random<false>,
       .display = &FixedName<"rand">},
      {.name = "randn",
       .bind = &BindRandom,
       .nulls = kCustom,
       .deterministic = false,
       .group = "math_funcs",
       .doc = "Random numbers of the standard normal distribution.",
       .example = {"randn(0)", "1.6034991609278433"},
       .kernel = &Random<true>},
      {.name = "uniform",
       .bind = &BindUniform,
       .nulls = kCustom,
       .deterministic = false,
       .group = "math_funcs",
       .doc = "Random numbers between two bounds.",
       .example = {"uniform(10, 20, 0)", "17"},
       .kernel = &Uniform},
      {.name = "randstr",
       .bind = &BindRandStr,
       .nulls = kCustom,
       .deterministic = false,
       .group = "string_funcs",
       .doc = "Random letters and digits.",
       .example = {"randstr(5, 0)", "ceV0P"},
       .kernel = &RandStr},
  };
  return kTable;
}

}  // namespace sluice::functions
