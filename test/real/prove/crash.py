"""One cell of the crash matrix: an operator that leads is ended, or stopped, at one boundary of one request."""

import contextlib
import dataclasses
import itertools
import json
import random
import time
from collections.abc import Callable, Iterable

from corner import Corner, corner_on
from court import Court, Stage
from world import CENTRAL, WEST, leader

from hack.bench import wait
from hack.bench.api_faults import ApiFaults
from hack.bench.operator_process import Operator
from hack.bench.trap import AFTER_ANSWER, BOUNDARIES, Trap
from hack.bench.wires import DnsWire, RedisWire, is_eval, is_update

INTENT, LOCK, ROUTE, COMMIT = "Intent", "Lock", "Route", "Commit"
STEPS = {"AllClusters": (INTENT, ROUTE, COMMIT), "SingleCluster": (INTENT, LOCK, ROUTE, COMMIT)}
KILL, STOP = "kill9", "stop"
# Short, but not so short that a busy machine loses it without any fault.
LEASE = (
    "--leader-elect-lease-duration=2500ms",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=300ms",
)
# What becomes of the message that was on its way when its sender went.
LOST, AT_ONCE, LATE, TWICE = "lost", "at once", "late", "late and twice"


@dataclasses.dataclass(frozen=True)
class Cell:
    """`steps` has, for each write mode or whatever stands in its place, the requests at which an operator may end."""

    steps = STEPS
    write_mode: str
    step: str
    boundary: str
    fault: str
    seed: int

    def __str__(self) -> str:
        return f"{self.write_mode}-{self.step}-{self.boundary}-{self.fault}-{self.seed}"

    @property
    def single_writer(self) -> bool:
        return self.write_mode == "SingleCluster"

    def open(self, stage: Stage) -> contextlib.AbstractContextManager[Corner]:
        return corner_on(stage.bench, stage.farm, self.single_writer)

    def wires(self, corner: Corner) -> "Wires":
        return Wires(corner)

    def story(self, corner: Corner, wires: "Wires", court: Court) -> "Run":
        return Run(self, corner, wires, court)

    def run(self, stage: Stage) -> "Outcome":
        with self.open(stage) as corner, self.wires(corner) as wires:
            return self.story(corner, wires, stage.court).story()

    def fates(self) -> tuple[str, ...]:
        """What may become of the message. A second copy in one stream of Redis would be another command."""
        return (LOST, AT_ONCE, LATE) if self.step == LOCK else (LOST, AT_ONCE, LATE, TWICE)


class SideCell(Cell):
    """Of a target beside those of every policy: its write mode is the kind of that target."""

    @property
    def single_writer(self) -> bool:
        return False

    def fates(self) -> tuple[str, ...]:
        return LOST, AT_ONCE, LATE


def cells(kind: type[Cell], seeds: Iterable[int]) -> list[Cell]:
    return [
        kind(write_mode, step, boundary, fault, seed)
        for seed in seeds
        for write_mode, steps in kind.steps.items()
        for step, boundary, fault in itertools.product(steps, BOUNDARIES, (KILL, STOP))
    ]


@dataclasses.dataclass(frozen=True)
class Outcome:
    cell: Cell
    fate: str
    converged_s: float  # from the fault until all targets, record and status agree
    resumed_s: float | None  # the same from when the next one led; None where nobody was replaced
    versions: int  # of the zone, all of them checked
    operations: int  # of all registers, found linearizable


class Wires:
    """All ways of one operator to what it writes to, each with a place for a trap."""

    def __init__(self, corner: Corner) -> None:
        self.api = ApiFaults(corner.bench.hub)
        self.dns = DnsWire(corner.bench.bind.address)
        self.redis = RedisWire((corner.redis_server or corner.bench.redis).address)

    def spec(self, single_writer: bool) -> dict:
        spec = {"dns": {"rfc2136": {"nameserver": self.dns.address}}}
        return spec | ({"redis": {"address": self.redis.address}} if single_writer else {})

    def all(self) -> tuple:
        return (self.api, self.dns, self.redis)

    def set_trap(self, step: str, boundary: str) -> Trap:
        if step == LOCK:
            return self.redis.set_trap(boundary, sets_lock)
        if step == ROUTE:
            return self.dns.set_trap(boundary, is_update)
        return self.api.set_trap(boundary, records("Switching" if step == INTENT else "Steady"))

    def __enter__(self) -> "Wires":
        return self

    def __exit__(self, *_: object) -> None:
        for wire in self.all():
            if wire.trap is not None:
                wire.trap.open(0)
            wire.close()


