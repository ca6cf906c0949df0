// aes_encrypt aes_decrypt try_aes_decrypt.
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;
constexpr int kGcmIv = 12, kGcmTag = 16, kCbcIv = 16;

enum class Mode : uint8_t { kEcb, kCbc, kGcm };

const unsigned char* Bytes(View s) { return reinterpret_cast<const unsigned char*>(s.data()); }

std::string Upper(View s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

Status Crypto(std::string_view function, std::string_view what) {
  return MakeError("INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR", {{"parameter", "`expr`, `key`"},
                                                                {"functionName", QuoteIdentifier(function)},
                                                                {"detailMessage", std::string(what)}});
}

struct Settings {
  Mode mode = Mode::kGcm;
  const EVP_CIPHER* cipher = nullptr;
};

Result<Settings> Choose(std::string_view function, View key, View mode_name, View padding_name) {
  Settings out;
  const std::string mode = Upper(mode_name), padding = Upper(padding_name);
  if (key.size() != 16 && key.size() != 24 && key.size() != 32)
    return MakeError("INVALID_PARAMETER_VALUE.AES_KEY_LENGTH", {{"parameter", "`key`"},
                                                                {"functionName", QuoteIdentifier(function)},
                                                                {"actualLength", std::to_string(key.size())}});
  const size_t k = key.size() / 8 - 2;
  using Cipher = const EVP_CIPHER* (*)();
  static constexpr Cipher kEcb[] = {&EVP_aes_128_ecb, &EVP_aes_192_ecb, &EVP_aes_256_ecb};
  static constexpr Cipher kCbc[] = {&EVP_aes_128_cbc, &EVP_aes_192_cbc, &EVP_aes_256_cbc};
  static constexpr Cipher kGcm[] = {&EVP_aes_128_gcm, &EVP_aes_192_gcm, &EVP_aes_256_gcm};
  const bool pkcs = padding == "PKCS" || padding == "DEFAULT", none = padding == "NONE" || padding == "DEFAULT";
  if (mode == "ECB" && pkcs) return Settings{Mode::kEcb, kEcb[k]()};
  if (mode == "CBC" && pkcs) return Settings{Mode::kCbc, kCbc[k]()};
  if (mode == "GCM" && none) return Settings{Mode::kGcm, kGcm[k]()};
  return MakeError("UNSUPPORTED_FEATURE.AES_MODE", {{"mode", std::string(mode_name)},
                                                    {"padding", std::string(padding_name)},
                                                    {"functionName", QuoteIdentifier(function)}});
}

struct Context {
  Context() : get(EVP_CIPHER_CTX_new()) {}
  ~Context() { EVP_CIPHER_CTX_free(get); }
  EVP_CIPHER_CTX* get;
};

Status Encrypt(View text, View key, View mode, View padding, View iv, View aad, std::string* out) {
  constexpr std::string_view kName = "aes_encrypt";
  ARROW_ASSIGN_OR_RAISE(const Settings s, Choose(kName, key, mode, padding));
  const size_t iv_size = s.mode == Mode::kEcb ? 0 : s.mode == Mode::kCbc ? kCbcIv : kGcmIv;
  if (s.mode == Mode::kEcb && !iv.empty())
    return MakeError("UNSUPPORTED_FEATURE.AES_MODE_IV",
                     {{"mode", Upper(mode)}, {"functionName", QuoteIdentifier(kName)}});
  if (s.mode != Mode::kGcm && !aad.empty())
    return MakeError("UNSUPPORTED_FEATURE.AES_MODE_AAD",
                     {{"mode", Upper(mode)}, {"functionName", QuoteIdentifier(kName)}});
  if (!iv.empty() && iv.size() != iv_size)
    return MakeError("INVALID_PARAMETER_VALUE.AES_IV_LENGTH", {{"parameter", "`iv`"},
                                                               {"functionName", QuoteIdentifier(kName)},
                                                               {"mode", Upper(mode)},
                                                               {"actualLength", std::to_string(iv.size())}});
  std::string fresh(iv);
  if (iv.empty() && iv_size > 0) {
    fresh.resize(iv_size);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), static_cast<int>(iv_size)) != 1)
      return Crypto(kName, "no random bytes");
  }
  const Context c;
  std::string sealed(text.size() + 32, '\0');
  auto* to = reinterpret_cast<unsigned char*>(sealed.data());
  int n = 0, total = 0;
  bool good = EVP_EncryptInit_ex(c.get, s.cipher, nullptr, Bytes(key), fresh.empty() ? nullptr : Bytes(fresh)) == 1;
  if (good && !aad.empty()) good = EVP_EncryptUpdate(c.get, nullptr, &n, Bytes(aad), static_cast<int>(aad.size())) == 1;
  good = good && EVP_EncryptUpdate(c.get, to, &total, Bytes(text), static_cast<int>(text.size())) == 1 &&
         EVP_EncryptFinal_ex(c.get, to + total, &n) == 1;
  total += n;
  if (good && s.mode == Mode::kGcm) {
    good = EVP_CIPHER_CTX_ctrl(c.get, EVP_CTRL_GCM_GET_TAG, kGcmTag, to + total) == 1;
    total += kGcmTag;
  }
  if (!good) return Crypto(kName, "encryption failed");
  out->append(fresh).append(sealed, 0, static_cast<size_t>(total));
  return Status::OK();
}

