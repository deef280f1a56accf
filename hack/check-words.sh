#!/usr/bin/env bash
# What people read never speaks of itself in the first person: no string literal of controller/ says I, my, we or our.
set -eu
cd "$(dirname "$0")/.."
python3 - <<'PY'
import pathlib
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
WORD = re.compile(r"(?<![\w%/:{.-])(?:I(?=[ '])|[Mm]y|[Mm]e|[Mm]ine|[Mm]yself|[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)(?![\w/-])")
bad = 0
for path in sorted(pathlib.Path("controller").rglob("*.[ch]")):
    text = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), path.read_text())
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for literal in LITERAL.findall(line):
            for word in WORD.findall(literal) if " " in literal else []:
                print(f'{path}:{number}: "{word}" in a text that people read: {literal}')
                bad = 1
sys.exit(bad)
PY
