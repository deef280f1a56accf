"""A field of an object on a real API server follows each switch: in the operator's own cluster, and in another one that it reaches by a
kubeconfig. No switch waits for it, and nothing but the field and one annotation is touched."""

import json
import subprocess

import pytest
from world import CENTRAL, WEST, arrange, conditions, message, record, stamp, switch_to, wait_world

from hack.bench import kube, objects, wait
from hack.bench.relay import Relay
from hack.bench.tools import ROOT

NAME, PATH, STAMP = "delivery", "/data/active", "planekeeper.io/stamp"
USER = "planekeeper-hub"

pytestmark = pytest.mark.timeout(240)


def role(namespace, user, kind):
    """What the page of this driver shows, for the ConfigMap of these tests."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NAME], "verbs": ["get", "patch"]}
    subject = {"kind": kind, "name": user}
    subject |= {"namespace": kube.OPERATOR_NAMESPACE} if kind == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"}
    meta = {"name": "planekeeper-pipeline", "namespace": namespace}
    api = "rbac.authorization.k8s.io/v1"
    yield {"apiVersion": api, "kind": "Role", "metadata": meta, "rules": [rule]}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": meta["name"]}
    yield {"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]}


class Hub:
    """The cluster that has the object, and a person's own way to it."""

    def __init__(self, scene, cluster):
        self.scene, self.cluster, self.namespace = scene, cluster, scene.namespace
        cluster.ensure_namespace(self.namespace)
        meta = {"name": NAME, "namespace": self.namespace, "labels": {"team": "delivery"}}
        cluster.admin.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"active": WEST, "other": "untouched"}})

    def grant(self, user, kind="ServiceAccount"):
        for thing in role(self.namespace, user, kind):
            self.cluster.admin.put(thing)

    def get(self):
        return self.cluster.admin.get("ConfigMap", NAME, self.namespace)

    def edit(self, value):
        self.cluster.admin.patch("ConfigMap", NAME, {"data": {"active": value}}, self.namespace)

    def check(self, plane, epoch):
        found = self.get()
        seen = stamp(found["metadata"]["annotations"].get(STAMP))
        assert found["data"] == {"active": plane, "other": "untouched"}
        assert (seen.plane, seen.epoch) == (plane, epoch)
        assert found["metadata"]["labels"] == {"team": "delivery"}
        return True

    def wait(self, plane, epoch, timeout=30.0):
        wait.until(f"{NAME} on {plane} under epoch {epoch}", lambda: self.check(plane, epoch), timeout)


def pipeline(scene, hub=None, **changes):
    item = {"name": "delivery", "object": {"apiVersion": "v1", "resource": "configmaps", "namespace": scene.namespace, "name": NAME, "path": PATH, "value": "{name}"}}
    item["object"] |= changes
    if hub:
        item["kubeConfig"] = {"secretRef": {"name": "hub"}}
    return {"pipeline": [item]}


def shown(scene):
    return scene.status()["targets"]["pipeline"][0]


def degraded(scene):
    return scene.condition("Degraded")


@pytest.fixture(name="own")
def own_cluster(scene):
    hub = Hub(scene, scene.bench.hub)
    hub.grant("planekeeper")
    return hub


@pytest.fixture(name="far")
def another_cluster(scene):
    """Reached through a wire that a test may cut."""
    hub = Hub(scene, scene.bench.clusters[CENTRAL])
    hub.grant(USER, "User")
    relay = Relay(hub.cluster.url.removeprefix("https://"))
    identity = hub.cluster.authority.client(USER)
    url = f"https://{relay.host}:{relay.port}"
    hub.kubeconfig = kube.kubeconfig_text(url, hub.cluster.authority.cert, "hub", identity=identity)
    scene.put_secret("hub", kubeconfig=hub.kubeconfig)
    hub.relay = relay
    yield hub
    relay.close()


def test_the_field_follows_every_switch(scene, own):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)
    own.wait(WEST, 1)
    decided = record(scene)
    assert decided["v"] == 2
    assert [target["kind"] for target in decided["plan"]["targets"]] == ["dns", "pipeline"]
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    own.wait(CENTRAL, 2)
    wait.until("status shows it", lambda: shown(scene)["epoch"] == 2, 10.0)
    assert shown(scene)["value"] == CENTRAL
    assert shown(scene)["server"] == "this cluster"
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, timeout=40.0)
    own.wait(WEST, 3)


def test_another_cluster_by_its_kubeconfig(scene, far):
    arrange(scene, changes=pipeline(scene, far))
    scene.operator()
    wait_world(scene, WEST, 1)
    far.wait(WEST, 1)
    switch_to(scene, CENTRAL, 2)
    far.wait(CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)


def test_a_hub_that_is_down_holds_no_switch_up_and_is_moved_when_it_is_back(scene, far):
    arrange(scene, changes=pipeline(scene, far))
    scene.operator()
    wait_world(scene, WEST, 1)
    far.wait(WEST, 1)
    far.relay.refuse()
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    assert conditions(scene)["Ready"].startswith("True")

    def told():
        assert "PipelineStale" in json.dumps(degraded(scene))
        assert "lacks epoch 2" in degraded(scene)["message"]
        return True

    wait.until("it is told that it lags", told, 40.0)
    assert far.check(WEST, 1)
    far.relay.heal()
    far.wait(CENTRAL, 2, timeout=60.0)
    wait.until("nothing lags", lambda: "Pipeline" not in json.dumps(degraded(scene)), 60.0)


