#pragma once
#include <string>
#include <string_view>

#include "formats/avro/container.h"

namespace sluice::avro {

Result<Codec> CodecFromName(std::string_view name);
std::string_view CodecName(Codec codec);
/// A block's bytes, without and with the codec. Decompression is bounded (256 MiB).
Result<std::string> Decompress(Codec codec, std::string_view bytes);
Result<std::string> Compress(Codec codec, std::string_view bytes);

}  // namespace sluice::avro
