#pragma once
#include <string>
#include <string_view>

#include "formats/avro/container.h"

namespace sluice::avro {

Result<Codec> CodecFromName(std::string_view name);
std::string_view CodecName(Codec codec);
/// A block's bytes, without and with the codec. Decompression is bounded (256 MiB).
Result<std::string> Decompress(Codec codec, std::string_view bytes);
/// `level` -1: the codec's usual one.
Result<std::string> Compress(Codec codec, std::string_view bytes, int level = -1);

}  // namespace sluice::avro
