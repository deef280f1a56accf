"""Resident memory: of a replica with nothing to do, and of one with thousands of planes and policies."""

import time

from hack.bench.operator_process import Operator

from .figures import Figure
from .listener import Listener
from .rig import Place, Rig, host_of, memory_kib, place

BOUND_IDLE_MIB, BOUND_LOADED_MIB, BOUND_PEAK_MIB = 12.0, 26.0, 40.0
IDLE_AFTER_S, LOADED_AFTER_S = 10.0, 60.0


def mib(operator: Operator, field: str) -> float:
    return memory_kib(operator, field) / 1024


def put_planes(scene: Place, port: int, planes: int) -> list[str]:
    names = [f"plane{number:04}" for number in range(planes)]
    scene.bench.put_all(scene.new_plane(name, host_of(number), port) for number, name in enumerate(names))
    return names


def put_policies(scene: Place, names: list[str], policies: int) -> None:
    """Each has two planes, each with a fixed address of its own; everything else is a default."""
    planes = len(names)
    calm = {"detection": {"interval": "5s", "timeout": "3s"}, "failback": {"policy": "Manual", "stableFor": "10s"}}
    pairs = {f"p{number:04}": (2 * number % planes, (2 * number + 1) % planes) for number in range(policies)}
    scene.point_all({policy: host_of(pair[0]) for policy, pair in pairs.items()})
    scene.bench.put_all(
        scene.new_policy(policy, [names[number] for number in pair], **calm) for policy, pair in pairs.items()
    )


def measure(rig: Rig, planes: int = 2000, policies: int = 1000) -> list[Figure]:
    with place(rig) as scene, Listener() as listener:
        operator = scene.operator()
        operator.wait_readyz()
        time.sleep(IDLE_AFTER_S)
        idle = mib(operator, "VmRSS")
        names = put_planes(scene, listener.port, planes)  # while it watches
        time.sleep(IDLE_AFTER_S)
        of_planes = mib(operator, "VmRSS") - idle
        put_policies(scene, names, policies)
        scene.wait_adopted(policies)
        time.sleep(LOADED_AFTER_S)
        grown, peak = mib(operator, "VmRSS"), mib(operator, "VmHWM")
        operator.stop()
        operator.run()  # and now all of it at once
        operator.wait_readyz(60.0)
        time.sleep(LOADED_AFTER_S)
        restarted, second_peak = mib(operator, "VmRSS"), mib(operator, "VmHWM")
    load = f"{planes:,} planes and {policies:,} policies"
    note = f"{grown:.1f} where they came one by one, {restarted:.1f} where all were there at the start"
    return [
        Figure("resident memory, idle", idle, "MiB", BOUND_IDLE_MIB),
        Figure(f"resident memory, {load}", max(grown, restarted), "MiB", BOUND_LOADED_MIB, 2, note=note),
        Figure("resident memory of a plane that no policy names", of_planes * 1024 / planes, "KiB", runs=planes),
        Figure("resident memory of a policy and its two planes' checks", (grown - idle - of_planes) * 1024 / policies, "KiB", runs=policies),
        Figure(f"resident memory, {load}, peak", max(peak, second_peak), "MiB", BOUND_PEAK_MIB, 2),
    ]
