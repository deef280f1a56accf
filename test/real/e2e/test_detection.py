"""What detection must not be misled by: flapping, an edit, a restart that forgets where everybody lives."""

import contextlib
import time

import pytest
from trouble import redis_takes_no_writes, wait_step
from world import (
    CENTRAL,
    WEST,
    arrange,
    conditions,
    instant,
    message,
    outside,
    record,
    steady,
    told_time,
    wait_world,
)

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.relay import Relay
from hack.bench.timeline import Watcher

PASSES = 20  # in a row: 2 s and more, so that no flap below lasts as long


@contextlib.contextmanager
def wire_to_the_active(scene, single_writer=False, failover_delay="0s"):
    """At work, with the active plane seen through a wire that can be pulled quicker than a process can be killed."""
    with Relay(scene.bench.servers[WEST].address, PLANES[WEST]) as wire:
        arrange(scene, single_writer, {"detection": {"successThreshold": PASSES, "failoverDelay": failover_delay}})
        checks = [{"name": "path", "type": "TLS", "port": wire.port}, {"name": "pods", "type": "Deployment"}]
        scene.put_planes(eu_west_1={"checks": checks})
        scene.operator()
        wait_world(scene, WEST, 1, single_writer)
        scene.wait_condition("FailoverPossible", "True", "Chosen")
        yield wire


def path(scene):
    return scene.plane(WEST)["status"]["checks"][0]["result"]


def flap(scene, wire, times):
    """Up until it is seen, down until it is seen; it ends down."""
    for _ in range(times):
        wire.heal()
        wait.until("seen up", lambda: path(scene) == "Pass", poll=0.05)
        wire.refuse()
        wait.until("seen down", lambda: path(scene) == "Fail", poll=0.05)


def test_flapping_quicker_than_success_threshold_is_no_recovery_and_no_outage(scene):
    """Each pass starts failoverDelay anew, and none of them makes the plane healthy: one that stays away is left."""
    with wire_to_the_active(scene, failover_delay="3s") as wire:
        before = outside(scene)
        scene.bench.set_replicas(WEST, 0)
        wire.refuse()
        scene.wait_condition("Ready", "False", "ActiveUnhealthy")
        with Watcher(lambda: conditions(scene)["Ready"]) as ready:
            flap(scene, wire, 5)
            wire.heal()
            waits_for = f"answers again; {PASSES} passes in a row are wanted"
            wait.until("it says what it waits for", lambda: waits_for in message(scene, "Ready"))
        assert {change.value for change in ready.changes} == {"False ActiveUnhealthy"}
        assert outside(scene) == before and record(scene)["epoch"] == 1
        wire.refuse()
        wait_world(scene, CENTRAL, 2)
        last = scene.status()["lastSwitch"]
        assert instant(last["decidedAt"]) - instant(last["detectedAt"]) >= 3.0


def test_flapping_while_blocked_at_lock_neither_aborts_nor_restarts_the_switch(scene):
    """Before the point of no return a recovery aborts; a few passes are none."""
    with wire_to_the_active(scene, single_writer=True) as wire:
        addresses = scene.addresses()
        with redis_takes_no_writes(scene):
            scene.bench.set_replicas(WEST, 0)
            wire.refuse()
            wait_step(scene, "Lock")
            decided = record(scene)
            scene.bench.set_replicas(WEST, 3)
            with Watcher(lambda: record(scene)["epoch"]) as epoch:
                flap(scene, wire, 6)
                wire.heal()
                wait.until("seen up", lambda: path(scene) == "Pass", poll=0.05)
            assert [change.value for change in epoch.changes] == [2]
            assert record(scene) == decided and scene.addresses() == addresses
            wire.refuse()
        wait_world(scene, CENTRAL, 2, single_writer=True)
        assert scene.status()["lastSwitch"]["reason"] == "ThresholdReached"


EDITS = {"eligible": ({"eligible": False}, {}), "region": ({"region": "moved"}, {"region": "moved-too"})}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_changes_no_check_does_not_restart_detection(scene, what):
    """A person who hurries to say something of the plane does not delay the rescue by it."""
    steady(scene, changes={"detection": {"failoverDelay": "4s"}})
    scene.bench.kill_plane(WEST)
    due = told_time(scene)
    edited = time.time()
    active, standby = EDITS[what]
    scene.put_planes(eu_west_1=active, eu_central_1=standby)
    generation = scene.plane(WEST)["metadata"]["generation"]
    wait.until("the edit was seen", lambda: scene.plane(WEST)["status"]["observedGeneration"] == generation)
    assert time.time() < due, "it came too late to mean anything"
    wait_world(scene, CENTRAL, 2)
    last = scene.status()["lastSwitch"]
    assert instant(last["detectedAt"]) < edited, "the failures before the edit count"
    assert abs(instant(last["decidedAt"]) - due) < 2.0


@pytest.mark.parametrize("how", ["kill9", "stop"])
def test_a_restart_finds_a_discovered_region_that_is_dead(scene, how):
    """Its address came from a Service that nobody can ask any more; what was known of it is still so."""
    operator = steady(scene, single_writer=True)
    getattr(operator, how)()
    scene.bench.kill_plane(WEST, with_region=True)
    operator.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)
    assert scene.plane(WEST)["status"]["address"] == PLANES[WEST]
    scene.wait_condition("Ready", "True", "FailedOver")
