#include "connectors/file/partitions.h"

#include <strings.h>

#include <algorithm>
#include <set>

#include "connectors/file/prune.h"
#include "formats/csv/csv_reader.h"
#include "types/arrow_types.h"
#include "types/datetime_pattern.h"
#include "types/number_text.h"

namespace sluice::connectors::file {

namespace {

using Column = std::pair<std::string, std::optional<std::string>>;

/// What the folder's name says; nullopt: it is no partition.
std::optional<Column> ColumnOf(std::string_view folder) {
  const size_t equals = folder.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  const std::string_view raw = folder.substr(equals + 1);
  if (raw.empty()) return std::nullopt;
  Column out{UnescapePathName(folder.substr(0, equals)), std::nullopt};
  if (raw != kDefaultPartition) out.second = UnescapePathName(raw);
  return out;
}

/// The columns of a folder, outermost first, looking up to a base path.
std::vector<Column> ColumnsOf(std::string folder, const std::set<std::string>& bases, std::string* top) {
  std::vector<Column> columns;
  while (!bases.contains(folder)) {
    const size_t slash = folder.rfind('/');
    if (slash == std::string::npos) break;
    auto column = ColumnOf(std::string_view(folder).substr(slash + 1));
    if (!column && !columns.empty()) break;
    if (column) columns.push_back(std::move(*column));
    folder.resize(slash);
    if (folder.empty()) break;
  }
  std::reverse(columns.begin(), columns.end());
  *top = std::move(folder);
  return columns;
}

DataType InferType(const std::string& text, const PartitionOptions& options) {
  int64_t v;
  if (ParseIntegral(text, false, INT32_MIN, INT32_MAX, &v)) return DataType::Integer();
  if (ParseIntegral(text, false, INT64_MIN, INT64_MAX, &v)) return DataType::Long();
  arrow::Decimal256 wide;
  int32_t precision, scale;
  if (arrow::Decimal256::FromString(text, &wide, &precision, &scale).ok() && scale <= 0 && precision - scale <= 38)
    return DataType::Decimal(precision - scale, 0);
  double d;
  const char last = text.back();
  const bool suffixed = last == 'd' || last == 'D' || last == 'f' || last == 'F';
  const bool number = (text[0] >= '0' && text[0] <= '9') || text[0] == '.' || text[0] == '-' || text[0] == '+' ||
                      text == "NaN" || text == "Infinity";
  if (!suffixed && number && ParseDouble(text, &d)) return DataType::Double();
  static const auto kTimestamp =
      DateTimePattern::Compile("yyyy-MM-dd HH:mm:ss[.S]", DateTimePattern::Use::kParse).ValueOrDie();
  static const auto kDate = DateTimePattern::Compile("yyyy-MM-dd", DateTimePattern::Use::kParse).ValueOrDie();
  if (kTimestamp->ParseTimestamp(text, *options.zone)) return DataType::Timestamp();
  if (kDate->ParseDate(text)) return DataType::Date();
  return DataType::String();
}

/// The type that takes all values of a column.
DataType Widest(const DataType& a, const DataType& b) {
  if (a == b || b.id() == TypeId::kVoid) return a;
  if (a.id() == TypeId::kVoid) return b;
  const auto rank = [](const DataType& t) {
    return t.id() == TypeId::kInteger   ? 0
           : t.id() == TypeId::kLong    ? 1
           : t.id() == TypeId::kDecimal ? 2
           : t.id() == TypeId::kDouble  ? 3
                                        : -1;
  };
  const int ra = rank(a), rb = rank(b);
  if (ra >= 0 && rb >= 0) {
    if (ra == 3 || rb == 3) return DataType::Double();
    if (ra == 2 || rb == 2) {
      const auto digits = [](const DataType& t) {
        return t.id() == TypeId::kInteger ? 10 : t.id() == TypeId::kLong ? 20 : t.precision();
      };
      return DataType::Decimal(std::min(38, std::max(digits(a), digits(b))), 0);
    }
    return DataType::Long();
  }
  const auto is = [&](TypeId x, TypeId y) { return (a.id() == x && b.id() == y) || (a.id() == y && b.id() == x); };
  if (is(TypeId::kDate, TypeId::kTimestamp)) return DataType::Timestamp();
  return DataType::String();
}

Status Conflict(const Listing& listing, const std::map<std::string, std::vector<Column>>& folders) {
  std::map<std::vector<std::string>, std::vector<std::string>> by_names;
  for (const auto& [folder, columns] : folders) {
    std::vector<std::string> names;
    for (const auto& [name, _] : columns) names.push_back(name);
    by_names[names].push_back(folder);
  }
  std::string lists, suspicious;
  int i = 0;
  for (const auto& [names, where] : by_names) {
    std::string joined;
    for (const auto& name : names) joined += (joined.empty() ? "" : ", ") + name;
    lists += fmt::format("\n\tPartition column name list #{}: {}", i++, joined);
    for (const auto& folder : where) suspicious += "\n\t" + listing.root.Uri(folder);
  }
  return MakeError("CONFLICTING_PARTITION_COLUMN_NAMES",
                   {{"distinctPartColLists", lists}, {"suspiciousPaths", suspicious}});
}

}  // namespace

std::string EscapePathName(std::string_view name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : name) {
    if (c < 0x20 || c == 0x7F ||
        std::string_view("\"#%'*/:=?\\{[]^").find(static_cast<char>(c)) != std::string_view::npos) {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

std::string UnescapePathName(std::string_view name) {
  std::string out;
  const auto hex = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 2 < name.size() && hex(name[i + 1]) >= 0 && hex(name[i + 2]) >= 0) {
      out += static_cast<char>(hex(name[i + 1]) * 16 + hex(name[i + 2]));
      i += 2;
    } else {
      out += name[i];
    }
  }
  return out;
}

Result<PartitionedFiles> DiscoverPartitions(const Listing& listing, bool recursive, const PartitionOptions& options) {
  PartitionedFiles out;
  const auto folder_of = [](const std::string& path) { return path.substr(0, path.rfind('/')); };
  std::set<std::string> bases;
  if (options.base_path) {
    ARROW_ASSIGN_OR_RAISE(Root base, ResolveRoot(*options.base_path, {}));
    ARROW_ASSIGN_OR_RAISE(auto info, base.fs->GetFileInfo(base.path));
    if (info.type() != arrow::fs::FileType::Directory)
      return MakeError("INVALID_SOURCE_OPTION", {{"message", "Option 'basePath' must be a directory"}});
    for (const auto& root : listing.roots) {
      if (root == base.path || root.starts_with(base.path + "/")) continue;
      return MakeError("INVALID_SOURCE_OPTION",
                       {{"message", fmt::format("Wrong basePath {} for the root path: {}", base.Uri(base.path),
                                                listing.root.Uri(root))}});
    }
    bases.insert(base.path);
  } else {
    for (size_t i = 0; i < listing.roots.size(); ++i)
      bases.insert(listing.root_is_file[i] ? folder_of(listing.roots[i]) : listing.roots[i]);
  }
  std::map<std::string, std::vector<Column>> folders;
  std::set<std::string> tops;
  bool any = false;
  if (!recursive) {
    for (const auto& file : listing.files) {
      const std::string folder = folder_of(file.path);
      if (folders.contains(folder)) continue;
      std::string top;
      auto columns = ColumnsOf(folder, bases, &top);
      any = any || !columns.empty();
      tops.insert(columns.empty() ? folder : top);
      folders[folder] = std::move(columns);
    }
  }
  if (!any) {
    for (const auto& file : listing.files) {
      const bool direct =
          std::find(listing.roots.begin(), listing.roots.end(), folder_of(file.path)) != listing.roots.end() ||
          std::find(listing.roots.begin(), listing.roots.end(), file.path) != listing.roots.end();
      if (recursive || direct) out.files.push_back(file);
    }
    return out;
  }
  if (tops.size() > 1) {
    std::string discovered;
    for (const auto& top : tops) discovered += "\n\t" + listing.root.Uri(top);
    return MakeError("CONFLICTING_DIRECTORY_STRUCTURES", {{"discoveredBasePaths", discovered}});
  }
  // Folders without columns (files beside the partitions) take no part, as in Spark.
  std::erase_if(folders, [](const auto& entry) { return entry.second.empty(); });
  const std::vector<Column>& first = folders.begin()->second;
  for (const auto& [_, columns] : folders) {
    const bool same =
        columns.size() == first.size() &&
        std::equal(columns.begin(), columns.end(), first.begin(), [&](const Column& a, const Column& b) {
          return options.case_sensitive ? a.first == b.first : strcasecmp(a.first.c_str(), b.first.c_str()) == 0;
        });
    if (!same) return Conflict(listing, folders);
  }
  std::vector<StructField> fields;
  for (size_t i = 0; i < first.size(); ++i) {
    std::string name = first[i].first;
    std::optional<DataType> type;
    if (options.user_schema) {
      for (const auto& field : options.user_schema->fields()) {
        if (options.case_sensitive ? field.name != name : strcasecmp(field.name.c_str(), name.c_str()) != 0) continue;
        name = field.name;
        type = field.type;
      }
    }
    if (!type) {
      DataType widest;
      for (const auto& [_, columns] : folders)
        if (columns[i].second)
          widest = Widest(widest, options.infer_types ? InferType(*columns[i].second, options) : DataType::String());
      type = widest.id() == TypeId::kVoid ? DataType::String() : widest;
    }
    fields.push_back({name, *type});
  }
  out.schema = DataType::Struct(fields);
  ARROW_ASSIGN_OR_RAISE(const auto text_options, formats::ParseCsvOptions({}, "", options.zone));
  std::map<std::string, std::shared_ptr<const Partition>> partitions;
  for (const auto& [folder, columns] : folders) {
    auto partition = std::make_shared<Partition>();
    for (size_t i = 0; i < columns.size(); ++i) {
      formats::JsonColumn column(fields[i].type);
      const auto& text = columns[i].second;
      if (text && !formats::SetFromText(*text, text_options, &column))
        return MakeError("INVALID_PARTITION_VALUE", {{"value", *text},
                                                     {"dataType", InDoubleQuotes(fields[i].type.sql())},
                                                     {"columnName", QuoteIdentifier(fields[i].name)}});
      column.Commit();
      ARROW_ASSIGN_OR_RAISE(auto value, column.Finish());
      partition->values.push_back(std::move(value));
      partition->texts.push_back(text);
    }
    partitions[folder] = std::move(partition);
  }
  for (const auto& file : listing.files) {
    auto it = partitions.find(folder_of(file.path));
    if (it == partitions.end()) continue;
    out.files.push_back(file);
    out.partitions.push_back(it->second);
  }
  return out;
}

bool MayMatch(const Partition& partition, const DataType& schema, const std::vector<ColumnFilter>& filters) {
  for (const auto& filter : filters) {
    if (filter.column.size() != 1) continue;
    size_t i = 0;
    while (i < schema.fields().size() && schema.fields()[i].name != filter.column[0]) ++i;
    if (i == schema.fields().size()) continue;
    const auto& value = partition.values[i];
    const bool is_null = value->IsNull(0);
    if (!MayMatch(filter, ValueRange{value, value, is_null, !is_null})) return false;
  }
  return true;
}

}  // namespace sluice::connectors::file
