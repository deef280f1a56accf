"""Replicas of the last release and of this build, which lead in turn: what one has decided and begun, the other finishes."""

import os
import pathlib
import subprocess
import tarfile

import pytest
from test_dns_store import two_sites, wait_all, wait_mode
from trouble import dns_takes_no_updates, redis_takes_no_writes, wait_step
from world import CENTRAL, MODES, QUICK_LEASE, WEST, arrange, conditions, leader, outside, record, wait_world

from hack.bench import tools, wait
from hack.bench.operator_process import binary

SOURCE = pathlib.Path(__file__).parents[1] / "last-release.tar.xz"  # hack/last-release.sh
# By writeMode: the step with the first effect, and what blocks it.
FIRST = {False: ("Route", dns_takes_no_updates), True: ("Lock", redis_takes_no_writes)}
FROZEN = ("PlanMismatch", "RecordUnreadable", "StampUnreadable", "ForeignOwner", "EpochAhead")


@pytest.fixture(scope="module")
def last_release() -> pathlib.Path:
    """The binary of the last release, built from its source."""
    folder = tools.ROOT / "build" / "last-release"
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(SOURCE) as source:
        source.extractall(folder, filter="data")
    command = ["make", "-s", f"-j{os.cpu_count()}", "VERSION=last-release", "build/planekeeper"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "build" / "planekeeper").resolve()


def lead_in_turn(scene, programs):
    """Both at work under one lease, adopted under epoch 1 by the first, which leads."""
    first = scene.operator("first", program=programs[0], extra_args=QUICK_LEASE)
    first.wait_readyz()
    wait.until("it leads", first.is_leader, 10.0)
    second = scene.operator("second", program=programs[1], extra_args=QUICK_LEASE)
    second.wait_readyz()
    return first, second


def take_over(scene, leading, standby, how):
    getattr(leading, how)()
    wait.until("the other release leads", standby.is_leader, 10.0)


def check_nobody_froze(*operators):
    for operator in operators:
        words = [word for word in FROZEN if f'"{word}"' in operator.log_text()]
        assert not words, f"{operator.name}: {words}"


@pytest.mark.parametrize("is_last_first", [True, False], ids=["last-decides", "this-decides"])
@MODES
def test_leaders_of_two_releases_finish_one_switch(scene, last_release, single_writer, is_last_first):
    programs = (last_release, binary()) if is_last_first else (binary(), last_release)
    arrange(scene, single_writer)
    first, second = lead_in_turn(scene, programs)
    wait_world(scene, WEST, 1, single_writer)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    step, blocked = FIRST[single_writer]
    with blocked(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, step)
        decided = record(scene)
        assert (decided["v"], decided["epoch"], decided["to"], decided["phase"]) == (1, 2, CENTRAL, "Switching")
        take_over(scene, first, second, "kill9")
        wait_step(scene, step)
        first.run()
        first.wait_readyz()
        take_over(scene, second, first, "pause")  # the lease is lost, and it wakes up late
        wait_step(scene, step)
        second.resume()
        wait.until("one leader", lambda: leader(first, second) is first, 10.0)
        assert record(scene) == decided
    wait_world(scene, CENTRAL, 2, single_writer)
    completed = record(scene)
    assert {key: completed[key] for key in ("v", "id", "plan", "startedAt", "reason")} == {
        key: decided[key] for key in ("v", "id", "plan", "startedAt", "reason")
    }
    before = outside(scene)
    take_over(scene, first, second, "stop")
    wait.always("nothing is left to be written", lambda: outside(scene) == before and record(scene) == completed, 2.0)
    wait_world(scene, CENTRAL, 2, single_writer)
    assert "Stalled" not in conditions(scene), conditions(scene)
    switches = [entry for entry in scene.status().get("history", []) if entry["epoch"] == 2]
    assert len(switches) == 1, switches
    check_nobody_froze(first, second)


@MODES
def test_two_releases_share_a_record_in_dns(scene, last_release, single_writer):
    """Each derives the plan from its own spec and compares digests: of another digest it would freeze."""
    sites = two_sites(scene, single_writer)
    programs = (last_release, binary())
    operators = [
        site.operator(f"inside-{site.cluster.name}", program=program, extra_args=QUICK_LEASE)
        for site, program in zip(sites, programs, strict=True)
    ]
    wait_all(scene, sites, WEST, 1, single_writer)
    for site in sites:
        site.wait_condition("FailoverPossible", "True", "Chosen")
        wait_mode(site, "Automatic", "SharedVantage")
    sites[0].annotate(switch_to=f"{CENTRAL}/2")  # decided by the last release
    wait_all(scene, sites, CENTRAL, 2, single_writer)
    for site in sites:
        site.wait_condition("FailoverPossible", "True", "Chosen")
    sites[1].annotate(switch_to=f"{WEST}/3")  # and by this one
    wait_all(scene, sites, WEST, 3, single_writer)
    check_nobody_froze(*operators)
