"""A thousand policies on two planes, and the active one dies: how long until every name is switched.

The naive operator has a thousand of its own on the same API server and zone, and the two take turns. Counted from the
detection, which is the third failed probe. What must not happen meanwhile: that this operator's Lease is renewed late or
lost, that its probes of the other plane stop, or that its loop finds itself late.
"""

import time

from hack.bench import wait

from . import naive
from .figures import Figure, quantile
from .lease import LeaseWatch
from .peers import FILLER, Keeper, Peer
from .rig import Place, Rig, place
from .served import Served
from .wire import Wire

PORT = 9912
TIMEOUT_S = 0.2
THRESHOLD = 3
NAMES_BOUND, STATUSES_BOUND = 0.4, 1.5  # × the naive operator's
RENEWED_WITHIN_S = 3.0  # the operator's renew deadline: it would have stopped leading
PROBED_WITHIN_S = 1.0  # five intervals
PATIENCE_S = 120.0
STATUS_PATIENCE_S = 300.0
REST_S = 2.0


class Crowd:
    """Many policies of one operator on the same two planes: all move to the other one, once for each death."""

    planes, hosts, prefix = ("storm-a", "storm-b"), ("127.0.3.1", "127.0.3.2"), "p"
    patience_s, status_patience_s = PATIENCE_S, STATUS_PATIENCE_S

    def __init__(self, scene: Place, wire: Wire, keeper: Keeper, policies: int) -> None:
        self.scene, self.wire = scene, wire
        self.policies = [f"{self.prefix}{number:04}" for number in range(policies)]
        self.peers = [Peer(keeper, host, PORT) for host in self.hosts]
        self.deaths = 0
        self.beyond_s: list[float] = []
        self.statuses_s: list[float] = []
        self.probe_gap_s = 0.0

    def put(self) -> None:
        self.scene.point_all({policy: self.hosts[0] for policy in self.policies})
        admin = self.scene.bench.hub.admin
        for name, host in zip(self.planes, self.hosts):
            admin.put(self.scene.new_plane(name, host, PORT))
        failback = {"policy": "Manual", "stableFor": "1s"}
        policies = (self.scene.new_policy(policy, list(self.planes), failback=failback) for policy in self.policies)
        self.scene.bench.put_all(policies)

    def wait_statuses(self, plane: str) -> None:
        def all_follow() -> bool:
            policies = self.scene.bench.hub.admin.list("FailoverPolicy", self.scene.namespace)
            behind = [item for item in policies if item.get("status", {}).get("activePlane") != plane]
            if behind:
                raise AssertionError(f"{len(behind)} statuses do not name {plane} yet")
            return True

        poll = max(1.0, len(self.policies) / 1000)  # a list takes the API server's time from what is measured
        wait.until(f"all statuses name {plane}", all_follow, self.status_patience_s, poll)

    def start(self) -> None:
        self.operator = self.scene.operator()
        self.scene.wait_adopted(len(self.policies), self.patience_s)
        self.wait_statuses(self.planes[0])
        self.lease = LeaseWatch(self.scene)
        self.renewal_s = 0.0

    def die(self) -> None:
        dying, other = self.deaths % 2, 1 - self.deaths % 2
        self.deaths += 1
        since = time.time()
        self.peers[dying].refuse()
        self._wait_switched(since, dying, other)
        self.wait_statuses(self.planes[other])
        self.statuses_s.append(time.time() - since)
        self.judge(since)
        self.peers[dying].live()
        time.sleep(REST_S)

    def judge(self, since: float) -> None:
        self.renewal_s = max(self.renewal_s, self.lease.longest_gap(since))
        if len(self.lease.holders(since)) > 1:
            raise RuntimeError(f"the Lease was lost: {self.lease.holders(since)}\n{self.operator.log_tail()}")
        late = [line["msg"] for line in self.operator.logs() if "loop was late" in line["msg"]]
        if late:
            raise RuntimeError(f"the operator's loop was late {len(late)} times")

    def _wait_switched(self, since: float, dying: int, other: int) -> None:
        names = [self.scene.name_of(policy) for policy in self.policies]
        served = Served(self.scene.bench.bind.port, names, self.hosts[other])
        try:
            wait.until("all names switched", lambda: len(served.since) >= len(names), self.patience_s, poll=0.25)
        finally:
            served.close()
        last = max(served.since.values())
        self.beyond_s.append(last - self.wire.failures(self.hosts[dying], since, TIMEOUT_S)[THRESHOLD - 1])
        probes = [at for at in self.wire.accepted(self.hosts[other], since) if at < last]
        gaps = (later - earlier for earlier, later in zip([since, *probes], [*probes, last]))
        self.probe_gap_s = max(self.probe_gap_s, *gaps)

    def stop(self) -> None:
        self.lease.close()
        for peer in self.peers:
            peer.refuse()


