#!/usr/bin/env bash
# Run every fuzz target: first its stored corpus, then new inputs for some seconds. A crash leaves its input in build/fuzz/crashes.
set -u
folder=$1 seconds=$2
passed=0 failed=0
mkdir -p build/fuzz/crashes
for source in test/fuzz/*.c; do
  name=$(basename "$source" .c)
  corpus=test/fuzz/corpus/$name
  work=$folder/work-$name
  mkdir -p "$work" "$corpus"
  if out=$("$folder/$name" -runs=0 "$corpus" 2>&1) &&
     out=$("$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
           -artifact_prefix="build/fuzz/crashes/$name-" "$work" "$corpus" 2>&1); then
    passed=$((passed + 1))
    echo "$name: $(grep -oE 'stat::number_of_executed_units: +[0-9]+' <<<"$out" | grep -oE '[0-9]+$') inputs"
  else
    failed=$((failed + 1)); echo "---- $name"; tail -40 <<<"$out"
  fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
