"""The operator itself dies, is stopped, wakes too late: whoever comes next finishes, and what comes late changes nothing."""

import contextlib

import dns.opcode
import pytest
from trouble import dns_takes_no_updates, redis_takes_no_writes, wait_step
from world import (
    CENTRAL,
    MODES,
    QUICK_LEASE,
    WEST,
    arrange,
    check_world,
    dns_stamp,
    leader,
    other,
    outside,
    record,
    replicas,
    switch_to,
    wait_world,
)

from hack.bench import wait
from hack.bench.api_faults import ApiFaults
from hack.bench.relay import Relay
from hack.bench.timeline import Watcher

RECORD_WRITE = ("PATCH", "/leases/planekeeper-gloo")
# By writeMode: the step with the first effect, and what blocks it.
FIRST = {"AllClusters": ("Route", dns_takes_no_updates), "SingleCluster": ("Lock", redis_takes_no_writes)}


def first_effect(scene):
    return FIRST[scene.policy()["spec"]["writeMode"]]


def pair_at_work(scene, single_writer=True):
    """Two replicas, adopted under epoch 1: the one that leads, and the other."""
    arrange(scene, single_writer)
    pair = replicas(scene)
    wait_world(scene, WEST, 1, single_writer)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    leading = leader(*pair)
    return leading, other(leading, pair)


def epochs(scene):
    """Watches the epoch in the TXT record: S2, it never falls."""
    return Watcher(lambda: dns_stamp(scene).epoch)


def check_never_fell(watched):
    seen = [change.value for change in watched.changes]
    assert seen == sorted(seen), f"the epoch fell: {seen}"


def stop_before_intent(scene, proxy, stack):
    """The decision is made, and the API server does not take it."""
    refused = proxy.inject(*RECORD_WRITE, status=500, times=1000)
    scene.bench.kill_plane(WEST)
    wait.until("Intent was tried", lambda: refused.hits)
    assert record(scene)["epoch"] == 1


def stop_with_intent_unanswered(scene, proxy, stack):
    """The decision is recorded, and whoever made it does not know."""
    cut = proxy.inject(*RECORD_WRITE, cut_after=0, times=1000)
    stack.enter_context(first_effect(scene)[1](scene))
    scene.bench.kill_plane(WEST)
    wait.until("Intent was recorded", lambda: cut.hits and record(scene)["epoch"] == 2)


def stop_before_lock(scene, proxy, stack):
    stack.enter_context(redis_takes_no_writes(scene))
    scene.bench.kill_plane(WEST)
    wait_step(scene, "Lock")


def stop_before_route(scene, proxy, stack):
    stack.enter_context(dns_takes_no_updates(scene))
    scene.bench.kill_plane(WEST)
    wait_step(scene, "Route")


def stop_before_commit(scene, proxy, stack):
    step, blocked = first_effect(scene)
    with blocked(scene):  # so that Intent passes and Commit does not
        scene.bench.kill_plane(WEST)
        wait_step(scene, step)
        proxy.inject(*RECORD_WRITE, status=500, times=1000)
    wait.until("routed", lambda: scene.active_in_dns() == CENTRAL)
    assert record(scene)["phase"] == "Switching"


STEPS = [stop_before_intent, stop_with_intent_unanswered, stop_before_lock, stop_before_route, stop_before_commit]
AT_EACH_STEP = [
    pytest.param(single_writer, stop, id=f"{mode}-{stop.__name__.removeprefix('stop_')}")
    for mode, single_writer in (("AllClusters", False), ("SingleCluster", True))
    for stop in STEPS
    if single_writer or stop is not stop_before_lock
]


@pytest.mark.parametrize(("single_writer", "stop"), AT_EACH_STEP)
def test_leader_killed_at_each_step_is_replaced(scene, single_writer, stop):
    with ApiFaults(scene.bench.hub) as proxy, contextlib.ExitStack() as stack, epochs(scene) as seen:
        arrange(scene, single_writer)
        first = scene.operator("first", kubeconfig=proxy.write_kubeconfig("first"), extra_args=QUICK_LEASE)
        wait_world(scene, WEST, 1, single_writer)
        scene.wait_condition("FailoverPossible", "True", "Chosen")
        second = scene.operator("second", extra_args=QUICK_LEASE)
        second.wait_readyz()
        stop(scene, proxy, stack)
        first.kill9()
        stack.pop_all().close()
        wait_world(scene, CENTRAL, 2, single_writer)
        assert leader(first, second) is second
        check_never_fell(seen)


