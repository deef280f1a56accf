"""Objects in each plane's own cluster say standby in every plane but the active one: in the plane that is left before the name moves, if
it answers; in one that is down as soon as it answers again. Real API servers, the shipped account of the plane's cluster."""

import json
import subprocess

import pytest
from fence_sides import NAME, PLANES, Sides, cron_job, fence
from test_explain import explain, saved
from world import CENTRAL, MODES, WEST, arrange, message, record, switch_to, wait_answer, wait_world

from hack.bench import objects, wait
from hack.bench.tools import ROOT

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(name="sides")
def both_sides(scene):
    return Sides(scene)


def degraded(scene):
    return scene.condition("Degraded")


def fenced(scene, single_writer=False, changes=None):
    arrange(scene, single_writer, changes={**fence(scene), **(changes or {})})
    operator = scene.operator()
    wait_world(scene, WEST, 1, single_writer)
    return operator


@MODES
def test_a_switch_there_and_back(scene, sides, single_writer):
    fenced(scene, single_writer)
    sides.wait(WEST, 1)
    decided = record(scene)
    assert decided["v"] == 2
    assert [target["kind"] for target in decided["plan"]["targets"]][:2] == ["fence", "fence"]
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, single_writer)
    sides.wait(CENTRAL, 2)
    shown = wait.until("status shows it", lambda: [x for x in scene.status()["targets"]["fence"] if x["epoch"] == 2][1:] and scene.status()["targets"]["fence"], 10.0)
    assert [(x["server"], x["value"]) for x in shown] == [(f"plane {WEST}", "true"), (f"plane {CENTRAL}", "false")]
    scene.wait_condition("FailoverPossible", "True", timeout=30.0)
    switch_to(scene, WEST, 3)
    wait_world(scene, WEST, 3, single_writer)
    sides.wait(WEST, 3)


def test_the_name_waits_until_the_side_that_answers_is_suspended(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    sides[WEST].grant("get")
    switch_to(scene, CENTRAL, 2)
    wait.until("it waits at Fence", lambda: scene.status()["step"].startswith("Fence"), 20.0)

    def told():
        text = scene.condition("Ready")["message"]
        assert "blocked at Fence since" in text and f"cronjobs.batch {scene.namespace}/{NAME} in {WEST}: HTTP 403" in text, text
        return True

    wait.until("and says why", told, 20.0)
    wait.always("neither the name nor the other side moves", lambda: scene.active_in_dns() == WEST and sides[CENTRAL].is_suspended(), 4.0)
    sides[WEST].grant("get", "patch")
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    sides.wait(CENTRAL, 2)


def test_a_dead_side_holds_nothing_up_and_is_suspended_when_it_is_back(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    scene.wait_condition("FailoverPossible", "True", timeout=30.0)
    scene.bench.kill_plane(WEST, with_region=True)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    wait.until("the new side is released", lambda: sides[CENTRAL].check(CENTRAL, 2), 30.0)
    scene.bench.revive_plane(WEST)
    sides.wait(CENTRAL, 2, timeout=90.0)
    wait.until("nothing lags", lambda: "FenceStale" not in json.dumps(degraded(scene)), 60.0)


def test_a_dead_server_beside_a_live_cluster_is_suspended(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    sides.wait(CENTRAL, 2)


def test_a_side_that_never_answers_is_told_and_holds_no_failover_up(scene, sides):
    """The standby's API server, while its server is well: it is to be released, which nothing waits for."""
    fenced(scene)
    sides.wait(WEST, 1)
    scene.wait_condition("FailoverPossible", "True", timeout=30.0)
    scene.bench.clusters[CENTRAL].kill9()
    wait.until("it is told", lambda: f"plane {CENTRAL}" in degraded(scene).get("message", ""), 60.0)
    switch_to(scene, CENTRAL, 2)
    wait.until("the name moves", lambda: scene.active_in_dns() == CENTRAL, 30.0)
    assert sides[WEST].check(CENTRAL, 2)
    scene.bench.clusters[CENTRAL].run()
    sides.wait(CENTRAL, 2, timeout=90.0)


def test_a_persons_edit_of_the_standby_is_told(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    sides[CENTRAL].cluster.admin.patch("CronJob", NAME, {"spec": {"suspend": False}}, scene.namespace)
    scene.wait_condition("Drift", "True", timeout=60.0)
    assert f"in {CENTRAL}" in message(scene, "Drift")


def test_another_manager_of_the_field_is_told(scene, sides):
    side = sides[CENTRAL]
    apply = ("apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller", "-n", scene.namespace, "-f", "-")
    side.cluster.kubectl(*apply, input=json.dumps(cron_job(scene.namespace)))
    arrange(scene, changes={**fence(scene), "mode": "Advise"})
    scene.operator()
    wait.until("it is told", lambda: "FenceContested" in json.dumps(degraded(scene)) and "spec.ignore of the Kustomization" in degraded(scene)["message"], 60.0)


def test_an_object_that_is_not_there_is_told_and_a_person_is_not_switched_into_it(scene, sides):
    sides[WEST].cluster.admin.delete("CronJob", NAME, scene.namespace)
    fenced(scene)
    wait.until("it is told", lambda: "create it, the operator does not" in degraded(scene).get("message", ""), 60.0)
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", f"cronjobs.batch {scene.namespace}/{NAME} in {WEST}", timeout=20.0)
    assert scene.active_in_dns() == WEST
    scene.annotate(switch_to=None)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    assert sides[WEST].cluster.admin.find("CronJob", NAME, scene.namespace) is None


def test_a_plane_without_a_kubeconfig_is_told(scene, sides):
    arrange(scene, changes=fence(scene))
    spec = {"kubeConfig": None, "server": {"address": scene.planes[CENTRAL], "port": scene.bench.mgmt_port}}
    scene.bench.hub.admin.patch("ManagementPlane", CENTRAL, {"spec": spec}, scene.namespace)
    scene.operator()
    wait_world(scene, WEST, 1)

    def told():
        text = degraded(scene).get("message", "")
        assert f"ManagementPlane {CENTRAL} has no spec.kubeConfig" in text, text
        return True

    wait.until("it is told", told, 60.0)


def test_the_runbook_suspends_and_releases_with_kubectl(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    lines = wait.until("the runbook has both", lambda: [x for x in scene.status().get("runbook", []) if x.startswith("kubectl") and " patch cronjobs.batch " in x], 15.0)
    assert [("--kubeconfig " + plane + ".yaml") in line for plane, line in zip(PLANES, lines, strict=True)] == [True, True]
    for plane, line in zip(PLANES, lines, strict=True):
        command = line.replace(f"{plane}.yaml", str(sides[plane].cluster.kubeconfig))
        subprocess.run(["bash", "-c", command], env={"PATH": f"{ROOT}/build/servers:/usr/local/bin:/usr/bin:/bin"}, check=True, timeout=60)
    assert [sides[plane].is_suspended() for plane in PLANES] == [True, False]


def test_the_decision_explains_itself(scene, sides, tmp_path):
    fenced(scene)
    sides.wait(WEST, 1)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    facts = scene.status()["lastDecision"]["facts"]["fence"]
    assert [(x["inside"], x["value"], x["whileStandby"]) for x in facts] == [(WEST, "false", "true"), (CENTRAL, "true", "true")]
    text = explain(saved(scene, tmp_path))
    assert f"would switch to {CENTRAL} (ThresholdReached)" in text and "That is not what was decided" not in text


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"path": "spec.suspend"}, "path"),
        ({"resource": None}, "resource"),
        ({"active": None}, "active"),
    ],
)
def test_the_schema_refuses_what_could_not_work(scene, changes, why):
    item = fence(scene)["fence"][0]
    item["object"] = {key: value for key, value in {**item["object"], **changes}.items() if value is not None}
    with pytest.raises(Exception, match="(?s)" + why):
        scene.kubectl("apply", "-f", "-", input=json.dumps(objects.failover_policy("wrong", scene.namespace, {**scene.policy_spec(), "fence": [item]})))


def test_the_schema_counts_the_objects_of_all_planes(scene):
    items = [{"name": f"x{i}", "object": {**fence(scene)["fence"][0]["object"], "name": f"x{i}"}} for i in range(3)]
    pipeline = [{"name": f"p{i}", "object": {"apiVersion": "v1", "resource": "configmaps", "name": f"p{i}", "path": "/data/x", "value": "{name}"}} for i in range(2)]
    spec = {**scene.policy_spec(), "fence": items, "pipeline": pipeline}
    with pytest.raises(Exception, match="fence has too many objects"):
        scene.kubectl("apply", "-f", "-", input=json.dumps(objects.failover_policy("wrong", scene.namespace, spec)))
    scene.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(objects.failover_policy("wrong", scene.namespace, {**spec, "pipeline": pipeline[:1]})))


