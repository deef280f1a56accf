"""What is tried again and again says why: in the log once, in /readyz, as a metric, and in the status that nobody judges."""

import pytest
from world import CENTRAL, QUICK_LEASE, WEST, arrange, columns, events, leader, message, outside, wait_world

from hack.bench import wait
from hack.bench.api_faults import ApiFaults

LEASE = "elect"
RETRYING = 'planekeeper_retrying{{what="{}"}}'


@pytest.fixture
def proxy(bench):
    with ApiFaults(bench.hub) as server:
        yield server


def start(scene, proxy, *names, lease_times=QUICK_LEASE):
    """The operators see the API server through the proxy."""
    kubeconfig = proxy.write_kubeconfig("retries")
    options = {"kubeconfig": kubeconfig, "lease_name": LEASE, "extra_args": lease_times}
    return [scene.operator(name, **options) for name in names]


def told(operator, what):
    return [line for line in operator.logs() if line["level"] == "warn" and line.get("what") == what]


def wait_told(operator, what, text):
    """/readyz says it, and the metric; the log does, once."""

    def probe():
        status, page = operator.get("readyz")
        assert status == 503 and f"{what}: " in page and text in page, (status, page)
        return True

    wait.until(f"{what} is told", probe, 15.0)
    assert operator.metrics()[RETRYING.format(what)] == 1
    assert [line for line in told(operator, what) if text in line["error"]]


@pytest.mark.parametrize("status", [403, 422, 500])
def test_a_lease_that_is_refused(scene, proxy, status):
    arrange(scene)
    pair = start(scene, proxy, "replica-a", "replica-b")
    wait_world(scene, WEST, 1)
    leader(*pair)
    proxy.inject("PATCH", f"/leases/{LEASE}", status=status, times=100_000)
    scene.wait_condition("Ready", "Unknown", "NoLeader", timeout=15.0)
    said = message(scene, "Ready")
    assert f"Lease {scene.namespace}/{LEASE}: HTTP {status}" in said and said.startswith("No replica leads")
    assert columns(scene, "fop")["gloo"]["STATUS"] == "NoLeader"
    wait.until("an Event says so", lambda: "NoLeader" in events(scene), 10.0)
    for operator in pair:
        wait_told(operator, "election", f"HTTP {status}")
    scene.bench.kill_plane(WEST)
    before = outside(scene)
    wait.always("nobody leads", lambda: outside(scene) == before, 2.0)
    for operator in pair:
        assert 1 <= len(told(operator, "election")) <= 2, "a loop of retries is no loop of log lines"
    proxy.heal()
    wait_world(scene, CENTRAL, 2)
    assert scene.status()["state"] == "FailedOver"
    for operator in pair:
        wait.until("ready again", lambda one=operator: one.get("readyz")[0] == 200, 10.0)


def test_transitions_at_their_largest(scene, proxy):
    arrange(scene)
    spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 2**31 - 1}
    scene.bench.hub.admin.put({"kind": "Lease", "metadata": {"name": LEASE, "namespace": scene.namespace}, "spec": spec})
    start(scene, proxy, "planekeeper")
    wait_world(scene, WEST, 1)
    stored = scene.bench.hub.admin.get("Lease", LEASE, scene.namespace)["spec"]
    assert stored["holderIdentity"] and stored["leaseTransitions"] == 2**31 - 1


def test_every_answer_two_seconds_late(scene, proxy):
    """Slow is not away: it leads, goes on leading, and fails over."""
    arrange(scene)
    proxy.inject(f"/leases/{LEASE}", late=2.0, times=100_000)
    (operator,) = start(scene, proxy, "planekeeper", lease_times=())
    wait_world(scene, WEST, 1, timeout=40.0)
    wait.always("it leads", operator.is_leader, 6.0)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=40.0)
    assert operator.is_leader()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("GET", "/namespaces/kube-system"), "identity"),
        (("GET", "/configmaps/planekeeper"), "kill-switch"),
        (("GET", "/managementplanes"), "managementplanes"),
        (("PATCH", "/failoverpolicies/gloo/status"), "status"),
    ],
    ids=["identity", "kill-switch", "watch", "status"],
)
def test_other_loops_have_a_voice(scene, proxy, words, what):
    arrange(scene)
    proxy.inject(*words, status=403, times=100_000)
    (operator,) = start(scene, proxy, "planekeeper")
    wait_told(operator, what, "HTTP 403")
    proxy.heal()
    wait_world(scene, WEST, 1, timeout=40.0)
    wait.until("ready", lambda: operator.get("readyz")[0] == 200, 15.0)
    assert operator.metrics()[RETRYING.format(what)] == 0
