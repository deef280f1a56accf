#!/usr/bin/env python3
"""`make cover`: run the unit tests of the failover protocol and ask gcov whether each branch of controller/core was taken.

A file passes when every branch of it was taken both ways and every line was reached. There is no way to except a line: a
branch that no test can take is not written, and one that no input can take is removed.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORE = "controller/core"


class Coverage:
    """What the tests did to one source file."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = (ROOT / source).read_text().splitlines()
        self.lines: dict[int, bool] = {}
        self.branches: dict[int, list[bool]] = {}

    def add(self, line: dict) -> None:
        number = line["line_number"]
        self.lines[number] = self.lines.get(number, False) or line["count"] > 0
        self.branches.setdefault(number, []).extend(branch["count"] > 0 for branch in line["branches"])

    def missing(self) -> list[str]:
        found = []
        for number, reached in sorted(self.lines.items()):
            taken = self.branches[number]
            lacking = [str(i + 1) for i, was_taken in enumerate(taken) if not was_taken]
            if not reached:
                what = "never reached"
            elif lacking:
                what = f"branch {', '.join(lacking)} of {len(taken)} never taken"
            else:
                continue
            found.append(f"{self.source}:{number}: {what}: {self.text[number - 1].strip()}")
        return found

    def row(self) -> str:
        lines, branches = list(self.lines.values()), [taken for each in self.branches.values() for taken in each]
        return f"{self.source:<44} {sum(lines):>5}/{len(lines):<5} {sum(branches):>5}/{len(branches):<5}"


def measure(build: pathlib.Path) -> dict[str, Coverage]:
    files = {str(path.relative_to(ROOT)): Coverage(str(path.relative_to(ROOT))) for path in sorted((ROOT / CORE).glob("*.c"))}
    notes = sorted(str(path) for path in (build / CORE).glob("*.gcno") if f"{CORE}/{path.stem}.c" in files)
    command = ["gcov", "--branch-probabilities", "--branch-counts", "--json-format", "--stdout", *notes]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for document in answer.splitlines():
        for file in json.loads(document)["files"]:
            for line in file["lines"] if file["file"] in files else ():
                files[file["file"]].add(line)
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="what `make VARIANT=cover units` built")
    build = ROOT / parser.parse_args().build
    for counts in build.rglob("*.gcda"):
        counts.unlink()  # of an earlier run, perhaps of other code
    tests = subprocess.run([ROOT / "test/run-units.sh", build / "unit"], cwd=ROOT, capture_output=True, text=True)
    if tests.returncode != 0:
        print(tests.stdout, tests.stderr, sep="")
    files = measure(build)
    missing = {file.source: file.missing() for file in files.values()}
    print(f"{'file':<44} {'lines':^11} {'branches':^11}")
    for file in files.values():
        print(file.row(), "" if not missing[file.source] else "INCOMPLETE")
    unmeasured = [source for source, file in files.items() if not file.lines]
    for line in [*(line for each in missing.values() for line in each), *(f"{each}: not measured" for each in unmeasured)]:
        print(line)
    failed = sum(bool(each) for each in missing.values()) + len(unmeasured) + (tests.returncode != 0)
    print(f"core coverage: {len(files) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
