#!/usr/bin/env bash
# Run every unit test binary in a folder, more at once than there are processors because some wait for time-outs of
# libraries; print what failed and one line of counts.
set -u
folder=$1
out=$folder/results
rm -rf "$out"; mkdir -p "$out"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=print_stacktrace=1
for binary in "$folder"/*_test; do # of a test that is gone or has another name by now
  [ -e "test/unit/$(basename "$binary").c" ] || rm -f "$binary"
done
find "$folder" -maxdepth 1 -name '*_test' -print0 |
  xargs -0 -P "$((4 * $(nproc)))" -I{} bash -c 'timeout 120 "$1" >"$2/$(basename "$1").log" 2>&1; echo $? >"$2/$(basename "$1").status"' _ {} "$out"
# They wait for real sockets and threads, and the machine may be busy: what failed is run once more, alone, and is counted.
again=0
for status in "$out"/*.status; do
  [ "$(<"$status")" -eq 0 ] && continue
  name=$(basename "$status" .status)
  echo "---- $name failed: once more, alone"
  grep -E '^\[  (ERROR|FAILED) |^\[   LINE|Sanitizer' "${status%.status}.log" | head -12 | sed 's/^/  /'
  again=$((again + 1))
  timeout 120 "$folder/$name" >"${status%.status}.log" 2>&1
  echo $? >"$status"
done
[ "$again" -eq 0 ] || echo "$again rerun in $(basename "$(dirname "$folder")") unit tests"
passed=0 failed=0
for status in "$out"/*.status; do
  log=${status%.status}.log code=$(<"$status")
  bad=0
  passed=$((passed + $(grep -c '^\[       OK \]' "$log")))
  if [ "$code" -ne 0 ]; then
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$log")
    bad=${bad:-1} # none named: it crashed, or a sanitizer spoke
    echo "---- $(basename "$log" .log) (exit $code)"
    grep -vE '^\[( RUN|       OK)' "$log" | tail -60
  fi
  failed=$((failed + bad))
done
echo "$(basename "$(dirname "$folder")") unit tests: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
