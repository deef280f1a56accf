"""The store of the hub is replaced by an empty one under a living operator, and everything applied again from Git."""

import pytest
from own_hub import own_hub
from test_rebuilt_hub import told
from world import (
    CENTRAL,
    MODES,
    WEST,
    dns_stamp,
    lock_stamp,
    outside,
    record,
    steady,
    wait_answer,
    wait_world,
)

from hack.bench import kube, wait
from hack.bench.bench import PLANES
from hack.bench.relay import Relay
from hack.bench.scene import POLICY

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module", name="bench")
def replaceable_bench(bench):
    with own_hub(bench, "replaced") as own:
        yield own


def uid_of_hub(scene):
    return scene.bench.hub.admin.get("Namespace", "kube-system")["metadata"]["uid"]


def replace_store(scene):
    """At the same address, with the same certificates and tokens; nothing of what was in it."""
    was = uid_of_hub(scene)
    scene.bench.etcd.replace(scene.bench.hub)
    assert uid_of_hub(scene) != was
    return was


def apply_from_git(scene, single_writer=False):
    bench = scene.bench
    bench.install()
    bench.hub.ensure_namespace(scene.namespace)
    bench.put_secrets(scene.namespace)
    bench.grant(scene.namespace)
    scene.put_planes()
    scene.put_policy(single_writer=single_writer)


def check_new_store(scene, was, single_writer=False):
    store = f"k8s/{uid_of_hub(scene)}/{scene.namespace}/{POLICY}"
    assert dns_stamp(scene).store == store and was not in store
    assert not single_writer or lock_stamp(scene).store == store


@MODES
def test_a_hub_replaced_under_a_living_operator(scene, single_writer):
    operator = steady(scene, single_writer)
    before = outside(scene)
    was = replace_store(scene)
    apply_from_git(scene, single_writer)
    command = told(scene)
    assert operator.is_alive
    scene.bench.kill_plane(WEST)
    wait.always("it does not act as who it was", lambda: outside(scene) == before, 4.0)
    assert record(scene) == {}
    scene.wait_condition("Ready", "False")
    scene.wait_condition("Armed", "False", "AutomaticUnsafe")
    (line,) = [line for line in operator.logs() if "has another UID" in line["msg"]]
    assert (line["was"], line["is"]) == (was, uid_of_hub(scene))
    scene.kubectl(*command.split())
    wait_answer(scene, f"takeover={command.rpartition('=')[2]}", "accepted: epoch 1 of k8s/")
    wait_world(scene, CENTRAL, 3, single_writer, timeout=40.0)
    check_new_store(scene, was, single_writer)


def test_what_nobody_owned_is_taken_under_the_new_identity(scene):
    """The plane dies while the hub is away, and the policy that comes back has another name in DNS."""
    steady(scene)
    was = replace_store(scene)
    scene.bench.kill_plane(WEST)
    scene.dns_name = f"second.{scene.zone}"
    scene.bench.bind.replace(scene.dns_name, "A", PLANES[WEST])
    apply_from_git(scene)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    check_new_store(scene, was)


def test_a_policy_that_git_deletes_and_creates_anew(scene):
    """Another UID in the same hub: the record on its Lease is this policy's all the same, under the identity of before."""
    steady(scene, single_writer=True)
    uid = scene.policy()["metadata"]["uid"]
    scene.kubectl("delete", "fop", POLICY)
    scene.bench.kill_plane(WEST)
    scene.put_policy({"suspend": True}, single_writer=True)
    assert scene.policy()["metadata"]["uid"] != uid
    before = outside(scene)
    wait.always("suspended", lambda: outside(scene) == before, 4.0)
    scene.put_policy({"suspend": False}, single_writer=True)
    wait_world(scene, CENTRAL, 2, single_writer=True, timeout=40.0)


@pytest.fixture(name="swapped")
def plane_behind_a_wire(scene):
    """The kubeconfig of the standby leads through a wire that can be laid to another cluster; one identity fits both."""
    bench = scene.bench
    identity = bench.authority.client("operator-of-planes", "system:masters")
    with Relay(f"127.0.0.1:{bench.clusters[CENTRAL].port}") as wire:
        scene.point_at(WEST)
        text = kube.kubeconfig_text(f"https://{wire.address}", bench.authority.cert, CENTRAL, identity=identity)
        scene.put_secret(f"{CENTRAL}-kubeconfig", value=text)
        scene.put_planes(eu_central_1={"server": {"address": PLANES[CENTRAL], "port": bench.mgmt_port}})
        scene.put_policy()
        yield wire


def lay(wire, cluster):
    wire.retarget(f"127.0.0.1:{cluster.port}")


def test_another_cluster_behind_the_kubeconfig_of_a_plane(scene, swapped):
    """It becomes the operator's own: whoever is inside a plane does not switch by itself. And back."""
    operator = scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("Armed", "True", timeout=20.0)
    lay(swapped, scene.bench.hub)
    wait.until("it is inside", lambda: scene.status()["effectiveMode"] == "Advise", 30.0)
    assert "OperatorInsidePlane" in str(scene.status()["effectiveModeReason"])
    assert any("another cluster answers behind the same kubeconfig" in line["msg"] for line in operator.logs())
    lay(swapped, scene.bench.clusters[CENTRAL])
    wait.until("it is outside", lambda: scene.status()["effectiveMode"] == "Automatic", 30.0)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=40.0)
