#!/usr/bin/env bash
# Every mutant still applies: a line that moved is told here, in seconds, not by the proof at the end of the whole suite.
set -eu
cd "$(dirname "$0")/.."
bad=0
for mutant in test/prove/mutants/*.patch; do
  patch --dry-run --force --silent -p1 --fuzz=0 --reject-file=- -i "$mutant" >/dev/null 2>&1 && continue
  echo "$mutant does not apply any more: the lines that it changes are not what they were; write it anew for what they are now"
  bad=1
done
exit $bad
