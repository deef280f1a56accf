"""Several policies under one operator: what one does to the others, and what a replica that stands by does."""

import json

import pytest
from gallery import Gallery
from world import (
    CENTRAL,
    QUICK_LEASE,
    WEST,
    arrange,
    check_world,
    columns,
    conditions,
    leader,
    outside,
    record,
    refused_gates,
    steady,
    wait_event,
    wait_world,
)

from hack.bench import wait
from hack.bench.bench import PLANES

THREE = ("first", "second", "third")
SECOND = "second"


@pytest.fixture
def limited(bench):
    """Three policies with the same planes, and one automatic switch a minute for all of them."""
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        for name in THREE:
            gallery.add(name)
        gallery.run(extra_args=("--max-switches-per-minute=1",))
        for name in THREE:
            gallery.wait_good(name)
            gallery.wait_condition(name, "FailoverPossible", "True", "Chosen")
        yield gallery


def on(gallery, plane):
    return [name for name in THREE if gallery.traces(name)["addresses"] == {"A": {PLANES[plane]}}]


def test_the_rate_of_switches_is_limited_over_all_policies(limited):
    """Planes that die together take one policy with them a minute; the others say why they wait."""
    limited.bench.kill_plane(WEST)
    wait.until("one switched", lambda: on(limited, CENTRAL))
    (moved,) = on(limited, CENTRAL)
    limited.wait_condition(moved, "Ready", "True", "FailedOver")
    held = [name for name in THREE if name != moved]
    for name in held:
        text = "--max-switches-per-minute is reached over all policies"
        limited.wait_condition(name, "Ready", "False", "FailoverHeld", text)
        assert refused_gates(limited.scene, name) == {"SwitchRateLimited"}
        assert limited.kstatus("FailoverPolicy", name) == "InProgress"
        assert columns(limited.scene, "fop")[name]["STATUS"] == "ActiveUnhealthy"
    wait.always("held", lambda: on(limited, WEST) == held, 2.0)
    assert [record(limited.scene, name)["epoch"] for name in held] == [1, 1]


def test_a_person_is_not_held_by_the_rate_of_switches(limited):
    limited.bench.kill_plane(WEST)
    wait.until("one switched", lambda: on(limited, CENTRAL))
    asked, left = on(limited, WEST)
    limited.wait_condition(asked, "Ready", "False", "FailoverHeld")
    limited.scene.annotate(asked, switch_to=f"{CENTRAL}/2")
    limited.wait_condition(asked, "Ready", "True", "FailedOver")
    limited.bench.revive_plane(WEST)
    limited.wait_condition(left, "Ready", "True", "Steady")
    assert on(limited, WEST) == [left] and record(limited.scene, left)["epoch"] == 1


def probes(operator):
    """How many samples of health checks it has taken."""
    samples = operator.metrics().items()
    return sum(value for name, value in samples if name.startswith("planekeeper_probe_duration_seconds_count"))


def test_a_replica_without_standby_probes_looks_only_when_it_leads(scene):
    arrange(scene, single_writer=True)
    leading = scene.operator("replica-a", extra_args=QUICK_LEASE)
    standby = scene.operator("replica-b", extra_args=(*QUICK_LEASE, "--standby-probes=false"))
    warm = scene.operator("replica-c", extra_args=QUICK_LEASE)
    assert leader(leading, standby, warm) is leading
    wait_world(scene, WEST, 1, single_writer=True)
    standby.wait_readyz()
    wait.until("the others probe", lambda: min(probes(leading), probes(warm)) > 20)
    assert probes(standby) == 0
    warm.kill9()
    leading.kill9()
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    assert leader(leading, standby, warm) is standby and probes(standby) > 0


@pytest.fixture
def claimed(scene):
    """A policy at work, and a second one that names the same DNS name."""
    steady(scene)
    scene.put_policy(name=SECOND)
    wait.until("it stalls", lambda: conditions(scene, SECOND).get("Stalled") == "True DuplicateTarget")
    return scene


