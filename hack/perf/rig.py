"""The hub alone: etcd with fsync, one API server, BIND and Redis; and how it is filled with planes and policies."""

import concurrent.futures
import contextlib
import os
import pathlib
from collections.abc import Callable, Iterable

import dns.query
import dns.rdatatype

from hack.bench import objects, wait
from hack.bench.bench import Bench
from hack.bench.operator_process import Operator
from hack.bench.process import Process
from hack.bench.scene import Scene

WRITERS = 4  # the API server has few cores here; more writers only queue
NAMES_PER_UPDATE = 500


def host_of(number: int) -> str:
    """The address of plane `number`, as in test/bench/raw_epoll.c; the listener answers on all of them."""
    return f"127.3.{number // 250}.{number % 250 + 1}"


class Rig(Bench):
    """A Bench without the clusters and servers of the planes: nothing runs that is not measured."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(fsync=True, report=report)
        self.clusters.clear()
        self.servers.clear()

    def _furnish(self, plane: str) -> None:
        """There is no cluster to furnish."""

    def put_all(self, things: Iterable[objects.Object]) -> None:
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as writers:
            list(writers.map(self.hub.admin.put, things))


class Place(Scene):
    """A namespace with a zone and a Redis database, and its objects by short names."""

    def new_plane(self, name: str, host: str, port: int, **spec: object) -> objects.Object:
        """With a fixed address and no TLS: the default check is one of TCP."""
        server = {"address": host, "port": port}
        return objects.management_plane(name, self.namespace, {"server": server, **spec})

    def new_policy(
        self, name: str, planes: list[str], single_writer: bool = False, **changes: object
    ) -> objects.Object:
        """On `<name>.<zone>`; for a single writer with the lock `<name>`."""
        spec = objects.merged(self.policy_spec(single_writer), {"planes": planes, **changes})
        spec["dns"] = {**spec["dns"], "name": self.name_of(name)}
        if single_writer:
            spec["redis"] = {**spec["redis"], "lock": {"key": name, "value": "{name}"}}
        return objects.failover_policy(name, self.namespace, spec)

    def name_of(self, policy: str) -> str:
        return f"{policy}.{self.zone}"

    def wait_possible(self, policy: str, timeout: float = 30.0) -> None:
        """Until the operator says that a failover could be done now."""

        def is_possible() -> bool:
            found = self.condition("FailoverPossible", policy)
            if found.get("status") != "True":
                raise AssertionError(f"FailoverPossible is {found}")
            return True

        wait.until(f"{policy}: FailoverPossible", is_possible, timeout)

    def point(self, policy: str, plane: str, host: str) -> None:
        """Record and lock as they were before the operator came."""
        self.bench.bind.replace(self.name_of(policy), "A", host)
        self.redis.set(policy, plane)

    def point_all(self, hosts: dict[str, str]) -> None:
        """The records of many policies at once."""
        left = list(hosts.items())
        while left:
            update = self.bench.bind.new_update(self.zone)
            for policy, host in left[:NAMES_PER_UPDATE]:
                update.add(f"{self.name_of(policy)}.", 30, "A", host)
            self.bench.bind.send(update)
            del left[:NAMES_PER_UPDATE]

    def stamps(self) -> int:
        """How many names carry a stamp of the operator."""
        bind = self.bench.bind
        transfer = dns.query.xfr(bind.host, self.zone, port=bind.port, relativize=False)
        return sum(rrset.rdtype == dns.rdatatype.TXT for message in transfer for rrset in message.answer)

    def wait_adopted(self, policies: int, timeout: float = 120.0) -> None:
        poll = max(0.5, policies / 2000)  # a transfer of the zone is work for its server, too
        wait.until(f"{policies} policies adopted", lambda: self.stamps() >= policies, timeout, poll=poll)


@contextlib.contextmanager
def place(rig: Rig):
    """A Place that is emptied in the end, operators stopped: the next figure is not to find its load."""
    scene = Place(rig)
    try:
        yield scene
    finally:
        scene.close()


def cpu_seconds(process: Process) -> float:
    """User and system time of the process so far."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(operator: Operator, field: str) -> int:
    """VmRSS or VmHWM."""
    for line in pathlib.Path(f"/proc/{operator.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)
