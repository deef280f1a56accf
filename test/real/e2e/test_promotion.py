"""The Redis primary moves with the active plane: one Redis in each plane, and the lock in whichever is the primary."""

import pytest
from redis_pair import check_pair, follows, promotion, put_pair, redis_pair, wait_pair
from world import CENTRAL, WEST

from hack.bench import wait

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def pair(bench):
    with redis_pair(bench) as servers:
        yield servers


def arrange(scene, pair, central_has_redis: bool = True) -> None:
    put_pair(scene, pair, central_has_redis)
    scene.put_policy(promotion(), single_writer=True)


def steady(scene, pair) -> None:
    arrange(scene, pair)
    scene.operator()
    wait_pair(scene, pair, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")


def test_a_region_dies_with_the_primary_and_comes_back(scene, pair):
    steady(scene, pair)
    assert scene.status()["targets"]["promotion"]["weak"] is True
    pair[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait_pair(scene, pair, CENTRAL, 2)
    pair[WEST].run()  # it has forgotten all, and says that it is the primary
    pair[WEST].client().set("late", "lost")
    wait.until("the old primary follows", lambda: follows(pair[WEST], pair[CENTRAL]), 60.0)
    assert pair[WEST].client().get("late") is None
    check_pair(scene, pair, CENTRAL, 2)


def test_a_switch_hands_over(scene, pair):
    steady(scene, pair)
    pair[WEST].client().set("kept", "1")
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_pair(scene, pair, CENTRAL, 2)
    assert pair[CENTRAL].client().get("kept") == "1"
    wait.until("the old primary follows", lambda: follows(pair[WEST], pair[CENTRAL]), 30.0)
    scene.annotate(switch_to=f"{WEST}/3")
    wait_pair(scene, pair, WEST, 3)


def test_a_plane_without_a_redis_is_told_and_never_chosen(scene, pair):
    arrange(scene, pair, central_has_redis=False)
    scene.operator()
    words = f"ManagementPlane {CENTRAL} has no spec.redis.address"
    wait.until("it is told", lambda: words in scene.condition("FailoverPossible").get("message", ""), 30.0)
    assert scene.condition("FailoverPossible")["status"] == "False"
    wait_pair(scene, pair, WEST, 1)
