"""A Lease in the hub and in each plane's own cluster names the active plane, and expires where the operator cannot reach."""

import datetime

import pytest
from world import CENTRAL, WEST, arrange, record, switch_to, wait_world

from hack.bench import objects, wait
from hack.bench.relay import Relay
from hack.bench.tools import ROOT

LEASE, NAMESPACE, SECONDS = "planekeeper-active", objects.MGMT_NAMESPACE, 6


@pytest.fixture(name="clusters")
def rights_and_no_lease(scene):
    clusters = {"hub": scene.bench.hub, **scene.bench.clusters}
    for name, cluster in clusters.items():
        cluster.ensure_namespace(NAMESPACE)
        cluster.admin.delete("Lease", LEASE, NAMESPACE)
        if name != "hub":
            cluster.kubectl("apply", "-f", str(ROOT / "manifests/samples/announce-rbac.yaml"))
    return clusters


def announce(**changes):
    return {"announce": {"namespace": NAMESPACE, "leaseDuration": f"{SECONDS}s", **changes}}


def told(cluster):
    """The plane that the Lease names, and its epoch."""
    lease = cluster.admin.find("Lease", LEASE, NAMESPACE)
    assert lease is not None, f"no Lease in {cluster.name}"
    return lease["spec"]["holderIdentity"], int(lease["metadata"]["annotations"]["planekeeper.io/epoch"])


def is_expired(cluster):
    """By the rule of every client of a Lease: it was not renewed within its own duration."""
    spec = cluster.admin.get("Lease", LEASE, NAMESPACE)["spec"]
    renewed = datetime.datetime.fromisoformat(spec["renewTime"])
    return datetime.datetime.now(datetime.UTC) - renewed > datetime.timedelta(seconds=spec["leaseDurationSeconds"])


def wait_told(clusters, plane, epoch):
    def probe():
        for cluster in clusters.values():
            assert told(cluster) == (plane, epoch)
            assert not is_expired(cluster)
        return True

    wait.until(f"{plane} is announced under epoch {epoch}", probe, 40.0)


def test_every_cluster_is_told_who_is_active_and_follows_a_switch(scene, clusters):
    arrange(scene, changes=announce())
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_told(clusters, WEST, 1)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait_told(clusters, CENTRAL, 2)
    wait.always("it is renewed", lambda: not any(is_expired(cluster) for cluster in clusters.values()), 2.0 * SECONDS)


def test_a_cluster_that_is_cut_off_sees_it_expire(scene, clusters):
    with Relay(f"127.0.0.1:{scene.bench.clusters[WEST].port}") as wire:
        scene.put_secret(f"{WEST}-kubeconfig", value=scene.bench.plane_kubeconfig(WEST, f"https://{wire.address}"))
        arrange(scene, changes=announce())
        scene.operator()
        wait_told(clusters, WEST, 1)
        wire.refuse()
        wire.break_connections()
        wait.until("it expires there", lambda: is_expired(clusters[WEST]), 4.0 * SECONDS)
        assert not is_expired(clusters[CENTRAL])
        wire.heal()
        wait.until("it is renewed", lambda: not is_expired(clusters[WEST]), 60.0)


def test_a_lease_of_another_owner_stays_and_is_told(scene, clusters):
    spec = {"holderIdentity": "somebody", "leaseDurationSeconds": 15}
    foreign = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE, "namespace": NAMESPACE}, "spec": spec}
    clusters[CENTRAL].admin.put(foreign)
    arrange(scene, changes=announce())
    scene.operator()
    wait_world(scene, WEST, 1)
    reason = scene.wait_condition("Degraded", "True", "AnnouncementStale", 60.0)["message"]
    assert f"Lease {NAMESPACE}/{LEASE} in {CENTRAL}: it is no announcement of Planekeeper" in reason
    assert clusters[CENTRAL].admin.get("Lease", LEASE, NAMESPACE)["spec"]["holderIdentity"] == "somebody"
    decided = record(scene)
    assert told(clusters["hub"]) == (decided["to"], decided["epoch"])
