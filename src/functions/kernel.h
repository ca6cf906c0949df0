#pragma once
// Templates that turn a function on values into a kernel on columns: no virtual call and no allocation per row.
//
//   .kernel = Unary<arrow::StringType, arrow::Int32Type, &Ascii>      int32_t Ascii(std::string_view)
//   .kernel = Binary<arrow::DoubleType, arrow::DoubleType, arrow::DoubleType, &Atan2>
//   .kernel = Map<arrow::StringType, &Lpad, arrow::StringType, arrow::Int32Type, arrow::StringType>
//
// The function takes the row's values (C types, std::string_view, bool, arrow::Decimal128), before them `const
// KernelCall&` if it wants it, and behind them for STRING and BINARY results `std::string* out`, to which it appends.
// It returns
//   fixed-width or bool result: V, std::optional<V> (nullopt: null) or Result<V> (a failing row)
//   STRING, BINARY via out: void, bool (false: null) or Status; or, without out, std::string_view or optional of it.
// Rows where an argument is null are skipped. Constant arguments are read at row 0.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "functions/registry.h"
#include "types/arrow_types.h"

namespace sluice::functions {

/// The rows where every argument is valid; starts as the AND of the arguments' bitmaps.
class NullMask {
 public:
  explicit NullMask(int64_t length) : length_(length) {}
  /// ANDs the validity of `args` in, a word at a time.
  static Result<NullMask> Combine(std::span<const Vector> args, int64_t length);

  bool has_nulls() const { return bits_ != nullptr; }
  bool valid(int64_t i) const { return bits_ == nullptr || arrow::bit_util::GetBit(bits_, i); }
  void SetNull(int64_t i) {
    if (bits_ == nullptr) Allocate();
    arrow::bit_util::ClearBit(bits_, i);
  }
  std::shared_ptr<arrow::Buffer> buffer() const { return buffer_; }

 private:
  void Allocate();  // all valid
  int64_t length_;
  std::shared_ptr<arrow::Buffer> buffer_;
  uint8_t* bits_ = nullptr;
};

Result<ArrayPtr> NullArray(const DataType& type, int64_t length);
/// `result` with the rows null where any argument is.
Result<ArrayPtr> MaskNulls(ArrayPtr result, std::span<const Vector> args);
/// An array of `type` over the buffers given (validity first).
ArrayPtr ArrayOf(const DataType& type, int64_t length, std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                 std::vector<ArrayPtr> children = {});
Result<std::shared_ptr<arrow::Buffer>> NewBuffer(int64_t bytes);

// ---- reading -------------------------------------------------------------------------------------------------------

/// More than 2 GiB of text in a column of one batch.
Status TextTooLarge();
/// More elements in the lists of one batch than offsets of 32 bits count.
Status ListsTooLarge();

template <typename T>
constexpr bool kIsText = std::is_same_v<T, arrow::StringType> || std::is_same_v<T, arrow::BinaryType>;

/// Values of one argument by row; T is the Arrow type of its physical form.
template <typename T>
struct Reader {
  using Value = typename T::c_type;
  explicit Reader(const Vector& v) : data(v.array->data()->GetValues<Value>(1)), step(v.constant ? 0 : 1) {}
  Value operator()(int64_t i) const { return data[i * step]; }
  const Value* data;
  int64_t step;
};

template <>
struct Reader<arrow::BooleanType> {
  using Value = bool;
  explicit Reader(const Vector& v)
      : bits(v.array->data()->buffers[1]->data()), offset(v.array->offset()), step(v.constant ? 0 : 1) {}
  bool operator()(int64_t i) const { return arrow::bit_util::GetBit(bits, offset + i * step); }
  const uint8_t* bits;
  int64_t offset, step;
};

template <typename T>
  requires kIsText<T>
struct Reader<T> {
  using Value = std::string_view;
  explicit Reader(const Vector& v) : offsets(v.array->data()->GetValues<int32_t>(1)), step(v.constant ? 0 : 1) {
    const auto& buffer = v.array->data()->buffers[2];
    data = buffer ? reinterpret_cast<const char*>(buffer->data()) : "";
  }
  std::string_view operator()(int64_t i) const {
    const int32_t* o = offsets + i * step;
    return {data + o[0], static_cast<size_t>(o[1] - o[0])};
  }
  const int32_t* offsets;
  const char* data;
  int64_t step;
};

template <>
struct Reader<arrow::Decimal128Type> {
  using Value = arrow::Decimal128;
  explicit Reader(const Vector& v)
      : data(v.array->data()->buffers[1]->data() + v.array->offset() * 16), step(v.constant ? 0 : 16) {}
  Value operator()(int64_t i) const { return Value(data + i * step); }
  const uint8_t* data;
  int64_t step;
};

/// As Reader, and says whether the row is valid: for kernels with their own null rules.
template <typename T>
struct NullableReader : Reader<T> {
  explicit NullableReader(const Vector& v) : Reader<T>(v), vector(&v) {}
  bool valid(int64_t i) const { return !vector->IsNull(i); }
  const Vector* vector;
};

// ---- writing -------------------------------------------------------------------------------------------------------

/// A result column filled front to back; `mask` has its nulls. Skipped rows keep zero or "".
template <typename T>
class Writer {
 public:
  using Value = typename Reader<T>::Value;
  Status Init(int64_t length) {
    length_ = length;
    ARROW_ASSIGN_OR_RAISE(buffer_, NewBuffer(length * static_cast<int64_t>(sizeof(Value))));
    data_ = reinterpret_cast<Value*>(buffer_->mutable_data());
    return Status::OK();
  }
  void Set(int64_t i, Value v) { data_[i] = v; }
  void Skip(int64_t i) { data_[i] = Value{}; }
  Value* data() { return data_; }
  Result<ArrayPtr> Finish(const DataType& type, const NullMask& mask) {
    return ArrayOf(type, length_, {mask.buffer(), buffer_});
  }

