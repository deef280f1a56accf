"""What detection must not be misled by: an edit, a restart that forgets where everybody lives."""

import time

import pytest
from world import CENTRAL, WEST, instant, steady, told_time, wait_world

from hack.bench import wait
from hack.bench.bench import PLANES

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
