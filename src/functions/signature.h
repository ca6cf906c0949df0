#pragma once
// The signature mini-language of FunctionDef (see registry.h): parsed once, matched with Spark's implicit casts.
#include <string>
#include <string_view>
#include <vector>

#include "functions/registry.h"

namespace sluice::functions {

/// A word of the language.
struct TypePattern {
  enum class Kind : uint8_t {
    kConcrete,
    kAny,
    kNumeric,
    kIntegral,
    kFractional,
    kAtomic,
    kOrderable,
    kDecimal,
    kInterval,
    kStruct,
    kArray,
    kMap,
    kVariable,
    kLambda,
    kUnion,
  };
  Kind kind = Kind::kAny;
  DataType type;                      // kConcrete
  char variable = 0;                  // kVariable
  bool strict = false;                // no implicit cast
  std::vector<TypePattern> children;  // kArray, kMap, kUnion
};

struct Overload {
  std::vector<TypePattern> args;
  size_t required = 0;
  bool repeats = false;  // the last pattern takes all further arguments
  bool has_result = false;
  TypePattern result;
};

/// A defect in the text gives INTERNAL_ERROR.
Result<std::vector<Overload>> ParseSignature(std::string_view text);

/// Chooses an overload of def.signature: sets arg_types and, if the overload names it, result_type.
/// Errors: WRONG_NUM_ARGS.WITHOUT_SUGGESTION, DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE,
/// DATATYPE_MISMATCH.DATA_DIFF_TYPES.
Status MatchSignature(const FunctionDef& def, BindContext* context);

// ---- errors that bind steps share; all carry sqlExpr --------------------------------------------------------------

/// "name(a, b)": the call as messages show it.
std::string CallText(const BindContext& context);
Status WrongNumArgs(std::string_view name, std::string_view expected, size_t actual);
/// `required` as messages show it: "\"STRING\"" or "(\"STRING\" or \"BINARY\")".
Status UnexpectedInputType(const BindContext& context, size_t arg, std::string_view required);
Status DataDiffTypes(const BindContext& context, std::string_view function_name);
/// `shape`: "NON_FOLDABLE_INPUT" for arguments that must be constant.
Status NonFoldable(const BindContext& context, size_t arg, std::string_view input_name, std::string_view input_type);
/// DATATYPE_MISMATCH.`sub` with sqlExpr added.
Status DatatypeMismatch(const BindContext& context, std::string_view sub, ErrorParameters parameters);

}  // namespace sluice::functions
