"""The main job: the active plane dies, DNS and the lock move; and the ways in which a person moves them."""

import re

from world import (
    CENTRAL,
    MODES,
    WEST,
    arrange,
    check_world,
    columns,
    conditions,
    message,
    outside,
    steady,
    switch_to,
    wait_answer,
    wait_event,
    wait_world,
)

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.scene import LOCK_KEY


@MODES
def test_active_dies_and_agents_follow(scene, single_writer):
    steady(scene, single_writer)
    agent = scene.agent()
    agent.wait_connected(PLANES[WEST])
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer)
    agent.wait_connected(PLANES[CENTRAL])
    assert [gap.address for gap in agent.outages()] == [PLANES[CENTRAL]]
    assert agent.outages()[0].milliseconds < 5000


@MODES
def test_black_hole_is_an_outage_like_any_other(scene, single_writer):
    """No refusal, no reset, nothing: a machine that lost its power."""
    steady(scene, single_writer)
    scene.bench.set_replicas(WEST, 0)
    scene.bench.servers[WEST].black_hole()
    wait_world(scene, CENTRAL, 2, single_writer)


def test_what_kubectl_shows_at_each_moment(scene):
    """One row for each moment of a switch, and the last one agrees with what an agent went through."""
    steady(scene, single_writer=True, changes={"detection": {"failoverDelay": "3s"}})
    agent = scene.agent()
    agent.wait_connected(PLANES[WEST])
    row = columns(scene, "fop")["gloo"]
    assert list(row) == ["NAME", "MODE", "READY", "ARMED", "STATUS", "ACTIVE", "STANDBY", "EPOCH", "LAST-SWITCH", "AGE"]
    assert list(row.values())[1:9] == ["Automatic", "True", "True", "Steady", WEST, "1/1", "1", "Never"]
    planes = columns(scene, "mplane")
    assert list(planes[WEST]) == ["NAME", "REGION", "ROLE", "READY", "ELIGIBLE", "REPLICAS", "CERT", "ADDRESS", "AGE"]
    assert list(planes[WEST].values())[1:6] == [WEST, "Active", "True", "True", "3/3"]
    assert planes[CENTRAL]["ROLE"] == "Standby" and planes[CENTRAL]["ADDRESS"] == PLANES[CENTRAL]
    assert re.fullmatch(r"\d+d", planes[WEST]["CERT"])

    scene.bench.bind.freeze(scene.zone)  # what is read is answered, what is written is refused
    scene.bench.kill_plane(WEST)
    wait.until("active down", lambda: columns(scene, "fop")["gloo"]["STATUS"] == "ActiveUnhealthy", poll=0.1)
    row = columns(scene, "fop")["gloo"]
    assert list(row.values())[1:9] == ["Automatic", "False", "True", "ActiveUnhealthy", WEST, "1/1", "1", "Never"]
    assert "switching at" in columns(scene, "fop", "-o", "wide")["gloo"]["MESSAGE"]

    wait.until("blocked at Route", lambda: columns(scene, "fop", "-o", "wide")["gloo"]["STEP"] == "Route (3/4)")
    row = columns(scene, "fop", "-o", "wide")["gloo"]
    assert (row["READY"], row["STATUS"], row["ACTIVE"], row["EPOCH"]) == ("False", "Switching", WEST, "2")
    scene.wait_condition("Ready", "False", "DNSRefused")
    assert re.match(f"Moving to {CENTRAL}, epoch 2: blocked at Route since .*REFUSED", message(scene, "Ready"))
    scene.wait_condition("Degraded", "True", "SwitchInProgress")
    scene.wait_condition("Stalled", "True", "DNSRefused", timeout=20.0)  # it has lasted: a person has to thaw the zone
    assert "Reconciling" not in conditions(scene)

    scene.bench.bind.thaw(scene.zone)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait.until("no standby", lambda: columns(scene, "fop")["gloo"]["STANDBY"] == "0/1")
    row = columns(scene, "fop", "-o", "wide")["gloo"]
    shown = {name: row[name] for name in ("MODE", "READY", "STATUS", "ACTIVE", "EPOCH", "STEP", "FAILOVER", "STORE")}
    assert " ".join(shown.values()) == f"Automatic True FailedOver {CENTRAL} 2 - NoStandby Kubernetes"
    assert row["LAST-SWITCH"] != "Never"
    planes = columns(scene, "mplane")
    assert planes[WEST]["REPLICAS"] == "0/3" and planes[WEST]["READY"] == "False"
    assert planes[CENTRAL]["ROLE"] == "Active"
    check_rto(row["RTO-LAST"], agent)


def check_rto(shown, agent):
    """From the first failure to the new answer: an agent was without a server for as long."""
    agent.wait_connected(PLANES[CENTRAL])
    (outage,) = agent.outages()
    assert re.fullmatch(r"\d\.\ds|[1-5]?\ds", shown), shown
    assert abs(float(shown.removesuffix("s")) - outage.milliseconds / 1000) < 1.0, (shown, outage)


