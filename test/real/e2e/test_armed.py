"""ARMED: whether a dead active plane would be left without a person, in every state that used to look Steady."""

import re
import shlex
import time

import pytest
from world import CENTRAL, WEST, arrange, columns, message, steady, wait_event, wait_world

from hack.bench import wait

CAN_BE_PASTED = re.compile(r"kubectl (?:patch|annotate) .*?(?=;|$)")


def armed(scene):
    return columns(scene, "fop")["gloo"]["ARMED"]


def wait_armed(scene, word, text=""):
    scene.wait_condition("Armed", "True" if word == "True" else "False", "Armed" if word == "True" else word)
    wait.until(f"{word}: {text}", lambda: text in message(scene, "Armed") and armed(scene) == word)
    return message(scene, "Armed")


def paste(scene, text):
    """The command that the sentence ends in, as a person pastes it."""
    (command,) = CAN_BE_PASTED.findall(text)
    scene.kubectl(*shlex.split(command)[1:])


def test_a_suspended_policy_does_not_look_steady_and_its_sentence_arms_it(scene):
    operator = steady(scene, single_writer=True)
    wait_armed(scene, "True", f"agents are moved to {CENTRAL} without a person")
    scene.put_policy({"suspend": True}, single_writer=True)
    text = wait_armed(scene, "Suspended", "to arm: kubectl patch fop gloo")
    row = columns(scene, "fop", "-o", "wide")["gloo"]
    assert (row["READY"], row["STATUS"], row["FAILOVER"]) == ("True", "Suspended", "ByHand")
    assert row["MESSAGE"] == f"{WEST} is active and healthy; spec.suspend is true, so no failover happens by itself"
    assert message(scene, "FailoverPossible").endswith("; not by itself: Armed is False, Suspended")
    assert wait_event(scene, "NotArmed").startswith("Suspended: spec.suspend is true")
    labels, metrics = f'namespace="{scene.namespace}",policy="gloo"', operator.metrics()
    assert metrics[f"planekeeper_armed{{{labels}}}"] == 0
    assert metrics[f'planekeeper_armed_reason{{{labels},reason="Suspended"}}'] == 1
    assert metrics[f'planekeeper_armed_reason{{{labels},reason="Armed"}}'] == 0
    paste(scene, text)
    wait_armed(scene, "True")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_advise_says_how_to_arm(scene):
    arrange(scene, changes={"mode": "Advise"})
    scene.operator()
    text = wait_armed(scene, "Advise", "to arm: kubectl patch")
    paste(scene, text)
    wait_armed(scene, "True")


def test_cooling_down_has_an_end_and_a_command(scene):
    steady(scene, changes={"cooldown": "1h", "maxSwitches": 2, "failback": {"stableFor": "5s"}})
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    wait_armed(scene, "NoStandby", f"no plane could take over: {WEST}: unhealthy")
    scene.bench.revive_plane(WEST)
    text = wait_armed(scene, "CoolingDown", "cooling down until")
    until = scene.status()["cooldownUntil"]
    assert until[:19] in text
    paste(scene, text)
    wait_armed(scene, "True")
    assert scene.status().get("cooldownUntil") is None
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3)
    scene.bench.revive_plane(CENTRAL)
    wait_armed(scene, "CoolingDown", "; also: LimitReached: maxSwitches 2 in 24h is reached until")


def test_the_kill_switch_is_released_by_what_is_printed(scene):
    steady(scene)
    meta = {"name": "planekeeper", "namespace": scene.namespace}
    scene.bench.hub.admin.put({"kind": "ConfigMap", "metadata": meta, "data": {"killSwitch": "true"}})
    text = wait_armed(scene, "KillSwitch", "nothing decides anywhere; to arm: kubectl patch configmap planekeeper")
    assert columns(scene, "fop")["gloo"]["STATUS"] == "KillSwitch"
    paste(scene, text)
    wait_armed(scene, "True")


@pytest.mark.parametrize(
    ("changes", "word", "text"),
    [
        ({"planes": [WEST]}, "NoStandby", "the policy names no other plane"),
        ({"dns": {"rfc2136": {"tsigSecretRef": {"name": "nobody-made-it"}}}}, "CredentialsInvalid", "nobody-made-it"),
    ],
)
def test_what_keeps_it_from_switching_is_said(scene, changes, word, text):
    steady(scene)
    scene.put_policy(changes)
    wait_armed(scene, word, text)


def test_a_status_says_when_it_was_judged(scene):
    operator = steady(scene)
    name = f'planekeeper_last_evaluation_timestamp_seconds{{namespace="{scene.namespace}",policy="gloo"}}'
    assert abs(time.time() - operator.metrics()[name]) < 15
    for kind in ("fop", "mplane"):
        for row in columns(scene, kind, "-o", "wide").values():
            assert re.fullmatch(r"\d+s", row["JUDGED"]), row
    first = scene.status()["judgedAt"]
    operator.stop()
    wait.until("it is seen to be old", lambda: int(columns(scene, "fop", "-o", "wide")["gloo"]["JUDGED"][:-1]) > 2)
    assert scene.status()["judgedAt"] == first and scene.condition("Ready")["status"] == "True"
