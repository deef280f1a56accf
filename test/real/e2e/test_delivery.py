"""Whether each plane has the configuration that a pipeline delivers is told, and decides nothing."""

import pytest
from world import CENTRAL, WEST, arrange, wait_world

from hack.bench import flux, tools, wait
from hack.bench.tools import ROOT

pytestmark = pytest.mark.timeout(240)
NAME = "gloo"


class Delivery:
    """A Kustomization in each plane's cluster, and what its controller says of it."""

    def __init__(self, scene):
        self.scene = scene
        for cluster in scene.bench.clusters.values():
            cluster.install_crds(tools.folder("judges") / "flux-crds")
            for namespace in (flux.NAMESPACE, "argocd"):
                cluster.ensure_namespace(namespace)
            cluster.kubectl("apply", "-f", str(ROOT / "manifests/samples/plane-delivery.yaml"))
            cluster.admin.put(flux.kustomization(NAME, "default"))

    def say(self, plane, status, reason="ReconciliationSucceeded", message="Applied revision: main@sha1:1"):
        admin = self.scene.bench.clusters[plane].admin
        ready = {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": flux.LONG_AGO}
        admin.patch_status("Kustomization", NAME, {"conditions": [ready]}, flux.NAMESPACE)

    def forget(self):
        for cluster in self.scene.bench.clusters.values():
            cluster.admin.delete("Kustomization", NAME, flux.NAMESPACE)


@pytest.fixture
def delivery(scene):
    made = Delivery(scene)
    yield made
    made.forget()


def test_a_standby_that_is_behind_is_told_and_taken_all_the_same(scene, delivery):
    for plane in (WEST, CENTRAL):
        delivery.say(plane, "True")
    arrange(scene)
    checks = [
        {"name": "server", "type": "TLS"},
        {"name": "deployment", "type": "Deployment"},
        {"name": "delivery", "type": "Kustomization", "object": {"namespace": flux.NAMESPACE, "name": NAME}},
    ]
    scene.put_planes(eu_west_1={"checks": checks}, eu_central_1={"checks": checks})
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("Degraded", "False", "Redundant", timeout=30.0)
    delivery.say(CENTRAL, "Unknown", "Progressing", "Reconciliation in progress")
    wait.always("a controller at work is not behind", lambda: scene.condition("Degraded")["status"] == "False", 2.0)
    delivery.say(CENTRAL, "False", "BuildFailed", "kustomize build failed: no such file")
    told = scene.wait_condition("Degraded", "True", "ConfigurationBehind", timeout=30.0)["message"]
    assert f"{CENTRAL}: Kustomization flux-system/gloo not in sync, BuildFailed: kustomize build failed: no such file" in told
    plane = {item["type"]: item for item in scene.plane(CENTRAL)["status"]["conditions"]}
    assert (plane["Degraded"]["status"], plane["Degraded"]["reason"]) == ("True", "CheckLacking")
    assert plane["Ready"]["status"] == "True"
    assert scene.condition("FailoverPossible")["status"] == "True"
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=40.0)
    scene.wait_condition("Degraded", "True", "NoStandby", timeout=30.0)
    assert "Kustomization flux-system/gloo not in sync" in scene.condition("Degraded")["message"]
