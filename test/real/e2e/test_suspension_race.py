"""A suspension against the probe that decides, more than a hundred times: stored before that probe began, it is always honoured.

The test owns the servers that are probed, so it knows when the deciding probe came, and the watch is told of no suspension
before the round is over: only the uncached read can show it.
"""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import json
import random
import threading
import time

import pytest
from world import instant, lease

from hack.bench import objects, ports, wait
from hack.bench.api_faults import ApiFaults
from hack.bench.rest import ApiError

THRESHOLD, INTERVAL = 3, 1.0
ANSWER_LATE = 0.1  # a failure is told so much after the probe came, and the read beside it has been answered
READ_LATE = 0.7  # but not later than that
ON_TIME = 0.4  # a probe that took longer may have failed for the operator's own machine
STEP = INTERVAL / 2  # probes that fail come so often
MARGIN = 0.005  # by which it has to be stored before: the grid is known from what was seen of it
BEFORE, AFTER = (-0.12, 0.02)  # of the deciding probe: when the suspension is sent
DETECTION = {"interval": "1s", "timeout": "1s", "failureThreshold": THRESHOLD, "failoverDelay": "0s"}


class Server:
    """A plane's server: 200, or 503 a while after it was asked. It keeps when the failing probes of a round came.

    A probe begins on its grid or later, and is seen later than that where the machine is busy. So it is the grid that a
    suspension has to be stored before: the earliest that any probe was seen to come.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.is_failing = False
        self.failed: list[float] = []
        self.first: float | None = None
        self.earliest = 0.0  # of all probes, by how much one came earlier in its step than the first
        self.read_at = 0.0  # when its policy was last read, past the caches
        self.is_clear = False  # it passed just before it began to fail, so failures are counted here as by the operator
        self.was_read = False  # beside the probe that decides
        self.news = threading.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came = time.monotonic()
        self.first = came if self.first is None else self.first
        self.earliest = min(self.earliest, (came - self.first + STEP / 2) % STEP - STEP / 2)
        is_failing = self.is_failing
        if is_failing:
            with self.news:
                self.failed.append(came)
                self.news.notify_all()
        try:
            await reader.readuntil(b"\r\n\r\n")
            if is_failing:
                await self.wait_read(came)
            status = "503 Service Unavailable" if is_failing else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            if not is_failing:
                self.is_clear = time.monotonic() - came < ON_TIME
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked has given up
        finally:
            writer.close()

    async def wait_read(self, came: float) -> None:
        is_last = len(self.failed) == THRESHOLD
        while is_last and self.read_at < came and time.monotonic() < came + READ_LATE:
            await asyncio.sleep(0.01)
        self.was_read |= is_last and self.read_at > came
        await asyncio.sleep(ANSWER_LATE)

    def was_counted_before(self, detected_at: float) -> bool:
        """Whether the operator has counted a probe that passed here, or was too late: another one has decided then."""
        return detected_at < self.failed[0] + time.time() - time.monotonic() - STEP / 2

    def fail(self) -> None:
        self.was_read = False
        self.failed.clear()
        self.is_failing = True

    def wait_failed(self, count: int) -> float:
        """When the probe of that number began, at the earliest."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.failed) >= count, 20.0), f"{self.host} is not probed"
            came = self.failed[count - 1]
        grid = self.first + self.earliest
        return grid + (came - grid) // STEP * STEP


