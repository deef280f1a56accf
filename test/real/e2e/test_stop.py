"""SIGTERM: whoever ends the operator waits two seconds for it, whatever hangs, and the next one goes on."""

import time

import pytest
from test_operator_loss import is_update
from world import CENTRAL, QUICK_LEASE, WEST, arrange, check_world, record, wait_world

from hack.bench import wait
from hack.bench.relay import Relay

LIMIT_SECONDS = 2.0


@pytest.fixture
def wired(scene):
    """An operator with a wire to its DNS server and one to its Redis, at work under epoch 1."""
    bench = scene.bench
    with Relay(bench.bind.address) as scene.dns_wire, Relay(bench.redis.address) as scene.redis_wire:
        targets = {
            "dns": {"rfc2136": {"nameserver": scene.dns_wire.address}},
            "redis": {"address": scene.redis_wire.address},
        }
        arrange(scene, single_writer=True, changes=targets)
        scene.subject = scene.operator(extra_args=QUICK_LEASE)
        wait_world(scene, WEST, 1, single_writer=True)
        scene.wait_condition("FailoverPossible", "True", "Chosen")
        yield scene


def api_server_hangs(scene):
    scene.bench.hub.pause()


def update_is_swallowed(scene):
    """The DNS server gets nothing of it, and the job waits for its answer."""
    scene.dns_wire.holds = is_update
    scene.bench.kill_plane(WEST)
    wait.until("an UPDATE is under way", lambda: scene.dns_wire.held)


def lock_is_swallowed(scene):
    scene.redis_wire.swallow()
    scene.bench.kill_plane(WEST)
    wait.until("a Redis job is under way", lambda: scene.redis_wire.swallowed and record(scene)["epoch"] == 2)


def everything_hangs(scene):
    """All of it at once: a job in a thread that nobody can interrupt, and a Lease that cannot be released."""
    update_is_swallowed(scene)
    scene.dns_wire.swallow()
    scene.redis_wire.swallow()
    api_server_hangs(scene)


def nothing_hangs(scene):
    assert scene.subject.is_leader()


HANGING = [nothing_hangs, api_server_hangs, update_is_swallowed, lock_is_swallowed, everything_hangs]


@pytest.mark.parametrize("hang", HANGING, ids=lambda hang: hang.__name__)
def test_sigterm_ends_it_within_two_seconds(wired, hang):
    hang(wired)
    started = time.monotonic()
    status = wired.subject.stop()
    took = time.monotonic() - started
    print(f"{hang.__name__}: {took:.3f} s")
    assert status == 0 and took < LIMIT_SECONDS, (status, took)
    assert wired.subject.logs()[-1]["msg"] == "stopped"
    wired.bench.hub.resume()
    wired.dns_wire.heal()
    wired.redis_wire.heal()
    check_the_next_one(wired)


def check_the_next_one(scene):
    """It finishes what was begun, or fails over where nothing was."""
    if scene.bench.servers[WEST].is_alive:
        check_world(scene, WEST, 1, single_writer=True)
        scene.bench.kill_plane(WEST)
    scene.subject.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)
