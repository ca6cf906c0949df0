#!/bin/bash
# Run the tests of a build folder and count them: tools/run_tests.sh BUILD [CTEST ARGUMENT]...
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1; shift
rm -rf "$build/results" && mkdir -p "$build/results"
ctest --test-dir "$build" --output-on-failure --output-junit results/ctest.xml "$@"
status=$?
build/deps/venv/bin/python tools/summarize_tests.py "$build/results" && exit $status
