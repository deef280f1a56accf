"""A failover that is recorded one failure before it is due: begun without another write before, or not needed."""

from test_rolling_upgrade import last_release, take_over  # noqa: F401  (a fixture)
from world import CENTRAL, MODES, QUICK_LEASE, WEST, arrange, check_world, conditions, outside, record, steady, switch_to, wait_world

from hack.bench import wait

PREPARE = ("--prepare-failovers",)
# Two failures prepare and the third decides, three seconds apart: time to look at what is between.
SLOW = {
    "detection": {"interval": "3s", "timeout": "1s", "failureThreshold": 3, "failoverDelay": "0s"},
    "failback": {"stableFor": "5s"},
}
# The same with time enough for a person, on a machine that is busy.
SLOWER = {**SLOW, "detection": {**SLOW["detection"], "interval": "6s"}, "failback": {"stableFor": "8s"}}


def prepared(scene) -> dict:
    return record(scene).get("prepared", {})


def wait_prepared(scene, timeout=15.0) -> dict:
    return wait.until("it is prepared", lambda: prepared(scene), timeout, poll=0.05)


@MODES
def test_what_is_prepared_is_begun_under_its_own_epoch(scene, single_writer):
    steady(scene, single_writer, SLOW, extra_args=PREPARE)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    found = wait_prepared(scene)
    kept = record(scene)
    assert (kept["v"], kept["epoch"], kept["phase"], kept["to"]) == (3, 1, "Steady", WEST)
    assert (found["epoch"], found["to"]) == (2, CENTRAL)
    wait.until("the status shows it", lambda: scene.status().get("prepared", {}).get("epoch") == 2, 2.5, poll=0.05)
    assert any("prepared as epoch 2" in line for line in scene.status()["runbook"])
    assert outside(scene) == before  # nothing is done for it
    wait_world(scene, CENTRAL, 2, single_writer)
    decided = record(scene)
    assert (decided["v"], decided["id"], "prepared" in decided) == (1, found["id"], False)
    assert "it was prepared" in scene.status()["lastDecision"]["message"]
    assert scene.status().get("prepared") is None


def test_what_is_not_needed_is_given_up_and_its_epoch_never_used(scene):
    operator = steady(scene, changes=SLOW, extra_args=PREPARE)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    wait_prepared(scene)
    scene.bench.revive_plane(WEST)
    wait.until("it is given up", lambda: record(scene).get("givenUp") == 2, 15.0)
    kept = record(scene)
    assert (kept["v"], kept["epoch"], kept["phase"], kept["to"]) == (1, 1, "Steady", WEST)
    assert outside(scene) == before
    samples = operator.metrics()
    told = {name: value for name, value in samples.items() if name.startswith("planekeeper_prepared_total")}
    assert sorted(told.values()) == [1.0, 1.0]
    switch_to(scene, CENTRAL, 2)  # as the status said before the blip
    wait_world(scene, CENTRAL, 3)


def test_a_suspension_after_it_was_prepared_is_honoured(scene):
    steady(scene, changes=SLOWER, extra_args=PREPARE)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=40.0)
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    wait_prepared(scene, 60.0)
    scene.put_policy({**SLOWER, "suspend": True})
    wait.always("suspended", lambda: outside(scene) == before, 15.0)
    assert record(scene)["epoch"] == 1
    scene.put_policy({**SLOWER, "suspend": False})
    wait_world(scene, CENTRAL, 2)


def test_another_leader_decides_over_what_it_did_not_prepare(scene):
    arrange(scene, False, SLOW)
    first = scene.operator("first", extra_args=(*QUICK_LEASE, *PREPARE))
    first.wait_readyz()
    wait.until("it leads", first.is_leader, 10.0)
    second = scene.operator("second", extra_args=(*QUICK_LEASE, *PREPARE))
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.bench.kill_plane(WEST)
    found = wait_prepared(scene)
    first.kill9()
    wait.until("the other leads", second.is_leader, 10.0)
    wait_world(scene, CENTRAL, 3)
    assert record(scene)["id"] != found["id"]
    check_world(scene, CENTRAL, 3)


def test_the_last_release_freezes_on_what_is_prepared(scene, last_release):  # noqa: F811
    """It would decide under the very epoch that is taken. This release goes on from there."""
    arrange(scene, False, SLOW)
    first = scene.operator("first", extra_args=(*QUICK_LEASE, *PREPARE))
    first.wait_readyz()
    wait.until("it leads", first.is_leader, 10.0)
    old = scene.operator("old", program=last_release, extra_args=QUICK_LEASE)
    old.wait_readyz()
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    wait_prepared(scene)
    take_over(scene, first, old, "kill9")
    wait.until("it says so", lambda: conditions(scene).get("Stalled") == "True RecordUnreadable", 15.0)
    assert outside(scene) == before
    assert record(scene)["v"] == 3
    this = scene.operator("this", extra_args=QUICK_LEASE)
    this.wait_readyz()
    take_over(scene, old, this, "kill9")
    wait_world(scene, CENTRAL, 3)
