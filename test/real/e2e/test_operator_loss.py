"""The operator itself dies, is stopped, wakes too late: whoever comes next finishes, and what comes late changes nothing."""

import dns.opcode
import pytest
from trouble import dns_takes_no_updates, redis_takes_no_writes, wait_step
from world import (
    CENTRAL,
    MODES,
    WEST,
    arrange,
    check_world,
    leader,
    other,
    outside,
    replicas,
    switch_to,
    wait_world,
)

from hack.bench import wait
from hack.bench.relay import Relay

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
