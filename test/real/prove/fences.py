"""Cells of the crash matrix in which each plane's cluster has an object that says standby, where the plane is not the active one.

The plane that is left answers, so the name waits for its object; the other one is released when the name has moved. Both
clusters are reached through a proxy, in which an operator can end at either patch.
"""

import contextlib

from corner import Corner, open_corner
from court import Stage
from crash import SideCell, Wires
from deliveries import asks
from fence_sides import NAME, PLANES, Sides, fence
from world import CENTRAL, WEST

from hack.bench import objects
from hack.bench.api_faults import ApiFaults
from hack.bench.trap import Trap

FENCE, RELEASE = "Fence", "Release"
SIDE = {FENCE: WEST, RELEASE: CENTRAL}


class FenceCorner(Corner):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.bench, stage.farm, single_writer=False)
        self.sides = Sides(self)
        self.ways = {plane: ApiFaults(stage.bench.clusters[plane]) for plane in PLANES}

    def plane_spec(self, name: str) -> objects.Object:
        spec = {"kubeConfig": {"secretRef": {"name": f"{name}-kubeconfig"}}, "checks": [{"name": "port", "type": "TCP"}]}
        return super().plane_spec(name) | spec

    def arrange(self, changes: objects.Object | None = None) -> None:
        for plane, way in self.ways.items():
            self.put_secret(f"{plane}-kubeconfig", value=self.bench.plane_kubeconfig(plane, way.url))
        super().arrange((changes or {}) | fence(self))

    def wait_world(self, plane: str, epoch: int, timeout: float = 30.0) -> None:
        super().wait_world(plane, epoch, timeout)
        self.sides.wait(plane, epoch, timeout)


class FenceWires(Wires):
    corner: FenceCorner

    def __init__(self, corner: FenceCorner) -> None:
        super().__init__(corner)
        self.corner = corner

    def all(self) -> tuple:
        return (*super().all(), *self.corner.ways.values())

    def set_trap(self, step: str, boundary: str) -> Trap:
        patches = asks("PATCH", f"/cronjobs/{NAME}", "v=pk1 e=2 ")
        return self.corner.ways[SIDE[step]].set_trap(boundary, patches)


class FenceCell(SideCell):
    steps = {"object": (FENCE, RELEASE)}

    def open(self, stage: Stage) -> contextlib.AbstractContextManager[Corner]:
        return open_corner(FenceCorner(stage))

    def wires(self, corner: Corner) -> Wires:
        return FenceWires(corner)
