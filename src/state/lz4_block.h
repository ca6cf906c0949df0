#pragma once
// The LZ4Block stream that Spark compresses state with: blocks of "LZ4Block", a token byte (0x10 raw, 0x20 LZ4, low
// bits the block size), compressed and plain length, an xxHash32 of the plain bytes, the data; an empty block ends it.
// Source: the format of net.jpountz.lz4.LZ4BlockOutputStream; bytes checked against checkpoints that Spark 4.1 wrote.
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::state {

/// Bytes in, a stream out.
class Lz4BlockWriter {
 public:
  void Append(std::string_view bytes);
  /// What there is of the stream since the last call.
  std::string& out() { return out_; }
  /// Ends the stream.
  void Finish();

 private:
  void EndBlock();
  std::string block_, out_;
};

struct Lz4BlockHeader {
  static constexpr size_t kBytes = 21;
  uint8_t method;
  uint32_t compressed, plain, checksum;
  bool ends_stream() const { return plain == 0; }
};

/// Of one block; `bytes` are as many as the header says or, where a file ends, fewer. Errors: IOError naming what is
/// corrupt.
Result<Lz4BlockHeader> ReadLz4Header(std::string_view bytes);
Status AppendLz4Block(const Lz4BlockHeader& header, std::string_view bytes, std::string* plain);
/// Streams written one after the other are read as one: an end is one only where no block follows.
Status Lz4EndMissing();
Result<std::string> ReadLz4Blocks(std::string_view stream);

}  // namespace sluice::state
