"""Things die around a switch, in every order: what must still happen, and what must not."""

import re

import pytest
from trouble import records_are_not_admitted, redis_takes_no_writes, wait_step
from world import (
    CENTRAL,
    MODES,
    WEST,
    arrange,
    conditions,
    instant,
    leader,
    message,
    other,
    outside,
    record,
    replicas,
    steady,
    wait_event,
    wait_world,
)

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.bind import Bind
from hack.bench.relay import Relay
from hack.bench.timeline import Watcher

STRANGER = "192.0.2.99"
SILENCE_LIMIT_MS = 3500  # 3 s for the first answer of any other server, and the steps of the switch


def test_recovery_before_the_point_of_no_return_aborts(scene):
    """By an epoch of its own: the number 2 is used up, and no packet of it may count any more."""
    steady(scene, single_writer=True)
    with Watcher(lambda: tuple(scene.addresses().items())) as address, redis_takes_no_writes(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Lock")
        assert record(scene)["epoch"] == 2
        scene.bench.revive_plane(WEST)
        wait.until("aborted", lambda: record(scene)["reason"] == "ActiveRecovered")
    wait_world(scene, WEST, 3, single_writer=True)
    scene.wait_condition("Ready", "True", "Steady")
    assert len(address.changes) == 1, "the agents were never moved"


def test_a_decision_that_may_not_be_recorded_moves_nothing_and_is_told(scene):
    steady(scene, single_writer=True)
    before = outside(scene)
    with records_are_not_admitted(scene):
        scene.bench.kill_plane(WEST)
        scene.wait_condition("Stalled", "True", "RecordRefused")
        assert re.search("it cannot be recorded: .*no records here", scene.status()["message"])
        wait_event(scene, "RecordRefused")
        wait.always("it stays so", lambda: scene.condition("Stalled")["reason"] == "RecordRefused", 3.0)
        assert outside(scene) == before
    wait_world(scene, CENTRAL, 2, single_writer=True)


@MODES
def test_a_whole_region_goes_at_once(scene, single_writer):
    """The server, the API server that knows its Deployment, and the replica that leads."""
    arrange(scene, single_writer)
    pair = replicas(scene)
    wait_world(scene, WEST, 1, single_writer)
    leading = leader(*pair)
    leading.kill9()
    scene.bench.kill_plane(WEST, with_region=True)
    wait_world(scene, CENTRAL, 2, single_writer)
    assert leader(*pair) is other(leading, pair)
    scene.wait_condition("Ready", "True", "FailedOver")


def test_redis_silent_blocks_and_resumes_by_itself(scene):
    """A server that may not write must not get the agents."""
    steady(scene, single_writer=True)
    addresses = scene.addresses()
    scene.bench.redis.pause()
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "RedisUnavailable")
    assert f"Moving to {CENTRAL}, epoch 2: blocked at Lock since " in message(scene, "Ready")
    assert scene.bench.redis.address in wait_event(scene, "RedisUnavailable")
    assert "Stalled" not in conditions(scene)
    wait.always("DNS does not move", lambda: scene.addresses() == addresses, 1.5)
    scene.bench.redis.resume()
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_redis_inside_the_failed_plane_does_not_hold_the_decision(scene):
    """A region takes its Redis along: the switch begins, and goes on when somebody has brought Redis back."""
    steady(scene, single_writer=True, changes={"redis": {"plane": WEST}})
    scene.bench.redis.kill9()
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "RedisUnavailable")
    assert record(scene)["epoch"] == 2 and scene.active_in_dns() == WEST
    scene.bench.redis.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)


def test_a_dead_second_nameserver_delays_nothing_and_is_named(scene):
    dead = Relay("127.0.0.1:9")
    dead.close()
    steady(scene, changes={"dns": {"verify": {"servers": [scene.bench.bind.address, dead.address]}}})
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=8.0)
    wait.until("named", lambda: scene.status()["targets"]["dns"]["behind"] == [dead.address])


