#!/usr/bin/env python3
"""`make prove`: the failover protocol explored, simulated and mutated, on the production objects.

  run.py [--short] [PART...]        PART: explorer, simulator, whole, mutants; all of them without one
  run.py mutants --only NAME...     these mutants alone

explorer   every world of bounds.c, exhaustively; the short form has lower bounds
simulator  random histories; PK_SEED starts elsewhere (the long form starts at the clock, and says where)
whole      the same of whole operators (test/whole): loop, watches, election, probes and status writers on virtual time
mutants    each patch in mutants/ makes one thing wrong; the explorer, or else the simulator, must find it by the check that
           the patch names; of a patch for World: whole, those histories must, from the seed that it names (whole/promotion:
           those in which a Redis primary moves, whole/fence: in which planes are fenced, whole/lock-job: in which a Job sets
           the lock). The same without
           a patch is the control: it is run first, and must pass. World: story/<name> is that story, which fails by a judge's check
           or by what it expects ("Killed by: expect"). What no simulated world contains (a driver, a server's own
           semantics) is killed by the test that "Killed by:" names, in World: unit/<file> or World: contract/<file>; it runs
           alone, but for Tests: all, where it judges what the others of its file did.

Writes build/prove.json (--short: build/prove-short.json), and ends with one line of counts.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
SCRATCH = ROOT / "build" / "mutants"
MUTANTS = ROOT / "test" / "prove" / "mutants"
JOBS = os.cpu_count() or 2
LIMIT_S = 1800
SERVERS = threading.Lock()
HISTORIES = {"long": 200_000, "short": 20_000}
MUTANT_HISTORIES = 20_000
WHOLE_HISTORIES = {"long": 20_000, "short": 1_000}
WHOLE_MUTANT_HISTORIES = 4_000
# Of prove/whole: histories in which a Redis primary moves, and mostly a pipeline, too; in which planes are fenced; in which
# a Job sets the lock; and in which operators prepare failovers.
SETS = {"whole": [], "whole/promotion": ["--promotion"], "whole/fence": ["--fence"], "whole/lock-job": ["--lock-job"],
        "whole/prepare": ["--prepare"]}
STORIES = ROOT / "test" / "whole" / "stories"
# What a story must not be, and what is said of it: with file and line.
NO_STORIES = {
    "world operators=9\n": ":1: operators cannot be",
    "world lock=yes\n10 plane-explodes\n": ':2: there is no fault or deed "plane-explodes"',
    "world lock=yes\n10 plane-refuses plane=nowhere\n": ':2: "plane=nowhere" is no plane=',
    "world lock=yes\n\nsoon expect rest\n": ':3: "soon" is no time',
    "world lock=yes\n20 expect rest\n10 expect rest\n": ":3: it is 20.0 s by now",
    "world lock=yes\n1 expect miracles\n": ':2: nothing is known of "miracles"',
    "world lock=yes\n1 expect name nowhere\n": ":2: there is no plane nowhere",
    "world lock=yes\n1 edit [1]\n": ":2: edit takes a JSON object",
    "10 expect rest\n": ":1: a story begins with one line",
    "# nothing\n": ':1: it has no line "world',
    "world lock=yes\n20 expect epoch 2\n": ":2: expected epoch 2, and after 20.0 s it is 1",
    "world lock=yes\n20 plane-refuses plane=eu-west-1\n+0 expect epoch 1 during=20\n": ":3: expected epoch 1, and after 23",
}


class Tally:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, holds: bool, text: str) -> bool:
        self.passed += holds
        self.failed += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {text}", flush=True)
        return holds


def run(command: list, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace", timeout=LIMIT_S, **options)


def figures(result: subprocess.CompletedProcess) -> dict:
    """The last line of the explorer and of the simulator is JSON; a program that broke off has none."""
    lines, complaints = result.stdout.strip().splitlines(), result.stderr.strip().splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"broke": f"exit {result.returncode}: {(complaints or ['no output'])[-1]}"}
    return {**found, "broke": complaints[-1]} if complaints else found


def in_parallel(function, items: list) -> list:
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(function, items))


# ---- the explorer ----


def worlds() -> list[tuple[str, str]]:
    listed = run([BUILD / "prove/explore", "--list"]).stdout.splitlines()
    return [tuple(line.split("\t")) for line in listed]


def explore(world: str, is_short: bool, program: pathlib.Path = BUILD / "prove/explore") -> tuple[dict, str]:
    result = run([program, "--world", world] + ["--short"] * is_short)
    return figures(result), result.stdout


def prove_exhaustively(tally: Tally, is_short: bool) -> dict:
    """Explores every world, as many at once as there are processors."""
    started = time.monotonic()
    explored = []

    def one(entry: tuple[str, str]) -> None:
        name, what = entry
        found, output = explore(name, is_short)
        is_right = bool(found.get("complete")) and not found["violations"] and not found["wedged"] and "broke" not in found
        if not is_right:
            print(output, end="")
        tally.check(is_right, f"explorer {name:<18} {found.get('states', 0):>9,} states  {found.get('seconds', 0):>6.1f} s  "
                              f"{what}{found.get('broke', '')}")
        explored.append({**found, "world": name})

    in_parallel(one, worlds())
    total = {key: sum(world.get(key, 0) for world in explored)
             for key in ("states", "transitions", "violations", "wedged", "at_epoch_4", "blocked")}
    seconds = round(time.monotonic() - started, 1)
    print(f"       {total['states']:,} states, {total['transitions']:,} transitions, {total['at_epoch_4']:,} states at epoch 4 "
          f"and above, {total['violations']} violations, {total['wedged']} wedged, {seconds:.0f} s", flush=True)
    if not is_short:
        tally.check(total["states"] >= 1_000_000, f"explorer: at least a million states ({total['states']:,})")
        tally.check(seconds < 1500, f"explorer: within 25 minutes ({seconds:.0f} s)")  # 45 million states on two cores
    return {**total, "explorer_seconds": seconds, "megabytes_max": max(world.get("megabytes", 0) for world in explored),
            "worlds": sorted(explored, key=lambda world: world["world"])}


# ---- the simulator ----


def simulate(seed: int, histories: int, program: pathlib.Path = BUILD / "prove/simulate", *more: str) -> tuple[dict, str]:
    result = run([program, *more, "--seed", seed, "--histories", histories])
    return figures(result), result.stdout


def prove_by_histories(tally: Tally, is_short: bool, name: str, histories: int, replayed: int, *more: str) -> dict:
    """Shares the histories out over the processors, and runs the first ones twice: a seed is a history, to the bit."""
    started = time.monotonic()
    program = BUILD / "prove" / name
    seed = int(os.environ.get("PK_SEED") or (20261123 if is_short else int(time.time())))
    share = histories // JOBS
    name = " ".join([name, *(word.removeprefix("--") for word in more)])
    print(f"       {name}: PK_SEED={seed}, {histories:,} histories", flush=True)
    results = in_parallel(lambda job: simulate(seed + job * share, share, program, *more), list(range(JOBS)))
    seconds = round(time.monotonic() - started, 1)
    for found, output in results:
        if found.get("broke") or found["unsafe"] or found["unsettled"]:
            print(output + found.get("broke", ""))
    found = [result[0] for result in results]
    done = sum(part.get("histories", 0) for part in found)
    unsafe = sum(part.get("unsafe", 1) for part in found)
    unsettled = sum(part.get("unsettled", 1) for part in found)
    kinds = min(part.get("fault_kinds", 0) for part in found)
    again = [simulate(seed, replayed, program, *more)[0].get("digest") for _ in range(2)]
    tally.check(unsafe == 0, f"{name}: {done:,} histories, {unsafe} unsafe")
    tally.check(unsettled == 0 and done == histories, f"{name}: {unsettled} did not come to rest")
    tally.check(kinds >= 20, f"{name}: {kinds} kinds of fault")
    tally.check(again[0] is not None and again[0] == again[1], f"{name}: a seed again is the same to the bit ({again[0]})")
    return {"histories": done, "seed": seed, "unsafe_histories": unsafe, "unsettled_histories": unsettled,
            "fault_kinds": kinds, "decisions": sum(part.get("decisions", 0) for part in found), "seconds": seconds}


def prove_by_simulation(tally: Tally, is_short: bool) -> dict:
    found = prove_by_histories(tally, is_short, "simulate", HISTORIES["short" if is_short else "long"], 500)
    found["simulator_seconds"] = found.pop("seconds")
    if not is_short:
        tally.check(found["simulator_seconds"] <= 120, f"simulate: within two minutes ({found['simulator_seconds']:.0f} s)")
    return found


def tell_stories(paths: list[pathlib.Path], program: pathlib.Path = BUILD / "prove/whole") -> tuple[dict, str]:
    result = run([program, "--story", *[path.relative_to(ROOT) for path in paths]], cwd=ROOT)
    return figures(result), result.stdout


def prove_whole_operators(tally: Tally, is_short: bool) -> dict:
    stories = sorted(STORIES.glob("*.story"))
    found, output = tell_stories(stories)
    is_right = "broke" not in found and not found["failed"] and found["stories"] == len(stories) > 0
    if not is_right:
        print(output, end="")
    tally.check(is_right, f"whole: {len(stories)} stories go as they say {found.get('broke', '')}")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "no.story"
        for text, said in NO_STORIES.items():
            path.write_text(text)
            told = run([BUILD / "prove/whole", "--story", path]).stdout
            tally.check(f"FAILED {path}{said}" in told, f"whole: no story, and it says why: {said}")
    histories = WHOLE_HISTORIES["short" if is_short else "long"]
    return {"whole": prove_by_histories(tally, is_short, "whole", histories, 50),
            "promotion": prove_by_histories(tally, is_short, "whole", histories // 2, 50, *SETS["whole/promotion"]),
            "fence": prove_by_histories(tally, is_short, "whole", histories // 4, 50, *SETS["whole/fence"]),
            "lock_job": prove_by_histories(tally, is_short, "whole", histories // 4, 50, *SETS["whole/lock-job"]),
            "prepare": prove_by_histories(tally, is_short, "whole", histories // 2, 50, *SETS["whole/prepare"])}


# ---- mutants ----


class Mutant:
    """A patch with a sentence on what it makes wrong, the check that must find it ("Killed by:"), and where ("World:")."""

    def __init__(self, path: pathlib.Path) -> None:
        text = path.read_text()
        self.path, self.name = path, path.stem
        self.what = text.splitlines()[0]
        self.check = re.search(r"^Killed by: (\S+)$", text, re.M)[1]
        self.runs_alone = not re.search(r"^Tests: all$", text, re.M)
        self.world = re.search(r"^World: (\S+)$", text, re.M)[1]
        self.seed = re.search(r"^Seed: (\d+)$", text, re.M)
        self.story = STORIES / f"{self.world.removeprefix('story/')}.story" if self.world.startswith("story/") else None
        self.is_whole = self.world in SETS or self.story is not None
        # unit/<file>, contract/<file>; no test: a simulated world
        self.suite, _, self.test = ("", "", "") if self.is_whole else self.world.partition("/")
        self.files = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)
        self.tree = SCRATCH / self.name
        self.starts = 0

    def build(self, flags: dict[str, list[str]]) -> str:
        """Patches a copy of the sources and compiles what changed; "" or what went wrong."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(ROOT / "controller", self.tree / "controller")
        patched = run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "-i", self.path], cwd=self.tree)
        if patched.returncode:
            return f"the patch does not apply any more: {' '.join(patched.stdout.split())}"
        if not all(file.endswith(".c") for file in self.files):
            return "only .c files may be patched: everything else would have to be compiled anew"
        objects = []
        for file in self.files:
            objects.append(file.replace("/", "_") + ".o")
            compiled = run(flags["compile"] + ["-c", "-o", objects[-1], file], cwd=self.tree)
            if compiled.returncode:
                return f"it does not compile: {compiled.stderr[:300]}"
        return self.link_test(flags, objects) if self.test else self.link_worlds(flags, objects)

    def parts(self, flags: dict[str, list[str]]) -> list[str]:
        """What the test that must find it is made of, compiled once for all mutants: only .c files are patched."""
        source = f"test/{self.suite}/{self.test}.c"
        text = (ROOT / source).read_text()
        rig = [part for part in flags["rig"] if f"{pathlib.Path(part).stem}.h" in text or "policy_rig.h" in text]
        return [f"{BUILD.relative_to(ROOT)}/{part.removesuffix('.c')}.o" for part in [source, *rig, *flags[self.suite]]]

    def link_test(self, flags: dict[str, list[str]], objects: list[str]) -> str:
        (self.tree / "bin").mkdir()
        only = BUILD / "test/prove/only.o"
        linked = run([*flags["link"], "-o", f"bin/{self.test}", only, *[ROOT / part for part in self.parts(flags)], *objects,
                      BUILD / "libprove.a", BUILD / "libcontroller.a", *flags["libraries"], "-lcmocka"], cwd=self.tree)
        return f"it does not link: {linked.stderr[:300]}" if linked.returncode else ""

    def link_worlds(self, flags: dict[str, list[str]], objects: list[str]) -> str:
        for program in ("whole",) if self.is_whole else ("explore", "simulate"):
            shared = [BUILD / f"{part.removesuffix('.c')}.o" for part in flags["shared"]]
            around = ([*flags["whole"], *sorted((BUILD / "test/whole").glob("*.o")), *shared] if self.is_whole
                      else [BUILD / f"test/prove/{program}.o"])
            linked = run(flags["link"] + ["-o", program, *around, *objects, *([] if self.is_whole else [BUILD / "libprove.a"]),
                                          BUILD / "libcontroller.a"] + flags["libraries"], cwd=self.tree)
            if linked.returncode:
                return f"it does not link: {linked.stderr[:300]}"
        return ""

    def run_test(self) -> str:
        """What the test says; its servers are started one set at a time, and once more where they did not come up."""
        program = self.tree / "bin" / self.test
        only = {**os.environ, **({"PK_ONLY_TEST": self.check} if self.runs_alone else {})}
        output = ""
        while "[==========]" not in output:
            self.starts += 1
            with SERVERS if self.suite == "contract" else contextlib.nullcontext():
                result = run([ROOT / "test/contract/run.py", program.parent] if self.suite == "contract" else [program], cwd=ROOT, env=only)
            output = result.stdout + result.stderr
            if self.starts == 3:
                break
        return output

    def kill(self) -> tuple[str, str]:
        """The check that found it and where; ("", ...) for a survivor. Its own world first, as far as that goes, then the
        short forms of the others, then chance."""
        if self.test:
            output = self.run_test()
            # ERROR: what the mutant left behind broke the test's teardown as well.
            failed = re.findall(r"^\[  (?:FAILED|ERROR )  \] ([a-z]\w+)", output, re.M)
            return (self.check if self.check in failed else (failed + [""])[0]), self.world
        if self.story:
            found, _ = tell_stories([self.story], self.tree / "whole")
            return found.get("broke") or found["first"], self.world
        if self.is_whole:
            found, _ = simulate(int(self.seed[1]), WHOLE_MUTANT_HISTORIES, self.tree / "whole", *SETS[self.world])
            return found.get("broke") or found["first"].split(":")[0], f"{self.world}, history {found.get('histories')}"
        names = [name for name, _ in worlds()]
        for name in sorted(names, key=lambda name: name != self.world) if self.world in names else []:
            found, _ = explore(name, name != self.world, self.tree / "explore")
            if found.get("broke") or found["wrong"]:
                return found.get("broke") or found["wrong"].split(":")[0], name
        found, _ = simulate(20261123, MUTANT_HISTORIES, self.tree / "simulate")
        if found.get("broke") or found["first"]:
            return found.get("broke") or found["first"].split(":")[0], f"simulator, history {found.get('histories')}"
        return "", "nowhere"


