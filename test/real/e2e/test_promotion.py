"""The Redis primary moves with the active plane: one Redis in each plane, and the lock in whichever is the primary."""

import pytest
from redis_pair import check_pair, follows, promotion, put_pair, redis_pair, role, wait_pair
from world import CENTRAL, WEST, refused_gates, wait_answer, wait_world

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


def test_a_standby_whose_redis_is_down_is_not_fit(scene, pair):
    steady(scene, pair)
    pair[CENTRAL].kill9()
    told = scene.wait_condition("FailoverPossible", "False", "RedisUnreachableOnStandby", timeout=40.0)
    assert f"{CENTRAL}: its Redis does not answer: cannot connect to {pair[CENTRAL].address}" in told["message"]
    assert scene.condition("Armed")["status"] == "False"
    pair[CENTRAL].run()
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=40.0)


def test_a_replica_in_its_first_copy_is_not_fit(scene, pair):
    steady(scene, pair)
    pair[WEST].client().config_set("repl-diskless-sync-delay", 60)
    pair[WEST].client().execute_command("DEBUG", "CHANGE-REPL-ID")  # what the replica has saved is of no use
    pair[CENTRAL].kill9()
    pair[CENTRAL].run()
    scene.wait_condition("FailoverPossible", "False", "RedisReplicaNotSynced", timeout=40.0)
    pair[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait.until("the gate blocks", lambda: "NoFitStandby" in refused_gates(scene), 60.0)
    wait.always("nothing is promoted", lambda: role(pair[CENTRAL]) == "slave" and scene.active_in_dns() == WEST, 3.0)


def test_a_replica_that_is_behind_is_promoted_only_by_a_person(scene, pair):
    put_pair(scene, pair)
    scene.put_policy(promotion(promotion={"replica": {"maxLagSeconds": 1}}), single_writer=True)
    scene.operator()
    wait_pair(scene, pair, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    pair[CENTRAL].client().config_set("masterauth", "wrong")
    pair[WEST].client().execute_command("CLIENT", "KILL", "TYPE", "replica")
    pair[WEST].client().set("written", "later")
    scene.wait_condition("FailoverPossible", "False", "RedisReplicaBehind", timeout=40.0)
    pair[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait.until("it is told", lambda: "when that last answered" in scene.condition("FailoverPossible")["message"], 40.0)
    wait.always("nothing is promoted", lambda: role(pair[CENTRAL]) == "slave" and scene.active_in_dns() == WEST, 3.0)
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_answer(scene, f"switch-to={CENTRAL}/2", f"to move there all the same: kubectl annotate fop gloo -n {scene.namespace}")
    scene.annotate(switch_to=f"{CENTRAL}/2/DataBehind")
    wait_pair(scene, pair, CENTRAL, 2)
    assert pair[CENTRAL].client().get("written") is None


def test_a_standby_that_would_write_nothing_is_not_fit(scene, pair):
    """Every plane writes to its own Redis, and one of them is a replica, which nobody promotes."""
    put_pair(scene, pair)
    scene.put_policy({"redis": {"address": pair[WEST].address, "authSecretRef": {"name": "redis-pair"}}})
    scene.operator()
    wait_world(scene, WEST, 1)
    told = scene.wait_condition("FailoverPossible", "False", "RedisReadOnlyOnStandby", timeout=40.0)
    words = f"{CENTRAL}: its Redis {pair[CENTRAL].address} is a read-only replica of {pair[WEST].address}, and redis.promotion is not configured"
    assert words in told["message"]
    scene.bench.kill_plane(WEST)
    wait.until("the gate blocks", lambda: "NoFitStandby" in refused_gates(scene), 60.0)
    wait.always("agents stay", lambda: scene.active_in_dns() == WEST, 3.0)
    pair[CENTRAL].promote()
    wait_world(scene, CENTRAL, 2, timeout=40.0)