def test_a_switch_survives_every_replica(scene):
    """Nobody is left; whoever comes an hour later finishes what the record says."""
    leading, standby = pair_at_work(scene)
    with dns_takes_no_updates(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Route")
        standby.kill9()
        leading.kill9()
    assert scene.active_in_dns() == WEST
    leading.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)


@MODES
def test_a_paused_leader_that_wakes_too_late_changes_nothing(scene, single_writer):
    leading, standby = pair_at_work(scene, single_writer)
    step, blocked = first_effect(scene)
    with blocked(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, step)
        leading.pause()  # on its way from Intent to the first effect
        wait.until("replaced", standby.is_leader, 5.0)
    wait_world(scene, CENTRAL, 2, single_writer)
    scene.bench.revive_plane(WEST)
    scene.wait_condition("FailoverPossible", "True")
    switch_to(scene, WEST, 3)
    wait_world(scene, WEST, 3, single_writer)
    before = outside(scene)
    leading.resume()
    wait.until("it noticed", lambda: not leading.is_leader())
    wait.always("the old leader", lambda: outside(scene) == before, 2.0)
    check_world(scene, WEST, 3, single_writer)
    assert leader(leading, standby) is standby


def is_update(datagram):
    return (datagram[2] >> 3) & 0xF == dns.opcode.UPDATE


def test_an_update_that_arrives_after_later_epochs_changes_nothing(scene):
    """The packet itself is late, by two epochs; its sender is long dead."""
    with Relay(scene.bench.bind.address) as wire:
        arrange(scene, single_writer=True)
        scene.put_policy({"dns": {"rfc2136": {"nameserver": wire.address}}}, single_writer=True)
        pair = replicas(scene)
        wait_world(scene, WEST, 1, single_writer=True)
        scene.wait_condition("FailoverPossible", "True", "Chosen")
        leading = leader(*pair)
        wire.holds = is_update
        scene.bench.kill_plane(WEST)
        wait.until("an UPDATE is under way", lambda: wire.held)
        leading.kill9()
        wire.heal()
        wait_world(scene, CENTRAL, 2, single_writer=True)
        scene.bench.revive_plane(WEST)
        scene.wait_condition("FailoverPossible", "True")
        switch_to(scene, WEST, 3)
        wait_world(scene, WEST, 3, single_writer=True)
        before, log = outside(scene), scene.bench.bind.log_text
        refusals = log().count("update unsuccessful")
        wire.release()
        wait.until("the late packet was refused", lambda: log().count("update unsuccessful") > refusals)
        assert outside(scene) == before
        check_world(scene, WEST, 3, single_writer=True)


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_takeover(scene, how):
    leading, standby = pair_at_work(scene)
    before = outside(scene)
    getattr(leading, how)()
    wait.until("takeover", standby.is_leader, 5.0)
    if how == "stop":
        assert leading.returncode == 0
    assert outside(scene) == before, "a new leader has nothing to write in a steady world"
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_the_standby_writes_nothing(scene):
    leading, standby = pair_at_work(scene)
    leading.pause()
    scene.bench.kill_plane(WEST)
    wait.until("replaced", standby.is_leader, 5.0)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    leading.resume()
    wait.until("one leader", lambda: leader(leading, standby) is standby)
    text = leading.log_text()
    assert "FailoverDecided" not in text


def test_death_of_every_operator_changes_nothing(scene):
    leading, standby = pair_at_work(scene)
    before = outside(scene)
    standby.kill9()
    leading.kill9()
    scene.bench.kill_plane(WEST)
    wait.always("fail static", lambda: outside(scene) == before, 1.0)
    leading.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)
