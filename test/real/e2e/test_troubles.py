"""Troubles do not hide each other: what a switch waits for, what is wrong beside it, and who has to mend it."""

from trouble import dns_takes_no_updates, wait_step
from world import CENTRAL, WEST, conditions, message, outside, steady, switch_to, wait_world

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.scene import LOCK_KEY


def look_now(scene):
    """Targets are read every 30 s, and at once when a person asks."""
    switch_to(scene, CENTRAL, 99)


def test_planes_of_one_writer_under_two_cluster_names_are_told(scene):
    steady(scene, single_writer=True)
    scene.put_planes(eu_west_1={"clusterName": "mgmt-west"}, eu_central_1={"clusterName": "mgmt-central"})
    told = scene.wait_condition("Degraded", "True", "ClusterNamesDiffer", timeout=30.0)
    assert f"{WEST} is installed as cluster mgmt-west and {CENTRAL} as mgmt-central" in told["message"]
    scene.put_planes(eu_west_1={"clusterName": "mgmt"}, eu_central_1={"clusterName": "mgmt"})
    scene.wait_condition("Degraded", "False", "Redundant", timeout=30.0)


def test_a_refusal_that_lasts_is_stalled_in_a_switch_too(scene):
    steady(scene, single_writer=True)
    with dns_takes_no_updates(scene):
        scene.bench.kill_plane(WEST)
        scene.wait_condition("Ready", "False", "DNSRefused")
        scene.wait_condition("Stalled", "True", "DNSRefused", timeout=20.0)
        assert "Reconciling" not in conditions(scene)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait.until("nobody is needed", lambda: "Stalled" not in conditions(scene))


def test_a_destination_that_dies_while_the_route_is_refused_is_said_and_left(scene):
    """The lock is at CENTRAL, the name still at WEST; when the zone thaws it must not lead to the dead one."""
    steady(scene, single_writer=True)
    with dns_takes_no_updates(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Route")
        scene.bench.kill_plane(CENTRAL)
        scene.wait_condition("Degraded", "True", "DestinationDown")
        said = f"{CENTRAL}, where the switch moves to, fails ("
        wait.until("Ready says so", lambda: said in message(scene, "Ready"))
        assert "and is not left for another plane: gate SameSymptomEverywhere blocks:" in message(scene, "Ready")
        assert "; also: SwitchInProgress:" in message(scene, "Degraded")
        scene.bench.revive_plane(WEST)
        wait.until("turned", lambda: scene.redis.get(LOCK_KEY) == WEST, 30.0)
        assert scene.addresses() == {"A": frozenset({PLANES[WEST]})}
    wait_world(scene, WEST, 3, single_writer=True)


def test_a_name_that_leads_to_a_plane_which_may_not_write_is_not_ready(scene):
    steady(scene, single_writer=True)
    scene.bench.bind.replace(scene.dns_name, "A", PLANES[CENTRAL])
    look_now(scene)
    scene.wait_condition("Ready", "False", "Drift", timeout=45.0)
    scene.wait_condition("Stalled", "True", "Drift")
    text = f"{scene.dns_name} leads agents to {CENTRAL}, which may not write: lock {LOCK_KEY} holds \"{WEST}\""
    assert message(scene, "Ready").startswith(text)
    scene.wait_condition("Armed", "False", "Drift")
    before = outside(scene)
    wait.always("it is reported, not fought", lambda: outside(scene) == before, 1.0)
    scene.bench.bind.replace(scene.dns_name, "A", PLANES[WEST])
    switch_to(scene, CENTRAL, 98)
    scene.wait_condition("Ready", "True", "Steady", timeout=45.0)


def test_in_all_clusters_a_drift_to_another_plane_is_ready(scene):
    """Every plane may write: agents are served, though not where it is recorded."""
    steady(scene)
    scene.bench.bind.replace(scene.dns_name, "A", PLANES[CENTRAL])
    look_now(scene)
    scene.wait_condition("Drift", "True", "Drift", timeout=45.0)
    assert conditions(scene)["Ready"] == "True Steady"
