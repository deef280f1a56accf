"""A plane that a person works on: not judged, not chosen, not left by itself; and it ends by itself."""

import datetime

from world import CENTRAL, WEST, check_world, columns, message, outside, refused_gates, steady, switch_to, wait_answer
from world import wait_event, wait_world

from hack.bench import wait


def maintain(scene, plane, text):
    annotation = {"planekeeper.io/maintenance-until": text}
    scene.bench.hub.admin.patch("ManagementPlane", plane, {"metadata": {"annotations": annotation}}, scene.namespace)


def ahead(**how_long):
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(**how_long)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def plane_condition(scene, plane, kind):
    conditions = scene.plane(plane).get("status", {}).get("conditions", [])
    return next((item for item in conditions if item["type"] == kind), {})


def wait_plane(scene, plane, kind, status, reason):
    def probe():
        found = plane_condition(scene, plane, kind)
        assert (found.get("status"), found.get("reason")) == (status, reason), found
        return found

    return wait.until(f"{plane} {kind}={status} {reason}", probe, 15.0)


def test_the_active_plane_is_not_left_until_it_ends(scene):
    steady(scene)
    until = ahead(seconds=12)
    maintain(scene, WEST, until)
    wait_plane(scene, WEST, "Maintenance", "True", "MaintenanceUntil")
    scene.wait_condition("Degraded", "True", "MaintenanceUntil")
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "Unknown", "MaintenanceUntil")
    scene.wait_condition("ActiveHealthy", "Unknown", "MaintenanceUntil")
    assert WEST in message(scene, "Ready") and until in message(scene, "Ready")
    assert columns(scene, "fop")["gloo"]["STATUS"] == "Maintenance"
    wait_plane(scene, WEST, "Ready", "Unknown", "MaintenanceUntil")
    assert columns(scene, "mplane")[WEST]["ELIGIBLE"] == "Maintenance"
    assert "MaintenanceUntil" in refused_gates(scene)
    assert until in wait_event(scene, "MaintenanceUntil")
    before = outside(scene)
    wait.always("not judged", lambda: outside(scene) == before, 1.5)
    wait_world(scene, CENTRAL, 2, timeout=30.0)
    assert scene.status()["lastSwitch"]["startedAt"] >= until[:-1]
    wait_plane(scene, WEST, "Maintenance", "False", "MaintenanceEnded")


def test_a_person_may_leave_it_and_nobody_goes_there(scene):
    steady(scene)
    maintain(scene, CENTRAL, ahead(hours=1))
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    assert "in maintenance until" in message(scene, "FailoverPossible")
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", f"waiting: gate NoFitStandby blocks: {CENTRAL}: in maintenance until")
    scene.bench.kill_plane(WEST)
    wait.until("held", lambda: "NoFitStandby" in refused_gates(scene), 15.0)
    check_world(scene, WEST, 1)
    scene.bench.revive_plane(WEST)
    maintain(scene, CENTRAL, None)
    wait_world(scene, CENTRAL, 2)
    maintain(scene, CENTRAL, ahead(hours=1))
    scene.wait_condition("Degraded", "True")
    switch_to(scene, WEST, 3)
    wait_world(scene, WEST, 3)


def test_what_cannot_be_meant_is_said_and_ignored(scene):
    steady(scene)
    maintain(scene, WEST, "tomorrow\nnoon")
    found = wait_plane(scene, WEST, "Maintenance", "False", "MaintenanceInvalid")
    assert '"tomorrow?noon" is no time and ignored' in found["message"]
    maintain(scene, WEST, ahead(days=8))
    found = wait_plane(scene, WEST, "Maintenance", "False", "MaintenanceTooLong")
    assert "more than 7 days ahead" in found["message"]
    assert columns(scene, "mplane")[WEST]["ELIGIBLE"] == "True"
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
