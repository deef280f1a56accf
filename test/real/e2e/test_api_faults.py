"""The API server has a bad day. Each time: the world stays as it was, and the job is still done afterwards."""

import re

import pytest
from world import (
    CENTRAL,
    WEST,
    arrange,
    check_world,
    columns,
    events,
    outside,
    record,
    steady,
    switch_to,
    wait_world,
)

from hack.bench import operator_process, wait
from hack.bench.api_faults import ApiFaults
from hack.bench.bench import PLANES
from hack.bench.bind import Bind, TsigKey
from hack.bench.relay import Relay

WATCH_POLICIES = ("GET", "failoverpolicies", "watch=true")
WATCHED = ("failoverpolicies", "managementplanes", "leases")
RECORD_WRITE = ("PATCH", "/leases/planekeeper-gloo")
STATUS_WRITE = ("PATCH", "failoverpolicies/gloo/status")


@pytest.fixture
def proxy(bench):
    with ApiFaults(bench.hub) as server, Relay(f"127.0.0.1:{server.port}") as server.wire:
        yield server


def at_work(scene, proxy):
    """Adopted by one operator that sees the API server through the wire and the proxy."""
    arrange(scene, single_writer=True)
    hub = scene.bench.hub
    path = hub.write_kubeconfig("faults", token=hub.operator_token, url=f"https://{proxy.wire.address}")
    operator = scene.operator(kubeconfig=path)
    wait_world(scene, WEST, 1, single_writer=True)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    return operator


def check_still_works(scene, epoch=2):
    """It sees new annotations, and it fails over."""
    switch_to(scene, CENTRAL, epoch)
    wait_world(scene, CENTRAL, epoch, single_writer=True)
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, epoch + 1, single_writer=True)


@pytest.mark.parametrize("after", [0, 200, 1500])
def test_watch_broken_in_the_middle_of_a_line(scene, proxy, after):
    at_work(scene, proxy)
    cuts = [proxy.inject("GET", word, "watch=true", cut_after=after, times=2) for word in WATCHED]
    proxy.wire.break_connections()  # the watches that run; the next ones are cut
    wait.until("watches were cut", lambda: touch(scene) and any(cut.hits == 2 for cut in cuts), 20.0)
    check_still_works(scene)


def touch(scene):
    """A change of the policy that means nothing: an event on every watch of it."""
    scene.annotate(touched="yes")
    scene.annotate(touched=None)
    return True


def lists(proxy):
    """How often the policies were listed."""
    return sum("/failoverpolicies?" in request and "watch=true" not in request for request in proxy.requests)


def watches(proxy):
    return sum("/failoverpolicies?" in request and "watch=true" in request for request in proxy.requests)


def test_watch_expired_is_listed_anew(scene, proxy):
    """410 as a status code, and 410 as a line of the watch (what a compacted etcd gives)."""
    at_work(scene, proxy)
    line = '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}\n'
    for answer in ({"status": 410}, {"status": 200, "body": line}):
        before = lists(proxy)
        gone = proxy.inject(*WATCH_POLICIES, **answer)
        proxy.wire.break_connections()
        wait.until("listed anew", lambda: gone.hits and lists(proxy) > before)  # noqa: B023
    check_still_works(scene)


def test_too_many_requests_are_heeded(scene, proxy):
    at_work(scene, proxy)
    busy = proxy.inject(*WATCH_POLICIES, status=429, headers={"Retry-After": "3"})
    proxy.wire.break_connections()
    wait.until("429 was answered", lambda: busy.hits)
    before = watches(proxy)
    wait.always("Retry-After is heeded", lambda: watches(proxy) == before, 2.5)
    wait.until("it comes back", lambda: watches(proxy) > before)
    check_still_works(scene)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_refused_record_holds_the_switch_and_then_it_goes_on(scene, proxy, status):
    """Nothing may happen before the decision is recorded."""
    at_work(scene, proxy)
    before = outside(scene)
    refused = proxy.inject(*RECORD_WRITE, status=status, times=1000)
    scene.bench.kill_plane(WEST)
    wait.until("refused", lambda: refused.hits >= 2)
    assert outside(scene) == before
    assert record(scene)["epoch"] == 1
    proxy.heal()
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_refused_status_delays_no_switch(scene, proxy):
    at_work(scene, proxy)
    refused = proxy.inject(*STATUS_WRITE, status=500, times=1000)
    scene.bench.kill_plane(WEST)
    wait.until("switched", lambda: scene.active_in_dns() == CENTRAL and record(scene)["phase"] == "Steady", 5.0)
    assert refused.hits
    proxy.heal()
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_an_answer_without_end_is_not_waited_for(scene, proxy):
    operator = at_work(scene, proxy)
    endless = proxy.inject(*WATCH_POLICIES, endless=True)
    proxy.wire.break_connections()
    wait.until("endless answer", lambda: endless.hits, 20.0)
    check_still_works(scene)
    keeps_freed_memory = "asan" in str(operator_process.binary())  # to find late uses of it
    assert operator.resident_kib() < (400 if keeps_freed_memory else 40) * 1024


