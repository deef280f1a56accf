"""A thousand policies on two planes, and the active one dies: how long until every name is switched.

Counted from the death, not from its detection. What must not happen meanwhile: that the Lease is renewed late or
lost, that the probes of the other plane stop, or that the loop finds itself late.
"""

import time

from hack.bench import wait

from .figures import Figure
from .lease import LeaseWatch
from .peers import FILLER, Keeper, Peer
from .rig import Place, Rig, place
from .served import Served
from .wire import Wire

PORT = 9912
NAMES = ("storm-a", "storm-b")
HOSTS = ("127.0.3.1", "127.0.3.2")
TIMEOUT_S = 0.2
THRESHOLD = 3
BOUND_S = 3.0
RENEWED_WITHIN_S = 3.0  # the operator's renew deadline: it would have stopped leading
PROBED_WITHIN_S = 1.0  # five intervals
PATIENCE_S = 60.0
STATUS_PATIENCE_S = 300.0


class Storm:
    """All policies move from one plane to the other and back again, once for each run."""

    def __init__(self, scene: Place, policies: int) -> None:
        self.scene = scene
        self.policies = [f"p{number:04}" for number in range(policies)]
        self.wire = Wire(PORT, scene.bench.bind.port, FILLER)
        keeper = Keeper()
        self.peers = [Peer(keeper, host, PORT) for host in HOSTS]
        self.took_s: list[float] = []
        self.floors_s: list[float] = []
        self.statuses_s: list[float] = []
        self.renewal_s = self.probe_gap_s = 0.0

    def put(self) -> None:
        self.scene.point_all({policy: HOSTS[0] for policy in self.policies})
        admin = self.scene.bench.hub.admin
        for name, host in zip(NAMES, HOSTS):
            admin.put(self.scene.new_plane(name, host, PORT))
        failback = {"policy": "Manual", "stableFor": "1s"}
        policies = (self.scene.new_policy(policy, list(NAMES), failback=failback) for policy in self.policies)
        self.scene.bench.put_all(policies)

    def run(self, runs: int) -> None:
        operator = self.scene.operator()
        self.scene.wait_adopted(len(self.policies))
        lease = LeaseWatch(self.scene)
        leader = lease.holder
        self._wait_statuses(NAMES[0])
        for run in range(runs):
            dying, other = run % 2, 1 - run % 2
            time.sleep(2.0)
            since = time.time()
            self.peers[dying].refuse()
            self._wait_switched(since, dying, other)
            self._wait_statuses(NAMES[other])
            self.statuses_s.append(time.time() - since)
            self.renewal_s = max(self.renewal_s, lease.longest_gap(since))
            if lease.holders(since) != {leader}:
                raise RuntimeError(f"the Lease was lost: {lease.holders(since)}\n{operator.log_tail()}")
            self.peers[dying].live()
            time.sleep(2.0)
        lease.close()
        self.wire.close()
        late = [line["msg"] for line in operator.logs() if "loop was late" in line["msg"]]
        if late:
            raise RuntimeError(f"the operator's loop was late {len(late)} times")

    def _wait_switched(self, since: float, dying: int, other: int) -> None:
        names = [self.scene.name_of(policy) for policy in self.policies]
        served = Served(self.scene.bench.bind.port, names, HOSTS[other])
        try:
            wait.until("all names switched", lambda: len(served.since) >= len(names), PATIENCE_S, poll=0.25)
        finally:
            served.close()
        last = max(served.since.values())
        floor = self.wire.failures(HOSTS[dying], since, TIMEOUT_S)[THRESHOLD - 1]
        self.took_s.append(last - since)
        self.floors_s.append(floor - since)
        probes = [at for at in self.wire.accepted(HOSTS[other], since) if at < last]
        gaps = (later - earlier for earlier, later in zip([since, *probes], [*probes, last]))
        self.probe_gap_s = max(self.probe_gap_s, *gaps)

    def _wait_statuses(self, plane: str) -> None:
        def all_follow() -> bool:
            policies = self.scene.bench.hub.admin.list("FailoverPolicy", self.scene.namespace)
            behind = [item for item in policies if item.get("status", {}).get("activePlane") != plane]
            if behind:
                raise AssertionError(f"{len(behind)} statuses do not name {plane} yet")
            return True

        wait.until(f"all statuses name {plane}", all_follow, STATUS_PATIENCE_S, poll=2.0)

    def figures(self) -> list[Figure]:
        count, runs = f"{len(self.policies):,} policies", len(self.took_s)
        beyond = [took - floor for took, floor in zip(self.took_s, self.floors_s)]
        note = f"{max(beyond):.2f} s of it after the detection"
        return [
            Figure(f"{count}, all names switched", max(self.took_s), "s", BOUND_S, runs, note=note),
            Figure(
                f"{count}, longest time without a renewal of the Lease", self.renewal_s, "s", RENEWED_WITHIN_S, runs
            ),
            Figure(f"{count}, longest time without a probe", self.probe_gap_s, "s", PROBED_WITHIN_S, runs),
            Figure(f"{count}, all statuses followed", max(self.statuses_s), "s", None, runs),
        ]


def measure(rig: Rig, runs: int, policies: int = 1000) -> list[Figure]:
    with place(rig) as scene:
        storm = Storm(scene, policies)
        storm.put()
        storm.run(runs)
        return storm.figures()
