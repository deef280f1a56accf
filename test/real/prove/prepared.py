"""Cells of the crash matrix in which failovers are prepared: an operator ends at the write that prepares, or at what is begun of it.

Whoever comes next may not begin what it did not prepare, so it decides anew, under a later epoch: any epoch after the
first is right, as long as all agree on it. The judge sees that none was ever decided, or put, in two ways.
"""

from corner import Corner
from court import Court
from crash import COMMIT, INTENT, LEASE, LOCK, ROUTE, Cell, Run, Wires, written_record
from world import CENTRAL

from hack.bench.trap import Trap

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
    steps = STEPS

    def __str__(self) -> str:
        return f"prepared-{super().__str__()}"

    def wires(self, corner: Corner) -> Wires:
        return PreparedWires(corner)

    def story(self, corner: Corner, wires: Wires, court: Court) -> Run:
        return PreparedRun(self, corner, wires, court)
