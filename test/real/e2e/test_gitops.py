"""Flux applies, waits, deletes: kustomize-controller for real, and kstatus, which Flux and Helm judge by."""

import pytest
from trouble import dns_takes_no_updates, wait_step
from world import CENTRAL, WEST, arrange, outside, steady, wait_world

from hack.bench import judges, objects, wait
from hack.bench.bench import PLANES
from hack.bench.flux import Flux
from hack.bench.kube import KubectlError
from hack.bench.scene import LOCK_KEY


@pytest.fixture(scope="module")
def flux(bench):
    controller = Flux(bench.hub)
    controller.run()
    yield controller
    controller.kill9()


def things(scene, **changes):
    """What is in Git: the planes and the policy."""
    policy = objects.merged(scene.policy_spec(single_writer=True), changes)
    return [
        *(objects.management_plane(name, scene.namespace, scene.plane_spec(name)) for name in PLANES),
        objects.failover_policy("gloo", scene.namespace, policy),
    ]


def judged(scene):
    """What kstatus says of the policy, and that Flux's linter finds nothing wrong with it."""
    (verdict,) = judges.kstatus(scene.policy())
    final = verdict["kstatus"] in ("Current", "Failed")
    for finding in ("finalFail", "finalWarn") if final else ("inProgressFail", "inProgressWarn"):
        assert not verdict.get(finding), verdict
    return verdict["kstatus"]


def test_kstatus_judges_each_moment(scene):
    arrange(scene, single_writer=True)
    (unseen,) = judges.kstatus(scene.policy())
    assert unseen["kstatus"] == "InProgress", "nobody has looked at it"
    scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("Ready", "True", "Steady")
    assert judged(scene) == "Current"
    with dns_takes_no_updates(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Route")
        scene.wait_condition("Ready", "False", "DNSRefused")
        assert judged(scene) == "InProgress"
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.wait_condition("Ready", "True", "FailedOver")
    assert judged(scene) == "Current"
    scene.bench.kill_plane(CENTRAL)
    scene.wait_condition("Ready", "False", "FailoverHeld")
    assert judged(scene) == "InProgress", "a dead site is never stalled"
    for verdict in judges.kstatus(*(scene.plane(name) for name in PLANES)):
        assert verdict["kstatus"] == "InProgress" and not verdict.get("inProgressFail"), verdict


def test_kstatus_fails_only_what_a_person_has_to_mend(scene):
    steady(scene)
    scene.put_policy({"dns": {"rfc2136": {"tsigSecretRef": {"name": "nobody-made-it"}}}})
    scene.wait_condition("Stalled", "True", "CredentialsInvalid")
    assert judged(scene) == "Failed"
    scene.put_policy()
    scene.wait_condition("Ready", "True", "Steady")
    assert judged(scene) == "Current"


def test_flux_applies_waits_and_deletes(scene, flux):
    scene.point_at(WEST)
    scene.redis.set(LOCK_KEY, WEST)
    scene.operator()
    name = f"gloo-{scene.db}"
    flux.deploy(name, scene.namespace, things(scene), wait=True)
    flux.wait_applied(name)
    wait_world(scene, WEST, 1, single_writer=True)

    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.wait_condition("Ready", "True", "FailedOver")
    before = outside(scene)
    flux.deploy(name, scene.namespace, things(scene, failback={"stableFor": "2s"}), wait=True)
    scene.bench.set_replicas(WEST, 3)
    scene.bench.servers[WEST].run()
    flux.wait_applied(name)  # running on the standby does not stop GitOps
    assert outside(scene) == before

    flux.deploy(name, scene.namespace, things(scene)[:2], wait=True)
    gone = lambda: scene.bench.hub.admin.find("FailoverPolicy", "gloo", scene.namespace) is None
    wait.until("pruned", gone, 30.0)
    wait.always("deletion changes nothing", lambda: outside(scene) == before, 1.0)

    flux.deploy(name, scene.namespace, things(scene), wait=True)
    flux.wait_applied(name)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    assert outside(scene) == before, "the record outlived the policy: nothing was decided anew"
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, single_writer=True)


def test_flux_waits_for_a_policy_that_nobody_looks_at(scene, flux):
    """Without an operator `wait: true` must not be content."""
    name = f"unseen-{scene.db}"
    flux.deploy(name, scene.namespace, things(scene), wait=True, timeout="3s")
    with pytest.raises(KubectlError, match="timed out"):
        flux.wait_applied(name, timeout=4)
