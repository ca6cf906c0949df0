# Language, warnings, configurations, sanitizers, linker, compiler cache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# No -march anywhere: simdjson and Arrow choose their kernels at run time, and
# simdjson's on-demand parser crashes when built for another target than its library.
set(CMAKE_CXX_FLAGS_DEV "-O0 -g0")
set(CMAKE_CXX_FLAGS_TEST "-O1 -g0")
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

# -fPIC for executables too, so that one precompiled header serves all.
string(APPEND CMAKE_CXX_FLAGS " -fPIC -fno-semantic-interposition -fvisibility-inlines-hidden")
string(APPEND CMAKE_CXX_FLAGS " -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers")
string(APPEND CMAKE_CXX_FLAGS " -Werror=return-type -Werror=uninitialized -Werror=format")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Wrong more often than right under optimisation in gcc 12.
  string(APPEND CMAKE_CXX_FLAGS " -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized")
endif()
if(SLUICE_SANITIZE)
  string(APPEND CMAKE_CXX_FLAGS " -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all -fno-sanitize=vptr")
endif()

if(SLUICE_FUZZ)
  string(APPEND CMAKE_CXX_FLAGS " -fsanitize=fuzzer-no-link")
endif()

find_program(SLUICE_MOLD mold)
if(SLUICE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
# Static third-party code stays private: the wheel's libparquet exports OpenSSL and its
# libarrow_compute RE2, and either side must keep calling its own copy. (clang's sanitizers are
# archives too, and have to be seen.)
if(NOT SLUICE_FUZZ)
  add_link_options(-Wl,--exclude-libs,ALL)
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SLUICE_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    string(APPEND CMAKE_CXX_FLAGS " -fpch-preprocess")
  else()
    string(APPEND CMAKE_CXX_FLAGS " -Xclang -fno-pch-timestamp")
  endif()
endif()
