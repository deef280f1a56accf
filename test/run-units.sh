#!/usr/bin/env bash
# Run every unit test binary in a folder, quietly; print what failed and one line of counts. JUnit files go to build/junit.
set -u
folder=$1
junit=build/junit/$(basename "$(dirname "$folder")")
mkdir -p "$junit"
passed=0 failed=0
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=print_stacktrace=1
for test in "$folder"/*_test; do
  name=$(basename "$test")
  out=$(timeout 120 "$test" 2>&1); code=$?
  ok=$(grep -c '^\[       OK \]' <<<"$out"); bad=$(grep -c '^\[  FAILED  \] .*[^)]$' <<<"$out")
  [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  [ "$code" -eq 0 ] && bad=0
  passed=$((passed + ok)); failed=$((failed + bad))
  if [ "$code" -ne 0 ]; then echo "---- $name (exit $code)"; echo "$out" | grep -vE '^\[( RUN|       OK)' | tail -60; fi
done
echo "$passed $failed" >"$junit/count"
echo "$(basename "$(dirname "$folder")") unit tests: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
