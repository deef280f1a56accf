"""A hundred policies whose plane dies: all are switched, and the policies are read together."""

import re

import pytest
from gallery import CENTRAL, WEST, Gallery

from hack.bench import wait
from hack.bench.bench import PLANES

MANY = 100
SERVED = re.compile(r'^apiserver_request_total\{([^}]*resource="failoverpolicies"[^}]*)\} (\S+)$', re.M)
DETECTION = {"interval": "1s", "timeout": "1s", "failureThreshold": 3, "failoverDelay": "0s"}


def served(bench, verb: str) -> float:
    """How many requests of that kind for policies the API server has answered, but for their status."""
    text = bench.hub.admin.call("GET", "/metrics")
    found = ((labels, float(value)) for labels, value in SERVED.findall(text))
    return sum(value for labels, value in found if f'verb="{verb}"' in labels and 'subresource=""' in labels)


@pytest.fixture
def gallery(bench):
    with Gallery(bench) as many:
        many.scene.put_planes()
        for number in range(MANY):
            many.add(f"p{number}", {"detection": DETECTION})
        yield many


def moved(gallery) -> int:
    return sum(gallery.bench.bind.values(gallery.dns_name(f"p{i}"), "A") == {PLANES[CENTRAL]} for i in range(MANY))


def possible(gallery) -> int:
    items = gallery.bench.hub.admin.list("FailoverPolicy", gallery.scene.namespace)
    told = (condition for item in items for condition in item.get("status", {}).get("conditions", []))
    return sum((condition["type"], condition["status"]) == ("FailoverPossible", "True") for condition in told)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("prepared", [False, True], ids=["at-once", "prepared"])
def test_many_that_decide_at_once_are_read_together(gallery, prepared):
    args = ("--max-switches-per-minute=0", *(("--prepare-failovers",) if prepared else ()))
    operator = gallery.run(extra_args=args, log_level="info")
    wait.until("all may fail over", lambda: possible(gallery) == MANY, 60.0, poll=0.5)
    before = served(gallery.bench, "GET")
    gallery.bench.kill_plane(WEST)
    wait.until("all are switched", lambda: moved(gallery) == MANY, 60.0, poll=0.5)
    reads = served(gallery.bench, "GET") - before
    lists = operator.metrics().get('planekeeper_policy_lists_total{result="ok"}', 0)
    print(f"{MANY} policies, {reads:.0f} reads, {lists:.0f} lists")
    assert lists >= 1
    assert reads <= MANY / 3
