"""Ten thousand policies on two planes beside a thousand: whether time, processor or memory of each grows with their number."""

import dataclasses
import time

from . import storm
from .figures import Figure
from .peers import FILLER, Keeper
from .rig import Rig, cpu_seconds, memory_kib, place
from .wire import Wire

SIZES = (1_000, 10_000)
MEMORY_BOUND_MIB = 120.0


class Crowd(storm.Crowd):
    """Of whose size nothing is known."""

    patience_s, status_patience_s = 900.0, 1800.0


@dataclasses.dataclass(frozen=True)
class Cost:
    policies: int
    names_s: float  # beyond the detection
    statuses_s: float
    cpu_s: float  # of the operator from the death to the last status
    peak_mib: float
    steady: list[Figure]

    def each(self, total: float) -> float:
        """Milliseconds a policy."""
        return total * 1000 / self.policies


def _measure(rig: Rig, policies: int) -> Cost:
    wire, keeper = Wire(storm.PORT, rig.bind.port, FILLER), Keeper()
    with place(rig) as scene:
        crowd = Crowd(scene, wire, keeper, policies)
        crowd.put()
        crowd.start()
        time.sleep(storm.REST_S)
        before = cpu_seconds(crowd.operator)
        crowd.die()
        spent = cpu_seconds(crowd.operator) - before
        peak = memory_kib(crowd.operator, "VmHWM") / 1024
        crowd.stop()
    wire.close()
    return Cost(policies, crowd.beyond_s[0], crowd.statuses_s[0], spent, peak, storm.steady(crowd))


def measure(rig: Rig) -> list[Figure]:
    few, many = (_measure(rig, size) for size in SIZES)

    def beside(what: str, field: str) -> Figure:
        mine, other = many.each(getattr(many, field)), few.each(getattr(few, field))
        floor, note = f"{few.policies:,}: {other:.2f} ms", f"{mine / other:.2f} × a policy; {getattr(many, field):.1f} s in all"
        return Figure(f"{many.policies:,} policies, {what}, for each", mine, "ms", None, floor=floor, note=note)

    return [
        beside("names switched beyond the detection", "names_s"),
        beside("statuses followed", "statuses_s"),
        beside("processor time of the operator", "cpu_s"),
        Figure(f"{many.policies:,} policies, resident memory, peak", many.peak_mib, "MiB", MEMORY_BOUND_MIB,
               floor=f"{few.policies:,}: {few.peak_mib:.1f} MiB"),
        *many.steady,
    ]
