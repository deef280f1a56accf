"""All figures, or those of the rows that are named (the names are in rows() below): python -m hack.perf [ROW]...

PLANEKEEPER_BENCH_N is the number of runs of each failover cell (default 200); the other figures scale with it.
Exit status 1 where a bound is missed.
"""

import argparse
import os
import pathlib
import platform
import sys
import time
import traceback
from collections.abc import Callable

from hack.bench import tools

from . import crowd, delivery, failover, floors, image, memory, probes, profile, route53, start, storm, takeover
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
        "failover-prepared": lambda rig: failover.measure(rig, runs, is_prepared=True),
        "start": lambda rig: start.measure(rig, few),
        "takeover": lambda rig: takeover.measure(rig, few),
        "route53": lambda rig: route53.beside_bare(rig, runs),
        "route53-zone": route53.one_zone,
        "route53-zones": route53.many_zones,
        "storm": lambda rig: storm.measure(rig, max(1, few // 3)),
        "crowd": crowd.measure,
        "probes": lambda rig: probes.measure(rig, max(1, few // 3)),
        "memory": memory.measure,
        "profile": profile.measure,
        "delivery": lambda rig: delivery.measure(few),
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
    failed: list[str] = []
    for name in wanted:
        began = time.monotonic()
        try:
            with Rig(lambda _: None) as rig:  # a fresh one each: an API server that has served a storm is not as it was
                found = available[name](rig)
        except Exception:  # the other rows are measured all the same
            failed.append(name)
            say(f"{name}: failed after {time.monotonic() - began:.0f}s\n{traceback.format_exc()}")
            continue
        figures += found
        here["loadAfter"] = os.getloadavg()[0]
        write_json(JSON, here, figures)  # as each ends: one that fails later loses nothing
        say(f"{table(found)}\n{name}: {time.monotonic() - began:.0f}s")
    print(table(figures))
    print(f"\n{here['cpu']}, {here['cores']} cores, Linux {here['kernel']}; load {here['loadBefore']:.1f} before")
    say(f"the same in {JSON.relative_to(tools.ROOT)}")
    return 1 if failed or any(figure.is_met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
