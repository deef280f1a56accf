"""When the operator must keep its hands off: Advise, suspend, the kill switch, unsafe places, other owners, deletion."""

import os
import subprocess

from world import (
    CENTRAL,
    WEST,
    arrange,
    columns,
    dns_stamp,
    lease,
    message,
    outside,
    record,
    steady,
    switch_to,
    wait_answer,
    wait_world,
)

from hack.bench import tools, wait
from hack.bench.bench import PLANES
from hack.bench.kube import kubeconfig_text
from hack.bench.scene import LOCK_KEY

FOREIGN = f"v=pk1 e=7 id=00000000000000aa p={CENTRAL} s=k8s/11111111-2222-3333-4444-555555555555/other/gloo"


def follow_runbook(scene, tmp_path):
    """As the person would: bash, with the two Secrets at hand. The comments and kubectl are the person's to read."""
    (tmp_path / "tsig.key").write_text(scene.bench.bind.key.text)
    environment = {
        **os.environ,
        "REDISCLI_AUTH": scene.bench.redis.password,
        "KUBECONFIG": str(scene.bench.hub.kubeconfig),
        "PATH": f"{tools.server('kubectl').parent}:{os.environ['PATH']}",
    }
    script = "set -euo pipefail\n" + "\n".join(scene.status()["runbook"])
    subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=30)


def advise(scene, single_writer=True):
    arrange(scene, single_writer, {"mode": "Advise"})
    before = outside(scene)
    operator = scene.operator()
    scene.wait_condition("Ready", "True", "Steady")
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    return operator, before


def test_advise_says_what_it_would_do_and_writes_nothing(scene):
    _, before = advise(scene)
    row = columns(scene, "fop")["gloo"]
    assert list(row.values())[1:9] == ["Advise", "True", "Advise", "Steady", WEST, "1/1", "1", "Never"]
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    scene.wait_condition("Reconciling", "True", "AwaitingHuman")
    would = scene.status()["lastDecision"]
    assert (would["decision"], would["from"], would["to"], would["epoch"]) == ("WouldSwitch", WEST, CENTRAL, 1)
    assert {gate["holds"] for gate in would["gates"]} == {True}
    wait.always("Advise writes nothing", lambda: outside(scene) == before, 1.5)
    assert lease(scene) is None and scene.epoch_record() == ""
    assert scene.redis.keys("*") == [LOCK_KEY]
    scene.bench.revive_plane(WEST)
    scene.wait_condition("Ready", "True", "Steady")


def test_advise_refuses_requests(scene):
    _, before = advise(scene)
    switch_to(scene, CENTRAL, 1)
    wait_answer(scene, f"switch-to={CENTRAL}/1", "refused: in mode Advise nothing is written")
    assert outside(scene) == before


def test_the_runbook_works_in_bash(scene, tmp_path):
    operator, _ = advise(scene)
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    operator.stop()  # the runbook is for when there is no operator
    follow_runbook(scene, tmp_path)
    assert scene.addresses() == {"A": frozenset({PLANES[CENTRAL]})}
    assert scene.redis.get(LOCK_KEY) == CENTRAL
    operator.run()
    scene.wait_condition("Ready", "True", "FailedOver")
    assert scene.status()["activePlane"] == CENTRAL


def test_the_runbook_of_a_suspended_policy_ends_in_an_adoption(scene, tmp_path):
    operator = steady(scene, single_writer=True)
    scene.put_policy({"suspend": True}, single_writer=True)
    scene.wait_condition("Armed", "False", "Suspended")
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    assert any("planekeeper.io/adopt=" in line for line in scene.status()["runbook"])
    operator.stop()
    follow_runbook(scene, tmp_path)
    scene.put_policy({"suspend": False}, single_writer=True)
    operator.run()
    wait_world(scene, CENTRAL, 2, single_writer=True)
    wait_answer(scene, f"adopt={CENTRAL}/2", "accepted: epoch 2")


