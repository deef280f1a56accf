"""A whole region goes in one instant: the active server, its API server and one replica of the operator.

With the real servers of the bench: gRPC over TLS, a Deployment at an API server, an agent that follows DNS.
"""

import random
import signal
import time

import pytest
from corner import check_laws
from crash import LEASE
from jobs import IS_LONG
from world import CENTRAL, WEST, arrange, check_world, leader, other, wait_world
from zone_history import states

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.operator_process import Operator
from hack.bench.scene import Scene

ROUNDS = 5 if IS_LONG else 1
DIES, SILENT = "dies", "silent"
CASES = [
    (write_mode, how, lost)
    for write_mode in ("AllClusters", "SingleCluster")
    for how in (DIES, SILENT)
    for lost in (("leader", "standby") if IS_LONG else ("leader",))
]


@pytest.fixture
def scene(bench, alone):
    corner = Scene(bench)
    yield corner
    for operator in corner.operators:
        print(operator.log_tail(60))
    bench.restore()
    corner.close()
    assert not [operator.name for operator in corner.operators if operator.died_by_itself]


@pytest.fixture(scope="module", autouse=True)
def summary(figures):
    took: list[float] = []
    yield took
    figures["whole_region"] = {"runs": len(took), "until_dns_s": {"worst": round(max(took, default=0.0), 2)}}


def lose_region(scene: Scene, replica: Operator, how: str) -> None:
    """All of it within a millisecond or so: first every signal, then every wait."""
    bench = scene.bench
    region = [bench.servers[WEST], bench.clusters[WEST], replica]
    random.shuffle(region)
    if how == SILENT:
        bench.servers[WEST].black_hole()
        for process in region:
            process.pause()
        return
    for process in region:
        process.signal(signal.SIGKILL)
    for process in region:
        process.reap()


def return_region(scene: Scene, replica: Operator, how: str) -> None:
    bench = scene.bench
    if how == SILENT:
        for process in (bench.servers[WEST], bench.clusters[WEST], replica):
            process.resume()
        return
    bench.revive_plane(WEST)
    replica.run()


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize(("write_mode", "how", "lost"), CASES)
def test_the_other_region_goes_on(scene, summary, write_mode, how, lost, round_):
    single_writer = write_mode == "SingleCluster"
    arrange(scene, single_writer)
    since = scene.bench.bind.serial(scene.zone)
    pair = tuple(scene.operator(name, extra_args=LEASE) for name in ("replica-a", "replica-b"))
    wait_world(scene, WEST, 1, single_writer)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    agent = scene.agent()
    agent.wait_connected(PLANES[WEST])
    leading = leader(*pair)
    replica = leading if lost == "leader" else other(leading, pair)
    survivor = other(replica, pair)
    started = time.monotonic()
    lose_region(scene, replica, how)
    wait.until("DNS", lambda: scene.active_in_dns() == CENTRAL, 30.0)
    summary.append(time.monotonic() - started)
    wait_world(scene, CENTRAL, 2, single_writer)
    assert survivor.is_leader()
    agent.wait_connected(PLANES[CENTRAL], 30.0)
    return_region(scene, replica, how)
    wait.until("the region is back", lambda: "True" in str(ready(scene, WEST)), 30.0)
    wait.always("nothing goes back", lambda: scene.active_in_dns() == CENTRAL, 1.0)
    wait_world(scene, CENTRAL, 2, single_writer)
    check_world(scene, CENTRAL, 2, single_writer)
    assert agent.connected_to == PLANES[CENTRAL]
    assert check_laws(scene, states(scene.bench.bind, scene.zone, scene.dns_name, since)) == 2, "adoption and one switch"


def ready(scene: Scene, plane: str) -> str:
    return next(c["status"] for c in scene.plane(plane)["status"]["conditions"] if c["type"] == "Ready")
