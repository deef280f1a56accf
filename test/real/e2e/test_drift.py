"""drift: Enforce on real targets: what a person writes over the record or the lock is put back, and when it is not."""

import datetime
import json

import pytest
from test_modes import FOREIGN
from world import (
    WEST,
    dns_stamp,
    lease,
    message,
    outside,
    record,
    steady,
    wait_event,
    wait_world,
)

from hack.bench import wait

ENFORCE = {"drift": "Enforce"}
BY_HAND = "127.0.9.9"
NOTICED = 45.0  # records are read every 30 s

pytestmark = pytest.mark.timeout(240)


def edit(scene):
    """As a person edits: the address, and nothing of the stamp beside it."""
    scene.bench.bind.replace(scene.dns_name, "A", BY_HAND)


def count(operator, scene, reason):
    name = f'planekeeper_decisions_total{{namespace="{scene.namespace}",policy="gloo",reason="{reason}"}}'
    return operator.metrics().get(name, 0)


def test_an_edit_of_the_record_is_put_back(scene):
    operator = steady(scene, single_writer=True, changes=ENFORCE)
    edit(scene)
    wait_world(scene, WEST, 2, single_writer=True, timeout=NOTICED)
    assert record(scene)["reason"] == "DriftEnforced" and len(record(scene)["enforced"]) == 1
    assert count(operator, scene, "DriftEnforced") == 1
    assert "epoch 2" in wait_event(scene, "DriftEnforced")
    assert BY_HAND in scene.status()["lastDecision"]["message"]
    assert scene.status()["history"][0]["reason"] == "DriftEnforced"


def test_another_owners_stamp_is_never_written_over(scene):
    steady(scene, changes=ENFORCE)
    edit(scene)
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", FOREIGN)
    scene.wait_condition("Stalled", "True", "ForeignOwner", timeout=NOTICED)
    before = outside(scene)
    wait.always("foreign", lambda: outside(scene) == before, 1.5)
    assert scene.epoch_record() == FOREIGN and record(scene)["epoch"] <= 2


def test_who_fights_back_is_let_until_a_person_looks(scene):
    steady(scene, changes=ENFORCE)
    now = datetime.datetime.now(datetime.UTC)
    fought = {**record(scene), "enforced": []}
    for minutes in (2, 4, 6):
        past = now - datetime.timedelta(minutes=minutes)
        fought["enforced"].append(past.strftime("%Y-%m-%dT%H:%M:%S.000000Z"))
    annotation = {"planekeeper.io/record": json.dumps(fought)}
    name = lease(scene)["metadata"]["name"]
    scene.bench.hub.admin.patch("Lease", name, {"metadata": {"annotations": annotation}}, scene.namespace)
    edit(scene)
    scene.wait_condition("Drift", "True", "Drift", timeout=NOTICED)
    assert "put back 3 times within 10m" in message(scene, "Drift") and "fights back" in message(scene, "Drift")
    before = outside(scene)
    wait.always("a truce", lambda: outside(scene) == before, 1.5)
    scene.annotate(ack="1")
    wait_world(scene, WEST, 2, timeout=NOTICED)
    assert dns_stamp(scene).epoch == 2
