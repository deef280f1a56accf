"""Cells of the crash matrix in which a region dies with the Redis primary: its replica is promoted, and then has the lock.

The replica is reached through a wire, so that an operator can end at the command that promotes it, and at the script that
moves the lock there.
"""

import contextlib

from corner import Corner, open_corner
from court import Stage
from crash import COMMIT, LOCK, SideCell, Wires, sets_lock
from farm import Server
from redis_pair import PASSWORD, follows, promotion, role
from world import CENTRAL, WEST, stamp

from hack.bench import objects, wait
from hack.bench.redis_server import RedisServer
from hack.bench.scene import LOCK_KEY
from hack.bench.trap import Trap
from hack.bench.wires import RedisWire

PROMOTE = "Promote"


class Region:
    """A management server and the Redis beside it: both are lost at once."""

    def __init__(self, server: Server, redis: RedisServer) -> None:
        self._server, self._redis = server, redis
        self.host, self.port = server.host, server.port

    def kill(self) -> None:
        self._redis.kill9()
        self._server.kill()


class PromotionCorner(Corner):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.bench, stage.farm, single_writer=False)
        self.primary = RedisServer(stage.bench.scratch, "redis-west", password=PASSWORD)
        self.primary.run()
        self.replica = RedisServer(stage.bench.scratch, "redis-central", password=PASSWORD, replica_of=self.primary)
        self.replica.run()
        self.wire = RedisWire(self.replica.address)
        self.replica.client().config_set("replica-announce-port", self.wire.port)
        self.servers[WEST] = Region(self.servers[WEST], self.primary)

    def arrange(self, changes: objects.Object | None = None) -> None:
        wait.until("the replica is in sync", lambda: follows(self.replica, self.primary), 30.0)
        self.point_at(WEST)
        self.serial_at_start = self.bench.bind.serial(self.zone)
        self.put_secret("redis-pair", password=PASSWORD)
        self.primary.client().set(LOCK_KEY, WEST)
        addresses = {"eu_west_1": self.primary.address, "eu_central_1": self.wire.address}
        self.put_planes(**{plane: {"redis": {"address": address}} for plane, address in addresses.items()})
        self.put_policy(objects.merged(promotion(), changes or {}), single_writer=True)

    def wait_world(self, plane: str, epoch: int, timeout: float = 30.0) -> None:
        super().wait_world(plane, epoch, timeout)
        server = self.primary if plane == WEST else self.replica

        def is_there() -> bool:
            seen = stamp(server.client().get(f"{{{LOCK_KEY}}}:planekeeper"))
            return role(server) == "master" and server.client().get(LOCK_KEY) == plane and seen.epoch == epoch

        wait.until(f"primary and lock on {plane}, epoch {epoch}", is_there, timeout, poll=0.1)

    def close(self) -> None:
        super().close()
        self.wire.close()
        self.replica.kill9()


class PromotionWires(Wires):
    corner: PromotionCorner

    def __init__(self, corner: PromotionCorner) -> None:
        super().__init__(corner)
        self.corner = corner

    def set_trap(self, step: str, boundary: str) -> Trap:
        if step in (PROMOTE, LOCK):
            return self.corner.wire.set_trap(boundary, promotes if step == PROMOTE else sets_lock)
        return super().set_trap(step, boundary)

    def __exit__(self, *rest: object) -> None:
        if self.corner.wire.trap is not None:
            self.corner.wire.trap.open(0)
        super().__exit__(*rest)


def promotes(command: bytes) -> bool:
    return b"\r\nREPLICAOF\r\n" in command and b"\r\nONE\r\n" in command


class PromotionCell(SideCell):
    steps = {"replica": (PROMOTE, LOCK, COMMIT)}

    def open(self, stage: Stage) -> contextlib.AbstractContextManager[Corner]:
        return open_corner(PromotionCorner(stage))

    def wires(self, corner: Corner) -> Wires:
        return PromotionWires(corner)
