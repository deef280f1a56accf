"""All figures, or those named: python -m hack.perf [failover|storm|takeover|memory|probes|start|image|floors]...

PLANEKEEPER_BENCH_N is the number of runs of each failover cell (default 200); the other figures scale with it.
Exit status 1 where a bound is missed.
"""

import argparse
import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable

from hack.bench import tools

from . import failover, floors, image, memory, probes, start, storm, takeover
from .figures import Figure, table, write_json
from .rig import Rig

RUNS = 200
JSON = tools.ROOT / "build" / "bench.json"


def machine() -> dict:
    model = next(
        (
            line.partition(": ")[2]
            for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory_kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memoryGiB": round(memory_kib / 2**20),
        "kernel": platform.release(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "loadBefore": os.getloadavg()[0],
    }


def rows(runs: int) -> dict[str, Callable[[Rig], list[Figure]]]:
    few = max(1, runs // 20)
    return {
        "floors": lambda rig: floors.measure(rig, runs),
        "failover": lambda rig: failover.measure(rig, runs),
        "start": lambda rig: start.measure(rig, few),
        "takeover": lambda rig: takeover.measure(rig, few),
        "storm": lambda rig: storm.measure(rig, max(1, few // 3)),
        "probes": lambda rig: probes.measure(rig, max(1, few // 3)),
        "memory": memory.measure,
        "image": lambda rig: image.measure(),
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    runs = int(os.environ.get("PLANEKEEPER_BENCH_N") or RUNS)
    available = rows(runs)
    parser = argparse.ArgumentParser(prog="hack.perf", description=__doc__.splitlines()[0])
    parser.add_argument("row", nargs="*", choices=[[], *available], help="only these; default all")
    wanted = parser.parse_args().row or list(available)
    here = machine()
    if here["loadBefore"] > 0.5:
        say(f"the machine is not idle (load {here['loadBefore']:.1f}): times will be too long")
    figures: list[Figure] = []
    for name in wanted:
        began = time.monotonic()
        with Rig(lambda _: None) as rig:  # a fresh one each: an API server that has served a storm is not as it was
            figures += available[name](rig)
        say(f"{name}: {time.monotonic() - began:.0f}s")
    here["loadAfter"] = os.getloadavg()[0]
    print(table(figures))
    print(f"\n{here['cpu']}, {here['cores']} cores, Linux {here['kernel']}; load {here['loadBefore']:.1f} before")
    write_json(JSON, here, figures)
    say(f"the same in {JSON.relative_to(tools.ROOT)}")
    return 0 if all(figure.is_met is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
