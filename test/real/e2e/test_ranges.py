"""Numbers at the end of their range, and texts that say two things: each is told as what it is, and nothing moves."""

import json

import pytest
from world import CENTRAL, WEST, dns_stamp, lease, message, outside, record, steady, wait_world

from hack.bench import wait
from hack.bench.scene import LOCK_KEY, POLICY

LAST_EPOCH = 2**53 - 1
STAMP_KEY = f"{{{LOCK_KEY}}}:planekeeper"
NOTHING_MOVES_SECONDS = 1.5

pytestmark = pytest.mark.timeout(240)


def tampered(scene, tamper):
    """Adopted; then somebody writes while no operator runs, and one starts again."""
    steady(scene, single_writer=True).stop()
    tamper(scene)
    scene.operator("second")


def write_dns_stamp(scene, epoch):
    text = scene.epoch_record().replace("e=1 ", f"e={epoch} ")
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", text)


def write_lock_stamp(scene, epoch):
    scene.redis.set(STAMP_KEY, scene.redis.get(STAMP_KEY).replace("e=1 ", f"e={epoch} "))


def write_record(scene, **changes):
    text = json.dumps({**record(scene), **changes})
    annotations = {"metadata": {"annotations": {"planekeeper.io/record": text}}}
    scene.bench.hub.admin.patch("Lease", f"planekeeper-{POLICY}", annotations, scene.namespace)


def told(scene, reason):
    """Stalled with that reason, and nothing outside moves; the message."""
    before = outside(scene)
    scene.wait_condition("Stalled", "True", reason)
    wait.always("nothing moves", lambda: outside(scene) == before, NOTHING_MOVES_SECONDS)
    return message(scene, "Stalled")


def test_a_stamp_beyond_every_range_is_unreadable_not_anothers(scene):
    tampered(scene, lambda scene: write_dns_stamp(scene, 2**63 - 1))
    why = told(scene, "StampUnreadable")
    assert f"TXT _planekeeper.{scene.dns_name} cannot be read" in why and "e=9223372036854775807" in why
    assert "another owner" not in why
    scene.bench.bind.remove(f"_planekeeper.{scene.dns_name}", "TXT")  # as it is told
    wait_world(scene, WEST, 1, single_writer=True, timeout=45.0)


def test_a_stamp_of_a_lock_that_cannot_be_read_is_named_by_its_key(scene):
    tampered(scene, lambda scene: write_lock_stamp(scene, "zero"))
    why = told(scene, "StampUnreadable")
    assert f"key {STAMP_KEY} in database {scene.db} of Redis" in why and "e=zero" in why
    scene.redis.delete(STAMP_KEY)
    wait_world(scene, WEST, 1, single_writer=True, timeout=45.0)


def test_the_last_epoch_at_a_target_is_not_adopted(scene):
    tampered(scene, lambda scene: write_lock_stamp(scene, LAST_EPOCH))
    why = told(scene, "EpochsExhausted")
    assert str(LAST_EPOCH) in why and f"Delete what carries it: key {STAMP_KEY}" in why
    assert record(scene)["epoch"] == 1
    scene.redis.delete(STAMP_KEY)
    wait_world(scene, WEST, 1, single_writer=True, timeout=45.0)


def test_the_last_epoch_in_the_record_decides_nothing_more(scene):
    tampered(scene, lambda scene: write_record(scene, epoch=LAST_EPOCH))
    wait.until("at both targets", lambda: dns_stamp(scene).epoch == LAST_EPOCH)
    told(scene, "EpochsExhausted")
    scene.bench.kill_plane(WEST)
    before = outside(scene)
    wait.always("nothing is decided", lambda: outside(scene) == before, NOTHING_MOVES_SECONDS)
    assert record(scene)["epoch"] == LAST_EPOCH and "kubectl delete lease" in message(scene, "Stalled")


@pytest.mark.parametrize("epoch", [LAST_EPOCH + 1, 2**63 - 1])
def test_a_record_beyond_the_range_is_unreadable(scene, epoch):
    tampered(scene, lambda scene: write_record(scene, epoch=epoch))
    why = told(scene, "RecordUnreadable")
    command = f"kubectl delete lease planekeeper-{POLICY} -n {scene.namespace}"
    assert "epoch" in why and command in why
    scene.kubectl("delete", "lease", f"planekeeper-{POLICY}")
    wait_world(scene, WEST, 2, single_writer=True)


def test_a_record_that_contradicts_itself_moves_nobody(scene):
    """Only `to` was edited: agents would have been led to a plane that nobody decided for, as a plan that is outdated."""
    tampered(scene, lambda scene: write_record(scene, to=CENTRAL))
    why = told(scene, "RecordUnreadable")
    assert f"made {CENTRAL} active, but its address is that of {WEST}" in why
    assert lease(scene) and scene.active_in_dns() == WEST
    assert f"planekeeper.io/switch-to={WEST}/2" in why
    scene.annotate(switch_to=f"{WEST}/2")  # as it is told
    wait_world(scene, WEST, 2, single_writer=True)