def test_a_persons_edit_is_told_and_stays(scene, own):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    own.wait(WEST, 1)
    own.edit("by hand")
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert '"by hand"' in message(scene, "Drift")
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait.always("the edit stays", lambda: own.get()["data"]["active"] == "by hand", 3.0)


def test_what_is_changed_between_look_and_write_is_not_overwritten(scene, far):
    """The operator's looks are seconds old when it writes: the resourceVersion that it saw goes with the write."""
    arrange(scene, changes=pipeline(scene, far))
    scene.operator()
    far.wait(WEST, 1)
    far.edit("by hand")
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait.always("the edit stays", lambda: far.get()["data"]["active"] == "by hand", 5.0)
    scene.wait_condition("Drift", "True", timeout=60.0)


def test_what_else_changes_in_the_object_delays_nothing(scene, own):
    """As a controller's status does: the version is another one, and field and annotation are the same."""
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    own.wait(WEST, 1)
    own.cluster.admin.patch("ConfigMap", NAME, {"metadata": {"annotations": {"example.com/seen": "now"}}}, own.namespace)
    switch_to(scene, CENTRAL, 2)
    own.wait(CENTRAL, 2)


def test_another_manager_of_the_field_is_told_before_a_failover(scene, own):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "namespace": own.namespace}, "data": {"active": WEST}}
    apply = ("apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller", "-f", "-")
    scene.kubectl(*apply, input=json.dumps(manifest))
    arrange(scene, changes={**pipeline(scene), "mode": "Advise"})
    scene.operator()

    def told():
        assert "PipelineContested" in json.dumps(degraded(scene))
        assert "spec.ignore of the Kustomization" in degraded(scene)["message"]
        return True

    wait.until("it is told", told, 40.0)


def test_a_missing_right_is_told_with_the_rule_that_grants_it(scene):
    hub = Hub(scene, scene.bench.hub)
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)

    def told():
        assert "get" in degraded(scene)["message"] and "patch" in degraded(scene)["message"]
        assert "configmaps" in degraded(scene)["message"]
        return True

    wait.until("it is told", told, 40.0)
    assert STAMP not in hub.get()["metadata"].get("annotations", {})
    hub.grant("planekeeper")
    hub.wait(WEST, 1, timeout=60.0)


def test_a_right_that_is_taken_away_is_told_before_a_failover_needs_it(scene, far):
    arrange(scene, changes=pipeline(scene, far))
    scene.operator()
    far.wait(WEST, 1)
    reader, _ = role(far.namespace, USER, "User")
    reader["rules"][0]["verbs"] = ["get"]
    far.cluster.admin.put(reader)
    scene.put_secret("hub", kubeconfig=far.kubeconfig, note="rotated")  # it is asked about at once

    def told():
        text = json.dumps(scene.status()["conditions"])
        assert "WriteDenied" in text
        assert f"resources: [configmaps], resourceNames: [{NAME}], verbs: [get, patch]}} in a Role of namespace {far.namespace}" in text
        return True

    wait.until("it is told", told, 90.0)
    # No switch waits for it.
    wait.until("it is armed all the same", lambda: scene.condition("Armed").get("status") == "True", 20.0)


def test_the_runbook_moves_the_field_with_kubectl(scene, own):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    own.wait(WEST, 1)
    wanted = f'{{"data":{{"active":"{CENTRAL}"}}}}'
    find = lambda: [line for line in scene.status().get("runbook", []) if line.startswith("kubectl") and wanted in line]  # noqa: E731
    line = wait.until("the runbook has it", find, 15.0)[0]
    subprocess.run(["bash", "-c", line], env={"KUBECONFIG": str(own.cluster.kubeconfig), "PATH": f"{ROOT}/build/servers:/usr/local/bin:/usr/bin:/bin"}, check=True, timeout=60)
    assert own.get()["data"]["active"] == CENTRAL


def test_an_object_that_is_not_there_is_told_and_not_created(scene):
    hub = Hub(scene, scene.bench.hub)
    hub.grant("planekeeper")
    hub.cluster.admin.delete("ConfigMap", NAME, hub.namespace)
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("it is told", lambda: "create it, the operator does not" in degraded(scene).get("message", ""), 40.0)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    assert hub.cluster.admin.find("ConfigMap", NAME, hub.namespace) is None


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"value": "{plane}"}, "unknown token"),
        ({"value": None}, "object needs value"),
        ({"value": None, "values": {WEST: "a"}}, "each of spec.planes needs a value"),
        ({"path": "data.active"}, "path"),
        ({"apiVersion": "V1"}, "apiVersion"),
    ],
)
def test_the_schema_refuses_what_could_not_work(scene, changes, why):
    item = pipeline(scene)["pipeline"][0]
    item["object"] = {key: value for key, value in {**item["object"], **changes}.items() if value is not None}
    with pytest.raises(Exception, match="(?s)" + why):
        scene.kubectl("apply", "-f", "-", input=json.dumps(objects.failover_policy("wrong", scene.namespace, {**scene.policy_spec(), "pipeline": [item]})))