def test_conditions_events_and_history_tell_the_story(scene):
    steady(scene, single_writer=True)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.wait_condition("Ready", "True", "FailedOver")
    scene.wait_condition("OnPreferred", "False", "FailedOver")
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    scene.wait_condition("Degraded", "True", "NoStandby")
    assert message(scene, "FailoverPossible").endswith(f"a failure of {CENTRAL} needs a person")
    assert not {"Reconciling", "Stalled"} & set(conditions(scene))
    status = scene.status()
    last = status["lastSwitch"]
    assert (last["epoch"], last["from"], last["to"], last["automatic"]) == (2, WEST, CENTRAL, True)
    assert last["detectedAt"] <= last["decidedAt"] <= last["completedAt"]
    assert [step["name"] for step in last["steps"]] == ["Intent", "Lock", "Route"]
    assert [item["epoch"] for item in status["history"]] == [2]
    assert status["observedGeneration"] == scene.policy()["metadata"]["generation"]
    assert {gate["holds"] for gate in status["lastDecision"]["gates"]} == {True}
    assert f"{WEST} -> {CENTRAL}" in wait_event(scene, "FailoverDecided")
    assert f"no return to {WEST} now: " in wait_event(scene, "FailoverComplete")
    wait_event(scene, "StepDone")
    described = scene.kubectl("describe", "fop", "gloo")
    for word in ("FailedOver", "FailoverDecided", "FailoverComplete", "Events:"):
        assert word in described


def test_a_lost_replica_is_degraded_and_no_switch(scene):
    steady(scene)
    scene.bench.set_replicas(WEST, 2)
    scene.wait_condition("Degraded", "True", "ReplicasMissing")
    scene.wait_condition("Ready", "True", "Steady")
    check_world(scene, WEST, 1)


def test_manual_switch_and_back(scene):
    steady(scene, single_writer=True)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "accepted: epoch 2")
    told = wait_event(scene, "FailoverComplete").partition("to return: kubectl ")[2]
    assert f"switch-to={WEST}/3" in told
    scene.kubectl(*told.split())
    wait_world(scene, WEST, 3, single_writer=True)
    scene.wait_condition("Ready", "True", "Steady")
    last = scene.status()["lastSwitch"]
    assert (last["reason"], last["automatic"], "detectedAt" in last) == ("SwitchRequested", False, False)


def told_everywhere(scene, operator, reason):
    """The one word that an entry of the history, an Event, a metric and a log line have in common."""
    completed = f'planekeeper_decisions_completed_total{{namespace="{scene.namespace}",policy="gloo",reason="{reason}"}}'
    assert wait_event(scene, reason)
    assert operator.metrics()[completed] == 1
    assert [line["epoch"] for line in operator.logs() if line.get("reason") == reason]


def test_every_entry_of_the_history_is_told_by_the_same_word(scene):
    operator = steady(scene)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    scene.bench.revive_plane(WEST)
    scene.wait_condition("FailoverPossible", "True")
    switch_to(scene, WEST, 3)
    wait_world(scene, WEST, 3)
    scene.point_at(CENTRAL)
    scene.annotate(adopt=f"{CENTRAL}/4")
    wait_world(scene, CENTRAL, 4)
    wait.until("three entries", lambda: len(scene.status()["history"]) == 3)
    history = scene.status()["history"]
    assert [(item["epoch"], item["reason"], item["to"]) for item in history] == [
        (4, "AdoptRequested", CENTRAL),
        (3, "SwitchRequested", WEST),
        (2, "ThresholdReached", CENTRAL),
    ]
    assert scene.status()["lastSwitch"]["epoch"] == 3  # nothing was switched by an adoption
    for item in history:
        told_everywhere(scene, operator, item["reason"])
    operator.stop()
    operator.run()
    wait.until("it leads again", operator.is_leader)
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 5)
    wait.until("four entries", lambda: [item["epoch"] for item in scene.status()["history"]] == [5, 4, 3, 2])


def test_ineligible_plane_is_never_chosen(scene):
    arrange(scene)
    scene.put_planes(eu_central_1={"eligible": False})
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "False")
    assert columns(scene, "mplane")[CENTRAL]["ELIGIBLE"] == "False"
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "FailoverHeld")
    check_world(scene, WEST, 1)


@MODES
def test_adopt_records_what_a_person_did(scene, single_writer):
    """Drift first: a person's edit is reported, not fought. Then the person says that it was meant."""
    operator = steady(scene, single_writer)
    operator.stop()  # the next one reads at once, where this one would in half a minute
    scene.bench.bind.replace(scene.dns_name, "A", PLANES[CENTRAL])
    if single_writer:
        scene.redis.set(LOCK_KEY, CENTRAL)
    moved = outside(scene)
    operator.run()
    scene.wait_condition("Drift", "True")
    scene.wait_condition("Ready", "True")
    assert columns(scene, "fop")["gloo"]["STATUS"] == "Drift"
    assert f"adopt={CENTRAL}/2" in message(scene, "Ready")
    wait.always("Drift is not fought", lambda: outside(scene) == moved, 1.0)
    scene.annotate(adopt=f"{CENTRAL}/2")
    wait_world(scene, CENTRAL, 2, single_writer)
    wait_answer(scene, f"adopt={CENTRAL}/2", "accepted: epoch 2")
    scene.wait_condition("Drift", "False")
    scene.wait_condition("Ready", "True", "FailedOver")


def test_adopt_of_what_is_not_so_is_refused(scene):
    steady(scene)
    before = outside(scene)
    scene.annotate(adopt=f"{CENTRAL}/2")
    wait_answer(scene, f"adopt={CENTRAL}/2", f"which is not {CENTRAL}")
    assert outside(scene) == before
    check_world(scene, WEST, 1)
