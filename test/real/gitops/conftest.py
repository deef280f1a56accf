"""Argo CD and Flux, once for all tests here, beside the operator; what is delivered is seen in the planes' own clusters."""

import pytest

pytest.register_assert_rewrite("delivery")

from delivery import Delivery

from hack.bench import argo, flux


@pytest.fixture(scope="session")
def argocd(bench):
    """Its own hub's. It never looks again by itself, so that what moves was moved."""
    controller = argo.ArgoCD(bench.hub).run()
    yield controller
    controller.kill9()


@pytest.fixture(scope="session")
def flux_controller(bench):
    controller = flux.Flux(bench.hub).run()
    yield controller
    controller.kill9()


@pytest.fixture
def by_argo(scene, argocd):
    yield Delivery(scene)
    print(argocd.log_tail(40))
    argocd.forget()
    argocd.restore()


@pytest.fixture
def by_flux(scene, flux_controller):
    yield Delivery(scene)
    print(flux_controller.log_tail(40))
    flux_controller.forget()
    if not flux_controller.is_alive:
        flux_controller.run()