class NaiveCrowd(Crowd):
    """The same of the naive operator."""

    planes, hosts, prefix = ("naive-a", "naive-b"), ("127.0.8.1", "127.0.8.2"), "q"

    def put(self) -> None:
        self.scene.point_all({policy: self.hosts[0] for policy in self.policies})
        for name, host in zip(self.planes, self.hosts):
            self.scene.bench.hub.admin.put(naive.new_plane(self.scene, name, host, PORT))

    def wait_statuses(self, plane: str) -> None:
        naive.wait_active(self.scene, self.policies, plane, self.status_patience_s, poll=1.0)

    def start(self) -> None:
        self.process = naive.run(self.scene)
        naive.wait_healthy(self.scene, list(self.planes))
        planes = list(self.planes)
        self.scene.bench.put_all(naive.new_policy(self.scene, policy, planes, False) for policy in self.policies)
        self.wait_statuses(self.planes[0])

    def judge(self, since: float) -> None:
        """Nothing is promised of it."""

    def stop(self) -> None:
        self.process.stop()
        for peer in self.peers:
            peer.refuse()


def steady(own: Crowd) -> list[Figure]:
    """What must not happen while all of them move."""
    count, runs = f"{len(own.policies):,} policies", len(own.beyond_s)
    return [
        Figure(f"{count}, longest time without a renewal of the Lease", own.renewal_s, "s", RENEWED_WITHIN_S, runs),
        Figure(f"{count}, longest time without a probe", own.probe_gap_s, "s", PROBED_WITHIN_S, runs),
    ]


def _figures(own: Crowd, other: Crowd) -> list[Figure]:
    count, runs = f"{len(own.policies):,} policies", len(own.beyond_s)

    def beside(what: str, mine: list[float], theirs: list[float], bound: float) -> Figure:
        median, theirs_median = quantile(mine, 0.5), quantile(theirs, 0.5)
        note = f"{median:.2f} s, worst {max(mine):.2f}"
        return Figure(f"{count}, {what}", median / theirs_median, "×", bound, runs, f"naive {theirs_median:.2f} s", note=note)

    return [
        beside("all names switched beyond the detection", own.beyond_s, other.beyond_s, NAMES_BOUND),
        beside("all statuses followed", own.statuses_s, other.statuses_s, STATUSES_BOUND),
        *steady(own),
    ]


def measure(rig: Rig, runs: int, policies: int = 1000) -> list[Figure]:
    naive.install(rig)
    wire, keeper = Wire(PORT, rig.bind.port, FILLER), Keeper()
    with place(rig) as scene:
        own, other = Crowd(scene, wire, keeper, policies), NaiveCrowd(scene, wire, keeper, policies)
        for crowd in (own, other):
            crowd.put()
            crowd.start()
        time.sleep(REST_S)
        for _ in range(runs):
            for crowd in (own, other):
                crowd.die()
        figures = _figures(own, other)
        for crowd in (own, other):
            crowd.stop()
    wire.close()
    return figures
