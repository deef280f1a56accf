#!/usr/bin/env python3
"""Every function that a file of controller/ offers to others is needed by another file of the product.

`nm` says what an object file defines for others and what it needs of them. A function that only tests call ships for
nothing; one that only its own file calls is static. What its own file calls may be tested by itself.
"""

import pathlib
import re
import subprocess
import sys

# What tests have to wait for or to look up, and nothing in the product does.
FOR_TESTS = {"executor_depth", "status_server_port", "rule_at"}


def symbols(object_file):
    """The functions that it defines for others, and what it needs of them."""
    lines = subprocess.run(["nm", object_file], capture_output=True, text=True, check=True).stdout.splitlines()
    words = [line.split() for line in lines]
    return {w[-1] for w in words if w[-2] == "T"}, {w[-1] for w in words if w[-2] == "U"}


def names_in(paths):
    return set(re.findall(r"\w+", "\n".join(path.read_text(errors="replace") for path in paths)))


def main():
    root = pathlib.Path("controller")
    objects = pathlib.Path(sys.argv[1]) / root
    of = {source: symbols(objects / source.relative_to(root).with_suffix(".o")) for source in root.rglob("*.c")}
    needed = set().union(*(needs for _, needs in of.values())) | {"main"}
    tested = names_in(pathlib.Path("test").rglob("*.[ch]"))
    bad, unneeded = 0, set()
    for source, name in sorted((source, name) for source, (defines, _) in of.items() for name in defines - needed):
        unneeded.add(name)
        is_used = len(re.findall(rf"\b{name}\b", source.read_text())) > 1
        if is_used and name not in tested:
            print(f"{source}: {name}() is called by no other file: make it static")
            bad = 1
        elif not is_used and name not in FOR_TESTS:
            print(f"{source}: {name}() is called by {'tests only' if name in tested else 'nobody'}: take it out")
            bad = 1
    for name in sorted(FOR_TESTS - unneeded):
        print(f"hack/check-unused.py: {name}() needs no exception")
        bad = 1
    return bad


sys.exit(main())