def test_a_watch_that_talks_nonsense_is_left(scene, proxy):
    at_work(scene, proxy)
    bad = [
        proxy.inject(*WATCH_POLICIES, status=200, body=body)
        for body in (b'{"type":"MODIFIED","object":\n', b"\xff\xfe\xfd\n", b"null\n", b'{"type":"ADDED","object":[]}\n')
    ]
    proxy.wire.break_connections()
    wait.until("nonsense was read", lambda: all(fault.hits for fault in bad), 30.0)
    check_still_works(scene)


def at_work_through(scene, proxy, rewrite):
    """At work, and everything that the API server says comes as `rewrite` makes it."""
    proxy.inject(times=10**9, rewrite=rewrite)
    return at_work(scene, proxy)


def test_versions_of_three_hundred_characters(scene, proxy):
    """They are opaque: an API server reads them with zeros before them, and nothing says how long one may be."""
    version = re.compile(rb'("resourceVersion": ?")(\d+)"')
    operator = at_work_through(scene, proxy, lambda body: version.sub(lambda m: m[1] + m[2].zfill(300) + b'"', body))
    assert any("resourceVersion=000" in request for request in proxy.requests)
    check_still_works(scene)
    assert not [name for name in operator.metrics() if name.startswith("planekeeper_watch_invalid_total")]


def passed_over(operator, reason):
    return operator.metrics().get(f'planekeeper_watch_invalid_total{{resource="failoverpolicies",reason="{reason}"}}', 0)


def spoil(body):
    """One text is no UTF-8 any more, and one name is longer than a name may be."""
    return body.replace(b"SPOILED", b"\xff\xfe\xc3").replace(b'"name":"stretched"', b'"name":"' + b"stretched" * 40 + b'"')


def stored_by_others(scene):
    """Policies of strangers: one that cannot be read, one whose name is too long, one with all the notes that fit."""
    for name, note in (("unreadable", "SPOILED"), ("stretched", ""), ("heavy", "x" * 200_000)):
        scene.put_policy({"dns": {"name": f"{name}.{scene.zone}"}, "suspend": True}, name=name)
        note = {"metadata": {"annotations": {"note": note}}}
        scene.bench.hub.admin.patch("FailoverPolicy", name, note, scene.namespace)


def test_what_others_stored_stops_nothing(scene, proxy):
    stored_by_others(scene)
    operator = at_work_through(scene, proxy, spoil)
    assert passed_over(operator, "unreadable") >= 1 and passed_over(operator, "nameless") >= 1
    note = {"metadata": {"annotations": {"note": "SPOILED again"}}}
    scene.bench.hub.admin.patch("FailoverPolicy", "unreadable", note, scene.namespace)
    check_still_works(scene)
    told = [line for line in operator.logs() if "passed over" in line["msg"]]
    assert {line["level"] for line in told} == {"warn"}
    assert {line["name"][:10] for line in told} == {"unreadable", "stretcheds"}
    assert scene.policy("heavy")["status"]["observedGeneration"], "it was read as any other"


def test_a_policy_that_cannot_be_read_for_a_while_is_not_taken_for_deleted(scene, proxy):
    operator = at_work_through(scene, proxy, spoil)
    before = outside(scene)
    scene.annotate(note="SPOILED")
    wait.until("lost event, and listed anew without it", lambda: passed_over(operator, "unreadable") >= 2, 30.0)
    scene.bench.kill_plane(WEST)
    wait.always("nothing moves on what is not known any more", lambda: outside(scene) == before, 3.0)
    scene.annotate(note=None)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_api_server_restarts(scene):
    operator = steady(scene, single_writer=True)
    before = outside(scene)
    scene.bench.hub.restart()
    wait.until("works again", lambda: operator.get("readyz")[0] == 200)
    assert outside(scene) == before
    check_still_works(scene)


