// typeof version uuid and what asks about the session.
#include <random>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "types/hash.h"

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
/// Lazy: the argument is not evaluated.
Result<ArrayPtr> TypeOf(const KernelCall& call, LazyArgs&) {
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

/// PySpark gives uuid() a seed always: the ids are then those of the seed, the partition and the row.
Result<ArrayPtr> Uuid(const KernelCall& call, std::span<const Vector> args) {
  static constexpr char kDigits[] = "0123456789abcdef";
  thread_local std::mt19937_64 random{std::random_device{}()};
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  const bool seeded = !args.empty() && !args[0].IsNull(0);
  const int64_t seed = seeded ? Reader<arrow::Int64Type>(args[0])(0) : 0;
  const auto word = [&](int64_t row, int64_t which) {
    const int64_t task = xxhash64::HashLong(call.context.task_partition, seed);
    return static_cast<uint64_t>(xxhash64::HashLong(2 * (call.context.rows_before + row) + which, task));
  };
  for (int64_t i = 0; i < call.length; ++i) {
    uint64_t words[2] = {seeded ? word(i, 0) : random(), seeded ? word(i, 1) : random()};
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
       .lazy = &TypeOf},
      Session("version", &Version, "Spark's version, and this engine."),
      Session("current_user", &User, "The user.", {"user", "session_user"}),
      Session("current_catalog", &Catalog, "The current catalog."),
      Session("current_database", &Database, "The current namespace.", {"current_schema"}, true,
              &FixedName<"current_schema">),
      Session("input_file_name", &FileName, "The file being read; empty when there is none.", {}, false),
      {.name = "uuid",
       .signature = "([bigint]) -> string",
       .bind = &NeverNull,
       .nulls = kCustom,
       .deterministic = false,
       .group = kGroup,
       .doc = "A random UUID; with a seed, the same ones again.",
       .kernel = &Uuid,
       .display = [](std::string_view, std::span<const std::string>) { return std::string("uuid()"); }},
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
  };
  return kTable;
}

}  // namespace sluice::functions
