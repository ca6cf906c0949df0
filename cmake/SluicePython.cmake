# rows_python.h: what workers run for functions of rows, as a text, so that the engine is one file wherever it is installed.
set(source_file "${PROJECT_SOURCE_DIR}/src/external/python/rows.py")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source_file}")
file(READ "${source_file}" source)
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/python/rows_python.h"
  CONTENT "#pragma once\ninline constexpr char kRowsPython[] = R\"PYTHON(${source})PYTHON\";\n")
target_include_directories(sluice_external_python PRIVATE "${CMAKE_BINARY_DIR}/python")
