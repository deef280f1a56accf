#!/usr/bin/env bash
# Every mutant still applies: a line that moved is told here, in seconds, not by the proof at the end of the whole suite.
# And each of them is a mistake of the product: a world of the tests that is made wrong proves nothing of what is shipped.
set -eu
cd "$(dirname "$0")/.."
bad=0
for mutant in test/prove/mutants/*.patch; do
  if grep -q '^+++ ' "$mutant" && ! grep '^+++ ' "$mutant" | grep -qv '^+++ b/controller/'; then :; else
    echo "$mutant changes something outside controller/; make the product wrong instead, in one of its own files"
    bad=1
    continue
  fi
  patch --dry-run --force --silent -p1 --fuzz=0 --reject-file=- -i "$mutant" >/dev/null 2>&1 && continue
  echo "$mutant does not apply any more: the lines that it changes are not what they were; write it anew for what they are now"
  bad=1
done
exit $bad
