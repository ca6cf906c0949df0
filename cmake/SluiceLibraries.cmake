# Third-party libraries. Those with a static archive are linked from it: see SluiceCompiler.cmake.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(absl REQUIRED)
find_package(date REQUIRED)
find_package(CLI11 REQUIRED)

set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL REQUIRED)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(ZLIB REQUIRED)
# Archives before Arrow on the link line, or the linker takes the wheel's exported copies instead.
foreach(library OpenSSL::Crypto OpenSSL::SSL ZLIB::ZLIB)
  target_link_libraries(${library} INTERFACE Arrow::parquet Arrow::compute Arrow::arrow)
endforeach()

# The wheel's libparquet exports another simdjson, so ours is an archive of its own
# (the sources come with pysimdjson's source distribution).
set(SLUICE_SIMDJSON "${PROJECT_SOURCE_DIR}/build/deps/simdjson")
if(NOT EXISTS "${SLUICE_SIMDJSON}/simdjson.cpp")
  message(FATAL_ERROR "simdjson is missing: run tools/install_deps.sh")
endif()
add_library(sluice_simdjson STATIC "${SLUICE_SIMDJSON}/simdjson.cpp")
target_include_directories(sluice_simdjson SYSTEM INTERFACE "${SLUICE_SIMDJSON}")
target_compile_options(sluice_simdjson PRIVATE -w -O3)
target_link_libraries(sluice_simdjson INTERFACE Arrow::parquet)
add_library(simdjson::simdjson ALIAS sluice_simdjson)

# sluice_library(TARGET HEADER ARCHIVE...): a library that Debian ships without CMake files.
function(sluice_library target header)
  string(MAKE_C_IDENTIFIER "${target}" id)
  find_path(${id}_INCLUDE ${header} REQUIRED)
  mark_as_advanced(${id}_INCLUDE)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE "${${id}_INCLUDE}")
  foreach(archive IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "${archive}" archive_id)
    find_library(${archive_id}_LIBRARY NAMES ${archive} REQUIRED)
    mark_as_advanced(${archive_id}_LIBRARY)
    target_link_libraries(${target} INTERFACE "${${archive_id}_LIBRARY}")
  endforeach()
endfunction()

# abseil stays shared: Debian's archives are not position-independent, libsluice could not hold them.

sluice_library(lz4::lz4 lz4.h liblz4.a)
sluice_library(zstd::zstd zstd.h libzstd.a)
sluice_library(xxHash::xxhash xxhash.h libxxhash.a)
sluice_library(PCRE2::pcre2 pcre2.h libpcre2-8.a)
target_compile_definitions(PCRE2::pcre2 INTERFACE PCRE2_CODE_UNIT_WIDTH=8)
sluice_library(Editline::editline editline/readline.h edit)
sluice_library(SQLite::sqlite sqlite3.h libsqlite3.a)
sluice_library(rdkafka::rdkafka librdkafka/rdkafka.h librdkafka.a sasl2)
target_link_libraries(rdkafka::rdkafka INTERFACE
  OpenSSL::SSL OpenSSL::Crypto lz4::lz4 zstd::zstd ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS} m)
# libcurl's GnuTLS flavour, because Debian's shared OpenSSL would be mixed with libparquet's.
# cpp-httplib pulls that OpenSSL in: serve plain HTTP with it, never TLS.
sluice_library(CURL::gnutls curl/curl.h curl-gnutls)
sluice_library(httplib::httplib httplib.h cpp-httplib)
# gRPC's archives call the shared abseil, as everything here does.
sluice_library(protobuf::protobuf google/protobuf/message.h libprotobuf.a)
target_link_libraries(protobuf::protobuf INTERFACE ZLIB::ZLIB Threads::Threads)
sluice_library(gRPC::grpc++ grpcpp/grpcpp.h
  libgrpc++.a libgrpc.a libgpr.a libaddress_sorting.a libupb.a libre2.a libcares.a)
target_link_libraries(gRPC::grpc++ INTERFACE
  protobuf::protobuf OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB
  absl::base absl::bad_optional_access absl::bad_variant_access absl::cord absl::flat_hash_map absl::flat_hash_set
  absl::hash absl::random_random absl::raw_hash_set absl::status absl::statusor absl::str_format absl::strings
  absl::synchronization absl::time ${CMAKE_DL_LIBS})