def sets_lock(command: bytes) -> bool:
    return is_eval(command) and b"\r\nset\r\n" in command


def written_record(request: bytes) -> dict:
    """What a request writes to the arbiter; nothing where it is another request."""
    line, _, body = request.partition(b"\n")
    if not line.startswith(b"PATCH ") or b"/leases/planekeeper-gloo" not in line:
        return {}
    return json.loads(json.loads(body).get("metadata", {}).get("annotations", {}).get("planekeeper.io/record", "{}"))


def records(phase: str) -> Callable[[bytes], bool]:
    """A request that writes a decision of this phase, of an epoch after the first, to the arbiter."""

    def fits(request: bytes) -> bool:
        record = written_record(request)
        return record.get("phase") == phase and record.get("epoch", 0) > 1

    return fits


class Run:
    """The story of one cell, told step by step."""

    flags: tuple[str, ...] = LEASE

    def __init__(self, cell: Cell, corner: Corner, wires: Wires, court: Court) -> None:
        self.cell, self.corner, self.wires, self.court = cell, corner, wires, court
        self.random = random.Random(str(cell))
        self.fate = self.random.choice(cell.fates()) if cell.boundary != AFTER_ANSWER else "delivered"

    def story(self) -> Outcome:
        self.begin()
        trap = self.wires.set_trap(self.cell.step, self.cell.boundary)
        self.corner.servers[WEST].kill()
        trap.wait_sprung()
        if trap.holds is False:
            time.sleep(self.random.uniform(0, 0.02))  # anywhere on the way to the next step
        at = time.monotonic()
        victim, heir = self.victim_and_heir()
        victim.kill9() if self.cell.fault == KILL else victim.pause()
        if self.fate in (LOST, AT_ONCE):
            trap.open(0 if self.fate == LOST else 1)
        replaced_at = None
        if self.cell.fault == STOP:
            self.wake_up(victim, heir)
        else:
            wait.until("replaced", heir.is_leader, 20.0)
            replaced_at = time.monotonic()
        self.wait_done()
        took = time.monotonic() - at
        resumed = time.monotonic() - replaced_at if replaced_at else None
        if self.fate in (LATE, TWICE):
            trap.open(2 if self.fate == TWICE else 1)
            trap.wait_passed()
        self.end()
        case = self.court.hear(self.corner, self.wires.redis)
        return Outcome(self.cell, self.fate, took, resumed, self.corner.check_laws(), len(case.operations))

    def begin(self) -> None:
        """Epoch 1 is adopted, the first leads, the second stands by."""
        self.corner.arrange(self.wires.spec(self.cell.single_writer))
        kubeconfig = self.wires.api.write_kubeconfig(self.corner.namespace)
        self.first = self.corner.operator("first", kubeconfig=kubeconfig, extra_args=self.flags)
        self.corner.wait_world(WEST, 1)
        self.corner.wait_condition("FailoverPossible", "True", "Chosen")
        self.second = self.corner.operator("second", kubeconfig=kubeconfig, extra_args=self.flags)
        self.second.wait_readyz()

    def wait_done(self) -> None:
        """All targets, the record and the status are where one switch leaves them."""
        self.corner.wait_world(CENTRAL, 2)

    def victim_and_heir(self) -> tuple[Operator, Operator]:
        """The one that leads, which on a busy machine need not be the first any more, and the other."""
        return (self.first, self.second) if self.first.is_leader() else (self.second, self.first)

    def wake_up(self, victim: Operator, heir: Operator) -> None:
        """Before its lease has run out, or after another has taken over, or when all is done."""
        when = self.random.choice(("soon", "replaced", "done"))
        if when == "soon":
            time.sleep(self.random.uniform(0.05, 0.5))  # it is to be found asleep by its own deadlines
        else:
            wait.until("replaced", heir.is_leader, 20.0)
        if when == "done":
            self.wait_done()
        victim.resume()

    def end(self) -> None:
        """Nothing moves any more, whoever is alive."""
        corner, pair = self.corner, (self.first, self.second)
        leader(*pair)
        wait.always("it stays", lambda: corner.active_in_dns() == CENTRAL, 0.3, poll=0.1)
        self.wait_done()
