"""A whole region goes in one instant: the management server, its API server with what a pipeline delivers by, the Redis primary and the
replica of the operator that leads. The other region goes on with all of it, and nothing is fought over when the first one is back."""

import json
import random
import signal

import pytest
from redis_pair import check_pair, follows, promotion, put_pair, redis_pair, role, wait_pair
from test_pipeline import USER, Hub, pipeline
from world import CENTRAL, MODES, WEST, leader, other, replicas

from hack.bench import kube, wait

pytestmark = pytest.mark.timeout(240)
DIES, SILENT = "dies", "silent"


@pytest.fixture
def pair(bench):
    with redis_pair(bench) as servers:
        yield servers


@pytest.fixture
def kept(scene):
    """The object in the operator's own cluster, which is in neither region."""
    hub = Hub(scene, scene.bench.hub)
    hub.grant("planekeeper")
    return hub


@pytest.fixture
def lost(scene):
    """The object in the cluster that goes."""
    hub = Hub(scene, scene.bench.clusters[WEST])
    hub.grant(USER, "User")
    identity = hub.cluster.authority.client(USER)
    scene.put_secret("hub", kubeconfig=kube.kubeconfig_text(hub.cluster.url, hub.cluster.authority.cert, "hub", identity=identity))
    return hub


class Region:
    """All that is in the west, with the replica of the operator that leads."""

    def __init__(self, scene, pair, replica, how) -> None:
        bench = scene.bench
        self.scene, self.how = scene, how
        self.processes = [bench.servers[WEST], bench.clusters[WEST], pair[WEST], replica]

    def lose(self) -> None:
        """Every signal first, within a millisecond or so, then every wait."""
        random.shuffle(self.processes)
        if self.how == SILENT:
            self.scene.bench.servers[WEST].black_hole()
        for process in self.processes:
            process.signal(signal.SIGSTOP if self.how == SILENT else signal.SIGKILL)
        for process in self.processes if self.how == DIES else ():
            process.reap()

    def come_back(self) -> None:
        """The Redis that died has forgotten all, and says that it is the primary; the silent one has been it all the time."""
        for process in self.processes:
            if self.how == SILENT:
                process.resume()
            else:
                process.start()
        for process in self.processes:
            process.ready()
        self.scene.bench.restore()


def arrange(scene, pair, single_writer: bool) -> None:
    put_pair(scene, pair)
    items = [*pipeline(scene)["pipeline"], *pipeline(scene, hub=True)["pipeline"]]
    items[1]["name"] = "in-the-west"
    scene.put_policy({**promotion(has_lock=single_writer), "pipeline": items}, single_writer)


def told(scene) -> str:
    return json.dumps([condition for condition in scene.status()["conditions"] if condition["type"] == "Degraded"])


@pytest.mark.parametrize("how", [DIES, SILENT])
@MODES
def test_the_other_region_goes_on(scene, pair, kept, lost, single_writer, how):
    arrange(scene, pair, single_writer)
    operators = replicas(scene)
    wait_pair(scene, pair, WEST, 1, single_writer)
    for hub in (kept, lost):
        hub.wait(WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    pair[WEST].client().set("kept", "1")
    wait.until("the replica has it", lambda: pair[CENTRAL].client().get("kept") == "1", 10.0)
    leading = leader(*operators)
    region = Region(scene, pair, leading, how)
    region.lose()

    wait_pair(scene, pair, CENTRAL, 2, single_writer, timeout=60.0)
    assert pair[CENTRAL].client().get("kept") == "1"
    kept.wait(CENTRAL, 2)
    assert other(leading, operators).is_leader()
    status = scene.status()
    assert (status["activePlane"], status["epoch"]) == (CENTRAL, 2)
    wait.until("the object that went is told", lambda: "hub/kubeconfig" in told(scene), 60.0)

    region.come_back()
    wait.until("the old primary follows", lambda: follows(pair[WEST], pair[CENTRAL]), 60.0)
    lost.wait(CENTRAL, 2, timeout=90.0)
    kept.check(CENTRAL, 2)
    scene.wait_condition("FailoverPossible", "True", timeout=60.0)
    wait.always("nothing goes back", lambda: scene.active_in_dns() == CENTRAL and role(pair[WEST]) == "slave", 3.0)
    check_pair(scene, pair, CENTRAL, 2, single_writer)
    assert leader(*operators) is other(leading, operators)