def test_it_is_added_to_a_policy_at_work_and_taken_away(scene, sides):
    """What is taken away stays as it is: nothing is undone that nobody names."""
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.bench.hub.admin.patch("FailoverPolicy", "gloo", {"spec": fence(scene)}, scene.namespace)
    wait.until("the standby is suspended", lambda: sides[CENTRAL].is_suspended() and not sides[WEST].is_suspended(), 60.0)
    sides.wait(WEST, record(scene)["epoch"])
    before = record(scene)["epoch"]
    scene.bench.hub.admin.patch("FailoverPolicy", "gloo", {"spec": {"fence": None}}, scene.namespace)
    wait.until("the record has it no more", lambda: record(scene)["v"] == 1 and scene.status()["epoch"] == before + 1, 60.0)
    assert "fence" not in scene.status()["targets"]
    switch_to(scene, CENTRAL, before + 2)
    wait.until("the name moves", lambda: scene.active_in_dns() == CENTRAL, 40.0)
    assert [sides[plane].is_suspended() for plane in PLANES] == [False, True]


def test_decisions_in_dns(scene, sides):
    arrange(scene, changes={**fence(scene), "decisionStore": "DNS"})
    scene.operator()
    sides.wait(WEST, 1, timeout=60.0)
    switch_to(scene, CENTRAL, 2)
    wait.until("the name moves", lambda: scene.active_in_dns() == CENTRAL, 40.0)
    sides.wait(CENTRAL, 2)


def test_a_kubeconfig_that_is_rotated_is_taken_up(scene, sides):
    fenced(scene)
    sides.wait(WEST, 1)
    scene.put_secret(f"{WEST}-kubeconfig", value="not a kubeconfig")
    wait.until("it is told", lambda: f"ManagementPlane {WEST} kubeConfig.secretRef" in json.dumps(scene.status()["conditions"]), 90.0)
    scene.put_secret(f"{WEST}-kubeconfig", value=scene.bench.plane_kubeconfig(WEST))
    scene.wait_condition("FailoverPossible", "True", timeout=60.0)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, timeout=60.0)
    sides.wait(CENTRAL, 2)
