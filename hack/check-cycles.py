#!/usr/bin/env python3
"""The layers inside a folder, checked on what its object files call and read, not on what they include.

Two files that need each other, directly or around a corner, are one file in two pieces: neither is understood or tested
without the other. `nm` says what an object file defines and what it needs; a call by a function pointer is no need, for
whoever sets the pointer is above.
"""

import pathlib
import subprocess
import sys

FOLDERS = [pathlib.Path("controller") / name for name in ("core", "probe", "reconcile")]


def symbols(object_file):
    """What it defines for others, and what it needs of them."""
    lines = subprocess.run(["nm", object_file], capture_output=True, text=True, check=True).stdout.splitlines()
    words = [line.split() for line in lines]
    return {w[-1] for w in words if w[-2].isupper() and w[-2] != "U"}, {w[-1] for w in words if w[-2] == "U"}


def needs(build, folder):
    """For each file, the other files of the folder that it needs, with the symbols."""
    files = sorted(path.stem for path in folder.glob("*.c"))
    of = {name: symbols(build / folder / f"{name}.o") for name in files}
    owner = {symbol: name for name in files for symbol in of[name][0]}
    graph = {name: {} for name in files}
    for name in files:
        for symbol in of[name][1]:
            if owner.get(symbol, name) != name:
                graph[name].setdefault(owner[symbol], set()).add(symbol)
    return graph


def reach(graph, name):
    seen, open_ends = set(), [name]
    while open_ends:
        for to in graph[open_ends.pop()]:
            if to not in seen:
                seen.add(to)
                open_ends.append(to)
    return seen


def cycles(graph):
    """Each set of files that all need each other, the largest first."""
    reached = {name: reach(graph, name) for name in graph}
    found = {frozenset(to for to in reached[name] if name in reached[to]) for name in graph if name in reached[name]}
    return sorted(found, key=lambda cycle: (-len(cycle), sorted(cycle)))


def tell(graph, cycle):
    for name in sorted(cycle):
        for to in sorted(set(graph[name]) & cycle):
            print(f"  {name} needs {to}: {', '.join(sorted(graph[name][to]))}")


def main():
    bad = 0
    for folder in FOLDERS:
        graph = needs(pathlib.Path(sys.argv[1]), folder)
        for cycle in cycles(graph):
            print(f"{folder}: {len(cycle)} files need each other:", " ".join(sorted(cycle)))
            tell(graph, cycle)
            bad = 1
    return bad


sys.exit(main())
