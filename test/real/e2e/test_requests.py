"""What a person asks for by annotation: the last word is the last, whatever comes after it."""

from hack.bench import wait
from hack.bench.scene import POLICY
from world import (
    CENTRAL,
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
