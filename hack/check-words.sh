#!/usr/bin/env bash
# What people read: no string literal of controller/ says I, my, we or our, and none, nor README or a description of the
# CRDs, says stamp where people know an ownership record.
set -eu
cd "$(dirname "$0")/.."
python3 - <<'PY'
import pathlib
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
WORD = re.compile(r"(?<![\w%/:{.-])(?:I(?=[ '])|[Mm]y|[Mm]e|[Mm]ine|[Mm]yself|[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)(?![\w/-])")
STAMP = re.compile(r"\b[Ss]tamp(?:s|ed)?\b")
bad = 0
for path in [pathlib.Path("README.md"), *sorted(pathlib.Path("crds").glob("*.yaml"))]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        _, is_told, said = line.partition("description: ") if path.suffix == ".yaml" else ("", "yes", line)
        if is_told and STAMP.search(said):
            print(f"{path}:{number}: a stamp is an ownership record to people: {said.strip()}")
            bad = 1
for path in sorted(pathlib.Path("controller").rglob("*.[ch]")):
    text = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), path.read_text())
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for literal in LITERAL.findall(line):
            for word in WORD.findall(literal) if " " in literal else []:
                print(f'{path}:{number}: "{word}" in a text that people read: {literal}')
                bad = 1
            if " " in literal and path.name != "lock.c" and STAMP.search(literal):  # lock.c has a script in it
                print(f"{path}:{number}: a stamp is an ownership record to people: {literal}")
                bad = 1
sys.exit(bad)
PY