Status Decrypt(View sealed, View key, View mode, View padding, View aad, std::string* out) {
  constexpr std::string_view kName = "aes_decrypt";
  ARROW_ASSIGN_OR_RAISE(const Settings s, Choose(kName, key, mode, padding));
  if (s.mode != Mode::kGcm && !aad.empty())
    return MakeError("UNSUPPORTED_FEATURE.AES_MODE_AAD",
                     {{"mode", Upper(mode)}, {"functionName", QuoteIdentifier(kName)}});
  const size_t iv_size = s.mode == Mode::kEcb ? 0 : s.mode == Mode::kCbc ? kCbcIv : kGcmIv;
  const size_t tag_size = s.mode == Mode::kGcm ? kGcmTag : 0;
  if (sealed.size() < iv_size + tag_size) return Crypto(kName, "the input is too short");
  const View iv = sealed.substr(0, iv_size), tag = sealed.substr(sealed.size() - tag_size);
  const View body = sealed.substr(iv_size, sealed.size() - iv_size - tag_size);
  const Context c;
  std::string text(body.size() + 32, '\0');
  auto* to = reinterpret_cast<unsigned char*>(text.data());
  int n = 0, total = 0;
  bool good = EVP_DecryptInit_ex(c.get, s.cipher, nullptr, Bytes(key), iv.empty() ? nullptr : Bytes(iv)) == 1;
  if (good && !aad.empty()) good = EVP_DecryptUpdate(c.get, nullptr, &n, Bytes(aad), static_cast<int>(aad.size())) == 1;
  good = good && EVP_DecryptUpdate(c.get, to, &total, Bytes(body), static_cast<int>(body.size())) == 1;
  if (good && tag_size > 0) {
    good = EVP_CIPHER_CTX_ctrl(c.get, EVP_CTRL_GCM_SET_TAG, kGcmTag, const_cast<unsigned char*>(Bytes(tag))) == 1;
  }
  good = good && EVP_DecryptFinal_ex(c.get, to + total, &n) == 1;
  if (!good) return Crypto(kName, "wrong key, or the input is no such ciphertext");
  out->append(text, 0, static_cast<size_t>(total + n));
  return Status::OK();
}

View TextAt(std::span<const Vector> args, size_t k, int64_t i, View otherwise) {
  return k < args.size() ? Reader<S>(args[k])(i) : otherwise;
}

template <typename Fn>
Result<ArrayPtr> EachRow(const KernelCall& call, std::span<const Vector> args, const Fn& fn) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) ARROW_RETURN_NOT_OK(fn(i, &out.out(), &mask));
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Result<ArrayPtr> EncryptColumn(const KernelCall& call, std::span<const Vector> args) {
  return EachRow(call, args, [&](int64_t i, std::string* out, NullMask*) {
    return Encrypt(TextAt(args, 0, i, ""), TextAt(args, 1, i, ""), TextAt(args, 2, i, "GCM"),
                   TextAt(args, 3, i, "DEFAULT"), TextAt(args, 4, i, ""), TextAt(args, 5, i, ""), out);
  });
}

template <bool lenient>
Result<ArrayPtr> DecryptColumn(const KernelCall& call, std::span<const Vector> args) {
  return EachRow(call, args, [&](int64_t i, std::string* out, NullMask* mask) {
    Status status = Decrypt(TextAt(args, 0, i, ""), TextAt(args, 1, i, ""), TextAt(args, 2, i, "GCM"),
                            TextAt(args, 3, i, "DEFAULT"), TextAt(args, 4, i, ""), out);
    if (!lenient || status.ok()) return status;
    mask->SetNull(i);
    return Status::OK();
  });
}

}  // namespace

std::span<const FunctionDef> AesFunctions() {
  constexpr std::string_view kGroup = "misc_funcs";
  static const FunctionDef kTable[] = {
      {.name = "aes_encrypt",
       .signature = "(binary, binary [, string [, string [, binary [, binary]]]]) -> binary",
       .yields_null = true,
       .deterministic = false,  // the initialization vector is random unless given
       .group = kGroup,
       .doc = "Encrypted with AES in mode GCM, CBC or ECB.",
       .example = {"hex(aes_encrypt('Spark', '0000111122223333', 'ECB'))", "348FF37EBDE05B7880BA339068FBDA5E"},
       .kernel = &EncryptColumn,
       .display = &WithDefaults<2, "GCM", "DEFAULT", "", "">},
      {.name = "aes_decrypt",
       .signature = "(binary, binary [, string [, string [, binary]]]) -> binary",
       .group = kGroup,
       .doc = "What aes_encrypt encrypted.",
       .example = {"string(aes_decrypt(unhex('83F16B2AA704794132802D248E6BFD4E380078182D1544813898AC97E709B28A94'), "
                   "'0000111122223333'))",
                   "Spark"},
       .kernel = &DecryptColumn<false>,
       .display = &WithDefaults<2, "GCM", "DEFAULT", "">},
      {.name = "try_aes_decrypt",
       .signature = "(binary, binary [, string [, string [, binary]]]) -> binary",
       .yields_null = true,
       .group = kGroup,
       .doc = "As aes_decrypt; null for what cannot be decrypted.",
       .example = {"try_aes_decrypt(X'00', '0000111122223333')", "NULL"},
       .kernel = &DecryptColumn<true>,
       .display = &WithDefaults<2, "GCM", "DEFAULT", "">},
  };
  return kTable;
}

}  // namespace sluice::functions
