"""A hub that was built anew from Git: its etcd is empty, and the targets carry the stamps of the one before it."""

import re

import pytest

from hack.bench import wait
from hack.bench.scene import LOCK_KEY, POLICY
from world import CENTRAL, MODES, WEST, dns_stamp, events, lock_stamp, message, outside, steady, wait_answer, wait_world

BEFORE = "00000000-0000-0000-0000-00000000dead"  # the UID that kube-system had


def of_another_cluster(text):
    return re.sub(r"s=k8s/[^/]+/", f"s=k8s/{BEFORE}/", text)


def rebuild(scene, operator, single_writer=False):
    """What the next hub finds: the manifests, the targets as the last one left them, and nothing else."""
    operator.stop()
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", of_another_cluster(scene.epoch_record()))
    if single_writer:
        key = f"{{{LOCK_KEY}}}:planekeeper"
        scene.redis.set(key, of_another_cluster(scene.redis.get(key)))
    scene.kubectl("delete", "lease", f"planekeeper-{POLICY}")
    scene.kubectl("delete", "fop", POLICY)
    scene.put_policy(single_writer=single_writer)
    operator.run()


def told(scene):
    """The command in the message, as a person pastes it."""
    scene.wait_condition("Ready", "False", "AutomaticUnsafe")
    scene.wait_condition("Stalled", "True", "AutomaticUnsafe")
    return re.search(r"kubectl (annotate fop \S+ -n \S+ --overwrite planekeeper.io/takeover=\S+)$", message(scene, "Ready"))[1]


@MODES
def test_a_hub_built_anew_is_offered_a_way_back(scene, single_writer):
    operator = steady(scene, single_writer)
    rebuild(scene, operator, single_writer)
    command = told(scene)
    before = outside(scene)
    wait.always("not without a person", lambda: outside(scene) == before, 2.0)
    scene.kubectl(*command.split())
    wait_world(scene, WEST, 2, single_writer)
    wait_answer(scene, f"takeover={command.rpartition('=')[2]}", "accepted: epoch 1 of k8s/")
    assert BEFORE not in dns_stamp(scene).store
    assert not single_writer or BEFORE not in lock_stamp(scene).store
    scene.wait_condition("Ready", "True", "Steady")
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 3, single_writer, timeout=30.0)


def test_a_stamp_that_was_renewed_since_is_not_taken_over(scene):
    """The other one lives: it has decided again after the command was printed."""
    operator = steady(scene)
    rebuild(scene, operator)
    command = told(scene)
    text = scene.epoch_record()
    renewed = re.sub(r" id=[0-9a-f]+", " id=00000000000000aa", text).replace(" e=1 ", " e=2 ")
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", renewed)
    before = outside(scene)
    scene.kubectl(*command.split())
    answer = wait_answer(scene, f"takeover={command.rpartition('=')[2]}", "refused: it does not name the ownership record of epoch 2")
    assert answer.endswith("planekeeper.io/takeover=00000000000000aa")
    wait.always("left alone", lambda: outside(scene) == before, 2.0)
    scene.wait_condition("Ready", "False", "AutomaticUnsafe")


@pytest.mark.parametrize("value", ["yes", "deadbeef", ""])
def test_a_mistyped_takeover_takes_nothing(scene, value):
    operator = steady(scene)
    rebuild(scene, operator)
    told(scene)
    before = outside(scene)
    scene.annotate(takeover=value)
    if value:
        wait_answer(scene, f"takeover={value}", "refused: it does not name the ownership record of epoch 1")
    wait.always("left alone", lambda: outside(scene) == before, 2.0)
    assert "ForeignOwner" not in events(scene)
