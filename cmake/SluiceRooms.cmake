# sluice_room(NAME [PUBLIC_HEADERS] DEPS room... LIBS library...)
#
# src/NAME/**.cc becomes the library sluice_NAME, except
#   *_test.cc    one GoogleTest program NAME_test, run by CTest under the label "unit"
#   *_bench.cc   one Google Benchmark program NAME_bench
#   *_fuzz.cc    one libFuzzer program each, when SLUICE_FUZZ is on
#   main.cc      left to SluiceProducts.cmake
# A '/' in NAME is '_' in the names of targets. A room without sources is fine.

file(WRITE "${CMAKE_BINARY_DIR}/empty.cc" "")

# What every room may use.
add_library(sluice_common INTERFACE)
target_include_directories(sluice_common INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
target_link_libraries(sluice_common INTERFACE
  Arrow::arrow Arrow::compute fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json
  absl::flat_hash_map absl::flat_hash_set absl::inlined_vector absl::span Threads::Threads)

# cmake/pch.h is part of every file, precompiled or not, so that both ways compile the same.
if(SLUICE_PCH)
  add_library(sluice_pch STATIC "${CMAKE_BINARY_DIR}/empty.cc")
  target_link_libraries(sluice_pch PRIVATE sluice_common)
  target_precompile_headers(sluice_pch PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch.h")
endif()

# The room `id` may have precompiled headers of its own, sluice_ID_pch.
function(sluice_use_pch target)
  set(pch sluice_pch)
  if(ARGC GREATER 1 AND TARGET sluice_${ARGV1}_pch)
    set(pch sluice_${ARGV1}_pch)
  endif()
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${pch})
  else()
    target_compile_options(${target} PRIVATE -include "${PROJECT_SOURCE_DIR}/cmake/pch.h")
  endif()
endfunction()

if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  find_package(rapidcheck REQUIRED)
  # Not in the build's default set of targets: linked when a test wants it.
  add_library(sluice_gtest STATIC "${PROJECT_SOURCE_DIR}/tests/support/gtest_main.cc")
  target_link_libraries(sluice_gtest PUBLIC sluice_common GTest::gtest GTest::gmock rapidcheck)
  target_include_directories(sluice_gtest PUBLIC "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(sluice_gtest PUBLIC SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endif()

set(SLUICE_SANITIZER_DEFAULTS "")
if(SLUICE_SANITIZE)
  add_library(sluice_sanitizers OBJECT "${PROJECT_SOURCE_DIR}/tests/support/sanitizers.cc")
  if(SLUICE_SANITIZE STREQUAL "thread")
    target_sources(sluice_sanitizers PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/c11_threads.cc")
  endif()
  set(SLUICE_SANITIZER_DEFAULTS sluice_sanitizers)
endif()

# sluice_test(NAME LABEL label SOURCES file... LIBS library...): a GoogleTest program run by CTest.
function(sluice_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} sluice_gtest ${SLUICE_SANITIZER_DEFAULTS})
  sluice_use_pch(${name})
  add_test(NAME ${name}
    COMMAND ${name} "--gtest_output=xml:${CMAKE_BINARY_DIR}/results/${name}.xml"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT 600)
endfunction()

# The targets of the sources in `folder`; a helper of the functions below.
function(sluice_room_targets id folder deps libs)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cc")
  set(tests ${sources})
  set(benches ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|_fuzz|/main)\\.cc$")

  set(rooms "")
  foreach(dep IN LISTS deps)
    string(REPLACE "/" "_" dep_id "${dep}")
    list(APPEND rooms sluice_${dep_id})
  endforeach()

  if(NOT sources)
    set(sources "${CMAKE_BINARY_DIR}/empty.cc")
  endif()
  add_library(sluice_${id} STATIC ${sources})
  target_link_libraries(sluice_${id} PUBLIC ${rooms} sluice_common ${libs})
  sluice_use_pch(sluice_${id} ${id})
  set_property(GLOBAL APPEND PROPERTY SLUICE_ROOM_TARGETS sluice_${id})

  if(SLUICE_TESTS AND tests)
    sluice_test(${id}_test LABEL unit SOURCES ${tests} LIBS sluice_${id})
  endif()
  if(SLUICE_TESTS AND benches)
    # What the room's tests build their plans with serves its benchmark as well.
    set(supports ${tests})
    list(FILTER supports INCLUDE REGEX "/test_[a-z_]+_test\\.cc$")
    add_executable(${id}_bench EXCLUDE_FROM_ALL ${benches} ${supports})
    target_link_libraries(${id}_bench PRIVATE sluice_${id} benchmark::benchmark_main GTest::gtest)
    set_property(GLOBAL APPEND PROPERTY SLUICE_BENCHES ${id}_bench)
    sluice_use_pch(${id}_bench)
  endif()
  if(SLUICE_FUZZ)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(name "${fuzzer}" NAME_WE)
      add_executable(${name} "${fuzzer}")
      target_link_libraries(${name} PRIVATE sluice_${id} ${SLUICE_SANITIZER_DEFAULTS})
      set_property(GLOBAL APPEND PROPERTY SLUICE_FUZZERS ${name})
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

function(sluice_room name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PUBLIC_HEADERS" "" "DEPS;LIBS")
  string(REPLACE "/" "_" id "${name}")
  sluice_room_targets(${id} "${PROJECT_SOURCE_DIR}/src/${name}" "${arg_DEPS}" "${arg_LIBS}")
endfunction()

# Each folder of src/connectors is a library of its own; sluice_connectors is all.cc over them.
function(sluice_connectors)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "DEPS")
  file(GLOB folders CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/connectors/*")
  set(connectors "")
  set(sources "")
  foreach(folder IN LISTS folders)
    get_filename_component(name "${folder}" NAME)
    if(IS_DIRECTORY "${folder}" AND NOT name STREQUAL "api")
      sluice_room_targets(connectors_${name} "${folder}" "${arg_DEPS}" "")
      list(APPEND connectors sluice_connectors_${name})
    elseif(folder MATCHES "\\.cc$")
      list(APPEND sources "${folder}")
    endif()
  endforeach()
  if(NOT sources)
    set(sources "${CMAKE_BINARY_DIR}/empty.cc")
  endif()
  add_library(sluice_connectors STATIC ${sources})
  target_link_libraries(sluice_connectors PUBLIC ${connectors} sluice_connectors_api)
  sluice_use_pch(sluice_connectors)
  set_property(GLOBAL APPEND PROPERTY SLUICE_ROOM_TARGETS sluice_connectors)
endfunction()

# Third-party libraries of one connector, if its folder is there.
function(sluice_connector_libs name)
  if(TARGET sluice_connectors_${name})
    target_link_libraries(sluice_connectors_${name} PUBLIC ${ARGN})
  endif()
endfunction()
