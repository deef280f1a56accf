"""What the operator remembers, taken from it or changed under it: status, record, policy, namespace, at rest and in the middle of a switch."""

import json

import pytest
from trouble import redis_takes_no_writes, wait_step
from world import CENTRAL, WEST, lease, message, outside, record, steady, switch_to, wait_world

from hack.bench import rest, wait
from hack.bench.bench import PLANES
from hack.bench.scene import LOCK_KEY, POLICY


def put_status(scene, status):
    """As a backup tool does: the whole of it, by one who never reads."""
    path = f"{rest.path_of('FailoverPolicy', scene.namespace, POLICY)}/status"
    scene.bench.hub.admin.call("PUT", path, scene.policy() | {"status": status})


@pytest.mark.parametrize("what", ["wiped", "of an earlier day"])
def test_a_status_that_is_not_its_own_changes_nothing_and_is_written_anew(scene, what):
    steady(scene, single_writer=True)
    early = scene.status()
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    before = outside(scene)
    put_status(scene, {} if what == "wiped" else early)
    wait_world(scene, CENTRAL, 2, single_writer=True, timeout=70.0)
    assert outside(scene) == before
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, single_writer=True)


def test_a_record_of_an_unknown_version_freezes(scene):
    operator = steady(scene)
    known = json.dumps(record(scene))
    operator.stop()
    write_record(scene, json.dumps(record(scene) | {"v": 9}))
    operator.run()
    scene.wait_condition("Stalled", "True", "RecordUnreadable")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    wait.always("frozen", lambda: outside(scene) == before, 3.0)
    assert "v: is 9, and this version knows only 1 to 3" in message(scene, "Ready")
    write_record(scene, known)
    wait_world(scene, CENTRAL, 2)


def write_record(scene, text):
    change = {"metadata": {"annotations": {"planekeeper.io/record": text}}}
    scene.bench.hub.admin.patch("Lease", f"planekeeper-{POLICY}", change, scene.namespace)


def test_a_record_that_is_deleted_is_made_anew_above_what_the_targets_carry(scene):
    steady(scene, single_writer=True)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.bench.hub.admin.delete("Lease", f"planekeeper-{POLICY}", scene.namespace)
    wait_world(scene, CENTRAL, 3, single_writer=True)


def test_a_switch_keeps_its_plan_when_the_policy_is_edited(scene):
    """What was decided is carried out as it was; the edit is an epoch of its own."""
    steady(scene, single_writer=True)
    with redis_takes_no_writes(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Lock")
        scene.put_policy({"dns": {"recordTTL": 77}}, single_writer=True)
        wait.until("the edit is seen", lambda: scene.status()["observedGeneration"] == 2)
        assert record(scene)["epoch"] == 2 and record(scene)["plan"]["dns"]["ttl"] == 30
    wait_world(scene, CENTRAL, 3, single_writer=True)
    assert scene.bench.bind.ttl(scene.dns_name, "A") == 77
    reasons = [entry["reason"] for entry in scene.status()["history"]]
    assert "ThresholdReached" in reasons, reasons


def test_a_switch_stops_where_it_is_when_the_policy_is_deleted(scene):
    operator = steady(scene, single_writer=True)
    with redis_takes_no_writes(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Lock")
        scene.bench.hub.admin.delete("FailoverPolicy", POLICY, scene.namespace)
        wait.until("it is gone", lambda: scene.bench.hub.admin.find("FailoverPolicy", POLICY, scene.namespace) is None)
    wait.always("nothing moves", lambda: scene.active_in_dns() == WEST and scene.redis.get(LOCK_KEY) == WEST, 3.0)
    assert operator.is_alive and record(scene)["epoch"] == 2
    scene.put_policy(single_writer=True)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_a_namespace_that_is_deleted_changes_nothing_outside(scene):
    """Terminating: nothing new may be created in it, then its objects go one by one."""
    operator = steady(scene, single_writer=True)
    before = outside(scene)
    scene.bench.hub.admin.call("DELETE", f"/api/v1/namespaces/{scene.namespace}")
    for kind, name in (("Lease", f"planekeeper-{POLICY}"), ("Secret", "tsig"), ("FailoverPolicy", POLICY)):
        scene.bench.hub.admin.delete(kind, name, scene.namespace)
        wait.always(f"{kind} is gone", lambda: outside(scene) == before, 1.0)
    for plane in PLANES:
        scene.bench.hub.admin.delete("ManagementPlane", plane, scene.namespace)
    scene.bench.kill_plane(WEST)
    wait.always("nobody's plane", lambda: outside(scene) == before, 1.5)
    assert operator.is_alive and lease(scene) is None
