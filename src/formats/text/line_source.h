#pragma once
// Text files cut into lines, from a part of a file that may begin and end within a line.
#include <arrow/io/interfaces.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::formats {

/// Lines end with \n, \r\n or \r, or with `separator` when that is not empty. Not thread-safe.
class LineSource {
 public:
  struct Range {
    int64_t start = 0;
    int64_t end = INT64_MAX;  // lines that begin at or before it belong to the part, as Hadoop cuts files
  };
  /// `stream` begins at range.start. With a start past 0 the first, partial line is the part before's.
  LineSource(std::shared_ptr<arrow::io::InputStream> stream, Range range, std::string separator);

  /// Up to `max_lines` lines; the views hold until the next call. No lines: the end. Error: a line beyond 1 GiB.
  Status Next(size_t max_lines, std::vector<std::string_view>* lines);

 private:
  /// Finds the line at cursor_; false: more bytes are needed. `next` is where the one behind it begins.
  bool FindLine(std::string_view* line, size_t* next) const;
  Status Fill();

  std::shared_ptr<arrow::io::InputStream> stream_;
  Range range_;
  std::string separator_;
  std::string buffer_;
  size_t cursor_ = 0;
  int64_t offset_;  // of the cursor in the file
  bool ended_ = false, started_ = false;
};

/// Opens `file` for reading from `offset`, decompressed by the extension of `path` (.gz, .bz2, .deflate, .zst); those
/// start at 0.
Result<std::shared_ptr<arrow::io::InputStream>> OpenText(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                                         std::string_view path, int64_t offset);
/// Does the extension say that the file is compressed? It cannot be read from the middle then.
bool IsCompressed(std::string_view path);
/// All of it, at most 2 GiB.
Result<std::string> ReadAll(arrow::io::InputStream& stream);

}  // namespace sluice::formats
