#!/usr/bin/env python3
"""Verify failover.pml, and that each of its mutants is caught: test/model/run.py [--quick] [--trail MUTANT]

The model is explored in full twice: for the assertions (S1 to S10), and for convergence once faults stop (L4). A mutant
is explored until something catches it. One line for each, and a line "N passed, N failed"; the figures are in
the part "model" of build/prove.json (--quick: build/prove-short.json).
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = pathlib.Path(__file__).with_name("failover.pml")
BUILD = ROOT / "build" / "model"
MEMORY_MB = 1900  # of each of the two that run at once

# What has to catch a mutant.
CAUGHT_BY = {
    "OWN_REGISTER": "S1", "BLIND_RECORD": "S10", "ABORT_REUSES": "S10", "ABORT_SKIPS": "S6", "ADOPTION_SKIPS": "S4",
    "ACT_BEFORE_RECORD": "S5", "DNS_BEFORE_LOCK": "S4", "PLAIN_SET": "S3", "NO_WAIT": "S4", "NO_CAS": "S2", "REMEMBERED": "L4",
}
# A pan that stops early says so in one of these ways; its count of errors does not.
CUT_SHORT = re.compile(r"max search depth too small|out of memory|memory limit|Search not completed|aborting", re.I)


@dataclasses.dataclass
class Result:
    name: str
    passed: bool = False
    states: int = 0
    depth: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0
    verdict: str = ""

    def line(self) -> str:
        figures = f"{self.states:>12,} states  depth {self.depth:>4}  {self.megabytes:>6.0f} MB  {self.seconds:>6.1f} s"
        return f"{'ok' if self.passed else 'FAILED':<7} {self.name:<34}{figures}  {self.verdict}"


class Case:
    def __init__(self, epochs: int, live: bool, mutant: str | None = None) -> None:
        self.live, self.mutant = live, mutant
        kind = f"mutant {mutant}" if mutant else ("convergence" if live else "safety")
        self.name = f"{kind}, {epochs} epochs"
        self.folder = BUILD / (mutant or kind)
        self.defines = [f"-DEPOCHS={epochs}", *(["-DLIVE"] if live else []), *([f"-DMUTANT={mutant}"] if mutant else [])]

    def command(self, *argv: str) -> str:
        done = subprocess.run(argv, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]}: exit {done.returncode}: {done.stdout.strip()[-500:]}")
        return done.stdout

    def build(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.copy(MODEL, self.folder)
        self.command("spin", "-a", *self.defines, MODEL.name)
        flags = [f"-DMEMLIM={MEMORY_MB}"]
        flags += ["-DNFAIR=3"] if self.live else ["-DSAFETY"]
        if not self.mutant:
            flags += ["-DCOLLAPSE"]
        elif not self.live:
            flags += ["-DBFS"]  # breadth first: the trail is the shortest one
        self.command(os.environ.get("CC", "cc"), "-O2", "-w", *flags, "-o", "pan", "pan.c")

    def explore(self) -> str:
        argv = ["./pan", "-m100000", "-w24" if not self.mutant else "-w20"]
        if self.live:
            argv += ["-a"]
        if self.live and self.mutant:
            argv += ["-f"]  # the other operator has its turns too. The model itself converges even where it has none.
        return self.command(*argv)

    def trail(self) -> list[str]:
        return self.command("spin", "-t", *self.defines, MODEL.name).splitlines()

    def run(self) -> Result:
        result = Result(self.name)
        started = time.monotonic()
        try:
            self.build()
            said = self.explore()
            self.read_figures(said, result)
            caught = self.caught_by(said)
            if self.mutant:
                result.passed = CAUGHT_BY[self.mutant] in caught.partition(":")[0].split()
                result.verdict = f"caught by {caught}" if caught else "NOT CAUGHT"
            else:
                result.verdict = self.objection(said, caught)
                result.passed = not result.verdict
                result.verdict = result.verdict or ("L4 holds" if self.live else "S1 S2 S3 S4 S5 S6 S10 hold, no deadlock")
        except (RuntimeError, OSError) as error:
            result.verdict = str(error)
        result.seconds = time.monotonic() - started
        return result

    @staticmethod
    def read_figures(said: str, result: Result) -> None:
        def figure(pattern: str) -> float:
            found = re.search(pattern, said)
            if found is None:
                raise RuntimeError(f"pan did not say {pattern}: {said.strip()[-500:]}")
            return float(found.group(1))

        result.states = int(figure(r"([\d.e+]+) states, stored"))
        result.depth = int(figure(r"depth reached (\d+)"))
        result.megabytes = figure(r"([\d.]+)\s+total actual memory usage")

    def caught_by(self, said: str) -> str:
        """The comment at the end of the assertion's line; empty where nothing was found."""
        if re.search(r"errors: 0\b", said):
            return ""
        if "acceptance cycle" in said:
            return "L4: faults stop, and the targets never reach the record"
        for line in self.trail():
            found = re.search(rf"{MODEL.name}:(\d+), Error: assertion violated", line)
            if found:
                return MODEL.read_text().splitlines()[int(found.group(1)) - 1].partition("/*")[2].removesuffix("*/").strip()
        return said.strip().splitlines()[0]

    def objection(self, said: str, caught: str) -> str:
        """Why this exploration proves nothing; empty where it does."""
        if caught:
            return f"violates {caught}"
        cut_short = CUT_SHORT.search(said)
        if cut_short:
            return f"not explored in full: {cut_short.group(0)}"
        # What is never reached is never tested. Some of it is for the calm, and that is in the other exploration.
        unreached = re.findall(rf"{MODEL.name}:(\d+), state \d+, \"(?!-end-)", said)
        return f"line {', '.join(unreached)} is never reached" if unreached and self.live else ""


def show(mutant: str, cases: list[Case]) -> int:
    case = next(case for case in cases if case.mutant == mutant)
    result = case.run()
    for line in case.trail():
        if line.startswith("spin: trail ends"):
            break
        if not line.startswith(("ltl ", "Never claim")):
            print(line)
    print(result.line())
    print(f"every step: cd {case.folder} && spin -t -p -g -l {' '.join(case.defines)} {MODEL.name}")
    return 0 if result.passed else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three epochs in place of four")
    parser.add_argument("--trail", metavar="MUTANT", choices=list(CAUGHT_BY), help="tell how this mutant goes wrong")
    options = parser.parse_args()
    declared = re.findall(r"^#define ([A-Z_]+) [1-9]\d*\b", MODEL.read_text(), re.M)
    mutants = [name for name in declared if name != "EPOCHS"]
    if sorted(mutants) != sorted(CAUGHT_BY):
        print(f"the mutants of {MODEL.name} and of run.py differ: {sorted(set(mutants) ^ set(CAUGHT_BY))}")
        return 1
    epochs = 3 if options.quick else 4
    cases = [Case(epochs, live=True), Case(epochs, live=False)]
    cases += [Case(3, live=CAUGHT_BY[mutant] == "L4", mutant=mutant) for mutant in mutants]
    if options.trail:
        return show(options.trail, cases)
    results = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for future in concurrent.futures.as_completed([pool.submit(case.run) for case in cases]):
            results.append(future.result())
            print(results[-1].line(), flush=True)
    figures = ROOT / "build" / ("prove-short.json" if options.quick else "prove.json")
    known = json.loads(figures.read_text()) if figures.exists() else {}
    figures.write_text(json.dumps(known | {"model": [dataclasses.asdict(result) for result in results]}, indent=2) + "\n")
    failed = sum(not result.passed for result in results)
    print(f"model: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
