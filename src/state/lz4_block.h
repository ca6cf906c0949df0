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
  /// The whole stream; the writer is spent.
  std::string Finish();

 private:
  void EndBlock();
  std::string block_, out_;
};

/// Streams written one after the other are read as one. Errors: IOError naming what is corrupt.
Result<std::string> ReadLz4Blocks(std::string_view stream);

}  // namespace sluice::state