class Servers:
    """All of them in one thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def start(self, number: int) -> dict[str, Server]:
        """Two planes of one port, which agents of either use."""
        hosts = {f"{side}{number}": f"127.{net}.0.{number + 1}" for side, net in (("a", 61), ("b", 62))}
        port = ports.lease(*hosts.values())
        planes = {name: Server(host, port) for name, host in hosts.items()}
        for server in planes.values():
            listening = asyncio.start_server(server.serve, server.host, port)
            asyncio.run_coroutine_threadsafe(listening, self.loop).result(5.0)
        return planes

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)


class Mute:
    """Keeps what a watch tells of a suspended policy until it is told of it otherwise."""

    def __init__(self) -> None:
        self.kept: dict[str, list[bytes]] = {}

    def __call__(self, line: bytes) -> bytes:
        told = json.loads(line)["object"]
        name = told["metadata"].get("name", "")
        if not told.get("spec", {}).get("suspend"):
            return b"".join(self.kept.pop(name, [])) + line
        self.kept.setdefault(name, []).append(line)
        bookmark = {**told, "metadata": {"resourceVersion": told["metadata"]["resourceVersion"]}}
        return json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n"


class Snapshots:
    """All policies and records of the namespace, read anew all the time: for waits, not for judgements."""

    def __init__(self, scene) -> None:
        self.scene = scene
        self.policies: dict[str, dict] = {}
        self.records: dict[str, dict] = {}
        self.has_ended = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        admin, namespace = self.scene.cluster.admin, self.scene.namespace
        while not self.has_ended.wait(0.2):
            with contextlib.suppress(ApiError):  # a new CRD's storage is not ready at once
                leases = {item["metadata"]["name"]: item for item in admin.list("Lease", namespace)}
                self.records = {name.removeprefix("planekeeper-"): record_on(item) for name, item in leases.items()}
                self.policies = {item["metadata"]["name"]: item for item in admin.list("FailoverPolicy", namespace)}

    def close(self) -> None:
        self.has_ended.set()
        self.thread.join()


def record_on(found: dict | None) -> dict:
    annotations = (found or {}).get("metadata", {}).get("annotations", {})
    return json.loads(annotations.get("planekeeper.io/record", "{}"))


@dataclasses.dataclass
class Race:
    """One policy with two planes of its own."""

    scene: object
    seen: Snapshots
    name: str
    servers: dict[str, Server]  # by the name of the plane
    results: list[str] = dataclasses.field(default_factory=list)

    @property
    def dns_name(self) -> str:
        return f"{self.name}.{self.scene.zone}"

    def record(self) -> dict:
        return record_on(lease(self.scene, self.name))

    def addresses(self) -> frozenset[str]:
        return self.scene.bench.bind.values(self.dns_name, "A")

    def edit(self, suspend: bool) -> None:
        self.scene.cluster.admin.patch("FailoverPolicy", self.name, {"spec": {"suspend": suspend}}, self.scene.namespace)

    def note_read(self, answer: bytes) -> bytes:
        for server in self.servers.values():
            server.read_at = time.monotonic()
        return answer

    def put(self) -> None:
        for plane, server in self.servers.items():
            check = {"name": "c", "type": "HTTP", "http": {"path": "/"}}
            spec = {"server": {"address": server.host, "port": server.port}, "checks": [check]}
            self.scene.cluster.admin.put(objects.management_plane(plane, self.scene.namespace, spec))
        first = next(iter(self.servers.values()))
        self.scene.bench.bind.replace(self.dns_name, "A", first.host)
        changes = {"planes": list(self.servers), "detection": DETECTION, "dns": {"name": self.dns_name}}
        spec = objects.merged(self.scene.policy_spec(), changes)
        self.scene.cluster.admin.put(objects.failover_policy(self.name, self.scene.namespace, spec))

    def is_at_rest(self) -> bool:
        found = self.seen.records.get(self.name, {})
        status = self.seen.policies.get(self.name, {}).get("status", {})
        told = {item["type"]: item["status"] for item in status.get("conditions", [])}
        return (
            found.get("phase") == "Steady"
            and all(told.get(kind) == "True" for kind in ("Armed", "ActiveHealthy", "FailoverPossible"))
            and self.addresses() == {self.servers[found["to"]].host}
        )

    def run(self) -> None:
        wait.until(f"{self.name} is at rest", self.is_at_rest, 60.0, poll=0.1)
        before = self.record()
        active = self.servers[before["to"]]
        wait.until("a probe passes in time", lambda: active.is_clear, 60.0, poll=0.1)
        active.fail()
        due = active.wait_failed(THRESHOLD - 1) + STEP
        time.sleep(max(0.0, due + random.uniform(BEFORE, AFTER) - time.monotonic()))  # the race itself
        self.edit(suspend=True)
        stored = time.monotonic()
        began = active.wait_failed(THRESHOLD)
        wait.until("the round is over", lambda: time.monotonic() > began + READ_LATE + ANSWER_LATE + 0.5, 5.0)
        is_before = stored < began - MARGIN
        record, addresses = self.record(), self.addresses()
        has_begun = record["to"] != before["to"]  # another epoch alone may be an adoption of what was prepared
        has_moved = addresses != {active.host} or (has_begun and active.was_read)  # else it stops before the first effect
        if has_begun and active.was_counted_before(instant(record["detectedAt"])):
            self.results.append("unclear")
        else:
            self.results.append(f"{'before' if is_before else 'after'}-{'moved' if has_moved else 'stayed'}")
            assert self.results[-1] != "before-moved", f"stored {began - stored:.3f} s before: {before} {record} {addresses}"
        active.is_failing = False
        self.edit(suspend=False)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "policies, rounds, races_min, before_min, flags",
    [(14, 12, 120, 20, ()), (8, 8, 40, 5, ("--prepare-failovers",))],
    ids=["decided", "prepared"],
)
def test_a_suspension_stored_before_the_deciding_probe_is_honoured(scene, policies, rounds, races_min, before_min, flags):
    servers = Servers()
    seen = Snapshots(scene)
    races = [Race(scene, seen, f"race-{chr(97 + i)}", servers.start(i)) for i in range(policies)]
    for race in races:
        race.put()
    with ApiFaults(scene.bench.hub) as proxy:
        proxy.inject("GET", "failoverpolicies", "watch=true", rewrite=Mute(), times=1000)
        for race in races:
            proxy.inject("GET", f"/failoverpolicies/{race.name}", rewrite=race.note_read, times=10000)
        scene.operator(kubeconfig=proxy.write_kubeconfig("race"), extra_args=("--max-switches-per-minute=0", *flags))
        with concurrent.futures.ThreadPoolExecutor(policies) as pool:
            list(pool.map(lambda race: [race.run() for _ in range(rounds)], races))
        reads = sum(request.startswith("GET ") and "/failoverpolicies/race-" in request for request in proxy.requests)
    seen.close()
    servers.close()
    results = [result for race in races for result in race.results]
    counts = {result: results.count(result) for result in sorted(set(results))}
    print(f"{len(results)} races, {reads} reads: {counts}")
    assert len(results) - counts.get("unclear", 0) >= races_min
    assert counts.get("before-stayed", 0) >= before_min
    assert counts.get("after-moved", 0) >= 1  # a race that is never lost is none
