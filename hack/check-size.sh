#!/usr/bin/env bash
# Files above 800 lines are refused; above 400 they are named, so that a reason is asked for. No line is longer than 120.
set -eu
cd "$(dirname "$0")/.."
status=0
while read -r lines file; do
  [ "$file" = total ] && continue
  if [ "$lines" -gt 800 ]; then echo "$file: $lines lines, 800 at most"; status=1
  elif [ "$lines" -gt 400 ]; then echo "note: $file has $lines lines (aim for 400)"; fi
done < <(find controller test hack -name '*.[ch]' -o -name '*.py' | xargs -r wc -l)
wide=$(LC_ALL=C.UTF-8 grep -rnE '^.{121}' --include='*.[ch]' controller | cut -d: -f1,2 || true)
if [ -n "$wide" ]; then
  printf '%s: wider than 120 columns\n' $wide
  status=1
fi
exit $status
