// hash xxhash64 crc32 md5 sha1 sha2.
#include <openssl/evp.h>
#include <zlib.h>

#include "functions/coercion.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "types/hash.h"
#include "types/unsafe_row.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;
constexpr std::string_view kGroup = "hash_funcs";

void Digest(View s, const EVP_MD* algorithm, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  EVP_Digest(s.data(), s.size(), bytes, &n, algorithm, nullptr);
  for (unsigned int i = 0; i < n; ++i) {
    out->push_back(kDigits[bytes[i] >> 4]);
    out->push_back(kDigits[bytes[i] & 15]);
  }
}
void Md5(View s, std::string* out) { Digest(s, EVP_md5(), out); }
void Sha1(View s, std::string* out) { Digest(s, EVP_sha1(), out); }
bool Sha2(View s, int32_t bits, std::string* out) {
  switch (bits) {
    case 224: return Digest(s, EVP_sha224(), out), true;
    case 0:
    case 256: return Digest(s, EVP_sha256(), out), true;
    case 384: return Digest(s, EVP_sha384(), out), true;
    case 512: return Digest(s, EVP_sha512(), out), true;
    default: return false;
  }
}
int64_t Crc32(View s) {
  return static_cast<int64_t>(crc32(0, reinterpret_cast<const Bytef*>(s.data()), static_cast<uInt>(s.size())));
}

Status BindHash(BindContext& context) {
  if (context.arg_types.empty()) return WrongNumArgs(context.name, "> 0", 0);
  for (const DataType& t : context.arg_types) {
    if (HasMap(t)) return DatatypeMismatch(context, "HASH_MAP_TYPE", {{"functionName", QuoteIdentifier(context.name)}});
  }
  context.result_type = context.name == "xxhash64" ? DataType::Long() : DataType::Integer();
  context.result_nullable = false;
  return Status::OK();
}

template <typename A, typename T, Status (*column)(const DataType&, const arrow::Array&, std::span<T>)>
Result<ArrayPtr> Hash(const KernelCall& call, std::span<const Vector> args) {
  Writer<A> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  const std::span<T> hashes(out.data(), static_cast<size_t>(call.length));
  std::fill(hashes.begin(), hashes.end(), T{42});
  for (size_t k = 0; k < args.size(); ++k) {
    if (args[k].array->type_id() == arrow::Type::NA) continue;
    ARROW_ASSIGN_OR_RAISE(auto values, Materialize(args[k], call.length));
    ARROW_RETURN_NOT_OK(column(call.bound.arg_types[k], *values, hashes));
  }
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

}  // namespace

std::span<const FunctionDef> HashFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "hash",
       .bind = &BindHash,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "Murmur3 hash of the values.",
       .example = {"hash('Spark', array(123), 2)", "-1321691492"},
       .kernel = &Hash<arrow::Int32Type, int32_t, &HashColumn>},
      {.name = "xxhash64",
       .bind = &BindHash,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "64-bit hash of the values.",
       .example = {"xxhash64('Spark', array(123), 2)", "5602566077635097486"},
       .kernel = &Hash<arrow::Int64Type, int64_t, &XxHash64Column>},
      {.name = "crc32",
       .signature = "(binary) -> bigint",
       .group = kGroup,
       .doc = "Cyclic redundancy check.",
       .example = {"crc32('Spark')", "1557323817"},
       .kernel = Unary<S, arrow::Int64Type, &Crc32>},
      {.name = "md5",
       .signature = "(binary) -> string",
       .group = kGroup,
       .doc = "MD5 as hexadecimal text.",
       .example = {"md5('Spark')", "8cde774d6f7333752ed72cacddb05126"},
       .kernel = Unary<S, S, &Md5>},
      {.name = "sha1",
       .aliases = {"sha"},
       .signature = "(binary) -> string",
       .group = kGroup,
       .doc = "SHA-1 as hexadecimal text.",
       .example = {"sha1('Spark')", "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c"},
       .kernel = Unary<S, S, &Sha1>},
      {.name = "sha2",
       .signature = "(binary, int) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "SHA-2 of 224, 256, 384 or 512 bits.",
       .example = {"sha2('Spark', 256)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b"},
       .kernel = Binary<S, arrow::Int32Type, S, &Sha2>},
  };
  return kTable;
}

}  // namespace sluice::functions
