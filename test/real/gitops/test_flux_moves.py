"""How the real kustomize-controller takes what a switch does to it, done here by hand."""

from delivery import LIMIT_S, figure
from world import CENTRAL, WEST

from hack.bench import flux, wait

MERGE_PATCH = "application/merge-patch+json"


def rewrite(controller, name, plane_cluster):
    controller.put_kubeconfig(name, plane_cluster.kubeconfig.read_text())


def deploy(controller, delivery, **spec):
    """Through the Secret "<name>-active", which names the west at first."""
    secret = f"{delivery.name}-active"
    rewrite(controller, secret, delivery.cluster(WEST))
    spec = {"kubeConfig": {"secretRef": {"name": secret}}} | spec
    controller.deploy(delivery.name, delivery.namespace, delivery.things(), **spec)
    controller.wait_applied(delivery.name)
    return secret


def test_a_rewritten_kubeconfig_moves_the_objects_and_prunes_nothing(flux_controller, by_flux):
    secret = deploy(flux_controller, by_flux)
    by_flux.wait_found(WEST)
    before = by_flux.found(WEST)
    assert not by_flux.found(CENTRAL)

    rewrite(flux_controller, secret, by_flux.cluster(CENTRAL))
    figure(flux_kubeconfig_secret=by_flux.wait_found(CENTRAL))
    assert by_flux.found(WEST) == before, "what the old cluster has is nobody's any more, and stays as it was"

    flux_controller.commit(by_flux.name, by_flux.things("one"))
    flux_controller.wait_applied(by_flux.name)
    by_flux.wait_found(CENTRAL, "one")
    assert by_flux.found(WEST) == before, "a later commit prunes in the new cluster alone"


def test_the_old_cluster_may_be_dead(flux_controller, by_flux):
    secret = deploy(flux_controller, by_flux)
    by_flux.cluster(WEST).kill9()
    rewrite(flux_controller, secret, by_flux.cluster(CENTRAL))
    figure(flux_old_cluster_dead=by_flux.wait_found(CENTRAL))


def test_without_the_label_nothing_moves(flux_controller, by_flux):
    """So the label is part of the switch: without it Flux reads the Secret at its next interval."""
    secret = deploy(flux_controller, by_flux)
    unlabelled = {"metadata": {"labels": None}}
    flux_controller.server.admin.patch("Secret", secret, unlabelled, flux.NAMESPACE)
    kubeconfig = {"stringData": {"value": by_flux.cluster(CENTRAL).kubeconfig.read_text()}}
    flux_controller.server.admin.patch("Secret", secret, kubeconfig, flux.NAMESPACE)
    wait.always("not moved", lambda: not by_flux.found(CENTRAL), 3.0)
    flux_controller.reconcile(by_flux.name)
    by_flux.wait_found(CENTRAL)


class Family:
    """A Kustomization of Kustomizations: Git names the kubeconfig Secret of the child."""

    def __init__(self, controller, delivery, **parent):
        self.controller, self.name, self.parent = controller, delivery.name, f"{delivery.name}-parent"
        for plane in (WEST, CENTRAL):
            rewrite(controller, self.secret(plane), delivery.cluster(plane))
        controller.commit(self.name, delivery.things())
        reference = {"kubeConfig": {"secretRef": {"name": self.secret(WEST)}}}
        self.child = flux.kustomization(self.name, delivery.namespace, **reference)
        controller.deploy(self.parent, flux.NAMESPACE, [self.child], **parent)
        controller.wait_applied(self.parent)
        controller.wait_applied(self.name)

    def secret(self, plane):
        return f"{self.name}-{plane}"

    def destination(self):
        child = self.controller.server.admin.get("Kustomization", self.name, flux.NAMESPACE)
        return child["spec"]["kubeConfig"]["secretRef"]["name"]

    def edit(self, plane):
        path = f"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{flux.NAMESPACE}/kustomizations/{self.name}"
        change = {"spec": {"kubeConfig": {"secretRef": {"name": self.secret(plane)}}}}
        self.controller.server.admin.call("PATCH", f"{path}?fieldManager=planekeeper", change, MERGE_PATCH)


def test_a_parent_puts_an_edited_child_back(flux_controller, by_flux):
    parents = Family(flux_controller, by_flux)
    by_flux.wait_found(WEST)
    parents.edit(CENTRAL)
    flux_controller.reconcile(parents.parent)
    wait.until("put back", lambda: parents.destination() == parents.secret(WEST), LIMIT_S)


def test_a_parent_that_ignores_the_field_lets_it_be(flux_controller, by_flux):
    target = {"group": "kustomize.toolkit.fluxcd.io", "kind": "Kustomization"}
    ignored = {"paths": ["/spec/kubeConfig/secretRef/name"], "target": target}
    parents = Family(flux_controller, by_flux, ignore=[ignored])
    parents.edit(CENTRAL)
    by_flux.wait_found(CENTRAL)
    flux_controller.reconcile(parents.parent)
    assert parents.destination() == parents.secret(CENTRAL)