def test_a_silent_second_nameserver_delays_nothing_and_is_named(scene):
    """Silence is no refusal: it is waited for, but for its one look, whoever else is silent as well."""
    with Relay(scene.bench.bind.address) as one, Relay(scene.bench.bind.address) as two:
        servers = [one.address, scene.bench.bind.address, two.address]
        steady(scene, changes={"dns": {"verify": {"servers": servers}}})
        one.swallow()
        two.swallow()
        with Watcher(lambda: scene.active_in_dns()) as active:
            scene.bench.kill_plane(WEST)
            wait_world(scene, CENTRAL, 2, timeout=10.0)
        last = scene.status()["lastSwitch"]
        assert last["durationMilliseconds"] < SILENCE_LIMIT_MS
        assert active.became(CENTRAL) - instant(last["decidedAt"]) < 1.0, "the agents' server waits for nobody"
        silent = sorted([one.address, two.address])
        wait.until("named", lambda: sorted(scene.status()["targets"]["dns"]["behind"]) == silent)
        scene.bench.revive_plane(WEST)
        scene.wait_condition("Degraded", "True", "DNSServerBehind")
        assert re.search(f"DNS server ({'|'.join(silent)}) does not answer", message(scene, "Degraded"))
        scene.wait_condition("Ready", "True", "FailedOver")


@pytest.mark.parametrize("catches_up", [True, False])
def test_a_lagging_second_nameserver_is_waited_for_but_not_for_ever(scene, catches_up):
    lagging = Bind(scene.bench.scratch, zones=(scene.zone,), name="lagging").run()
    txt = f"_planekeeper.{scene.dns_name}"
    steady(scene, changes={"dns": {"verify": {"servers": [lagging.address]}}})
    lagging.replace(scene.dns_name, "A", PLANES[WEST])
    lagging.replace(txt, "TXT", scene.epoch_record())
    scene.bench.kill_plane(WEST)
    wait.until("DNS moved", lambda: scene.active_in_dns() == CENTRAL)
    scene.wait_condition("Ready", "False", "DNSServerBehind")
    assert lagging.address in message(scene, "Ready")
    if catches_up:
        lagging.replace(scene.dns_name, "A", PLANES[CENTRAL])
        lagging.replace(txt, "TXT", scene.epoch_record())
        wait_world(scene, CENTRAL, 2, timeout=10.0)
        wait.until("nobody lags", lambda: scene.status()["targets"]["dns"]["behind"] == [])
    else:
        wait_world(scene, CENTRAL, 2, timeout=40.0)
        assert scene.status()["targets"]["dns"]["behind"] == [lagging.address]
        scene.wait_condition("Degraded", "True", "DNSServerBehind")
        old = f'DNS server {lagging.address} still answers old data: "A {PLANES[WEST]}", the address of {WEST}'
        assert f"{old}; also: NoStandby" in message(scene, "Degraded")
    lagging.kill9()


def test_a_nameserver_that_shows_a_stranger_is_told_from_one_that_lags(scene):
    other = Bind(scene.bench.scratch, zones=(scene.zone,), name="other").run()
    other.replace(scene.dns_name, "A", STRANGER)
    steady(scene, changes={"dns": {"verify": {"servers": [other.address]}}})
    strange = f'DNS server {other.address} shows "A {STRANGER}", which belongs to no plane; correct its zone'
    scene.wait_condition("Degraded", "True", "DNSServerAstray")
    assert strange in message(scene, "Degraded")
    assert scene.status()["targets"]["dns"]["behind"] == [other.address]
    scene.bench.kill_plane(WEST)
    wait.until("waited for", lambda: strange in message(scene, "Ready"), 20.0)
    other.replace(scene.dns_name, "A", PLANES[WEST])
    old = f'{other.address} still answers old data: "A {PLANES[WEST]}", the address of {WEST}'
    wait.until("lags", lambda: old in message(scene, "Ready"), 20.0)
    other.replace(scene.dns_name, "A", PLANES[CENTRAL])
    other.replace(f"_planekeeper.{scene.dns_name}", "TXT", scene.epoch_record())
    wait_world(scene, CENTRAL, 2, timeout=10.0)
    wait.until("nobody lags", lambda: scene.status()["targets"]["dns"]["behind"] == [])
    other.kill9()