 private:
  int64_t length_ = 0;
  std::shared_ptr<arrow::Buffer> buffer_;
  Value* data_ = nullptr;
};

template <>
class Writer<arrow::BooleanType> {
 public:
  Status Init(int64_t length) {
    length_ = length;
    ARROW_ASSIGN_OR_RAISE(buffer_, NewBuffer(arrow::bit_util::BytesForBits(length)));
    std::memset(buffer_->mutable_data(), 0, static_cast<size_t>(buffer_->size()));
    bits_ = buffer_->mutable_data();
    return Status::OK();
  }
  void Set(int64_t i, bool v) {
    if (v) arrow::bit_util::SetBit(bits_, i);
  }
  void Skip(int64_t) {}
  Result<ArrayPtr> Finish(const DataType& type, const NullMask& mask) {
    return ArrayOf(type, length_, {mask.buffer(), buffer_});
  }

 private:
  int64_t length_ = 0;
  std::shared_ptr<arrow::Buffer> buffer_;
  uint8_t* bits_ = nullptr;
};

template <typename T>
  requires kIsText<T>
class Writer<T> {
 public:
  Status Init(int64_t length) {
    length_ = length;
    ARROW_ASSIGN_OR_RAISE(buffer_, NewBuffer((length + 1) * 4));
    offsets_ = reinterpret_cast<int32_t*>(buffer_->mutable_data());
    offsets_[0] = 0;
    return Status::OK();
  }
  /// Rows append their bytes here, then Close(row).
  std::string& out() { return out_; }
  void Close(int64_t i) { offsets_[i + 1] = static_cast<int32_t>(out_.size()); }
  void Set(int64_t i, std::string_view v) {
    out_.append(v);
    Close(i);
  }
  void Skip(int64_t i) { Close(i); }
  /// Fails when `more` bytes would be too many for offsets of 32 bits.
  Status Room(uint64_t more = 0) const { return out_.size() + more <= INT32_MAX ? Status::OK() : TextTooLarge(); }
  Result<ArrayPtr> Finish(const DataType& type, const NullMask& mask) {
    ARROW_RETURN_NOT_OK(Room());
    return ArrayOf(type, length_, {mask.buffer(), buffer_, arrow::Buffer::FromString(std::move(out_))});
  }

