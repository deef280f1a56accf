"""How the real Argo CD takes what a switch does to it, done here by hand: without this no test of the operator means anything."""

from delivery import LIMIT_S, figure
from world import CENTRAL, WEST

from hack.bench import argo, objects, wait

ACTIVE = "active"


def rewrite(argocd, plane_cluster, name=ACTIVE):
    """The one write, and the one request to look at it."""
    secret = {"stringData": argo.cluster_data(plane_cluster)}
    argocd.server.admin.patch("Secret", f"cluster-{name}", secret, argo.NAMESPACE)


def test_a_rewritten_cluster_secret_moves_the_objects_and_prunes_nothing(argocd, by_argo):
    argocd.put_cluster(ACTIVE, by_argo.cluster(WEST))
    argocd.deploy(by_argo.name, by_argo.namespace, by_argo.things(), ACTIVE)
    argocd.wait_synced(by_argo.name)
    by_argo.wait_found(WEST)
    argocd.wait_quiet(by_argo.name)
    before = by_argo.found(WEST)
    assert not by_argo.found(CENTRAL)

    rewrite(argocd, by_argo.cluster(CENTRAL))
    argocd.refresh(by_argo.name)
    figure(argocd_cluster_secret=by_argo.wait_found(CENTRAL))
    argocd.wait_synced(by_argo.name)
    assert by_argo.found(WEST) == before, "what the old cluster has is nobody's any more, and stays as it was"

    revision = argocd.repository.commit(by_argo.name, by_argo.things("one"))
    argocd.refresh(by_argo.name)
    argocd.wait_synced(by_argo.name, revision)
    by_argo.wait_found(CENTRAL, "one")
    assert by_argo.found(WEST) == before, "a later commit prunes in the new cluster alone"


def test_without_a_refresh_nothing_moves(argocd, by_argo):
    """So the annotation is part of the switch: the Secret alone is noticed at the next resync, which is minutes by default."""
    argocd.put_cluster(ACTIVE, by_argo.cluster(WEST))
    argocd.deploy(by_argo.name, by_argo.namespace, by_argo.things(), ACTIVE)
    argocd.wait_quiet(by_argo.name)
    rewrite(argocd, by_argo.cluster(CENTRAL))
    wait.always("not moved", lambda: not by_argo.found(CENTRAL), 3.0)
    argocd.refresh(by_argo.name)
    by_argo.wait_found(CENTRAL)


def test_the_old_cluster_may_be_dead(argocd, by_argo):
    argocd.put_cluster(ACTIVE, by_argo.cluster(WEST))
    argocd.deploy(by_argo.name, by_argo.namespace, by_argo.things(), ACTIVE)
    argocd.wait_quiet(by_argo.name)
    by_argo.cluster(WEST).kill9()
    rewrite(argocd, by_argo.cluster(CENTRAL))
    argocd.refresh(by_argo.name)
    figure(argocd_old_cluster_dead=by_argo.wait_found(CENTRAL))


class Family:
    """An app of apps: the parent has the child, whose destination Git names, and puts it back where it was."""

    def __init__(self, argocd, delivery, **parent):
        self.argocd, self.name, self.parent = argocd, delivery.name, f"{delivery.name}-parent"
        for plane in (WEST, CENTRAL):
            argocd.put_cluster(plane, delivery.cluster(plane))
        argocd.repository.commit(delivery.name, delivery.things())
        self.child = argocd.application(delivery.name, {"name": WEST, "namespace": delivery.namespace})
        argocd.repository.commit(self.parent, [self.child])
        destination = argo.IN_CLUSTER | {"namespace": argo.NAMESPACE}
        argocd.put_application(argocd.application(self.parent, destination, **parent))
        argocd.adopt(self.name)
        argocd.wait_synced(self.parent)
        argocd.wait_synced(self.name)

    def destination(self):
        return self.argocd.get(self.name)["spec"]["destination"]["name"]

    def edit(self, plane):
        """As the operator writes: a merge patch under its own manager."""
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{argo.NAMESPACE}/applications/{self.name}?fieldManager=planekeeper"
        change = {"spec": {"destination": {"name": plane}}}
        self.argocd.server.admin.call("PATCH", path, change, "application/merge-patch+json")

    def commit_something_else(self):
        other = objects.merged(self.child, {"metadata": {"labels": {"commit": "unrelated"}}})
        revision = self.argocd.repository.commit(self.parent, [other])
        self.argocd.refresh(self.parent)
        self.argocd.wait_synced(self.parent, revision)
        wait.until("the commit arrived", lambda: "labels" in self.argocd.get(self.name)["metadata"], LIMIT_S)


def test_a_parent_puts_an_edited_child_back(argocd, by_argo):
    parents = Family(argocd, by_argo)
    by_argo.wait_found(WEST)
    parents.edit(CENTRAL)
    wait.until("put back", lambda: parents.destination() == WEST, LIMIT_S)


def test_a_parent_that_ignores_the_operators_fields_lets_them_be(argocd, by_argo):
    """What the operator tells people to set: it outlives commits that change something else of the child."""
    ignored = {"group": "argoproj.io", "kind": "Application", "managedFieldsManagers": ["planekeeper"]}
    automated = objects.merged(argo.AUTOMATED, {"syncOptions": ["RespectIgnoreDifferences=true"]})
    parents = Family(argocd, by_argo, ignoreDifferences=[ignored], syncPolicy=automated)
    parents.edit(CENTRAL)
    by_argo.wait_found(CENTRAL)
    parents.commit_something_else()
    wait.always("left alone", lambda: parents.destination() == CENTRAL, 2.0)
