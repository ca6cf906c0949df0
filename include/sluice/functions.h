#pragma once
// Spark's functions. Names with quotes name columns; lit() makes values. All functions of the engine, and your own, are
// reached by call_function("name", {...}) as well.
#include <string>
#include <vector>

#include "sluice/column.h"

namespace sluice::functions {

Column call_function(const std::string& name, const std::vector<Column>& args);
Column call_distinct(const std::string& name, const std::vector<Column>& args);  // f(DISTINCT ...)
/// A SQL expression: expr("a + 1 AS b").
Column expr(const std::string& sql);
Column lit(const Value& value);
inline Column col(std::string name) { return Column(std::move(name)); }
inline Column column(std::string name) { return Column(std::move(name)); }
Column when(const Column& condition, const Column& value);
template <LiteralValue T>
Column when(const Column& condition, const T& value) {
  return when(condition, lit(value));
}
inline Column asc(std::string name) { return Column(std::move(name)).asc(); }
inline Column desc(std::string name) { return Column(std::move(name)).desc(); }

inline Column count(const Column& c) { return call_function("count", {c}); }
inline Column count_distinct(const std::vector<Column>& c) { return call_distinct("count", c); }
template <typename... More>
Column countDistinct(const Column& c, const More&... more) {
  return call_distinct("count", {c, Column(more)...});
}
inline Column approx_count_distinct(const Column& c) { return call_function("approx_count_distinct", {c}); }
// ---- no arguments
inline Column current_date() { return call_function("current_date", {}); }
inline Column current_timestamp() { return call_function("current_timestamp", {}); }
inline Column now() { return call_function("now", {}); }
inline Column current_timezone() { return call_function("current_timezone", {}); }
inline Column current_user() { return call_function("current_user", {}); }
inline Column current_catalog() { return call_function("current_catalog", {}); }
inline Column current_database() { return call_function("current_database", {}); }
inline Column current_schema() { return call_function("current_schema", {}); }
inline Column localtimestamp() { return call_function("localtimestamp", {}); }
inline Column rand() { return call_function("rand", {}); }
inline Column randn() { return call_function("randn", {}); }
inline Column uuid() { return call_function("uuid", {}); }
inline Column monotonically_increasing_id() { return call_function("monotonically_increasing_id", {}); }
inline Column spark_partition_id() { return call_function("spark_partition_id", {}); }
inline Column pi() { return call_function("pi", {}); }
inline Column e() { return call_function("e", {}); }
inline Column version() { return call_function("version", {}); }

// ---- one column
inline Column abs(const Column& c) { return call_function("abs", {c}); }
inline Column acos(const Column& c) { return call_function("acos", {c}); }
inline Column acosh(const Column& c) { return call_function("acosh", {c}); }
inline Column asin(const Column& c) { return call_function("asin", {c}); }
inline Column asinh(const Column& c) { return call_function("asinh", {c}); }
inline Column atan(const Column& c) { return call_function("atan", {c}); }
inline Column atanh(const Column& c) { return call_function("atanh", {c}); }
inline Column cbrt(const Column& c) { return call_function("cbrt", {c}); }
inline Column ceil(const Column& c) { return call_function("ceil", {c}); }
inline Column cos(const Column& c) { return call_function("cos", {c}); }
inline Column cosh(const Column& c) { return call_function("cosh", {c}); }
inline Column degrees(const Column& c) { return call_function("degrees", {c}); }
inline Column exp(const Column& c) { return call_function("exp", {c}); }
inline Column expm1(const Column& c) { return call_function("expm1", {c}); }
inline Column factorial(const Column& c) { return call_function("factorial", {c}); }
inline Column floor(const Column& c) { return call_function("floor", {c}); }
inline Column ln(const Column& c) { return call_function("ln", {c}); }
inline Column log10(const Column& c) { return call_function("log10", {c}); }
inline Column log1p(const Column& c) { return call_function("log1p", {c}); }
inline Column log2(const Column& c) { return call_function("log2", {c}); }
inline Column negative(const Column& c) { return call_function("negative", {c}); }
inline Column positive(const Column& c) { return call_function("positive", {c}); }
inline Column radians(const Column& c) { return call_function("radians", {c}); }
inline Column rint(const Column& c) { return call_function("rint", {c}); }
inline Column sign(const Column& c) { return call_function("sign", {c}); }
inline Column signum(const Column& c) { return call_function("signum", {c}); }
inline Column sin(const Column& c) { return call_function("sin", {c}); }
inline Column sinh(const Column& c) { return call_function("sinh", {c}); }
inline Column sqrt(const Column& c) { return call_function("sqrt", {c}); }
inline Column tan(const Column& c) { return call_function("tan", {c}); }
inline Column tanh(const Column& c) { return call_function("tanh", {c}); }
inline Column bin(const Column& c) { return call_function("bin", {c}); }
inline Column hex(const Column& c) { return call_function("hex", {c}); }
inline Column unhex(const Column& c) { return call_function("unhex", {c}); }
inline Column ascii(const Column& c) { return call_function("ascii", {c}); }
inline Column base64(const Column& c) { return call_function("base64", {c}); }
inline Column unbase64(const Column& c) { return call_function("unbase64", {c}); }
inline Column bit_length(const Column& c) { return call_function("bit_length", {c}); }
inline Column char_length(const Column& c) { return call_function("char_length", {c}); }
inline Column character_length(const Column& c) { return call_function("character_length", {c}); }
inline Column length(const Column& c) { return call_function("length", {c}); }
inline Column lower(const Column& c) { return call_function("lower", {c}); }
inline Column upper(const Column& c) { return call_function("upper", {c}); }
inline Column initcap(const Column& c) { return call_function("initcap", {c}); }
inline Column octet_length(const Column& c) { return call_function("octet_length", {c}); }
inline Column reverse(const Column& c) { return call_function("reverse", {c}); }
inline Column soundex(const Column& c) { return call_function("soundex", {c}); }
inline Column trim(const Column& c) { return call_function("trim", {c}); }
inline Column ltrim(const Column& c) { return call_function("ltrim", {c}); }
inline Column rtrim(const Column& c) { return call_function("rtrim", {c}); }
inline Column lcase(const Column& c) { return call_function("lcase", {c}); }
inline Column ucase(const Column& c) { return call_function("ucase", {c}); }
inline Column crc32(const Column& c) { return call_function("crc32", {c}); }
inline Column md5(const Column& c) { return call_function("md5", {c}); }
inline Column sha1(const Column& c) { return call_function("sha1", {c}); }
inline Column bit_count(const Column& c) { return call_function("bit_count", {c}); }
inline Column isnull(const Column& c) { return call_function("isnull", {c}); }
inline Column isnotnull(const Column& c) { return call_function("isnotnull", {c}); }
inline Column isnan(const Column& c) { return call_function("isnan", {c}); }
inline Column year(const Column& c) { return call_function("year", {c}); }
inline Column quarter(const Column& c) { return call_function("quarter", {c}); }
inline Column month(const Column& c) { return call_function("month", {c}); }
inline Column dayofmonth(const Column& c) { return call_function("dayofmonth", {c}); }
inline Column day(const Column& c) { return call_function("day", {c}); }
inline Column dayofweek(const Column& c) { return call_function("dayofweek", {c}); }
inline Column dayofyear(const Column& c) { return call_function("dayofyear", {c}); }
inline Column weekday(const Column& c) { return call_function("weekday", {c}); }
inline Column weekofyear(const Column& c) { return call_function("weekofyear", {c}); }
inline Column hour(const Column& c) { return call_function("hour", {c}); }
inline Column minute(const Column& c) { return call_function("minute", {c}); }
inline Column second(const Column& c) { return call_function("second", {c}); }
inline Column last_day(const Column& c) { return call_function("last_day", {c}); }
inline Column unix_date(const Column& c) { return call_function("unix_date", {c}); }
inline Column unix_seconds(const Column& c) { return call_function("unix_seconds", {c}); }
inline Column unix_millis(const Column& c) { return call_function("unix_millis", {c}); }
inline Column unix_micros(const Column& c) { return call_function("unix_micros", {c}); }
inline Column timestamp_seconds(const Column& c) { return call_function("timestamp_seconds", {c}); }
inline Column timestamp_millis(const Column& c) { return call_function("timestamp_millis", {c}); }
inline Column timestamp_micros(const Column& c) { return call_function("timestamp_micros", {c}); }
inline Column date_from_unix_date(const Column& c) { return call_function("date_from_unix_date", {c}); }
inline Column monthname(const Column& c) { return call_function("monthname", {c}); }
inline Column dayname(const Column& c) { return call_function("dayname", {c}); }
inline Column size(const Column& c) { return call_function("size", {c}); }
inline Column cardinality(const Column& c) { return call_function("cardinality", {c}); }
inline Column array_distinct(const Column& c) { return call_function("array_distinct", {c}); }
inline Column array_min(const Column& c) { return call_function("array_min", {c}); }
inline Column array_max(const Column& c) { return call_function("array_max", {c}); }
inline Column array_compact(const Column& c) { return call_function("array_compact", {c}); }
inline Column flatten(const Column& c) { return call_function("flatten", {c}); }
inline Column map_keys(const Column& c) { return call_function("map_keys", {c}); }
inline Column map_values(const Column& c) { return call_function("map_values", {c}); }
inline Column map_entries(const Column& c) { return call_function("map_entries", {c}); }
inline Column map_from_entries(const Column& c) { return call_function("map_from_entries", {c}); }
inline Column explode(const Column& c) { return call_function("explode", {c}); }
inline Column explode_outer(const Column& c) { return call_function("explode_outer", {c}); }
inline Column posexplode(const Column& c) { return call_function("posexplode", {c}); }
inline Column posexplode_outer(const Column& c) { return call_function("posexplode_outer", {c}); }
inline Column inline_(const Column& c) { return call_function("inline", {c}); }
inline Column inline_outer(const Column& c) { return call_function("inline_outer", {c}); }
inline Column array_size(const Column& c) { return call_function("array_size", {c}); }
inline Column shuffle(const Column& c) { return call_function("shuffle", {c}); }
inline Column sum(const Column& c) { return call_function("sum", {c}); }
inline Column avg(const Column& c) { return call_function("avg", {c}); }
inline Column mean(const Column& c) { return call_function("mean", {c}); }
inline Column min(const Column& c) { return call_function("min", {c}); }
inline Column max(const Column& c) { return call_function("max", {c}); }
inline Column first(const Column& c) { return call_function("first", {c}); }
inline Column last(const Column& c) { return call_function("last", {c}); }
inline Column any_value(const Column& c) { return call_function("any_value", {c}); }
inline Column count_if(const Column& c) { return call_function("count_if", {c}); }
inline Column stddev(const Column& c) { return call_function("stddev", {c}); }
inline Column stddev_samp(const Column& c) { return call_function("stddev_samp", {c}); }
inline Column stddev_pop(const Column& c) { return call_function("stddev_pop", {c}); }
inline Column variance(const Column& c) { return call_function("variance", {c}); }
inline Column var_samp(const Column& c) { return call_function("var_samp", {c}); }
inline Column var_pop(const Column& c) { return call_function("var_pop", {c}); }
inline Column skewness(const Column& c) { return call_function("skewness", {c}); }
inline Column kurtosis(const Column& c) { return call_function("kurtosis", {c}); }
inline Column median(const Column& c) { return call_function("median", {c}); }
inline Column mode(const Column& c) { return call_function("mode", {c}); }
inline Column collect_list(const Column& c) { return call_function("collect_list", {c}); }
inline Column collect_set(const Column& c) { return call_function("collect_set", {c}); }
inline Column bool_and(const Column& c) { return call_function("bool_and", {c}); }
inline Column bool_or(const Column& c) { return call_function("bool_or", {c}); }
inline Column every(const Column& c) { return call_function("every", {c}); }
inline Column some(const Column& c) { return call_function("some", {c}); }
inline Column bit_and(const Column& c) { return call_function("bit_and", {c}); }
inline Column bit_or(const Column& c) { return call_function("bit_or", {c}); }
inline Column bit_xor(const Column& c) { return call_function("bit_xor", {c}); }
inline Column product(const Column& c) { return call_function("product", {c}); }
inline Column json_object_keys(const Column& c) { return call_function("json_object_keys", {c}); }
inline Column json_array_length(const Column& c) { return call_function("json_array_length", {c}); }
inline Column typeof_(const Column& c) { return call_function("typeof", {c}); }
inline Column input_file_name(const Column& c) { return call_function("input_file_name", {c}); }
inline Column grouping(const Column& c) { return call_function("grouping", {c}); }
inline Column sum_distinct(const Column& c) { return call_distinct("sum", {c}); }

// ---- two
inline Column pow(const Column& a, const Column& b) { return call_function("pow", {a, b}); }
inline Column power(const Column& a, const Column& b) { return call_function("power", {a, b}); }
inline Column atan2(const Column& a, const Column& b) { return call_function("atan2", {a, b}); }
inline Column hypot(const Column& a, const Column& b) { return call_function("hypot", {a, b}); }
inline Column pmod(const Column& a, const Column& b) { return call_function("pmod", {a, b}); }
inline Column mod(const Column& a, const Column& b) { return call_function("mod", {a, b}); }
inline Column nanvl(const Column& a, const Column& b) { return call_function("nanvl", {a, b}); }
inline Column nullif(const Column& a, const Column& b) { return call_function("nullif", {a, b}); }
inline Column nvl(const Column& a, const Column& b) { return call_function("nvl", {a, b}); }
inline Column ifnull(const Column& a, const Column& b) { return call_function("ifnull", {a, b}); }
inline Column date_add(const Column& a, const Column& b) { return call_function("date_add", {a, b}); }
inline Column date_sub(const Column& a, const Column& b) { return call_function("date_sub", {a, b}); }
inline Column datediff(const Column& a, const Column& b) { return call_function("datediff", {a, b}); }
inline Column date_diff(const Column& a, const Column& b) { return call_function("date_diff", {a, b}); }
inline Column array_contains(const Column& a, const Column& b) { return call_function("array_contains", {a, b}); }
inline Column array_position(const Column& a, const Column& b) { return call_function("array_position", {a, b}); }
inline Column array_remove(const Column& a, const Column& b) { return call_function("array_remove", {a, b}); }
inline Column array_union(const Column& a, const Column& b) { return call_function("array_union", {a, b}); }
inline Column array_intersect(const Column& a, const Column& b) { return call_function("array_intersect", {a, b}); }
inline Column array_except(const Column& a, const Column& b) { return call_function("array_except", {a, b}); }
inline Column array_repeat(const Column& a, const Column& b) { return call_function("array_repeat", {a, b}); }
inline Column array_append(const Column& a, const Column& b) { return call_function("array_append", {a, b}); }
inline Column array_prepend(const Column& a, const Column& b) { return call_function("array_prepend", {a, b}); }
inline Column map_from_arrays(const Column& a, const Column& b) { return call_function("map_from_arrays", {a, b}); }
inline Column map_contains_key(const Column& a, const Column& b) { return call_function("map_contains_key", {a, b}); }
inline Column corr(const Column& a, const Column& b) { return call_function("corr", {a, b}); }
inline Column covar_pop(const Column& a, const Column& b) { return call_function("covar_pop", {a, b}); }
inline Column covar_samp(const Column& a, const Column& b) { return call_function("covar_samp", {a, b}); }
inline Column max_by(const Column& a, const Column& b) { return call_function("max_by", {a, b}); }
inline Column min_by(const Column& a, const Column& b) { return call_function("min_by", {a, b}); }
inline Column shiftleft(const Column& a, const Column& b) { return call_function("shiftleft", {a, b}); }
inline Column shiftright(const Column& a, const Column& b) { return call_function("shiftright", {a, b}); }
inline Column element_at(const Column& a, const Column& b) { return call_function("element_at", {a, b}); }
inline Column get(const Column& a, const Column& b) { return call_function("get", {a, b}); }
inline Column try_add(const Column& a, const Column& b) { return call_function("try_add", {a, b}); }
inline Column try_subtract(const Column& a, const Column& b) { return call_function("try_subtract", {a, b}); }
inline Column try_multiply(const Column& a, const Column& b) { return call_function("try_multiply", {a, b}); }
inline Column try_divide(const Column& a, const Column& b) { return call_function("try_divide", {a, b}); }
inline Column try_element_at(const Column& a, const Column& b) { return call_function("try_element_at", {a, b}); }
inline Column add_months(const Column& a, const Column& b) { return call_function("add_months", {a, b}); }
inline Column equal_null(const Column& a, const Column& b) { return call_function("equal_null", {a, b}); }
inline Column startswith(const Column& a, const Column& b) { return call_function("startswith", {a, b}); }
inline Column endswith(const Column& a, const Column& b) { return call_function("endswith", {a, b}); }
inline Column contains(const Column& a, const Column& b) { return call_function("contains", {a, b}); }

// ---- any number
template <typename... More>
Column concat(const Column& first, const More&... more) {
  return call_function("concat", {first, Column(more)...});
}
inline Column concat(const std::vector<Column>& columns) { return call_function("concat", columns); }
template <typename... More>
Column coalesce(const Column& first, const More&... more) {
  return call_function("coalesce", {first, Column(more)...});
}
inline Column coalesce(const std::vector<Column>& columns) { return call_function("coalesce", columns); }
template <typename... More>
Column greatest(const Column& first, const More&... more) {
  return call_function("greatest", {first, Column(more)...});
}
inline Column greatest(const std::vector<Column>& columns) { return call_function("greatest", columns); }
template <typename... More>
Column least(const Column& first, const More&... more) {
  return call_function("least", {first, Column(more)...});
}
inline Column least(const std::vector<Column>& columns) { return call_function("least", columns); }
template <typename... More>
Column array(const Column& first, const More&... more) {
  return call_function("array", {first, Column(more)...});
}
inline Column array(const std::vector<Column>& columns) { return call_function("array", columns); }
template <typename... More>
Column struct_(const Column& first, const More&... more) {
  return call_function("struct", {first, Column(more)...});
}
inline Column struct_(const std::vector<Column>& columns) { return call_function("struct", columns); }
template <typename... More>
Column map_concat(const Column& first, const More&... more) {
  return call_function("map_concat", {first, Column(more)...});
}
inline Column map_concat(const std::vector<Column>& columns) { return call_function("map_concat", columns); }
template <typename... More>
Column hash(const Column& first, const More&... more) {
  return call_function("hash", {first, Column(more)...});
}
inline Column hash(const std::vector<Column>& columns) { return call_function("hash", columns); }
template <typename... More>
Column xxhash64(const Column& first, const More&... more) {
  return call_function("xxhash64", {first, Column(more)...});
}
inline Column xxhash64(const std::vector<Column>& columns) { return call_function("xxhash64", columns); }
template <typename... More>
Column create_map(const Column& first, const More&... more) {
  return call_function("map", {first, Column(more)...});
}
inline Column create_map(const std::vector<Column>& columns) { return call_function("map", columns); }
template <typename... More>
Column named_struct(const Column& first, const More&... more) {
  return call_function("named_struct", {first, Column(more)...});
}
inline Column named_struct(const std::vector<Column>& columns) { return call_function("named_struct", columns); }
template <typename... More>
Column arrays_zip(const Column& first, const More&... more) {
  return call_function("arrays_zip", {first, Column(more)...});
}
inline Column arrays_zip(const std::vector<Column>& columns) { return call_function("arrays_zip", columns); }

// ---- with arguments of their own
inline Column from_json(const Column& json, const std::string& schema) {
  return call_function("from_json", {json, lit(schema)});
}
inline Column from_json(const Column& json, const StructType& schema) {
  return call_function("from_json",
                       {json, lit(schema.isNested() && !schema.fields().empty() ? schema.toDDL() : schema.sql())});
}
inline Column from_json(const Column& json, const std::string& schema,
                        const std::vector<std::pair<std::string, std::string>>& options) {
  std::vector<Column> pairs;
  for (const auto& [key, value] : options) {
    pairs.push_back(lit(key));
    pairs.push_back(lit(value));
  }
  return call_function("from_json", {json, lit(schema), call_function("map", pairs)});
}
inline Column to_json(const Column& c) { return call_function("to_json", {c}); }
inline Column luhn_check(const Column& c) { return call_function("luhn_check", {c}); }
inline Column mask(const Column& c) { return call_function("mask", {c}); }
inline Column quote(const Column& c) { return call_function("quote", {c}); }
inline Column sentences(const Column& c) { return call_function("sentences", {c}); }
inline Column str_to_map(const Column& c) { return call_function("str_to_map", {c}); }
inline Column to_char(const Column& c, const Column& format) { return call_function("to_char", {c, format}); }
inline Column to_number(const Column& c, const Column& format) { return call_function("to_number", {c, format}); }
inline Column try_to_number(const Column& c, const Column& format) {
  return call_function("try_to_number", {c, format});
}
inline Column aes_encrypt(const Column& c, const Column& key) { return call_function("aes_encrypt", {c, key}); }
inline Column aes_decrypt(const Column& c, const Column& key) { return call_function("aes_decrypt", {c, key}); }
inline Column try_aes_decrypt(const Column& c, const Column& key) { return call_function("try_aes_decrypt", {c, key}); }
inline Column uniform(const Column& min, const Column& max) { return call_function("uniform", {min, max}); }
inline Column randstr(const Column& length) { return call_function("randstr", {length}); }
inline Column get_json_object(const Column& json, const std::string& path) {
  return call_function("get_json_object", {json, lit(path)});
}
inline Column schema_of_json(const Column& json) { return call_function("schema_of_json", {json}); }
inline Column round(const Column& c, int scale = 0) { return call_function("round", {c, lit(scale)}); }
inline Column bround(const Column& c, int scale = 0) { return call_function("bround", {c, lit(scale)}); }
inline Column log(const Column& c) { return call_function("ln", {c}); }
inline Column log(double base, const Column& c) { return call_function("log", {lit(base), c}); }
inline Column conv(const Column& c, int from, int to) { return call_function("conv", {c, lit(from), lit(to)}); }
inline Column concat_ws(const std::string& separator, std::vector<Column> columns) {
  columns.insert(columns.begin(), lit(separator));
  return call_function("concat_ws", columns);
}
inline Column substring(const Column& c, int position, int length) {
  return call_function("substring", {c, lit(position), lit(length)});
}
inline Column substring_index(const Column& c, const std::string& delimiter, int count) {
  return call_function("substring_index", {c, lit(delimiter), lit(count)});
}
inline Column split(const Column& c, const std::string& pattern, int limit = -1) {
  return call_function("split", {c, lit(pattern), lit(limit)});
}
inline Column regexp_replace(const Column& c, const std::string& pattern, const std::string& replacement) {
  return call_function("regexp_replace", {c, lit(pattern), lit(replacement)});
}
inline Column regexp_extract(const Column& c, const std::string& pattern, int group) {
  return call_function("regexp_extract", {c, lit(pattern), lit(group)});
}
inline Column regexp_like(const Column& c, const Column& pattern) { return call_function("regexp_like", {c, pattern}); }
inline Column translate(const Column& c, const std::string& from, const std::string& to) {
  return call_function("translate", {c, lit(from), lit(to)});
}
inline Column lpad(const Column& c, int length, const std::string& pad) {
  return call_function("lpad", {c, lit(length), lit(pad)});
}
inline Column rpad(const Column& c, int length, const std::string& pad) {
  return call_function("rpad", {c, lit(length), lit(pad)});
}
inline Column repeat(const Column& c, int n) { return call_function("repeat", {c, lit(n)}); }
inline Column instr(const Column& c, const std::string& text) { return call_function("instr", {c, lit(text)}); }
inline Column locate(const std::string& text, const Column& c) { return call_function("locate", {lit(text), c}); }
inline Column levenshtein(const Column& a, const Column& b) { return call_function("levenshtein", {a, b}); }
inline Column sha2(const Column& c, int bits) { return call_function("sha2", {c, lit(bits)}); }
inline Column encode(const Column& c, const std::string& charset) { return call_function("encode", {c, lit(charset)}); }
inline Column decode(const Column& c, const std::string& charset) { return call_function("decode", {c, lit(charset)}); }
inline Column format_number(const Column& c, int decimals) {
  return call_function("format_number", {c, lit(decimals)});
}
inline Column to_date(const Column& c) { return call_function("to_date", {c}); }
inline Column to_date(const Column& c, const std::string& format) { return call_function("to_date", {c, lit(format)}); }
inline Column to_timestamp(const Column& c) { return call_function("to_timestamp", {c}); }
inline Column to_timestamp(const Column& c, const std::string& format) {
  return call_function("to_timestamp", {c, lit(format)});
}
inline Column date_format(const Column& c, const std::string& format) {
  return call_function("date_format", {c, lit(format)});
}
inline Column date_trunc(const std::string& unit, const Column& c) {
  return call_function("date_trunc", {lit(unit), c});
}
inline Column trunc(const Column& c, const std::string& unit) { return call_function("trunc", {c, lit(unit)}); }
inline Column from_unixtime(const Column& c) { return call_function("from_unixtime", {c}); }
inline Column from_unixtime(const Column& c, const std::string& format) {
  return call_function("from_unixtime", {c, lit(format)});
}
inline Column unix_timestamp() { return call_function("unix_timestamp", {}); }
inline Column unix_timestamp(const Column& c) { return call_function("unix_timestamp", {c}); }
inline Column unix_timestamp(const Column& c, const std::string& format) {
  return call_function("unix_timestamp", {c, lit(format)});
}
inline Column months_between(const Column& a, const Column& b) { return call_function("months_between", {a, b}); }
inline Column next_day(const Column& c, const std::string& day) { return call_function("next_day", {c, lit(day)}); }
inline Column make_date(const Column& year, const Column& month, const Column& day) {
  return call_function("make_date", {year, month, day});
}
inline Column from_utc_timestamp(const Column& c, const std::string& zone) {
  return call_function("from_utc_timestamp", {c, lit(zone)});
}
inline Column to_utc_timestamp(const Column& c, const std::string& zone) {
  return call_function("to_utc_timestamp", {c, lit(zone)});
}
inline Column window(const Column& time, const std::string& length) {
  return call_function("window", {time, lit(length)});
}
inline Column window(const Column& time, const std::string& length, const std::string& slide) {
  return call_function("window", {time, lit(length), lit(slide)});
}
inline Column session_window(const Column& time, const std::string& gap) {
  return call_function("session_window", {time, lit(gap)});
}
inline Column array_join(const Column& c, const std::string& delimiter) {
  return call_function("array_join", {c, lit(delimiter)});
}
inline Column array_sort(const Column& c) { return call_function("array_sort", {c}); }
inline Column sort_array(const Column& c, bool ascending = true) {
  return call_function("sort_array", {c, lit(ascending)});
}
inline Column slice(const Column& c, int start, int length) {
  return call_function("slice", {c, lit(start), lit(length)});
}
inline Column sequence(const Column& start, const Column& stop) { return call_function("sequence", {start, stop}); }
inline Column sequence(const Column& start, const Column& stop, const Column& step) {
  return call_function("sequence", {start, stop, step});
}
inline Column arrays_overlap(const Column& a, const Column& b) { return call_function("arrays_overlap", {a, b}); }
inline Column percentile_approx(const Column& c, double percentage, int accuracy = 10000) {
  return call_function("percentile_approx", {c, lit(percentage), lit(accuracy)});
}
inline Column nvl2(const Column& a, const Column& b, const Column& c) { return call_function("nvl2", {a, b, c}); }
inline Column raise_error(const Column& message) { return call_function("raise_error", {message}); }
// Partition transforms, for DataFrameWriterV2::partitionedBy.
inline Column years(const Column& c) { return call_function("years", {c}); }
inline Column months(const Column& c) { return call_function("months", {c}); }
inline Column days(const Column& c) { return call_function("days", {c}); }
inline Column hours(const Column& c) { return call_function("hours", {c}); }
inline Column bucket(int n, const Column& c) { return call_function("bucket", {lit(n), c}); }

}  // namespace sluice::functions