 private:
  int64_t length_ = 0;
  std::shared_ptr<arrow::Buffer> buffer_;
  int32_t* offsets_ = nullptr;
  std::string out_;
};

template <>
class Writer<arrow::Decimal128Type> {
 public:
  Status Init(int64_t length) {
    length_ = length;
    ARROW_ASSIGN_OR_RAISE(buffer_, NewBuffer(length * 16));
    data_ = buffer_->mutable_data();
    return Status::OK();
  }
  void Set(int64_t i, const arrow::Decimal128& v) { v.ToBytes(data_ + i * 16); }
  void Skip(int64_t i) { std::memset(data_ + i * 16, 0, 16); }
  Result<ArrayPtr> Finish(const DataType& type, const NullMask& mask) {
    return ArrayOf(type, length_, {mask.buffer(), buffer_});
  }

 private:
  int64_t length_ = 0;
  std::shared_ptr<arrow::Buffer> buffer_;
  uint8_t* data_ = nullptr;
};

// ---- kernels -------------------------------------------------------------------------------------------------------

namespace internal {

template <typename R>
constexpr bool kIsOptional = false;
template <typename V>
constexpr bool kIsOptional<std::optional<V>> = true;
template <typename R>
constexpr bool kIsResult = false;
template <typename V>
constexpr bool kIsResult<Result<V>> = true;

template <typename Fn, typename... A>
decltype(auto) Invoke(const Fn& fn, const KernelCall& call, A&&... a) {
  if constexpr (std::is_invocable_v<const Fn&, const KernelCall&, A...>) {
    return fn(call, std::forward<A>(a)...);
  } else {
    return fn(std::forward<A>(a)...);
  }
}

/// One row: value into the writer, null into the mask.
template <typename Out, typename Fn, typename... A>
Status Row(const Fn& fn, const KernelCall& call, Writer<Out>& writer, NullMask& mask, int64_t i, A... a) {
  if constexpr (kIsText<Out> && (std::is_invocable_v<const Fn&, A..., std::string*> ||
                                 std::is_invocable_v<const Fn&, const KernelCall&, A..., std::string*>)) {
    using R = decltype(Invoke(fn, call, a..., &writer.out()));
    if constexpr (std::is_void_v<R>) {
      Invoke(fn, call, a..., &writer.out());
    } else if constexpr (std::is_same_v<R, bool>) {
      if (!Invoke(fn, call, a..., &writer.out())) mask.SetNull(i);
    } else {
      ARROW_RETURN_NOT_OK(Invoke(fn, call, a..., &writer.out()));
    }
    writer.Close(i);
    ARROW_RETURN_NOT_OK(writer.Room());
  } else {
    using R = std::decay_t<decltype(Invoke(fn, call, a...))>;
    if constexpr (kIsOptional<R>) {
      if (auto v = Invoke(fn, call, a...)) {
        writer.Set(i, *v);
      } else {
        writer.Skip(i);
        mask.SetNull(i);
      }
    } else if constexpr (kIsResult<R>) {
      auto v = Invoke(fn, call, a...);
      if (!v.ok()) return v.status();
      if constexpr (kIsOptional<std::decay_t<decltype(*v)>>) {
        if (v->has_value()) {
          writer.Set(i, **v);
        } else {
          writer.Skip(i);
          mask.SetNull(i);
        }
      } else {
        writer.Set(i, *v);
      }
    } else {
      writer.Set(i, static_cast<typename Reader<Out>::Value>(Invoke(fn, call, a...)));
    }
  }
  return Status::OK();
}

}  // namespace internal

/// `fn` (any callable as described above) over the rows of `args`.
template <typename Out, typename... In, typename Fn>
Result<ArrayPtr> MapWith(const KernelCall& call, std::span<const Vector> args, const Fn& fn) {
  return [&]<size_t... I>(std::index_sequence<I...>) -> Result<ArrayPtr> {
    const std::tuple<Reader<In>...> in{Reader<In>(args[I])...};
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(sizeof...(In)), call.length));
    Writer<Out> out;
    ARROW_RETURN_NOT_OK(out.Init(call.length));
    if (!mask.has_nulls()) {
      for (int64_t i = 0; i < call.length; ++i) {
        ARROW_RETURN_NOT_OK(internal::Row<Out>(fn, call, out, mask, i, std::get<I>(in)(i)...));
      }
    } else {
      for (int64_t i = 0; i < call.length; ++i) {
        if (mask.valid(i)) {
          ARROW_RETURN_NOT_OK(internal::Row<Out>(fn, call, out, mask, i, std::get<I>(in)(i)...));
        } else {
          out.Skip(i);
        }
      }
    }
    return out.Finish(call.bound.result_type, mask);
  }(std::index_sequence_for<In...>{});
}

