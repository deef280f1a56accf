"""What a person asks for by annotation: the last word is the last, whatever comes after it."""

import pytest

from hack.bench import wait
from hack.bench.scene import POLICY
from world import (
    CENTRAL,
    WEST,
    arrange,
    check_world,
    outside,
    record,
    steady,
    switch_to,
    wait_answer,
    wait_world,
)


def spec(scene, change):
    scene.cluster.admin.patch("FailoverPolicy", POLICY, {"spec": change}, scene.namespace)


def never_acts(scene, before):
    """However often it is looked at again, by this process and by the next one."""
    wait.always("what was refused does not act", lambda: outside(scene) == before, 2.0)
    assert record(scene)["epoch"] == 1


def test_what_advise_refused_is_not_done_once_the_mode_is_automatic(scene):
    operator = steady(scene, changes={"mode": "Automatic"})
    before = outside(scene)
    spec(scene, {"mode": "Advise"})
    wait.until("Advise", lambda: scene.status()["effectiveMode"] == "Advise")
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "refused: in mode Advise nothing is written")
    assert scene.status()["handledRequests"] == [f"switch-to={CENTRAL}/2"]
    spec(scene, {"mode": "Automatic"})
    wait.until("Automatic", lambda: scene.status()["effectiveMode"] == "Automatic")
    never_acts(scene, before)
    operator.stop()
    operator.run()
    operator.wait_readyz()
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    never_acts(scene, before)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "refused")
    scene.annotate(switch_to=f"{CENTRAL}/2/again")
    wait_world(scene, CENTRAL, 2)


@pytest.mark.parametrize("key", ["switch_to", "adopt"])
def test_a_plane_that_is_named_later_was_not_asked_for(scene, key):
    """A typo that an edit of something else makes sense of."""
    arrange(scene, changes={"planes": [WEST]})
    scene.operator()
    wait_world(scene, WEST, 1)
    before = outside(scene)
    scene.annotate(**{key: f"{CENTRAL}/2"})
    wait_answer(scene, f"{key.replace('_', '-')}={CENTRAL}/2", f'refused: spec.planes does not name "{CENTRAL}"')
    spec(scene, {"planes": [WEST, CENTRAL]})
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    never_acts(scene, before)


def test_an_epoch_that_is_to_come_is_no_epoch_to_ask_for(scene):
    """Else the next switch, whoever asked for it, would be followed by this one at once."""
    steady(scene)
    switch_to(scene, WEST, 3)
    answer = wait_answer(scene, f"switch-to={WEST}/3", "refused: the next epoch is 2, not 3")
    assert "planekeeper.io/" not in answer, "it is active already, so that asking again would be refused, too"
    scene.annotate(adopt=f"{WEST}/2")  # which is so
    wait_answer(scene, f"adopt={WEST}/2", "accepted: epoch 2")
    wait.always("one decision", lambda: record(scene)["epoch"] == 2, 2.0)
    check_world(scene, WEST, 2)


def test_what_stands_there_when_the_status_is_lost_does_not_act(scene):
    """A policy that Git made anew, or one from a backup: nobody knows whether it was refused."""
    operator = steady(scene)
    before = outside(scene)
    operator.stop()
    switch_to(scene, CENTRAL, 2)
    scene.kubectl(
        "patch", "fop", "gloo", "--subresource=status", "--type=json", "-p", '[{"op": "remove", "path": "/status"}]'
    )
    operator.run()
    answer = wait_answer(scene, f"switch-to={CENTRAL}/2", "refused: it stood here when the status was lost", 20.0)
    never_acts(scene, before)
    assert answer.endswith(f"planekeeper.io/switch-to={CENTRAL}/2/again")
    scene.annotate(switch_to=f"{CENTRAL}/2/again")
    wait_world(scene, CENTRAL, 2)


def test_a_request_of_while_the_operator_was_away_is_new(scene):
    operator = steady(scene)
    operator.stop()
    switch_to(scene, CENTRAL, 2)
    operator.run()
    wait_world(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "accepted: epoch 2")


def test_what_waits_is_called_waiting_and_acts(scene):
    steady(scene)
    spec(scene, {"suspend": True})
    scene.wait_condition("Armed", "False", "Suspended")
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "waiting: suspended")
    assert scene.status()["handledRequests"] == []
    spec(scene, {"suspend": False})
    wait_world(scene, CENTRAL, 2)


def test_an_epoch_to_come_is_not_acknowledged(scene):
    """It would end a cool-down that nobody has seen yet."""
    steady(scene, changes={"cooldown": "1h"})
    scene.annotate(ack="2")
    wait_answer(scene, "ack=2", "refused: the epoch in force is 1, and none to come can be acknowledged")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    assert scene.status()["handledRequests"] == ["ack=2"]


def test_a_dead_plane_is_moved_to_by_the_word_of_its_reason_alone(scene):
    steady(scene, changes={"detection": {"failoverDelay": "1h"}})
    scene.bench.kill_plane(CENTRAL)
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    before = outside(scene)
    scene.annotate(switch_to=f"{CENTRAL}/2/CertificateExpired")
    answer = wait_answer(scene, f"switch-to={CENTRAL}/2/CertificateExpired", "waiting: gate NoFitStandby blocks: ")
    assert "CertificateExpired was confirmed, which it is not; to move there all the same: " in answer
    scene.put_planes(eu_central_1={"eligible": False})
    scene.annotate(switch_to=f"{CENTRAL}/2/Unhealthy")
    wait_answer(scene, f"switch-to={CENTRAL}/2/Unhealthy", f"waiting: gate NoFitStandby blocks: {CENTRAL}: eligible: false")
    never_acts(scene, before)
    scene.put_planes(eu_central_1={"eligible": True})
    wait_world(scene, CENTRAL, 2)
    wait.always("it is not undone for what was known", lambda: record(scene)["epoch"] == 2, 1.0)
