"""What was seen once is not what is: servers that forget behind one address."""

import pytest
from trouble import dns_takes_no_updates
from world import (
    CENTRAL,
    WEST,
    lock_stamp,
    record,
    steady,
    wait_world,
)

from hack.bench import wait
from hack.bench.scene import LOCK_KEY

STAMP_KEY = f"{{{LOCK_KEY}}}:planekeeper"
SECONDS_FROZEN = 3.0  # longer than a look at the lock may be old

pytestmark = pytest.mark.timeout(240)


def lose_the_last_write(redis, before):
    """As an address does that leads to a replica which never had it."""
    redis.mset(before)


def lose_everything(redis, before):
    redis.delete(*before)


def name_the_plane_by_hand_again(redis, before):
    redis.set(LOCK_KEY, before[LOCK_KEY])


def forget_behind_dns_takes_no_updates(scene, forget):
    """The lock is moved to epoch 2 while the zone takes no updates, and then Redis shows something older."""
    before = {key: scene.redis.get(key) for key in (LOCK_KEY, STAMP_KEY)}
    with dns_takes_no_updates(scene):
        scene.annotate(switch_to=f"{CENTRAL}/2")
        wait.until("the lock is moved", lambda: lock_stamp(scene).epoch == 2)
        forget(scene.redis, before)
        wait.always("the name stays", lambda: scene.active_in_dns() == WEST, SECONDS_FROZEN)
        # What a look every ten seconds finds meanwhile is not what this is about.
        forget(scene.redis, before)


@pytest.mark.parametrize("forget", [lose_the_last_write, lose_everything])
def test_the_name_never_follows_a_lock_that_redis_forgot(scene, forget):
    steady(scene, single_writer=True)
    forget_behind_dns_takes_no_updates(scene, forget)

    def follows() -> bool:
        moved = scene.active_in_dns() == CENTRAL
        assert not moved or (scene.lock() == CENTRAL and lock_stamp(scene).epoch == 2), "the name moved first"
        return moved

    wait.until("the name moves", follows, 20.0, 0.01)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_a_lock_that_was_edited_meanwhile_is_drift_and_the_name_stays(scene):
    steady(scene, single_writer=True)
    forget_behind_dns_takes_no_updates(scene, name_the_plane_by_hand_again)
    scene.wait_condition("Drift", "True", "Drift", timeout=20.0)
    wait.always("the name stays", lambda: scene.active_in_dns() == WEST, 1.0)
    assert scene.lock() == WEST and record(scene)["phase"] == "Switching"


# ---- looks that go unanswered ----