def make_flags() -> dict[str, list[str]]:
    lines = run(["make", "-s", "prove-flags"], cwd=ROOT).stdout.splitlines()
    return {line.split()[0].rstrip(":"): line.split()[1:] for line in lines}


def prove_by_mutants(tally: Tally, is_short: bool, only: list[str]) -> dict:
    started = time.monotonic()
    flags = make_flags()
    killed: dict[str, dict] = {}

    def one(mutant: Mutant) -> None:
        began = time.monotonic()
        trouble = mutant.build(flags)
        check, where = ("", trouble) if trouble else mutant.kill()
        seconds = round(time.monotonic() - began, 1)
        killed[mutant.name] = {"what": mutant.what, "killed_by": check or None, "where": where, "seconds": seconds}
        tally.check(check == mutant.check, f"mutant {mutant.name:<30} {check or 'survived':<4} {where:<18} {seconds:>5.1f} s  {mutant.what}"
                    + ("" if check in ("", mutant.check) else f" -- {mutant.check} was to find it"))
        shutil.rmtree(mutant.tree, ignore_errors=True)

    mutants = [Mutant(path) for path in sorted(MUTANTS.glob("*.patch")) if not only or path.stem in only]
    parts = sorted({part for mutant in mutants if mutant.test for part in mutant.parts(flags)})
    built = run(["make", "-s", f"-j{JOBS}", *parts], cwd=ROOT) if parts else None
    if built and built.returncode:
        print(built.stderr[-2000:], flush=True)
    in_parallel(one, mutants)
    return {"mutants": dict(sorted(killed.items())), "mutant_seconds": round(time.monotonic() - started, 1)}


def machine() -> str:
    models = re.findall(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}"


def main() -> int:
    parts = {"explorer": prove_exhaustively, "simulator": prove_by_simulation, "whole": prove_whole_operators,
             "mutants": lambda tally, is_short: prove_by_mutants(tally, is_short, arguments.only)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="lower bounds, fewer histories")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these mutants alone")
    arguments = parser.parse_args()
    if set(arguments.parts) - set(parts):
        parser.error(f"there are {', '.join(parts)}")
    started = time.monotonic()
    tally, results = Tally(), {}
    for name, part in parts.items():
        if not arguments.parts or name in arguments.parts:
            results |= part(tally, arguments.short)
    results |= {"machine": machine(), "seconds": round(time.monotonic() - started, 1)}
    path = ROOT / "build" / ("prove-short.json" if arguments.short else "prove.json")
    known = json.loads(path.read_text()) if arguments.parts and path.exists() else {}  # a whole run begins anew
    path.write_text(json.dumps(known | results, indent=2) + "\n")
    print(f"{path.relative_to(ROOT)} written; {tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
