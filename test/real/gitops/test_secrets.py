"""A switch rewrites the Secret that destinations name: of Argo CD, and of Flux. The real controllers do the rest, and nothing of
what is in Git is touched."""

import signal

import pytest
from delivery import Delivery, figure
from pipelines import cluster_secret, degraded, kubeconfig_secret
from test_fields import check_left_behind, lose_the_region
from world import CENTRAL, QUICK_LEASE, WEST, arrange, conditions, leader, other, wait_world

from hack.bench import argo, flux, wait
from hack.bench.kube import ApiServer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def by_cluster_secret(argocd, by_argo):
    """An Application whose destination is a name of its own, which means the west."""
    argocd.put_cluster(by_argo.name, by_argo.cluster(WEST))
    argocd.deploy(by_argo.name, by_argo.namespace, by_argo.things(), by_argo.name)
    argocd.wait_quiet(by_argo.name)
    by_argo.wait_found(WEST)
    return by_argo


def deploy_by_secret(controller, delivery):
    controller.put_kubeconfig(delivery.name, delivery.cluster(WEST).kubeconfig.read_text())
    kube_config = {"secretRef": {"name": delivery.name}}
    controller.deploy(delivery.name, delivery.namespace, delivery.things(), kubeConfig=kube_config)
    controller.wait_applied(delivery.name)
    delivery.wait_found(WEST)


@pytest.fixture
def by_kubeconfig(flux_controller, by_flux):
    deploy_by_secret(flux_controller, by_flux)
    return by_flux


def wait_complete(scene, timeout=60.0):
    """Both the record and what is said: nothing of the pipeline is lacking."""
    wait.until("nothing of the pipeline lacks", lambda: "Pipeline" not in degraded(scene), timeout)


def test_name_lock_and_argo_cd_move_when_a_region_dies(scene, argocd, by_cluster_secret):
    delivery = by_cluster_secret
    before = delivery.found(WEST)
    arrange(scene, single_writer=True, changes=cluster_secret(delivery, delivery.name))
    scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    wait_complete(scene)
    argocd.wait_quiet(delivery.name)
    figure(argocd_cluster_secret_from_death_to_objects=lose_the_region(scene, delivery))
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait_complete(scene)
    check_left_behind(scene, delivery, before)


def test_name_lock_and_flux_move_when_a_region_dies(scene, by_kubeconfig):
    delivery = by_kubeconfig
    before = delivery.found(WEST)
    arrange(scene, single_writer=True, changes=kubeconfig_secret(delivery, delivery.name))
    scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    wait_complete(scene)
    figure(flux_kubeconfig_secret_from_death_to_objects=lose_the_region(scene, delivery))
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait_complete(scene)
    check_left_behind(scene, delivery, before)


def test_argo_cd_is_down_during_the_switch_and_delivers_when_it_is_back(scene, argocd, by_cluster_secret):
    delivery = by_cluster_secret
    arrange(scene, changes=cluster_secret(delivery, delivery.name))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_complete(scene)
    argocd.kill9()
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    assert conditions(scene)["Ready"].startswith("True"), "no switch waits for a pipeline"
    wait.until("it is told", lambda: "PipelineStale" in degraded(scene), 40.0)
    assert not delivery.found(CENTRAL)
    argocd.restore()
    delivery.wait_found(CENTRAL, timeout=60.0)
    wait_complete(scene)


def test_flux_is_down_during_the_switch_and_delivers_when_it_is_back(scene, flux_controller, by_kubeconfig):
    delivery = by_kubeconfig
    arrange(scene, changes=kubeconfig_secret(delivery, delivery.name))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_complete(scene)
    flux_controller.kill9()
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    wait.until("it is told", lambda: "PipelineStale" in degraded(scene), 40.0)
    assert not delivery.found(CENTRAL)
    flux_controller.run()
    delivery.wait_found(CENTRAL, timeout=60.0)
    wait_complete(scene)


def test_a_person_who_edits_the_secret_is_not_overruled(scene, argocd, by_cluster_secret):
    """The edit comes between the operator's look and its write."""
    delivery = by_cluster_secret
    arrange(scene, changes=cluster_secret(delivery, delivery.name))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_complete(scene)
    secret = f"cluster-{delivery.name}"
    by_hand = {"stringData": {"server": "https://127.0.0.1:1"}}
    scene.bench.hub.admin.patch("Secret", secret, by_hand, argo.NAMESPACE)
    edited = scene.bench.hub.admin.get("Secret", secret, argo.NAMESPACE)["data"]
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert scene.bench.hub.admin.get("Secret", secret, argo.NAMESPACE)["data"] == edited


@pytest.fixture
def far_flux(scene):
    """Flux in a cluster of its own, beside neither the operator nor a plane."""
    cluster = ApiServer(scene.bench.scratch, scene.bench.etcd, f"ci-{scene.db}", scene.bench.authority).run()
    controller = flux.Flux(cluster).run()
    yield controller
    controller.kill9()
    cluster.kill9()


def test_a_whole_region_in_one_instant_with_the_hub_of_the_pipeline(scene, far_flux):
    """Server, API server, the pipeline's hub and the leading replica: the switch is complete without the hub, and objects land
    when the hub is back."""
    delivery = Delivery(scene)
    deploy_by_secret(far_flux, delivery)
    before = delivery.found(WEST)
    arrange(scene, changes=kubeconfig_secret(delivery, delivery.name, far_flux.server))
    pair = [scene.operator(f"replica-{name}", extra_args=QUICK_LEASE) for name in "ab"]
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    wait_complete(scene)
    lost = leader(*pair)
    region = [scene.bench.servers[WEST], scene.bench.clusters[WEST], far_flux, far_flux.server, lost]
    for process in region:
        process.signal(signal.SIGKILL)
    for process in region:
        process.reap()
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    assert other(lost, tuple(pair)).is_leader()
    assert not delivery.found(CENTRAL)
    is_told = lambda: f"secrets flux-system/{delivery.name}" in degraded(scene)  # noqa: E731
    wait.until("that it cannot be reached is told", is_told, 60.0)
    far_flux.server.run()
    far_flux.run()
    delivery.wait_found(CENTRAL, timeout=90.0)
    wait_complete(scene, timeout=90.0)
    check_left_behind(scene, delivery, before)
