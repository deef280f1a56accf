"""The Redis primary under three real Sentinels moves with the active plane, by their order alone."""

import json

import pytest
from redis_pair import PASSWORD, follows, promotion, put_pair, redis_pair, role, wait_pair
from world import CENTRAL, WEST, wait_answer

from hack.bench import wait
from hack.bench.sentinel import Sentinel

pytestmark = pytest.mark.timeout(300)

SENTINEL_PASSWORD = "open-sentinel"


class Group(dict):
    """The Redis of each plane, and who watches them: a Sentinel in each region, and one in a third."""

    def __init__(self, bench, pair):
        super().__init__(pair)
        west = pair[WEST]
        self.sentinels = [
            Sentinel(
                bench.scratch,
                f"sentinel-{region}",
                (west.host, west.port),
                lines=(f"requirepass {SENTINEL_PASSWORD}",),
                watching=(f"auth-pass {PASSWORD}",),
                client=("-a", SENTINEL_PASSWORD, "--no-auth-warning"),
            )
            for region in ("west", "central", "third")
        ]
        for sentinel in self.sentinels:
            self.bring(sentinel)
        for sentinel in self.sentinels:
            wait.until(f"{sentinel.name} has its quorum", sentinel.has_quorum, 30.0)

    def bring(self, sentinel):
        sentinel.run()
        sentinel.hurry()


@pytest.fixture
def group(bench):
    with redis_pair(bench) as pair:
        group = Group(bench, pair)
        yield group
        for sentinel in group.sentinels:
            sentinel.stop()


def redis_spec(group, limits=(), **more):
    sentinel = {
        **dict(limits),
        "masterName": "mymaster",
        "addresses": [sentinel.address for sentinel in group.sentinels],
        "authSecretRef": {"name": "sentinels"},
    }
    # Five servers more than other scenes have, on a machine that may be busy: not the quickest probes.
    return {"detection": {"interval": "1s", "timeout": "1s"}, **promotion(promotion={"sentinel": sentinel}, **more)}


def steady(scene, group, **limits):
    put_pair(scene, group)
    scene.put_secret("sentinels", password=SENTINEL_PASSWORD)
    scene.put_policy(redis_spec(group, limits), single_writer=True)
    scene.operator()
    wait_pair(scene, group, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=60.0)


def told(scene, words):
    return words in json.dumps(scene.status().get("conditions", []))


def roles_changed_beside_sentinel(group):
    """Sentinel itself says SLAVEOF."""
    stats = [server.client().info("commandstats") for server in group.values()]
    return [name for name in ("cmdstat_replicaof", "cmdstat_failover") if any(name in each for each in stats)]


def test_a_region_dies_with_primary_and_sentinel_and_comes_back(scene, group):
    steady(scene, group)
    target = scene.status()["targets"]["promotion"]
    assert (target["weak"], target["name"]) == (True, "mymaster")
    group.sentinels[0].kill9()
    group[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait_pair(scene, group, CENTRAL, 2, timeout=60.0)
    group[WEST].run()  # it has forgotten all, and says that it is the primary
    group[WEST].client().set("late", "lost")
    group.bring(group.sentinels[0])
    wait.until("Sentinel demotes it", lambda: follows(group[WEST], group[CENTRAL]), 60.0)
    assert group[WEST].client().get("late") is None
    wait_pair(scene, group, CENTRAL, 2)
    wait.until("and nothing is told any more", lambda: not told(scene, "PrimaryDoubtful"), 30.0)
    assert not roles_changed_beside_sentinel(group)


def test_a_switch_has_the_living_primary_handed_over(scene, group):
    steady(scene, group)
    group[WEST].client().set("kept", "1")
    group[WEST].client().wait(1, 5000)
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_pair(scene, group, CENTRAL, 2, timeout=60.0)
    assert group[CENTRAL].client().get("kept") == "1"
    wait.until("Sentinel demotes the old primary", lambda: follows(group[WEST], group[CENTRAL]), 60.0)
    scene.annotate(switch_to=f"{WEST}/3")
    wait_pair(scene, group, WEST, 3, timeout=60.0)
    assert not roles_changed_beside_sentinel(group)


def test_without_a_quorum_nobody_is_promoted(scene, group):
    steady(scene, group)
    for sentinel in group.sentinels[1:]:
        sentinel.kill9()
    wait.until("it is told", lambda: told(scene, "only 1 of 3 Sentinels answers"), 30.0)
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait.until("the reason is told", lambda: told(scene, "NOQUORUM"), 30.0)
    assert role(group[WEST]) == "master"
    assert scene.active_in_dns() == WEST
    for sentinel in group.sentinels[1:]:
        group.bring(sentinel)
    wait_pair(scene, group, CENTRAL, 2, timeout=60.0)


def test_sentinel_moves_it_first_and_a_failover_goes_on(scene, group):
    """The Redis of a plane that is well dies: nobody's edit. The lock is where Sentinel has it, and a failover is free."""
    steady(scene, group)
    group[WEST].kill9()
    wait.until("Sentinel promotes", lambda: group.sentinels[1].primary() == group[CENTRAL].address, 30.0)
    wait.until("it is told", lambda: scene.condition("Drift").get("status") == "True", 30.0)
    assert group[CENTRAL].address in scene.condition("Drift")["message"]
    assert scene.active_in_dns() == WEST

    def lock_is_read():
        lock = scene.status()["targets"]["lock"]
        return lock["value"] == WEST and not lock.get("error")

    wait.until("the lock is read where it is", lock_is_read, 30.0)
    scene.bench.kill_plane(WEST)
    wait_pair(scene, group, CENTRAL, 2, timeout=60.0)


def test_a_plane_whose_redis_sentinel_would_never_promote_is_not_chosen(scene, group):
    steady(scene, group)
    group[CENTRAL].client().config_set("replica-priority", 0)
    told = scene.wait_condition("FailoverPossible", "False", "RedisNeverPromoted", timeout=60.0)
    assert f"Redis {group[CENTRAL].address} has replica-priority 0" in told["message"]
    group[CENTRAL].client().config_set("replica-priority", 100)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=60.0)


def test_two_policies_on_one_primary_are_told(scene, group):
    steady(scene, group)
    other = {
        "dns": {"name": f"other.{scene.zone}"},
        **redis_spec(group, lock={"key": "another", "value": "{name}"}),
    }
    other["redis"]["promotion"]["sentinel"]["addresses"] = [group.sentinels[2].address]
    scene.put_policy(other, single_writer=True, name="second")
    words = "has the same Redis to be promoted"
    wait.until("it is told", lambda: words in json.dumps(scene.status("second").get("conditions", [])), 30.0)


def test_a_replica_that_is_behind_is_not_chosen_until_it_has_caught_up(scene, group):
    steady(scene, group, maxLagSeconds=1)
    group[CENTRAL].client().config_set("masterauth", "wrong")
    group[WEST].client().execute_command("CLIENT", "KILL", "TYPE", "replica")
    group[WEST].client().set("written", "later")
    scene.wait_condition("FailoverPossible", "False", "RedisReplicaBehind", timeout=60.0)
    assert "(maxLagSeconds 1)" in scene.condition("FailoverPossible")["message"]
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_answer(scene, f"switch-to={CENTRAL}/2", "DataBehind")
    group[CENTRAL].client().config_set("masterauth", PASSWORD)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=60.0)
    scene.annotate(switch_to=None)
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_pair(scene, group, CENTRAL, 2, timeout=60.0)
    assert group[CENTRAL].client().get("written") == "later"
