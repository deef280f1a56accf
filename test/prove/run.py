#!/usr/bin/env python3
"""The shipped core, explored and simulated: every history of small worlds, and many random ones of a large world.

    test/prove/run.py            the worlds and histories of every `make test`, about a minute
    test/prove/run.py --long     every world within its short bounds, and 200,000 histories: `make prove`

The figures go into build/prove.json. The last line is "N passed, N failed"; a world passes if all its states were visited
and none breaks an invariant or is wedged (from it, with faults over, no way leads to a settled policy).
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "release" / "prove"
RESULT = ROOT / "build" / "prove.json"
SHORT = (
    "address", "address-timeouts", "lock", "lock-two-late", "waiting-lock", "late-records", "amnesia", "stops", "requests",
    "hands", "adoptions", "stalled",
)
HISTORIES_SHORT, HISTORIES_LONG = 40_000, 200_000
WORLD_TIMEOUT_S = 900


def ask(program: str, *args: str) -> dict:
    """The JSON object on its last line."""
    command = [PROGRAMS / program, *args]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WORLD_TIMEOUT_S)
    try:
        return json.loads(ended.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"{program} {' '.join(args)}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}") from None


def worlds() -> list[str]:
    listed = subprocess.run([PROGRAMS / "explore", "--list"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines()]


def is_proven(seen: dict) -> bool:
    return seen["complete"] and not seen["violations"] and not seen["wedged"]


def explore(names: list[str]) -> list[dict]:
    """As many at once as there are processors, the figures of each as it ends."""
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for seen in pool.map(lambda name: ask("explore", "--world", name, "--short"), names):
            verdict = "ok" if is_proven(seen) else f"WRONG: {seen['wrong'] or 'not complete'}"
            print(f"{seen['world']:<17} {seen['states']:>9,} states {seen['seconds']:>6.1f}s  {verdict}", flush=True)
            results.append(seen)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    is_long = parser.parse_args().long
    began = time.monotonic()
    explored = explore(worlds() if is_long else list(SHORT))
    simulated = ask("simulate", "--histories", str(HISTORIES_LONG if is_long else HISTORIES_SHORT))
    settled = not simulated["unsafe"] and not simulated["unsettled"]
    print(
        f"{simulated['histories']:,} random histories, {simulated['fault_kinds']} kinds of fault, seed {simulated['seed']}: "
        f"{simulated['unsafe']} unsafe, {simulated['unsettled']} unsettled, {simulated['seconds']:.0f}s"
    )
    totals = {key: sum(seen[key] for seen in explored) for key in ("states", "transitions", "violations", "wedged")}
    figures = {"form": "long" if is_long else "short", **totals, "seconds": round(time.monotonic() - began, 1)}
    figures |= {"histories": simulated["histories"], "simulation": simulated, "worlds": explored}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{totals['states']:,} states, {totals['transitions']:,} transitions, {figures['seconds']}s")
    verdicts = [*map(is_proven, explored), settled]
    print(f"{sum(verdicts)} passed, {len(verdicts) - sum(verdicts)} failed")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
