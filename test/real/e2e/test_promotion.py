"""The Redis primary moves with the active plane: one Redis in each plane, and the lock in whichever is the primary."""

import pytest
import redis
from world import CENTRAL, WEST, record, stamp

from hack.bench import wait
from hack.bench.redis_server import RedisServer
from hack.bench.scene import LOCK_KEY

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def pair(bench):
    """The primary in the west, and its replica in the centre."""
    west = RedisServer(bench.scratch, "redis-west", password="open-sesame")
    west.run()
    central = RedisServer(bench.scratch, "redis-central", password="open-sesame", replica_of=west)
    central.run()
    wait.until("the replica is in sync", lambda: central.client().info("replication")["master_link_status"] == "up", 30.0)
    yield {WEST: west, CENTRAL: central}
    for server in (west, central):
        server.stop()


def role(server) -> str:
    try:
        return server.client().role()[0]
    except redis.exceptions.ConnectionError:
        return ""


def follows(server, other) -> bool:
    info = server.client().info("replication")
    return info["role"] == "slave" and info["master_port"] == other.port and info["master_link_status"] == "up"


def promotion(**more) -> dict:
    return {
        "redis": {
            "address": None,
            "db": 0,
            "authSecretRef": {"name": "redis-pair"},
            "promotion": {"replica": {}},
            "lock": {"key": LOCK_KEY, "value": "{name}"},
            **more,
        }
    }


def arrange(scene, pair, central_has_redis: bool = True) -> None:
    scene.point_at(WEST, lock=False)
    scene.put_secret("redis-pair", password="open-sesame")
    pair[WEST].client().set(LOCK_KEY, WEST)
    central = {"redis": {"address": pair[CENTRAL].address}} if central_has_redis else {}
    scene.put_planes(eu_west_1={"redis": {"address": pair[WEST].address}}, eu_central_1=central)
    scene.put_policy(promotion(), single_writer=True)


def check(scene, pair, plane: str, epoch: int) -> None:
    decided, primary = record(scene), pair[plane].client()
    assert (decided["to"], decided["epoch"], decided["phase"]) == (plane, epoch, "Steady")
    assert scene.active_in_dns() == plane
    assert role(pair[plane]) == "master"
    assert primary.get(LOCK_KEY) == plane
    assert stamp(primary.get(f"{{{LOCK_KEY}}}:planekeeper")).epoch == epoch
    assert scene.status()["targets"]["promotion"]["value"] == pair[plane].address


def wait_check(scene, pair, plane: str, epoch: int, timeout: float = 30.0) -> None:
    def probe() -> bool:
        check(scene, pair, plane, epoch)
        return True

    wait.until(f"all on {plane}, epoch {epoch}", probe, timeout)


def steady(scene, pair) -> None:
    arrange(scene, pair)
    scene.operator()
    wait_check(scene, pair, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")


def test_a_region_dies_with_the_primary_and_comes_back(scene, pair):
    steady(scene, pair)
    assert scene.status()["targets"]["promotion"]["weak"] is True
    pair[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait_check(scene, pair, CENTRAL, 2)
    pair[WEST].run()  # it has forgotten all, and says that it is the primary
    pair[WEST].client().set("late", "lost")
    wait.until("the old primary follows", lambda: follows(pair[WEST], pair[CENTRAL]), 60.0)
    assert pair[WEST].client().get("late") is None
    wait_check(scene, pair, CENTRAL, 2)


def test_a_switch_hands_over(scene, pair):
    steady(scene, pair)
    pair[WEST].client().set("kept", "1")
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_check(scene, pair, CENTRAL, 2)
    assert pair[CENTRAL].client().get("kept") == "1"
    wait.until("the old primary follows", lambda: follows(pair[WEST], pair[CENTRAL]), 30.0)
    scene.annotate(switch_to=f"{WEST}/3")
    wait_check(scene, pair, WEST, 3)


def test_a_plane_without_a_redis_is_told_and_never_chosen(scene, pair):
    arrange(scene, pair, central_has_redis=False)
    scene.operator()
    words = f"ManagementPlane {CENTRAL} has no spec.redis.address"
    wait.until("it is told", lambda: words in scene.condition("FailoverPossible").get("message", ""), 30.0)
    assert scene.condition("FailoverPossible")["status"] == "False"
    wait_check(scene, pair, WEST, 1)
