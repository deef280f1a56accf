"""The operator-wide brake fails closed: a slip of the pen and a lost right stop everything, and the way on can be pasted."""

import os
import re
import subprocess

import pytest
from world import CENTRAL, WEST, events, message, outside, steady, wait_world

from hack.bench import tools, wait
from hack.bench.kube import OPERATOR_NAMESPACE


def check_braked(scene, operator, said):
    """It says what is wrong, decides nothing, and goes on by the command that it prints."""
    wait.until("it says so", lambda: said in message(scene, "Armed"), 10.0)
    scene.wait_condition("Armed", "False", "KillSwitch")
    wait.until("an Event says so", lambda: said in events(scene).get("KillSwitch", ""), 10.0)
    assert operator.metrics()["planekeeper_kill_switch_unclear"] == 1
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    before = outside(scene)
    wait.always("braked", lambda: outside(scene) == before, 1.0)


def paste(scene, text):
    """The command in a message, as it is, into a shell."""
    command = re.search(r"kubectl [a-z].*?(?=; |$)", text)[0]
    path = f"{tools.server('kubectl').parent}:{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(scene.bench.hub.kubeconfig), "PATH": path}
    subprocess.run(["bash", "-c", command], env=environment, check=True, timeout=30)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"killswitch": "true"}, 'has key "killswitch"'),
        ({"killSwitch": "on"}, 'is "on", neither true nor false'),
        ({"killSwitch": "false", "paused": "yes"}, 'has key "paused"'),
    ],
    ids=["key", "value", "beside"],
)
def test_what_is_not_understood_stops_everything(scene, data, said):
    operator = steady(scene)
    meta = {"name": "planekeeper", "namespace": scene.namespace}
    scene.bench.hub.admin.put({"kind": "ConfigMap", "metadata": meta, "data": data})
    check_braked(scene, operator, said)
    paste(scene, message(scene, "Armed"))
    wait_world(scene, CENTRAL, 2)


def test_no_right_to_read_it_stops_everything(scene):
    """Its namespace is the Pod's, without a flag; here the operator's ServiceAccount lives in another one."""
    admin, namespace = scene.bench.hub.admin, scene.namespace
    operator = steady(scene, leader_elect=False)
    rules = admin.get("Role", "planekeeper", namespace)["rules"]
    admin.patch("Role", "planekeeper", {"rules": [r for r in rules if "configmaps" not in r["resources"]]}, namespace)
    check_braked(scene, operator, f"ConfigMap {namespace}/planekeeper may not be read")
    account = f"--serviceaccount={namespace}:"
    assert account in message(scene, "Armed")
    paste(scene, message(scene, "Armed").replace(account, f"--serviceaccount={OPERATOR_NAMESPACE}:"))
    wait_world(scene, CENTRAL, 2)
