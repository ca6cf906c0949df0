# What is shipped: the command `sluice`, the library libsluice with its headers, the examples.
include(GNUInstallDirs)
get_property(rooms GLOBAL PROPERTY SLUICE_ROOM_TARGETS)

if(EXISTS "${PROJECT_SOURCE_DIR}/src/server/cli/main.cc")
  add_executable(sluice_cli src/server/cli/main.cc)
  target_link_libraries(sluice_cli PRIVATE sluice_server_cli ${SLUICE_SANITIZER_DEFAULTS})
  sluice_use_pch(sluice_cli)
  set_target_properties(sluice_cli PROPERTIES
    OUTPUT_NAME sluice INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/sluice")
  install(TARGETS sluice_cli)
endif()

# libsluice is the API: every room but the server and what only clients of it bring. The objects themselves, not the archives: everything is kept, and -Wl,--exclude-libs,ALL
# hides the third-party archives without hiding our own code.
set(objects "")
set(libraries "")
list(REMOVE_ITEM rooms sluice_server_cli sluice_server_connect sluice_external_python sluice_remote)
foreach(room IN LISTS rooms)
  list(APPEND objects $<TARGET_OBJECTS:${room}>)
  get_target_property(linked ${room} LINK_LIBRARIES)
  list(APPEND libraries ${linked})
endforeach()
list(REMOVE_DUPLICATES libraries)
list(REMOVE_ITEM libraries ${rooms})

add_library(sluice SHARED ${objects})
target_link_libraries(sluice PRIVATE ${libraries})
target_link_options(sluice PRIVATE -Wl,-Bsymbolic-functions)
target_include_directories(sluice PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(sluice PUBLIC cxx_std_20)
set_target_properties(sluice PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINKER_LANGUAGE CXX INSTALL_RPATH "$ORIGIN/sluice")
add_library(sluice::sluice ALIAS sluice)

# What SparkSession::builder().remote() loads: the room remote over libsluice. Its gRPC is the shared one, for Debian's
# archives are not made for shared objects; loaded with RTLD_DEEPBIND it keeps to its own OpenSSL and RE2, which
# Arrow's wheel exports, too.
add_library(sluice_remote_client SHARED $<TARGET_OBJECTS:sluice_remote> $<TARGET_OBJECTS:connect_protocol>
  "${PROJECT_SOURCE_DIR}/src/server/connect/translate/literals.cc" "${PROJECT_SOURCE_DIR}/src/server/connect/translate/types.cc")
target_include_directories(sluice_remote_client SYSTEM PRIVATE $<TARGET_PROPERTY:connect_protocol,INTERFACE_INCLUDE_DIRECTORIES>)
foreach(name grpc++ grpc gpr protobuf)
  find_library(SLUICE_SHARED_${name} NAMES lib${name}.so REQUIRED)
  target_link_libraries(sluice_remote_client PRIVATE "${SLUICE_SHARED_${name}}")
endforeach()
target_link_libraries(sluice_remote_client PRIVATE sluice sluice_common)
sluice_use_pch(sluice_remote_client)
target_link_options(sluice_remote_client PRIVATE -Wl,-Bsymbolic-functions)
set_target_properties(sluice_remote_client PROPERTIES OUTPUT_NAME sluice_remote INSTALL_RPATH "$ORIGIN:$ORIGIN/sluice")
install(TARGETS sluice_remote_client)

file(GLOB examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cc")
foreach(example IN LISTS examples)
  get_filename_component(name "${example}" NAME_WE)
  add_executable(example_${name} "${example}")
  target_link_libraries(example_${name} PRIVATE sluice::sluice)
  list(APPEND products example_${name})
endforeach()
add_custom_target(products DEPENDS sluice_cli sluice sluice_remote_client ${products})  # for `make demo`

install(TARGETS sluice EXPORT sluice)
if(EXISTS "${PROJECT_SOURCE_DIR}/include/sluice")
  install(DIRECTORY include/sluice DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
endif()
install(FILES ${SLUICE_ARROW_LIBRARIES} DESTINATION ${CMAKE_INSTALL_LIBDIR}/sluice)

include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/sluice)
install(EXPORT sluice NAMESPACE sluice:: FILE sluiceConfig.cmake DESTINATION ${package})
write_basic_package_version_file(sluiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/sluiceConfigVersion.cmake" DESTINATION ${package})

# The fuzzers and benchmarks together, for `make fuzz` and `make bench`.
foreach(kind FUZZERS BENCHES)
  get_property(programs GLOBAL PROPERTY SLUICE_${kind})
  string(TOLOWER "${kind}" kind)
  add_custom_target(${kind} DEPENDS ${programs})
endforeach()