def test_api_server_gone_while_the_plane_dies(scene):
    """The register where decisions are made does not answer: frozen, and done as soon as it is back."""
    steady(scene, single_writer=True)
    before = outside(scene)
    scene.bench.hub.kill9()
    scene.bench.servers[WEST].kill9()
    scene.bench.set_replicas(WEST, 0)
    wait.always("frozen", lambda: outside(scene) == before, 3.0)
    scene.bench.hub.run()
    wait_world(scene, CENTRAL, 2, single_writer=True, timeout=30.0)


def test_crds_deleted_and_created_again(scene):
    operator = steady(scene, single_writer=True)
    before = outside(scene)
    hub = scene.bench.hub
    crds = ("managementplanes.planekeeper.io", "failoverpolicies.planekeeper.io")
    hub.kubectl("delete", "crd", *crds, timeout=60)
    try:
        wait.always("CRDs are gone", lambda: outside(scene) == before and operator.is_alive, 1.5)
    finally:
        scene.bench.install()
    scene.put_planes()
    scene.put_policy(single_writer=True)
    wait_world(scene, WEST, 1, single_writer=True, timeout=30.0)
    check_still_works(scene)


def test_plane_deleted_and_created_again(scene):
    steady(scene)
    before = outside(scene)
    scene.bench.hub.admin.delete("ManagementPlane", WEST, scene.namespace)
    scene.wait_condition("Ready", "False", "PlaneNotFound")
    wait.always("a missing plane is no outage", lambda: outside(scene) == before, 1.0)
    scene.put_planes()
    scene.wait_condition("Ready", "True", "Steady")
    check_world(scene, WEST, 1)


def test_rotated_tsig_key_is_picked_up(scene):
    """The zone takes another key from now on; the Secret follows."""
    own = Bind(scene.bench.scratch, zones=("rotated.example.com",), name="rotated").run()
    name = "gloo-mgmt.rotated.example.com"
    own.replace(name, "A", PLANES[WEST])
    scene.put_secret("tsig", tsig__conf=own.key.text)
    scene.put_planes()
    scene.put_policy({"dns": {"name": name, "rfc2136": {"nameserver": own.address}}})
    operator = scene.operator()
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.wait_condition("Ready", "True", "Steady")
    own.kill9()
    own.keys = {"planekeeper": TsigKey("planekeeper")}  # the same name, another secret
    own.key = own.keys["planekeeper"]
    own.run()
    scene.put_secret("tsig", tsig__conf=own.key.text)
    scene.bench.kill_plane(WEST)
    moved = lambda: own.addresses(name) == {"A": frozenset({PLANES[CENTRAL]})}
    wait.until("switched by the new key", moved, 45.0)
    scene.wait_condition("Ready", "True", "FailedOver")
    own.kill9()
    assert not operator.died_by_itself


def test_rotated_redis_password_is_picked_up(scene):
    steady(scene, single_writer=True)
    client = scene.bench.redis.client()
    old = scene.bench.redis.password
    client.config_set("requirepass", "rotated")
    scene.bench.redis.password = "rotated"
    try:
        scene.bench.redis.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        scene.put_secret("redis-auth", password="rotated")
        scene.bench.kill_plane(WEST)
        wait_world(scene, CENTRAL, 2, single_writer=True, timeout=45.0)
    finally:
        scene.bench.redis.client().config_set("requirepass", old)
        scene.bench.redis.password = old


def test_columns_are_never_blank_through_it_all(scene, proxy):
    at_work(scene, proxy)
    proxy.inject(*STATUS_WRITE, status=500, times=3)
    scene.bench.kill_plane(WEST)
    wait.until("complete", lambda: columns(scene, "fop", "-o", "wide")["gloo"]["STATUS"] == "FailedOver", 10.0)
    columns(scene, "mplane", "-o", "wide")
    assert "FailoverComplete" in events(scene)
