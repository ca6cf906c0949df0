# Arrow::arrow, Arrow::compute, Arrow::parquet, Arrow::s3, Arrow::acero, Arrow::dataset:
# an installed Arrow C++, or else the pinned pyarrow wheel, which holds headers and libraries
# but no CMake files. SLUICE_ARROW_LIBRARIES lists the files an installation has to carry.
set(SLUICE_ARROW_LIBRARIES "")

if(SLUICE_ARROW MATCHES "^(auto|system)$")
  find_package(Arrow 20 QUIET CONFIG)
  find_package(ArrowCompute QUIET CONFIG)
  find_package(Parquet QUIET CONFIG)
endif()

if(Arrow_FOUND AND Parquet_FOUND)
  message(STATUS "Arrow ${ARROW_VERSION} of this system")
  add_library(Arrow::arrow ALIAS Arrow::arrow_shared)
  add_library(Arrow::parquet ALIAS Parquet::parquet_shared)
  add_library(Arrow::compute INTERFACE IMPORTED)
  add_library(Arrow::s3 INTERFACE IMPORTED)
  target_link_libraries(Arrow::s3 INTERFACE Arrow::arrow)
  if(TARGET ArrowCompute::arrow_compute_shared)
    target_link_libraries(Arrow::compute INTERFACE ArrowCompute::arrow_compute_shared)
  else()
    target_link_libraries(Arrow::compute INTERFACE Arrow::arrow)
  endif()
  return()
elseif(SLUICE_ARROW STREQUAL "system")
  message(FATAL_ERROR "no Arrow C++ found on this system")
endif()

file(GLOB SLUICE_PYARROW "${PROJECT_SOURCE_DIR}/build/deps/venv/lib/python3*/site-packages/pyarrow")
if(NOT SLUICE_PYARROW)
  message(FATAL_ERROR "Arrow C++ is missing: run tools/install_deps.sh")
endif()
message(STATUS "Arrow of ${SLUICE_PYARROW}")

function(sluice_arrow_library target name)
  file(GLOB location "${SLUICE_PYARROW}/lib${name}.so.*")
  list(GET location 0 location)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${location}"
    INTERFACE_INCLUDE_DIRECTORIES "${SLUICE_PYARROW}/include"
    INTERFACE_LINK_LIBRARIES "${ARGN}")
  set(SLUICE_ARROW_LIBRARIES ${SLUICE_ARROW_LIBRARIES} ${location} PARENT_SCOPE)
endfunction()
sluice_arrow_library(Arrow::arrow arrow)
sluice_arrow_library(Arrow::compute arrow_compute Arrow::arrow)
sluice_arrow_library(Arrow::parquet parquet Arrow::arrow)
sluice_arrow_library(Arrow::s3 arrow_s3 Arrow::arrow)
