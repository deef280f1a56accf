#!/usr/bin/env python3
"""`make test`: every stage from a fresh machine to green, in one command, and one line of counts at the end.

A stage is a command. What it prints goes to the terminal; what it counts is read from JUnit files (pytest, cmocka) or from a
line "N passed, N failed" that it prints. A stage that counts nothing is one test by itself: it passes or it fails. Nothing is
skipped: a part that is missing is installed by an earlier stage, and a stage whose needs failed counts as failed.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[1]
JUNIT = ROOT / "build" / "junit"
COUNTS = re.compile(r"(\d+) passed, (\d+) failed")
RERUN = re.compile(r"\b(\d+) rerun in ")
CMOCKA = re.compile(r"^\[  (PASSED|FAILED)  \] (\d+) test")


class Stage:
    def __init__(self, name: str, command: str, minutes: float, needs: tuple[str, ...] = (), setup: bool = False) -> None:
        self.name, self.command, self.minutes, self.needs, self.setup = name, command, minutes, needs, setup
        self.passed = self.failed = self.reruns = 0
        self.seconds = 0.0
        self.ok = False

    def run(self) -> None:
        print(f"\n==== {self.name}", flush=True)
        started = time.monotonic()
        report = JUNIT / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        env = {**os.environ, "JUNIT": str(report)}
        process = subprocess.Popen(
            ["bash", "-c", self.command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )
        timer = threading.Timer(self.minutes * 60, lambda: self._kill(process))
        timer.start()
        counted: list[tuple[int, int]] = []
        for line in process.stdout:
            print(line, end="", flush=True)
            counted += [(int(passed), int(failed)) for passed, failed in COUNTS.findall(line)]
            self.reruns += sum(int(n) for n in RERUN.findall(line))
            counted += [(int(n) * (word == "PASSED"), int(n) * (word == "FAILED")) for word, n in CMOCKA.findall(line)]
        status = process.wait()
        timer.cancel()
        self.seconds = time.monotonic() - started
        if report.exists():
            counted = [self._junit(report)]
        self.passed = sum(passed for passed, _ in counted)
        self.failed = sum(failed for _, failed in counted)
        if status != 0 and self.failed == 0:
            self.failed = 1
        if not counted and status == 0 and not self.setup:
            self.passed = 1
        self.ok = status == 0 and self.failed == 0

    def summary(self) -> str:
        verdict = "ok" if self.ok else "FAILED"
        counts = "" if self.setup and self.ok else f"{self.passed} passed and {self.failed} failed"
        second = f" ({self.reruns} at the second try)" if self.reruns else ""
        return f"{self.name:<10} {verdict:<7} {self.seconds:6.0f}s  {counts}{second}"

    def _kill(self, process: subprocess.Popen) -> None:
        print(f"{self.name}: not done after {self.minutes:g} minutes, ended", flush=True)
        os.killpg(process.pid, 9)

    @staticmethod
    def _junit(path: pathlib.Path) -> tuple[int, int]:
        suites = xml.parse(path).getroot().iter("testsuite")
        passed = failed = 0
        for suite in suites:
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0)) + int(suite.get("skipped", 0))
            failed += bad  # skipped is not passed
            passed += int(suite.get("tests", 0)) - bad
        return passed, failed


PYTEST = '"$(hack/venv.sh)/bin/python" -m pytest --junitxml="$JUNIT" --durations=10'
STAGES = [
    Stage("install", "hack/install.sh build bench test image && hack/install.sh go", 15, setup=True),
    Stage("venv", "hack/venv.sh >/dev/null", 10, ("install",), setup=True),
    Stage("build", "make --no-print-directory -s -j2 build/planekeeper", 5, ("install",), setup=True),
    Stage("check", "make --no-print-directory -s -j2 check", 15, ("install",)),
    Stage("cover", "make --no-print-directory -s -j2 cover", 10, ("install",)),
    Stage("tsan", "make --no-print-directory -s -j2 check-tsan", 15, ("install",)),
    Stage("contract", "make --no-print-directory -s -j2 VARIANT=asan contract", 15, ("install",)),
    Stage("valkey", "make --no-print-directory -s -j2 VARIANT=asan contract-valkey", 10, ("install",)),
    Stage("fuzz", "make --no-print-directory -s -j2 fuzz", 12, ("install",)),
    Stage("model", "test/model/run.py --quick", 8, ("install",)),
    Stage("tools", "hack/tools.sh all >/dev/null", 60, ("install",), setup=True),
    Stage(
        "e2e",
        "make --no-print-directory -s -j2 VARIANT=asan build/asan/planekeeper && "
        # Real processes on a shared machine: a test gets a second try, and the summary says how many needed it.
        # Two benches side by side, a file of tests to one of them: most of a test is waiting.
        f"PLANEKEEPER_BINARY=$PWD/build/asan/planekeeper {PYTEST} -n 2 --dist loadfile --reruns 1 -rR test/real/e2e",
        50,
        ("tools", "venv", "build"),
    ),
    Stage(
        "gitops",
        "make --no-print-directory -s -j2 VARIANT=asan build/asan/planekeeper && "
        f"PLANEKEEPER_BINARY=$PWD/build/asan/planekeeper {PYTEST} --reruns 1 -rR test/real/gitops",
        30,
        ("tools", "venv", "build"),
    ),
    Stage("prove", "make --no-print-directory -s -j2 provers && test/prove/run.py --short", 20, ("install",)),
    # No second try here: what is proven is that it never goes wrong.
    Stage("prove-real", f"{PYTEST} test/real/prove", 15, ("tools", "venv", "build")),
    Stage("image", 'hack/image.sh && test/run-image.sh --junitxml="$JUNIT"', 12, ("tools", "venv")),
    Stage("show", "hack/run.sh </dev/null && hack/run.sh --full </dev/null", 8, ("tools", "venv", "build")),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="*", help="only these (and none of their needs)")
    wanted = parser.parse_args().stages
    unknown = set(wanted) - {stage.name for stage in STAGES}
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in STAGES)}")
    JUNIT.mkdir(parents=True, exist_ok=True)
    done: dict[str, Stage] = {}
    for stage in STAGES:
        if wanted and stage.name not in wanted:
            continue
        lacking = [need for need in stage.needs if need in done and not done[need].ok]
        if lacking:
            print(f"\n==== {stage.name}: not run, {', '.join(lacking)} failed", flush=True)
            stage.failed = 1
        else:
            stage.run()
        done[stage.name] = stage
    print("\n==== summary")
    for stage in done.values():
        print(stage.summary())
    failed = sum(stage.failed for stage in done.values())
    print(f"{sum(stage.passed for stage in done.values())} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
