#!/bin/bash
# The checks of `make lint`: format, clang-tidy's allowlist (needs build/test), rooms, sizes.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0
mapfile -t files < <(git ls-files 'src/*.h' 'src/*.cc' 'include/*.h' 'tests/*.cc' 'tests/*.h' 'examples/*.cc' 'bench/*.cc')
mapfile -t sources < <(git ls-files 'src/*.cc' | grep -vE '_(test|bench|fuzz)\.cc$')

if [ "${1:-}" = --fix ]; then clang-format-16 -i "${files[@]}"; exit; fi
clang-format-16 --dry-run -Werror "${files[@]}" 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c |
  sed 's/$/: not formatted (make format)/' || true
[ "${PIPESTATUS[0]}" = 0 ] || status=1
tools/check_rooms.py || status=1
tools/check_sizes.py || status=1
# Its own parse of every file is slow: two at a time, and only files changed since BASE when that is given.
if [ -n "${BASE:-}" ]; then mapfile -t sources < <(git diff --name-only --diff-filter=d "$BASE" -- "${sources[@]}"); fi
[ ${#sources[@]} = 0 ] || printf '%s\n' "${sources[@]}" |
  xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build/tidy --quiet 2>/dev/null || status=1
exit $status
