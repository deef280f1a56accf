"""Cells of the crash matrix in which failovers are prepared: an operator ends at the write that prepares, or at what is begun of it.

Whoever comes next may not begin what it did not prepare, so it decides anew, under a later epoch: any epoch after the
first is right, as long as all agree on it. The judge sees that none was ever decided, or put, in two ways.
"""

import itertools
from collections.abc import Iterable

from corner import corner_on
from court import Stage
from crash import COMMIT, INTENT, KILL, LEASE, LOCK, ROUTE, STOP, Cell, Outcome, Run, Wires, written_record
from world import CENTRAL

from hack.bench.trap import BOUNDARIES, Trap

PREPARE = "Prepare"
STEPS = {"AllClusters": (PREPARE, INTENT, ROUTE, COMMIT), "SingleCluster": (PREPARE, INTENT, LOCK, ROUTE, COMMIT)}


class PreparedWires(Wires):
    def set_trap(self, step: str, boundary: str) -> Trap:
        if step == PREPARE:
            return self.api.set_trap(boundary, lambda request: "prepared" in written_record(request))
        return super().set_trap(step, boundary)


class PreparedRun(Run):
    flags = (*LEASE, "--prepare-failovers")

    def wait_done(self) -> None:
        self.corner.wait_settled(CENTRAL, 1)


class PreparedCell(Cell):
    def __str__(self) -> str:
        return f"prepared-{super().__str__()}"

    def run(self, stage: Stage) -> Outcome:
        with corner_on(stage.bench, stage.farm, self.single_writer) as corner, PreparedWires(corner) as wires:
            return PreparedRun(self, corner, wires, stage.court).story()


def prepared_cells(seeds: Iterable[int]) -> list[PreparedCell]:
    return [
        PreparedCell(write_mode, step, boundary, fault, seed)
        for seed in seeds
        for write_mode, steps in STEPS.items()
        for step, boundary, fault in itertools.product(steps, BOUNDARIES, (KILL, STOP))
    ]
