"""etcd is restored from a backup under a running operator: versions fall, and what comes back is of an earlier moment."""

import pytest
from own_hub import own_hub
from world import (
    CENTRAL,
    WEST,
    conditions,
    outside,
    steady,
    wait_world,
)

from hack.bench import objects, wait
from hack.bench.scene import POLICY

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module", name="bench")
def restorable_bench(bench):
    with own_hub(bench, "restored") as own:
        yield own


def churn(scene):
    """Versions rise: those of the backup are in the past by the time it comes back."""
    for number in range(20):
        scene.annotate(note=str(number))


def go_back(scene, backup):
    churn(scene)
    scene.bench.etcd.restore(backup, scene.bench.hub)


def check_stands_still(scene, before):
    """A decision may be recorded on what was known; the policy is read again before its first effect."""
    wait.always("nothing moves", lambda: outside(scene) == before, 4.0)


def test_status_of_a_dead_plane_is_corrected(scene):
    """The backup says that all is well on the plane that has died since: the targets show what was decided."""
    steady(scene, single_writer=True)
    scene.wait_condition("Ready", "True", "Steady")
    backup = scene.bench.etcd.back_up()
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    go_back(scene, backup)
    wait_world(scene, CENTRAL, 3, single_writer=True, timeout=40.0)
    wait.until("the dead plane is told", lambda: scene.plane(WEST)["status"]["role"] == "Standby", 20.0)
    scene.bench.revive_plane(WEST)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=30.0)
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 4, single_writer=True, timeout=40.0)


def test_plane_that_dies_after_the_restore_is_left(scene):
    """Nothing was decided since the backup: all goes on, under the versions that came back."""
    steady(scene)
    backup = scene.bench.etcd.back_up()
    go_back(scene, backup)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=40.0)


def test_suspended_after_the_restore(scene):
    steady(scene, single_writer=True)
    backup = scene.bench.etcd.back_up()
    go_back(scene, backup)
    scene.put_policy({"suspend": True}, single_writer=True)
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    check_stands_still(scene, before)
    wait.until("it is told", lambda: "uspended" in f"{scene.status()['message']} {conditions(scene)}", 30.0)
    scene.put_policy({"suspend": False}, single_writer=True)
    wait_world(scene, CENTRAL, 2, single_writer=True, timeout=40.0)


def test_recreated_after_the_restore(scene):
    """Another object by the same name, which says that nothing is to be done."""
    steady(scene)
    backup = scene.bench.etcd.back_up()
    go_back(scene, backup)
    scene.cluster.admin.delete("FailoverPolicy", POLICY, scene.namespace)
    scene.put_policy({"suspend": True})
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    check_stands_still(scene, before)
    scene.put_policy({"suspend": False})
    wait_world(scene, CENTRAL, 2, timeout=40.0)


def test_advise_at_a_generation_that_was_there_before(scene):
    """The operator knows generation 2, in which nothing of the kind was said."""
    steady(scene)
    backup = scene.bench.etcd.back_up()
    scene.put_policy({"maxSwitches": 99})
    generation = scene.policy()["metadata"]["generation"]
    wait.until("it was judged", lambda: scene.status()["observedGeneration"] == generation)
    go_back(scene, backup)
    scene.cluster.admin.put(
        objects.failover_policy(POLICY, scene.namespace, objects.merged(scene.policy_spec(), {"mode": "Advise"}))
    )
    assert scene.policy()["metadata"]["generation"] == generation
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    check_stands_still(scene, before)
    wait.until("it is told", lambda: scene.status()["effectiveMode"] == "Advise", 30.0)
