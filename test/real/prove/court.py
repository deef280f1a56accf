"""Brings the histories of a corner before the judge."""

import dataclasses
from collections.abc import Callable

from corner import Corner
from farm import Farm
from histories import (
    DnsRecorder,
    Operation,
    LeaseRecorder,
    RedisMonitor,
    check_executed,
    file_stamps,
    lock_operations,
)
from world import WEST

from hack.bench import judges
from hack.bench.bench import Bench
from hack.bench.route53 import Route53
from hack.bench.scene import LOCK_KEY
from hack.bench.wires import RedisWire


@dataclasses.dataclass(frozen=True)
class Case:
    """What was found about one corner."""

    operations: list[Operation]
    verdicts: dict[str, str]

    def check(self) -> None:
        """All linearizable, and no epoch ever decided, or put, in two ways."""
        wrong = {register for register, verdict in self.verdicts.items() if verdict != "Ok"}
        seen = "\n".join(str(op) for op in self.operations if op["register"] in wrong)
        assert not wrong, f"not linearizable: {self.verdicts}\n{seen}"
        decisions: dict[tuple[str, int], set[str]] = {}
        for operation in self.operations:
            if operation.get("epoch") and operation.get("applied"):
                decisions.setdefault((operation["register"], operation["epoch"]), set()).add(operation["id"])
        twice = {key: found for key, found in decisions.items() if len(found) > 1}
        assert not twice, f"an epoch with two decisions: {twice}"


@dataclasses.dataclass(frozen=True)
class Stage:
    """What every job is given."""

    bench: Bench
    farm: Farm
    court: "Court"
    route53: Callable[[], Route53]  # started where somebody asks for it


class Court:
    """One for a whole run: what the servers keep is read by one reader."""

    def __init__(self, bench: Bench) -> None:
        self._dns, self._leases = DnsRecorder(bench), LeaseRecorder(bench)
        self._monitor = RedisMonitor(bench.redis)

    def close(self) -> None:
        self._monitor.close()

    def hear(self, corner: Corner, wire: RedisWire) -> Case:
        operations = corner.name_operations(self._dns)
        operations += self._leases.operations(corner.namespace)
        if corner.single_writer:
            locks = lock_operations(wire.calls, f"lock {corner.namespace}", WEST)
            own = corner.redis_server
            executed = file_stamps(own, LOCK_KEY) if own else self._monitor.stamps(corner.db, LOCK_KEY)
            check_executed(locks, executed)
            operations += locks
        case = Case(operations, judges.porcupine(operations))
        case.check()
        return case
