# connect_protocol: C++ of Spark Connect's messages and service, generated from the descriptors that
# tools/install_deps.sh took out of pip's pyspark-client. Another version of Spark is another pin there.
set(SLUICE_CONNECT "${PROJECT_SOURCE_DIR}/build/deps/connect")
file(GLOB modules "${SLUICE_CONNECT}/*_pb2.py")
list(FILTER modules EXCLUDE REGEX "example_plugins")
find_program(SLUICE_PROTOC protoc)
find_program(SLUICE_GRPC_PLUGIN grpc_cpp_plugin)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
if(NOT modules OR NOT SLUICE_PROTOC OR NOT SLUICE_GRPC_PLUGIN)
  message(FATAL_ERROR "Spark Connect's protocol is missing: run tools/install_deps.sh")
endif()

set(generated "${CMAKE_BINARY_DIR}/connect")
file(MAKE_DIRECTORY "${generated}")
set(protos "")
set(outputs "")
foreach(module IN LISTS modules)
  string(REGEX REPLACE "^.*/(.*)_pb2\\.py$" "\\1" name "${module}")
  set(package spark/connect)
  if(name MATCHES "^(status|error_details)$")
    set(package google/rpc)
  endif()
  list(APPEND protos ${package}/${name}.proto)
  list(APPEND outputs "${generated}/${package}/${name}.pb.cc")
endforeach()
set(service "${generated}/spark/connect/base.grpc.pb.cc")

# protoc looks imports up in the descriptors alone, so they hold Google's well-known types too.
add_custom_command(
  OUTPUT ${outputs} "${service}"
  COMMAND "${SLUICE_PROTOC}" "--descriptor_set_out=${generated}/well_known.pb"
    google/protobuf/any.proto google/protobuf/duration.proto google/protobuf/timestamp.proto
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/descriptor_set.py" "${generated}/spark.pb" ${modules}
  COMMAND "${SLUICE_PROTOC}" "--descriptor_set_in=${generated}/well_known.pb:${generated}/spark.pb"
    "--cpp_out=${generated}" ${protos}
  COMMAND "${SLUICE_PROTOC}" "--descriptor_set_in=${generated}/well_known.pb:${generated}/spark.pb"
    "--grpc_out=${generated}" "--plugin=protoc-gen-grpc=${SLUICE_GRPC_PLUGIN}" spark/connect/base.proto
  DEPENDS ${modules} "${PROJECT_SOURCE_DIR}/tools/descriptor_set.py"
  COMMENT "Spark Connect's protocol"
  VERBATIM)

add_library(connect_protocol STATIC ${outputs} "${service}")
target_include_directories(connect_protocol SYSTEM PUBLIC "${generated}")
# The protocol keeps fields of older clients, which it calls deprecated.
target_compile_options(connect_protocol PRIVATE -w INTERFACE -Wno-deprecated-declarations)
set_source_files_properties("${service}" PROPERTIES
  COMPILE_OPTIONS "-include;${PROJECT_SOURCE_DIR}/src/server/connect/wire.h"
  OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/src/server/connect/wire.h")
target_link_libraries(connect_protocol PUBLIC gRPC::grpc++)

# src/server/connect compiles with the generated headers precompiled; nobody else sees them.
if(SLUICE_PCH)
  add_library(sluice_server_connect_pch STATIC "${CMAKE_BINARY_DIR}/empty.cc")
  target_link_libraries(sluice_server_connect_pch PRIVATE sluice_common connect_protocol)
  target_precompile_headers(sluice_server_connect_pch PRIVATE
    "${PROJECT_SOURCE_DIR}/cmake/pch.h" "${PROJECT_SOURCE_DIR}/cmake/connect_pch.h")
endif()
