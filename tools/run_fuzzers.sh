#!/bin/bash
# Run each fuzzer of a build folder: tools/run_fuzzers.sh BUILD SECONDS
# Seeds come from src/**/NAME_seeds/, the corpus grows in build/fuzz-corpus/NAME.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1 seconds=$2 passed=0 failed=0
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-16
for fuzzer in "$build"/bin/*_fuzz; do
  name=$(basename "$fuzzer")
  corpus=build/fuzz-corpus/$name
  mkdir -p "$corpus" "$build/findings"
  mapfile -t seeds < <(find src tests -type d -name "${name}_seeds")
  echo "== $name, ${seconds} s"
  if "$fuzzer" "$corpus" "${seeds[@]}" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
      -artifact_prefix="$build/findings/$name-" > "$build/$name.log" 2>&1; then
    grep -E 'number_of_executed_units' "$build/$name.log"
    passed=$((passed + 1))
  else
    tail -40 "$build/$name.log"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
