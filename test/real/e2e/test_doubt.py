"""The operator's own lateness: a suspended process throws its samples away, says so, and goes on."""

import time

from world import CENTRAL, WEST, check_world, outside, steady, wait_event, wait_world

from hack.bench import wait


def test_a_suspended_operator_says_that_its_samples_are_doubtful(scene):
    operator = steady(scene)
    operator.pause()
    time.sleep(3.0)  # the suspension itself, which is what is tested
    operator.resume()
    assert "samples are discarded" in wait_event(scene, "LoopLate")
    scene.wait_condition("ActiveHealthy", "True", "ProbesPassed")  # it is over by itself
    late = [line for line in operator.logs() if line.get("reason") == "LoopLate"]
    assert len(late) == 1 and operator.metrics()["planekeeper_loop_late_total"] >= 1
    before = outside(scene)
    wait.always("nothing was decided", lambda: outside(scene) == before, 1.0)
    check_world(scene, WEST, 1)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
