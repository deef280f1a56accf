"""Where the operator's instructions go: of a pass, of a watch event, of a status, of a probe; and how often it allocates.

Callgrind counts them, so the figures are the same on a slow machine and on a busy one: they tell a change of the code.
"""

import collections
import pathlib
import re
import subprocess
import time

from hack.bench import wait
from hack.bench.operator_process import Operator

from .figures import Figure
from .listener import Listener
from .probes import port_of
from .rig import Place, Rig, host_of, place

PLANES, POLICIES = 100, 50
WINDOW_S, READY_S = 20.0, 120.0
EDITS = 4  # of each policy within the window
DETECTION = {"interval": "1s", "timeout": "1s"}
ALLOCATORS = ("malloc", "calloc", "realloc")
# What is counted, and the function in which it is done; the second is a part of the first.
PARTS = {
    "a pass of a policy": "act_pass",
    "a policy's status, built in it": "policy_status_of",
    "a status, sent": "send_status",
    "a watch event": "on_line",
}


class Profile:
    """One dump of callgrind: inclusive instructions and calls by function, and what each calls."""

    def __init__(self, path: pathlib.Path) -> None:
        self.total = 0
        self.calls: collections.Counter[str] = collections.Counter()
        self.inclusive: collections.Counter[str] = collections.Counter()
        names: dict[str, str] = {}
        called = ""
        for line in path.read_text().splitlines():
            if found := re.match(r"c?fn=\((\d+)\)(?: (.*))?$", line):
                if found[2]:
                    names[found[1]] = found[2].split("'")[0]
                called = names[found[1]]
            elif line.startswith("calls="):
                count = int(line[6:].split()[0])
                self.calls[called] += count
                called = "\0" + called  # its cost is on the next line
            elif called.startswith("\0"):
                self.inclusive[called[1:]] += int(line.split()[1])
                called = ""
            elif line.startswith("summary:"):
                self.total += int(line.split()[1])


def _control(operator: Operator, *words: str) -> None:
    subprocess.run(["callgrind_control", *words, str(operator.pid)], check=True, capture_output=True, timeout=60)


def _edit(scene: Place, policies: list[str]) -> None:
    """What a person or a GitOps controller does: each is a watch event and wakes the policy."""
    for number in range(EDITS):
        for policy in policies:
            patch = {"metadata": {"annotations": {"example.com/edit": str(number)}}}
            scene.bench.hub.admin.patch("FailoverPolicy", policy, patch, scene.namespace)


def _run(scene: Place, policies: list[str], toggle: str = "") -> tuple[Profile, float]:
    """What was counted in a window at rest with some edits, and the probes of that window."""
    out = scene.bench.scratch.folder("callgrind") / f"{toggle or 'all'}.{time.monotonic_ns()}"
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--dump-instr=no"]
    if toggle:
        wrapper += [f"--toggle-collect={toggle}"]
    operator = scene.operator(wrapper=tuple(wrapper))
    operator.wait_readyz(READY_S)
    wait.until("all policies adopted", lambda: _adopted(operator) >= len(policies), READY_S, poll=1.0)
    time.sleep(WINDOW_S / 2)
    _control(operator, "-z")
    probed, began = _probes(operator), time.monotonic()
    _edit(scene, policies)
    time.sleep(max(0.0, WINDOW_S - (time.monotonic() - began)))
    probed = _probes(operator) - probed
    _control(operator, "-d")
    operator.stop(60.0)
    return Profile(out.with_name(out.name + ".1")), probed


def _sum(operator: Operator, start: str) -> float:
    return sum(value for name, value in operator.metrics().items() if name.startswith(start))


def _adopted(operator: Operator) -> float:
    return _sum(operator, "planekeeper_policy_epoch")


def _probes(operator: Operator) -> float:
    return _sum(operator, "planekeeper_probe_duration_seconds_count")


def _fill(scene: Place, kind: str, listener: Listener) -> list[str]:
    check = {"name": "path", "type": kind, **({"http": {"path": "/"}} if kind == "HTTP" else {})}
    names = [f"plane{number:03}" for number in range(PLANES)]
    policies = [f"p{number:03}" for number in range(POLICIES)]
    scene.bench.put_all(
        scene.new_plane(name, host_of(number), port_of(kind, listener, number, 0), checks=[check])
        for number, name in enumerate(names)
    )
    scene.point_all({policy: host_of(2 * number) for number, policy in enumerate(policies)})
    scene.bench.put_all(
        scene.new_policy(policy, names[2 * number : 2 * number + 2], detection=DETECTION)
        for number, policy in enumerate(policies)
    )
    return policies


def measure(rig: Rig) -> list[Figure]:
    figures: list[Figure] = []
    with Listener() as listener:
        for kind in ("TCP", "HTTP"):
            with place(rig) as scene:
                policies = _fill(scene, kind, listener)
                profile, probes = _run(scene, policies)
                rest = sum(profile.inclusive[name] for what, name in PARTS.items() if "built in" not in what)
                figures.append(_thousands(f"a {kind} probe, with the loop around it", (profile.total - rest) / probes, int(probes)))
                if kind == "HTTP":
                    continue
                for what, name in PARTS.items():
                    figures.append(_thousands(what, profile.inclusive[name] / max(1, profile.calls[name]), profile.calls[name]))
                for what in ("a pass of a policy", "a watch event"):
                    allocating, _ = _run(scene, policies, PARTS[what])
                    figures.append(_allocations(what, allocating, profile.calls[PARTS[what]]))
    return figures


def _thousands(what: str, instructions: float, count: int) -> Figure:
    return Figure(f"instructions of {what}", instructions / 1000, "thousand", runs=count)


def _allocations(what: str, profile: Profile, calls: int) -> Figure:
    count = sum(profile.calls[allocator] for allocator in ALLOCATORS)
    return Figure(f"allocations of {what}", count / max(1, calls), "calls", runs=calls)