def test_who_owns_a_name_goes_on_and_both_policies_hear_of_it(claimed):
    """The one that came second is held back, whatever becomes of the plane."""
    scene, key = claimed, f"{claimed.namespace}/{SECOND}"
    text = (
        f"the older policy {scene.namespace}/gloo has the same DNS name: give this one another, or delete one of them"
    )
    assert scene.condition("Ready", SECOND)["message"] == text
    assert wait_event(scene, "DuplicateTarget", name=SECOND) == text
    claim = f"policy {key} claims the same DNS name; it waits, this one goes on"
    assert wait_event(scene, "DuplicateTarget") == claim
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    scene.wait_condition("Ready", "True", "FailedOver")
    assert conditions(scene, SECOND)["Stalled"] == "True DuplicateTarget"
    assert record(scene, SECOND) == {}, "it decided nothing"


def test_the_status_of_who_owns_a_name_names_the_claimant(claimed):
    """An Event is gone after an hour; who looks at the owner alone has to learn of the other."""
    key = f"{claimed.namespace}/{SECOND}"
    wait.until("it is named", lambda: key in json.dumps(claimed.status()), 5.0)
    claimed.bench.hub.admin.delete("FailoverPolicy", SECOND, claimed.namespace)
    wait.until("it is forgotten", lambda: key not in json.dumps(claimed.status()), 5.0)


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_plane_in_two_policies_serves_both_and_both_say_so(scene, when):
    second = f"second.{scene.zone}"
    scene.bench.bind.replace(second, "A", PLANES[WEST])
    arrange(scene)
    if when == "later":
        scene.operator()
        wait_world(scene, WEST, 1)
    scene.put_policy({"dns": {"name": second}}, name=SECOND)
    if when == "from the start":
        scene.operator()
        wait_world(scene, WEST, 1)
    for name, other in (("gloo", SECOND), (SECOND, "gloo")):
        told = wait_event(scene, "PlaneShared", name=name)
        assert told in [f"plane {plane} is also in policy {scene.namespace}/{other}" for plane in PLANES]
    for name in ("gloo", SECOND):
        fit = lambda name=name: conditions(scene, name).get("FailoverPossible") == "True Chosen"
        wait.until(f"{name} has a standby", fit)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    moved = lambda: scene.bench.bind.addresses(second) == {"A": {PLANES[CENTRAL]}}
    wait.until("the second moved as well", moved, 5.0)
    wait.until("it says so", lambda: conditions(scene, SECOND)["Ready"] == "True FailedOver")


def test_events_of_an_outage_and_of_its_end(scene):
    """What a person reads who was not there: when it will switch, and that the old plane is not trusted yet."""
    steady(scene, changes={"detection": {"failoverDelay": "2s"}, "failback": {"stableFor": "10s"}})
    scene.bench.kill_plane(WEST)
    told = wait_event(scene, "ActiveUnhealthy")
    assert told.startswith(f"{WEST} fails (TLS :{scene.bench.mgmt_port} connection refused")
    assert "switching at " in told and told.endswith("unless it recovers")
    wait_world(scene, CENTRAL, 2)
    scene.bench.revive_plane(WEST)
    told = wait_event(scene, "OldActiveBack")
    assert told == f"{WEST} answers again: quarantined until healthy for 10s"
    assert scene.condition("FailoverPossible")["status"] == "False"  # why is in the Event: mere words follow within a minute
    before = outside(scene)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=25.0)
    assert outside(scene) == before
    check_world(scene, CENTRAL, 2)
    listed = scene.bench.hub.kubectl_json("get", "events", "-n", scene.namespace)["items"]
    kinds = {item["reason"]: item["type"] for item in listed}
    assert {kinds[reason] for reason in ("ActiveUnhealthy", "FailoverDecided", "OldActiveBack")} == {"Warning"}
    assert {kinds[reason] for reason in ("StepDone", "FailoverComplete")} == {"Normal"}
