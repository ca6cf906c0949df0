// typeof version uuid rand randn and what asks about the session.
#include <cmath>
#include <random>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
constexpr std::string_view kGroup = "misc_funcs";

/// One text for all rows.
Result<ArrayPtr> Same(const KernelCall& call, std::string_view text) {
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, text);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}
Result<ArrayPtr> TypeOf(const KernelCall& call, std::span<const Vector>) {
  return Same(call, call.bound.arg_types[0].simpleString());
}
Result<ArrayPtr> Version(const KernelCall& call, std::span<const Vector>) { return Same(call, "4.1.1 sluice"); }
Result<ArrayPtr> User(const KernelCall& call, std::span<const Vector>) { return Same(call, call.context.user); }
Result<ArrayPtr> Catalog(const KernelCall& call, std::span<const Vector>) {
  return Same(call, call.context.current_catalog);
}
Result<ArrayPtr> Database(const KernelCall& call, std::span<const Vector>) {
  return Same(call, call.context.current_database);
}
Result<ArrayPtr> FileName(const KernelCall& call, std::span<const Vector>) { return Same(call, ""); }

Result<ArrayPtr> Ids(const KernelCall& call, std::span<const Vector>) {
  Writer<arrow::Int64Type> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  const int64_t first = (int64_t{call.context.task_partition} << 33) + call.context.rows_before;
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, first + i);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}
Result<ArrayPtr> Partition(const KernelCall& call, std::span<const Vector>) {
  Writer<arrow::Int32Type> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, call.context.task_partition);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

Result<ArrayPtr> Uuid(const KernelCall& call, std::span<const Vector>) {
  static constexpr char kDigits[] = "0123456789abcdef";
  thread_local std::mt19937_64 random{std::random_device{}()};
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    uint64_t words[2] = {random(), random()};
    words[0] = (words[0] & ~uint64_t{0xF000}) | 0x4000;
    words[1] = (words[1] & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);
    for (int k = 0; k < 32; ++k) {
      if (k == 8 || k == 12 || k == 16 || k == 20) out.out().push_back('-');
      out.out().push_back(kDigits[words[k / 16] >> (60 - 4 * (k % 16)) & 15]);
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

// ---- rand, randn: Spark's XORShiftRandom, so that a seed gives Spark's numbers
// ---------------------------------------

uint32_t Murmur3(const uint8_t* bytes, size_t n, uint32_t h) {
  auto rotl = [](uint32_t v, int k) { return v << k | v >> (32 - k); };
  for (size_t i = 0; i + 4 <= n; i += 4) {
    uint32_t k;
    std::memcpy(&k, bytes + i, 4);
    h = rotl(h ^ rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u, 13) * 5 + 0xe6546b64u;
  }
  h ^= static_cast<uint32_t>(n);
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}

class XorShift {
 public:
  explicit XorShift(int64_t seed) {
    uint8_t bytes[8];
    for (int k = 0; k < 8; ++k) bytes[k] = static_cast<uint8_t>(static_cast<uint64_t>(seed) >> (56 - 8 * k));
    const uint32_t low = Murmur3(bytes, sizeof(bytes), 0x3c074a61u), high = Murmur3(bytes, sizeof(bytes), low);
    seed_ = uint64_t{high} << 32 | low;
  }
  double Double() {
    const uint64_t a = Next(26), b = Next(27);
    return static_cast<double>((a << 27) + b) * 0x1.0p-53;
  }
  double Gaussian() {
    if (have_) return have_ = false, next_;
    while (true) {
      const double a = 2 * Double() - 1, b = 2 * Double() - 1, s = a * a + b * b;
      if (s >= 1 || s == 0) continue;
      const double m = std::sqrt(-2 * std::log(s) / s);
      next_ = b * m;
      have_ = true;
      return a * m;
    }
  }

 private:
  uint64_t Next(int bits) {
    seed_ ^= seed_ << 21;
    seed_ ^= seed_ >> 35;
    seed_ ^= seed_ << 4;
    return seed_ & ((uint64_t{1} << bits) - 1);
  }
  uint64_t seed_;
  double next_ = 0;
  bool have_ = false;
};

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
    if (context.arg_literals[0] == nullptr) return NonFoldable(context, 0, "seed", "INT\" or \"BIGINT");
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

template <bool gaussian>
Result<ArrayPtr> Random(const KernelCall& call, std::span<const Vector>) {
  XorShift random(static_cast<const Seed&>(*call.bound.state).value + call.context.task_partition);
  for (int64_t i = 0; i < call.context.rows_before; ++i) gaussian ? random.Gaussian() : random.Double();
  Writer<arrow::DoubleType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, gaussian ? random.Gaussian() : random.Double());
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

Status NeverNull(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

FunctionDef Session(std::string_view name, Kernel kernel, std::string_view doc,
                    std::vector<std::string_view> aliases = {}, bool deterministic = true,
                    decltype(FunctionDef::display) display = nullptr) {
  return {.name = name,
          .aliases = std::move(aliases),
          .signature = "() -> string",
          .bind = &NeverNull,
          .nulls = NullRule::kCustom,
          .deterministic = deterministic,
          .group = kGroup,
          .doc = doc,
          .kernel = kernel,
          .display = display};
}

}  // namespace

std::span<const FunctionDef> MiscFunctions() {
  constexpr NullRule kCustom = NullRule::kCustom;
  static const FunctionDef kTable[] = {
      {.name = "typeof",
       .signature = "(any) -> string",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = kGroup,
       .doc = "The type of the value.",
       .example = {"typeof(1)", "int"},
       .kernel = &TypeOf},
      Session("version", &Version, "Spark's version, and this engine."),
      Session("current_user", &User, "The user.", {"user", "session_user"}),
      Session("current_catalog", &Catalog, "The current catalog."),
      Session("current_database", &Database, "The current namespace.", {"current_schema"}, true, &FixedName<"current_schema">),
      Session("input_file_name", &FileName, "The file being read; empty when there is none.", {}, false),
      Session("uuid", &Uuid, "A random UUID.", {}, false),
      {.name = "monotonically_increasing_id",
       .signature = "() -> bigint",
       .bind = &NeverNull,
       .nulls = kCustom,
       .deterministic = false,
       .group = kGroup,
       .doc = "Ids that grow: partition in the upper 31 bits, row in the lower 33.",
       .example = {"monotonically_increasing_id()", "0"},
       .kernel = &Ids},
      {.name = "spark_partition_id",
       .signature = "() -> int",
       .bind = &NeverNull,
       .nulls = kCustom,
       .deterministic = false,
       .group = kGroup,
       .doc = "The partition's number.",
       .example = {"spark_partition_id()", "0"},
       .kernel = &Partition,
       .display = &UpperName<>},
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
  };
  return kTable;
}

}  // namespace sluice::functions
