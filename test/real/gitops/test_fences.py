"""A fence suspends the Kustomization of the plane that is left, and a parent Kustomization there, applied by the real Flux, puts it
back: that is told and not fought, and the switch is complete all the same."""

import contextlib
import threading

import pytest
from delivery import LIMIT_S, config_map
from fence_sides import STAMP
from pipelines import degraded
from world import CENTRAL, WEST, arrange, message, stamp, switch_to, wait_world

from hack.bench import flux, objects, tools, wait
from hack.bench.bench import PLANE_ACCOUNT

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def flux_in_west(bench):
    controller = flux.Flux(bench.clusters[WEST]).run()
    yield controller
    controller.kill9()


class Child:
    """A Kustomization in both planes; in the west it is part of what a parent applies."""

    def __init__(self, scene, controller):
        self.scene, self.controller, self.name = scene, controller, f"app{scene.db}"
        self.parent = f"{self.name}-parent"
        self.clusters = scene.bench.clusters
        self.clusters[CENTRAL].install_crds(tools.folder("judges") / "flux-crds")
        self.clusters[CENTRAL].ensure_namespace(flux.NAMESPACE)
        self.clusters[CENTRAL].admin.put(self._declared(suspend=True))
        self.clusters[WEST].ensure_namespace(scene.namespace)
        controller.commit(self.name, [config_map("one", scene.namespace)])
        controller.deploy(self.parent, flux.NAMESPACE, [self._declared(suspend=False)])
        controller.wait_applied(self.parent)
        for plane in (WEST, CENTRAL):
            self._grant(plane)

    def _declared(self, **spec):
        return flux.kustomization(self.name, self.scene.namespace, **spec)

    def _grant(self, plane):
        """What the page of this driver shows."""
        group, meta = "rbac.authorization.k8s.io", {"name": "planekeeper-fence", "namespace": flux.NAMESPACE}
        rule = {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "resourceNames": [self.name], "verbs": ["get", "patch"]}
        subject = {"kind": "ServiceAccount", "name": PLANE_ACCOUNT, "namespace": objects.MGMT_NAMESPACE}
        ref = {"apiGroup": group, "kind": "Role", "name": meta["name"]}
        admin = self.clusters[plane].admin
        admin.put({"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": [rule]})
        admin.put({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]})

    def fence(self):
        thing = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "resource": "kustomizations", "namespace": flux.NAMESPACE, "name": self.name}
        return {"fence": [{"name": "gloo", "object": {**thing, "path": "/spec/suspend", "active": False, "standby": True}}]}

    def get(self, plane):
        return self.clusters[plane].admin.get("Kustomization", self.name, flux.NAMESPACE)

    def is_suspended(self, plane):
        return self.get(plane)["spec"].get("suspend", False)

    def epoch(self, plane):
        """Under which the operator wrote it last."""
        return stamp(self.get(plane)["metadata"].get("annotations", {}).get(STAMP)).epoch

    def put_back(self):
        self.controller.reconcile(self.parent)

    @contextlib.contextmanager
    def put_back_all_the_time(self):
        ended = threading.Event()

        def work():
            while not ended.is_set():
                self.put_back()

        thread = threading.Thread(target=work)
        thread.start()
        yield
        ended.set()
        thread.join()


@pytest.fixture
def child(scene, flux_in_west):
    made = Child(scene, flux_in_west)
    arrange(scene, changes=made.fence())
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("both are under epoch 1", lambda: made.epoch(WEST) == made.epoch(CENTRAL) == 1, 60.0)
    yield made
    print(flux_in_west.log_tail(40))
    flux_in_west.forget()
    made.clusters[CENTRAL].admin.delete("Kustomization", made.name, flux.NAMESPACE)


def contest_is_told(scene):
    told = degraded(scene)
    assert "FenceContested" in told
    assert "spec.ignore of the Kustomization" in told
    return True


def check_told_and_not_fought(scene, child):
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert f"in {WEST}" in message(scene, "Drift")
    assert contest_is_told(scene)
    version = child.get(WEST)["metadata"]["resourceVersion"]
    wait.always("it is not fought", lambda: child.get(WEST)["metadata"]["resourceVersion"] == version, 5.0)
    assert not child.is_suspended(WEST)


def test_a_parent_that_puts_it_back_after_the_switch_is_told_and_not_fought(scene, child):
    wait.until("the contest is told before any switch", lambda: contest_is_told(scene), 60.0)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    wait.until("the new side is released", lambda: not child.is_suspended(CENTRAL), LIMIT_S)
    assert child.is_suspended(WEST), "until the parent looks again"
    assert child.epoch(WEST) == 2
    child.put_back()
    assert not child.is_suspended(WEST)
    check_told_and_not_fought(scene, child)


def test_a_parent_that_puts_it_back_at_once_holds_no_switch_up(scene, child):
    with child.put_back_all_the_time():
        switch_to(scene, CENTRAL, 2)
        wait_world(scene, CENTRAL, 2, timeout=60.0)
        wait.until("the new side is released", lambda: not child.is_suspended(CENTRAL), LIMIT_S)
        wait.until("it is put back", lambda: not child.is_suspended(WEST), LIMIT_S)
    assert child.epoch(WEST) == 2, "it was suspended for that switch"
    check_told_and_not_fought(scene, child)


def test_a_dead_server_whose_parent_puts_it_back_is_left(scene, child):
    """Its cluster answers, so that it is suspended beside the failover."""
    scene.wait_condition("FailoverPossible", "True", timeout=30.0)
    with child.put_back_all_the_time():
        scene.bench.kill_plane(WEST)
        wait_world(scene, CENTRAL, 2, timeout=60.0)
        wait.until("it was suspended", lambda: child.epoch(WEST) == 2, 60.0)
        wait.until("it is put back", lambda: not child.is_suspended(WEST), LIMIT_S)
    check_told_and_not_fought(scene, child)
