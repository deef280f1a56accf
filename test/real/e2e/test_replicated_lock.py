"""The lock counts only when a replica of Redis has it: a primary that is lost would take it along."""

import contextlib

import pytest
from world import CENTRAL, WEST, lock_stamp, steady, wait_world

from hack.bench import wait
from hack.bench.redis_server import RedisServer
from hack.bench.scene import LOCK_KEY

RIGHTS = "eval type pttl get mset select"
SECONDS_UNHEARD = 10  # after which a replica is not waited for any more

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def replica(bench):
    server = RedisServer(bench.scratch, "copy", password=bench.redis.password, replica_of=bench.redis)
    server.run()
    yield server
    server.stop()


@pytest.fixture
def in_sync(bench, replica):
    def probe() -> bool:
        return any(
            value["state"] == "online"
            for key, value in bench.redis.client().info("replication").items()
            if key.startswith("slave") and isinstance(value, dict)
        )

    wait.until("the replica is in sync", probe, 30.0)
    return replica


@contextlib.contextmanager
def stopped(server):
    """It keeps its connection and acknowledges nothing, as behind a network that loses everything."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


def wait_said(scene, condition, words) -> None:
    wait.until(f"{condition}: {words}", lambda: words in scene.condition(condition).get("message", ""), 30.0)


def has_the_lock(scene, replica) -> bool:
    return replica.client(scene.db).get(LOCK_KEY) == CENTRAL


def test_the_name_follows_a_lock_that_a_replica_has(scene, in_sync):
    steady(scene, single_writer=True)
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait.until("the name moves", lambda: scene.active_in_dns() == CENTRAL, 20.0, 0.002)
    assert has_the_lock(scene, in_sync)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_the_name_waits_for_a_replica_to_have_the_lock(scene, in_sync):
    steady(scene, single_writer=True)
    with stopped(in_sync):
        scene.annotate(switch_to=f"{CENTRAL}/2")
        wait.until("the lock is moved", lambda: lock_stamp(scene).epoch == 2)
        wait_said(scene, "Ready", "no replica of Redis is known to have it yet")
        wait.always("the name stays", lambda: scene.active_in_dns() == WEST, 2.0)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    assert has_the_lock(scene, in_sync)


def test_a_failover_waits_no_longer_than_the_replica_is_in_sync(scene, in_sync):
    steady(scene, single_writer=True)
    with stopped(in_sync):
        scene.bench.kill_plane(WEST)
        try:
            wait.until("the lock is moved", lambda: lock_stamp(scene).epoch == 2, 30.0)
            wait_world(scene, CENTRAL, 2, single_writer=True, timeout=SECONDS_UNHEARD + 20.0)
        finally:
            scene.bench.revive_plane(WEST)


def test_a_policy_may_do_without_replicas(scene, in_sync):
    steady(scene, single_writer=True, changes={"redis": {"lock": {"waitReplicas": 0}}})
    with stopped(in_sync):
        scene.annotate(switch_to=f"{CENTRAL}/2")
        wait.until("the name moves", lambda: scene.active_in_dns() == CENTRAL, SECONDS_UNHEARD / 2)


def test_rights_that_are_lacking_are_told_before_a_failover(scene, in_sync):
    """As after an upgrade from a version that asked about no replica."""
    admin = scene.bench.redis.client()
    admin.acl_setuser(
        "keeper", enabled=True, passwords=["+keep-it"], keys=["*"], commands=[f"+{word}" for word in RIGHTS.split()]
    )
    scene.put_secret("keeper", username="keeper", password="keep-it")
    try:
        steady(scene, single_writer=True)
        scene.put_policy({"redis": {"authSecretRef": {"name": "keeper"}}}, single_writer=True)
        wait_said(scene, "Ready", "grant +info +wait, or set redis.lock.waitReplicas to 0")
        admin.acl_setuser("keeper", commands=["+info", "+wait"], enabled=True, keys=["*"], passwords=["+keep-it"])
        scene.wait_condition("Ready", "True", timeout=40.0)
    finally:
        admin.acl_deluser("keeper")