template <typename Out, auto Fn, typename... In>
Result<ArrayPtr> Map(const KernelCall& call, std::span<const Vector> args) {
  return MapWith<Out, In...>(call, args, Fn);
}
template <typename In, typename Out, auto Fn>
constexpr Kernel Unary = &Map<Out, Fn, In>;
template <typename A, typename B, typename Out, auto Fn>
constexpr Kernel Binary = &Map<Out, Fn, A, B>;
template <typename A, typename B, typename C, typename Out, auto Fn>
constexpr Kernel Ternary = &Map<Out, Fn, A, B, C>;

/// `short_form` for calls of `n` arguments, else `long_form`.
template <size_t n, Kernel short_form, Kernel long_form>
Result<ArrayPtr> ByCount(const KernelCall& call, std::span<const Vector> args) {
  return args.size() == n ? short_form(call, args) : long_form(call, args);
}
/// `first` when argument 0 is of `id`, else `other`.
template <TypeId id, Kernel first, Kernel other>
Result<ArrayPtr> ByType(const KernelCall& call, std::span<const Vector> args) {
  return call.bound.arg_types[0].id() == id ? first(call, args) : other(call, args);
}

/// Calls fn(std::type_identity<T>{}) with the Arrow type of a fixed-width Spark type, booleans and decimals included;
/// INTERNAL_ERROR for others.
template <typename Fn>
auto VisitFixed(const DataType& type, Fn&& fn) -> decltype(fn(std::type_identity<arrow::Int32Type>{})) {
  switch (type.id()) {
    case TypeId::kBoolean: return fn(std::type_identity<arrow::BooleanType>{});
    case TypeId::kDecimal: return fn(std::type_identity<arrow::Decimal128Type>{});
    case TypeId::kByte: return fn(std::type_identity<arrow::Int8Type>{});
    case TypeId::kShort: return fn(std::type_identity<arrow::Int16Type>{});
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return fn(std::type_identity<arrow::Int32Type>{});
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return fn(std::type_identity<arrow::Int64Type>{});
    case TypeId::kFloat: return fn(std::type_identity<arrow::FloatType>{});
    case TypeId::kDouble: return fn(std::type_identity<arrow::DoubleType>{});
    default: return MakeError("INTERNAL_ERROR", {{"message", "no fixed-width form of " + type.simpleString()}});
  }
}
/// The same for the integral types, FLOAT and DOUBLE only.
template <typename Fn>
auto VisitNumber(const DataType& type, Fn&& fn) -> decltype(fn(std::type_identity<arrow::Int32Type>{})) {
  switch (type.id()) {
    case TypeId::kByte: return fn(std::type_identity<arrow::Int8Type>{});
    case TypeId::kShort: return fn(std::type_identity<arrow::Int16Type>{});
    case TypeId::kInteger: return fn(std::type_identity<arrow::Int32Type>{});
    case TypeId::kLong: return fn(std::type_identity<arrow::Int64Type>{});
    case TypeId::kFloat: return fn(std::type_identity<arrow::FloatType>{});
    case TypeId::kDouble: return fn(std::type_identity<arrow::DoubleType>{});
    default: return MakeError("INTERNAL_ERROR", {{"message", "not a number: " + type.simpleString()}});
  }
}

}  // namespace sluice::functions
