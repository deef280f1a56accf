"""What the world shows of a scene: the authoritative DNS answer, Redis, the decision record and the status, side by side.

All of it is read with clients that the operator has no part in; nothing here asks how it came about.
"""

import dataclasses
import datetime
import json
import re

import pytest

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.operator_process import Operator
from hack.bench.scene import LOCK_KEY, POLICY, Scene

WEST, CENTRAL = PLANES
# Quick, so that a takeover does not cost a test five seconds.
QUICK_LEASE = (
    "--leader-elect-lease-duration=1s",
    "--leader-elect-renew-deadline=800ms",
    "--leader-elect-retry-period=200ms",
)
MODES = pytest.mark.parametrize("single_writer", [False, True], ids=["AllClusters", "SingleCluster"])
STAMP = re.compile(r"v=pk1 e=(?P<epoch>\d+) id=(?P<id>[0-9a-f]+) p=(?P<plane>\S+) s=(?P<store>\S+)")


@dataclasses.dataclass(frozen=True)
class Stamp:
    """The epoch that a target carries beside its value; none at all is epoch 0 of nobody."""

    epoch: int = 0
    plane: str = ""
    id: str = ""
    store: str = ""


def stamp(text: str | None) -> Stamp:
    if not text:
        return Stamp()
    found = STAMP.fullmatch(text)
    assert found, f"not a stamp of ours: {text!r}"
    return Stamp(int(found["epoch"]), found["plane"], found["id"], found["store"])


def dns_stamp(scene: Scene) -> Stamp:
    return stamp(scene.epoch_record())


def lock_stamp(scene: Scene) -> Stamp:
    return stamp(scene.redis.get(f"{{{LOCK_KEY}}}:planekeeper"))


def lease(scene: Scene, name: str = POLICY) -> dict | None:
    return scene.bench.hub.admin.find("Lease", f"planekeeper-{name}", scene.namespace)


def record(scene: Scene, name: str = POLICY) -> dict:
    """The decision record; {} where nothing was ever decided."""
    found = lease(scene, name)
    return json.loads(found["metadata"]["annotations"]["planekeeper.io/record"]) if found else {}


def leader(*operators: Operator) -> Operator:
    """The one that leads; waits until there is exactly one."""

    def probe() -> Operator | None:
        leading = [operator for operator in operators if operator.is_alive and operator.is_leader()]
        return leading[0] if len(leading) == 1 else None

    return wait.until("one leader", probe, 15.0)


def other(operator: Operator, operators: tuple[Operator, ...]) -> Operator:
    return next(candidate for candidate in operators if candidate is not operator)


def arrange(scene: Scene, single_writer: bool = False, changes: dict | None = None, on: str = WEST) -> None:
    """Planes, targets and policy as a person has them when the operator comes: all of them name `on`."""
    scene.point_at(on)
    if single_writer:
        scene.redis.set(LOCK_KEY, on)
    scene.put_planes()
    scene.put_policy(changes, single_writer)


def steady(scene: Scene, single_writer: bool = False, changes: dict | None = None, **options) -> Operator:
    """One operator, and the policy adopted under epoch 1."""
    arrange(scene, single_writer, changes)
    operator = scene.operator(**options)
    wait_world(scene, WEST, 1, single_writer)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    return operator


def replicas(scene: Scene) -> tuple[Operator, Operator]:
    """Two replicas with a short lease."""
    pair = (
        scene.operator("replica-a", extra_args=QUICK_LEASE),
        scene.operator("replica-b", extra_args=QUICK_LEASE),
    )
    for operator in pair:
        operator.wait_readyz()
    return pair