def test_kill_switch_stops_every_policy(scene):
    steady(scene)
    switch = {"kind": "ConfigMap", "metadata": {"name": "planekeeper", "namespace": scene.namespace}}
    scene.bench.hub.admin.put({**switch, "data": {"killSwitch": "true"}})
    scene.wait_condition("Armed", "False", "KillSwitch")
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    before = outside(scene)
    wait.always("killed", lambda: outside(scene) == before, 1.5)
    scene.bench.hub.admin.put({**switch, "data": {"killSwitch": "false"}})
    wait_world(scene, CENTRAL, 2)


def check_unsafe(scene, reason):
    scene.wait_condition("Ready", "False", "AutomaticUnsafe")
    status = scene.status()
    assert (status["effectiveMode"], status["effectiveModeReason"]) == ("Advise", reason)
    assert columns(scene, "fop")["gloo"]["MODE"] == "Advise"
    assert WEST in message(scene, "Ready") and "Run it in a third" in message(scene, "Ready")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    wait.always("unsafe", lambda: outside(scene) == before, 1.0)
    assert lease(scene) is None


def test_automatic_is_unsafe_in_a_region_of_a_plane(scene):
    arrange(scene)
    scene.operator(extra_args=(f"--region={WEST}",))
    check_unsafe(scene, "OperatorSharesRegion")


def test_automatic_is_unsafe_inside_a_plane(scene):
    """Its kubeconfig leads to the cluster that the operator runs in, whatever the address in it says."""
    arrange(scene)
    hub = scene.bench.hub
    inside = kubeconfig_text(hub.url.replace("127.0.0.1", "localhost"), hub.authority.cert, WEST, hub.admin_token)
    scene.put_secret(f"{WEST}-kubeconfig", value=inside)
    scene.put_planes(eu_west_1={"server": {"address": PLANES[WEST], "port": scene.bench.mgmt_port}})
    scene.operator()
    check_unsafe(scene, "OperatorInsidePlane")


def test_a_name_of_another_owner_is_not_touched(scene):
    arrange(scene, single_writer=True)
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", FOREIGN)
    before = outside(scene)
    scene.operator()
    scene.wait_condition("Stalled", "True", "ForeignOwner")
    assert "belongs to another owner" in message(scene, "Ready")
    assert columns(scene, "fop")["gloo"]["STATUS"] == "ForeignOwner"
    scene.bench.kill_plane(WEST)
    wait.always("foreign", lambda: outside(scene) == before, 1.5)
    assert lease(scene) is None and scene.epoch_record() == FOREIGN


def test_a_name_that_another_owner_took_is_left_to_him(scene):
    """The owner in the TXT record wins, also over the one who was there before."""
    operator = steady(scene)
    operator.stop()
    scene.bench.bind.replace(f"_planekeeper.{scene.dns_name}", "TXT", FOREIGN)
    before = outside(scene)
    operator.run()
    scene.wait_condition("Stalled", "True", "ForeignOwner")
    scene.bench.kill_plane(WEST)
    wait.always("foreign", lambda: outside(scene) == before, 1.5)
    assert record(scene)["epoch"] == 1


def test_deletion_changes_nothing_and_creation_goes_on(scene):
    steady(scene, single_writer=True)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    before = outside(scene)
    scene.bench.hub.admin.delete("FailoverPolicy", "gloo", scene.namespace)
    wait.always("deleted", lambda: outside(scene) == before, 1.5)
    scene.bench.kill_plane(CENTRAL)
    wait.always("nobody's plane", lambda: outside(scene) == before, 1.5)
    scene.bench.revive_plane(CENTRAL)
    scene.put_policy(single_writer=True)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, single_writer=True)


def test_a_memory_older_than_the_world_adopts_what_it_finds(scene):
    """The cluster of the operator was restored from a backup: its record says 1, the targets say 3."""
    operator = steady(scene, single_writer=True)
    old = lease(scene)
    for epoch, plane in ((2, CENTRAL), (3, WEST)):
        switch_to(scene, plane, epoch)
        wait_world(scene, plane, epoch, single_writer=True)
    operator.stop()
    scene.bench.hub.admin.delete("Lease", "planekeeper-gloo", scene.namespace)
    kept = {key: old["metadata"][key] for key in ("name", "namespace", "annotations", "labels")}
    scene.bench.hub.admin.put({**old, "metadata": kept})
    operator.run()
    wait_world(scene, WEST, 4, single_writer=True)
    assert dns_stamp(scene).epoch == 4
