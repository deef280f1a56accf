"""A scene with planes of its own, so that many run side by side on one bench, and the laws that hold in each."""

import contextlib

import redis

from farm import Farm
from world import CENTRAL, WEST, check_world, record, stamp, wait_world
from histories import DnsRecorder, Operation
from zone_history import State, states

from hack.bench import objects, wait
from hack.bench.bench import Bench
from hack.bench.redis_server import RedisServer
from hack.bench.scene import Scene


class Corner(Scene):
    """Two planes by fixed address on a farm; `servers[plane]` can be killed and revived alone."""

    redis_server: RedisServer | None = None  # one of its own, where Redis itself is to fail

    def __init__(self, bench: Bench, farm: Farm, single_writer: bool) -> None:
        self.servers = dict(zip((WEST, CENTRAL), farm.new_servers(2), strict=True))
        super().__init__(bench, {name: server.host for name, server in self.servers.items()})
        self.single_writer = single_writer

    @property
    def redis(self) -> redis.Redis:
        return (self.redis_server or self.bench.redis).client(self.db)

    def plane_spec(self, name: str) -> objects.Object:
        return {"region": name, "server": {"address": self.servers[name].host, "port": self.servers[name].port}}

    def arrange(self, changes: objects.Object | None = None) -> None:
        """Planes, targets and policy as a person has them when the operator comes."""
        self.point_at(WEST)
        self.serial_at_start = self.bench.bind.serial(self.zone)
        self.put_planes()
        self.put_policy(changes, self.single_writer)

    def wait_world(self, plane: str, epoch: int, timeout: float = 30.0) -> None:
        wait_world(self, plane, epoch, self.single_writer, timeout, poll=0.1)

    def wait_settled(self, plane: str, after: int, timeout: float = 40.0) -> int:
        """Until all targets, the record and the status agree on the plane under some later epoch; returns it."""

        def probe() -> int:
            epoch = record(self)["epoch"]
            assert epoch > after, f"still epoch {epoch}"
            check_world(self, plane, epoch, self.single_writer)
            return epoch

        return wait.until(f"settled on {plane}, after epoch {after}", probe, timeout, poll=0.1)

    def close(self) -> None:
        for server in self.servers.values():
            server.kill()
        super().close()
        if self.redis_server:
            self.redis_server.kill9()

    def name_operations(self, recorder: DnsRecorder) -> list[Operation]:
        """What its server was asked of the name, for the judge."""
        return recorder.operations(self.zone, self.dns_name)

    def check_laws(self) -> int:
        return check_laws(self, states(self.bench.bind, self.zone, self.dns_name, self.serial_at_start))

    def logs(self) -> str:
        return "\n".join(operator.log_tail(40) for operator in self.operators)


def check_laws(scene: Scene, found: list[State]) -> int:
    """S2 and S6 over every version that the zone had; returns how many there were.

    The answer is always exactly one member's address, and the epoch beside it never falls.
    """
    members = {f"A {host}" for host in scene.planes.values()}
    newest = 0
    for state in found:
        assert len(state.addresses) == 1 and state.addresses <= members, f"not one member's address: {state}"
        assert len(state.stamps) <= 1, f"more than one stamp: {state}"
        seen = stamp(next(iter(state.stamps), None))
        assert seen.epoch >= newest, f"the epoch fell from {newest}: {state}"
        if seen.epoch:
            assert state.addresses == {f"A {scene.planes[seen.plane]}"}, f"stamp and address differ: {state}"
        newest = seen.epoch
    return len(found)


def corner_on(bench: Bench, farm: Farm, single_writer: bool) -> contextlib.AbstractContextManager[Corner]:
    return open_corner(Corner(bench, farm, single_writer))


@contextlib.contextmanager
def open_corner(corner: Corner):
    """Closed in the end; what the operators logged is in the message where it failed."""
    try:
        yield corner
    except Exception as error:
        raise AssertionError(f"{error}\n{corner.logs()}") from error
    finally:
        corner.close()
    crashed = [operator.name for operator in corner.operators if operator.died_by_itself]
    assert not crashed, f"died by themselves: {crashed}"
