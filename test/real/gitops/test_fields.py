"""A switch moves the destination of an Application, and of a Kustomization, by one field: the real controllers do the rest."""

import time

import pytest
from delivery import LIMIT_S, figure
from pipelines import application_field, degraded, kustomization_field
from test_argocd_moves import Family
from test_flux_moves import Family as FluxFamily
from world import CENTRAL, WEST, arrange, conditions, message, wait_world

from hack.bench import argo, objects, wait

pytestmark = pytest.mark.timeout(240)


def deploy_by_argo(argocd, delivery):
    for plane in (WEST, CENTRAL):
        argocd.put_cluster(plane, delivery.cluster(plane))
    argocd.deploy(delivery.name, delivery.namespace, delivery.things(), WEST)
    argocd.wait_quiet(delivery.name)
    delivery.wait_found(WEST)


def deploy_by_flux(controller, delivery):
    secrets = {plane: f"{delivery.name}-{plane}" for plane in (WEST, CENTRAL)}
    for plane, secret in secrets.items():
        controller.put_kubeconfig(secret, delivery.cluster(plane).kubeconfig.read_text())
    kube_config = {"secretRef": {"name": secrets[WEST]}}
    controller.deploy(delivery.name, delivery.namespace, delivery.things(), kubeConfig=kube_config)
    controller.wait_applied(delivery.name)
    delivery.wait_found(WEST)
    return secrets


def lose_the_region(scene, delivery):
    """The active plane's server and its whole cluster; returns how long the first object and the record took."""
    died = time.monotonic()
    scene.bench.kill_plane(WEST, with_region=True)
    delivery.wait_found(CENTRAL, timeout=60.0)
    return time.monotonic() - died


def check_left_behind(scene, delivery, before):
    """The old cluster comes back and has what it had, untouched."""
    scene.bench.revive_plane(WEST)
    wait.until("the old cluster is back", lambda: delivery.found(WEST) == before, 60.0)
    wait.always("nothing is pruned from it", lambda: delivery.found(WEST) == before, 3.0)


def test_name_lock_and_argo_cd_move_when_a_region_dies(scene, argocd, by_argo):
    deploy_by_argo(argocd, by_argo)
    before = by_argo.found(WEST)
    arrange(scene, single_writer=True, changes=application_field(by_argo))
    scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    figure(argocd_from_death_to_objects=lose_the_region(scene, by_argo))
    wait_world(scene, CENTRAL, 2, single_writer=True)
    argocd.wait_synced(by_argo.name)
    check_left_behind(scene, by_argo, before)


def test_name_lock_and_flux_move_when_a_region_dies(scene, flux_controller, by_flux):
    secrets = deploy_by_flux(flux_controller, by_flux)
    before = by_flux.found(WEST)
    arrange(scene, single_writer=True, changes=kustomization_field(by_flux, secrets))
    scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    figure(flux_from_death_to_objects=lose_the_region(scene, by_flux))
    wait_world(scene, CENTRAL, 2, single_writer=True)
    check_left_behind(scene, by_flux, before)


def test_argo_cd_is_down_during_the_switch_and_delivers_when_it_is_back(scene, argocd, by_argo):
    deploy_by_argo(argocd, by_argo)
    arrange(scene, changes=application_field(by_argo))
    scene.operator()
    wait_world(scene, WEST, 1)
    argocd.kill9()
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    assert conditions(scene)["Ready"].startswith("True"), "no switch waits for a pipeline"
    assert not by_argo.found(CENTRAL)
    argocd.restore()
    by_argo.wait_found(CENTRAL, timeout=60.0)


def contest(scene, remedy):
    def told():
        assert "PipelineContested" in degraded(scene)
        assert remedy in degraded(scene)
        return True

    wait.until("the contest is told before any failover", told, 60.0)


@pytest.fixture
def parents(argocd, by_argo):
    """An app of apps whose parent declares the destination of its child."""
    made = Family(argocd, by_argo)
    by_argo.wait_found(WEST)
    return made


def writes_of(read):
    """How often the field changed, by looking again and again."""
    seen = []

    def look():
        value = read()
        if not seen or seen[-1] != value:
            seen.append(value)
        return seen

    return look


def test_a_parent_application_contests_and_a_revert_is_told_and_not_fought(scene, by_argo, parents):
    arrange(scene, changes=application_field(by_argo))
    scene.operator()
    wait_world(scene, WEST, 1)
    contest(scene, "managedFieldsManagers: [planekeeper]")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    wait.until("Argo CD put it back", lambda: parents.destination() == WEST, LIMIT_S)
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert "PipelineContested" in degraded(scene), message(scene, "Drift")
    changes = writes_of(parents.destination)
    wait.always("it is not fought", lambda: changes() == [WEST], 5.0)


def test_a_parent_that_was_told_to_ignore_is_no_contest_after_a_switch(scene, argocd, by_argo):
    ignored = {"group": "argoproj.io", "kind": "Application", "managedFieldsManagers": ["planekeeper"]}
    automated = objects.merged(argo.AUTOMATED, {"syncOptions": ["RespectIgnoreDifferences=true"]})
    parents = Family(argocd, by_argo, ignoreDifferences=[ignored], syncPolicy=automated)
    arrange(scene, changes=application_field(by_argo))
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    by_argo.wait_found(CENTRAL)
    parents.commit_something_else()
    wait.always("it stays", lambda: parents.destination() == CENTRAL, 3.0)
    wait.until("nothing lacks", lambda: "Pipeline" not in degraded(scene), 60.0)


def test_a_parent_kustomization_contests_and_a_revert_is_told_and_not_fought(scene, flux_controller, by_flux):
    parents = FluxFamily(flux_controller, by_flux)
    arrange(scene, changes=kustomization_field(by_flux, {plane: parents.secret(plane) for plane in (WEST, CENTRAL)}))
    scene.operator()
    wait_world(scene, WEST, 1)
    contest(scene, "spec.ignore of the Kustomization")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    by_flux.wait_found(CENTRAL)
    flux_controller.reconcile(parents.parent)
    assert parents.destination() == parents.secret(WEST)
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert "PipelineContested" in degraded(scene)
    changes = writes_of(parents.destination)
    wait.always("it is not fought", lambda: changes() == [parents.secret(WEST)], 5.0)


def test_an_edit_between_look_and_write_is_not_overwritten(scene, argocd, by_argo):
    """A person moves the Application; the operator's look is older than that when it switches."""
    deploy_by_argo(argocd, by_argo)
    arrange(scene, changes=application_field(by_argo))
    scene.operator()
    wait_world(scene, WEST, 1)
    change = {"spec": {"destination": {"namespace": "somewhere-else"}}}
    scene.bench.hub.admin.patch("Application", by_argo.name, change, argo.NAMESPACE)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    wait.until("moved", lambda: argocd.get(by_argo.name)["spec"]["destination"]["name"] == CENTRAL, LIMIT_S)
    assert argocd.get(by_argo.name)["spec"]["destination"]["namespace"] == "somewhere-else"
