#include "formats/text/line_source.h"

#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <cstring>

#include "formats/text/text_codec.h"

namespace sluice::formats {

namespace {
constexpr size_t kChunk = 1 << 20;
constexpr size_t kMaxLine = size_t{1} << 30;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
}  // namespace

LineSource::LineSource(std::shared_ptr<arrow::io::InputStream> stream, Range range, std::string separator)
    : stream_(std::move(stream)), range_(range), separator_(std::move(separator)), offset_(range.start) {}

bool LineSource::FindLine(std::string_view* line, size_t* next) const {
  const std::string_view rest = std::string_view(buffer_).substr(cursor_);
  if (!separator_.empty()) {
    const size_t at = rest.find(separator_);
    if (at == std::string_view::npos) return false;
    *line = rest.substr(0, at);
    *next = cursor_ + at + separator_.size();
    return true;
  }
  const auto* feed = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
  const size_t length = feed == nullptr ? rest.size() : static_cast<size_t>(feed - rest.data());
  const auto* carriage = static_cast<const char*>(std::memchr(rest.data(), '\r', length));
  if (carriage != nullptr) {
    const size_t at = static_cast<size_t>(carriage - rest.data());
    if (at + 1 == rest.size() && !ended_) return false;  // is a \n behind it?
    *line = rest.substr(0, at);
    *next = cursor_ + at + (at + 1 < rest.size() && rest[at + 1] == '\n' ? 2 : 1);
    return true;
  }
  if (feed == nullptr) return false;
  *line = rest.substr(0, length);
  *next = cursor_ + length + 1;
  return true;
}

Status LineSource::Fill() {
  buffer_.erase(0, cursor_);
  cursor_ = 0;
  const size_t kept = buffer_.size();
  if (kept > kMaxLine) return Status::Invalid("a line is longer than 1 GiB");
  // Long lines: grow by what is there, so that they are not copied over and over.
  const size_t want = std::max(kChunk, kept);
  buffer_.resize(kept + want);
  ARROW_ASSIGN_OR_RAISE(int64_t n, stream_->Read(static_cast<int64_t>(want), buffer_.data() + kept));
  buffer_.resize(kept + static_cast<size_t>(n));
  ended_ = n == 0;
  return Status::OK();
}

Status LineSource::Next(size_t max_lines, std::vector<std::string_view>* lines) {
  lines->clear();
  std::string_view line;
  size_t next;
  if (!started_) {
    while (!ended_ && buffer_.size() < kByteOrderMark.size()) ARROW_RETURN_NOT_OK(Fill());
    if (range_.start == 0 && std::string_view(buffer_).starts_with(kByteOrderMark)) {
      cursor_ = kByteOrderMark.size();
      offset_ += static_cast<int64_t>(cursor_);
    }
    if (range_.start > 0) {
      while (!FindLine(&line, &next) && !ended_) {
        ARROW_RETURN_NOT_OK(Fill());
      }
      if (!FindLine(&line, &next)) next = buffer_.size();
      offset_ += static_cast<int64_t>(next - cursor_);
      cursor_ = next;
    }
    started_ = true;
  }
  while (lines->size() < max_lines && offset_ <= range_.end) {
    if (FindLine(&line, &next)) {
      lines->push_back(line);
      offset_ += static_cast<int64_t>(next - cursor_);
      cursor_ = next;
      continue;
    }
    if (ended_) {
      if (cursor_ < buffer_.size()) {
        lines->push_back(std::string_view(buffer_).substr(cursor_));
        offset_ += static_cast<int64_t>(buffer_.size() - cursor_);
        cursor_ = buffer_.size();
      }
      break;
    }
    if (!lines->empty()) break;  // the views must stay
    ARROW_RETURN_NOT_OK(Fill());
  }
  return Status::OK();
}

bool IsCompressed(std::string_view path) { return TextCodecOfPath(path) != nullptr; }

Result<std::shared_ptr<arrow::io::InputStream>> OpenText(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                                         std::string_view path, int64_t offset) {
  ARROW_ASSIGN_OR_RAISE(int64_t size, file->GetSize());
  offset = std::min(offset, size);
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::RandomAccessFile::GetStream(file, offset, size - offset));
  const TextCodec* codec = TextCodecOfPath(path);
  if (codec == nullptr) return stream;
  if (codec->hadoop_blocks) return UnsupportedFeature("Reading text compressed with " + std::string(codec->name));
  ARROW_ASSIGN_OR_RAISE(auto compression, MakeTextCodec(*codec));
  ARROW_ASSIGN_OR_RAISE(auto decompressed, arrow::io::CompressedInputStream::Make(compression.get(), stream));
  // The stream borrows its codec.
  return std::shared_ptr<arrow::io::InputStream>(
      decompressed.get(),
      [decompressed, codec_owner = std::shared_ptr<arrow::util::Codec>(std::move(compression))](auto*) mutable {
        decompressed.reset();
        codec_owner.reset();
      });
}

Result<std::string> ReadAll(arrow::io::InputStream& stream) {
  std::string out;
  constexpr size_t kMost = size_t{2} << 30;
  for (;;) {
    const size_t kept = out.size();
    if (kept > kMost) return Status::CapacityError("a file that is read as a whole is larger than 2 GiB");
    out.resize(kept + std::max(kChunk, kept));
    ARROW_ASSIGN_OR_RAISE(int64_t n, stream.Read(static_cast<int64_t>(out.size() - kept), out.data() + kept));
    out.resize(kept + static_cast<size_t>(n));
    if (n == 0) return out;
  }
}

}  // namespace sluice::formats