def check_world(scene: Scene, plane: str, epoch: int, single_writer: bool = False) -> None:
    """Every target, the record and the status agree on the plane and on the epoch."""
    assert scene.addresses() == {"A": frozenset({scene.planes[plane]})}
    seen, decided = dns_stamp(scene), record(scene)
    assert (seen.plane, seen.epoch) == (plane, epoch)
    assert (decided["to"], decided["epoch"], decided["phase"]) == (plane, epoch, "Steady")
    assert seen.id == decided["id"]
    if single_writer:
        assert scene.redis.get(LOCK_KEY) == plane
        assert lock_stamp(scene) == seen
    status = scene.status()
    assert (status["activePlane"], status["epoch"]) == (plane, epoch)
    assert status["state"] not in ("Switching", "Unseen", "Observing")


def wait_world(
    scene: Scene,
    plane: str,
    epoch: int,
    single_writer: bool = False,
    timeout: float = 20.0,
    poll: float = wait.POLL_SECONDS,
) -> None:
    def probe() -> bool:
        check_world(scene, plane, epoch, single_writer)
        return True

    wait.until(f"all on {plane}, epoch {epoch}", probe, timeout, poll)


def outside(scene: Scene) -> tuple:
    """Everything that an operator may change outside the API server: for "nothing moved"."""
    bind, keys = scene.bench.bind, sorted(scene.redis.keys("*"))
    return bind.serial(scene.zone), tuple(scene.addresses().items()), tuple((key, scene.redis.get(key)) for key in keys)


def switch_to(scene: Scene, plane: str, epoch: int) -> None:
    scene.annotate(switch_to=f"{plane}/{epoch}")


def wait_answer(scene: Scene, request: str, answer: str, timeout: float = 10.0) -> str:
    """Until status.lastRequest answers this annotation with these words."""

    def probe() -> str:
        last = scene.status().get("lastRequest", {})
        assert last.get("request") == request, last
        assert answer in last["answer"], last
        return last["answer"]

    return wait.until(f"answer to {request}", probe, timeout)


def instant(text: str) -> float:
    """Seconds since the Unix epoch of a time as status or a message writes it."""
    return datetime.datetime.fromisoformat(text).timestamp()


def told_time(scene: Scene) -> float:
    """When it says that it will switch; waits until it says so."""
    found = wait.until("it says when", lambda: re.search(r"switching at (\S+Z)", message(scene, "Ready")), 10.0)
    return instant(found[1])


def events(scene: Scene, name: str = POLICY) -> dict[str, str]:
    """reason -> the newest message, as kubectl shows them."""
    listed = scene.bench.hub.kubectl_json("get", "events", "-n", scene.namespace)["items"]
    return {item["reason"]: item["message"] for item in listed if item["involvedObject"]["name"] == name}


def wait_event(scene: Scene, reason: str, timeout: float = 10.0, name: str = POLICY) -> str:
    return wait.until(f"Event {reason} of {name}", lambda: events(scene, name).get(reason), timeout)


def columns(scene: Scene, kind: str, *args: str) -> dict[str, dict[str, str]]:
    """name -> column -> cell, as `kubectl get` prints them; no cell may be blank."""
    header, *lines = scene.kubectl("get", kind, *args).splitlines()
    names = header.split()
    starts = [header.index(name) for name in names]
    table = {}
    for line in lines:
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        assert all(cell and not cell.startswith(("<none>", "<invalid>", "<unknown>")) for cell in cells), (
            f"a blank or invalid cell:\n{header}\n{line}"
        )
        table[cells[0]] = dict(zip(names, cells, strict=True))
    return table


def conditions(scene: Scene, name: str = POLICY) -> dict[str, str]:
    return {item["type"]: f"{item['status']} {item['reason']}" for item in scene.status(name).get("conditions", [])}


def message(scene: Scene, kind: str) -> str:
    return scene.condition(kind).get("message", "")


def refused_gates(scene: Scene, name: str = POLICY) -> set[str]:
    """The gates that hold a decision back, by name."""
    return {gate["name"] for gate in scene.status(name).get("lastDecision", {}).get("gates", []) if not gate["holds"]}
