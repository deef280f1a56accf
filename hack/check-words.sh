#!/usr/bin/env bash
# What people read: no string literal of controller/ says I, my, we or our, and none, nor README or a description of the
# CRDs, says stamp where people know an ownership record. No comment of controller/ is in the first person, opens with
# "What" or "Whoever" where a subject belongs, or uses a metaphor where the field has a word; and the labels of a header
# (Units, Ownership, Errors …) each begin a line.
set -eu
cd "$(dirname "$0")/.."
python3 - <<'PY'
import pathlib
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
WORD = re.compile(r"(?<![\w%/:{.-])(?:I(?=[ '])|[Mm]y|[Mm]e|[Mm]ine|[Mm]yself|[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)(?![\w/-])")
STAMP = re.compile(r"(?<!planekeeper\.io/)\b[Ss]tamp(?:s|ed)?\b")  # that is an annotation's name
FIRST_PERSON = re.compile(r"\b(?:I(?!/)|[Mm]y|[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)\b(?!-)")
OPENING = re.compile(r"/\*[\s*]*(?:\S+\.[ch] -- )?(?i:what|whoever|who|somebody|nobody|anybody|everybody)\b(?!ever)")
METAPHOR = re.compile(
    r"(?i)\b(?:whoever|somebody|everybody|hurr(?:y|ies)|spared?|truce|inquest|vouch(?:es)?|lest|unshared|brake"
    r"|of another life|other world|gates? holds?|holds? (?:it )?back|held back|under \w+ feet)\b"
)
LABEL = r"(?:Units|Ownership|Errors|Bounds|Threads|Source|Blocks|Cadence|Cache|Wire|Plan|Defaults|Contract):"
RUN_ON = re.compile(rf"\S.*[^\s*/] {LABEL} |^ \* {LABEL} .*\n \* (?![A-Z][a-z]+: )\S", re.M)


def judge(path, text):
    """The comments of one file."""
    for comment in COMMENT.finditer(text):
        first = text.count("\n", 0, comment.start()) + 1
        for what, pattern in ("first person", FIRST_PERSON), ("a metaphor", METAPHOR), ("no subject", OPENING):
            for found in pattern.finditer(comment.group()):
                line = first + comment.group().count("\n", 0, found.end())
                yield f'{path}:{line}: {what} in a comment: "{found.group().split()[-1]}"'
        if path.suffix == ".h" and first == 1 and RUN_ON.search(comment.group()):
            yield f"{path}:1: a label of the header begins its line, and what follows is indented"


bad = 0
for path in [pathlib.Path("README.md"), *sorted(pathlib.Path("docs").rglob("*.md")), *sorted(pathlib.Path("crds").glob("*.yaml"))]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        _, is_told, said = line.partition("description: ") if path.suffix == ".yaml" else ("", "yes", line)
        if is_told and STAMP.search(said):
            print(f"{path}:{number}: a stamp is an ownership record to people: {said.strip()}")
            bad = 1
for path in sorted(pathlib.Path("controller").rglob("*.[ch]")):
    text = path.read_text()
    for fault in judge(path, text):
        print(fault)
        bad = 1
    text = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
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
