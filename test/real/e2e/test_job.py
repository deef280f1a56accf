"""A Job on a real API server follows each switch: one for each epoch, with the facts as its environment, and none beside or after
that of a later one. What the Job controller does is played (hack/bench/jobs.py)."""

import json
import re
import subprocess

import pytest
import yaml
from world import CENTRAL, WEST, arrange, leader, replicas, stamp, switch_to, wait_world

from hack.bench import jobs, kube, objects, wait
from hack.bench.tools import ROOT

NAME, STAMP = "gloo-switch", "planekeeper.io/stamp"
PAGE = ROOT / "docs/targets/pipeline-job.md"
CONTAINER = {"name": "switch", "image": "registry.example.com/switch:1", "args": ["$(PLANEKEEPER_ACTIVE_PLANE)"]}

pytestmark = pytest.mark.timeout(240)


def pipeline(scene, **changes):
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}} | changes
    return {"pipeline": [{"name": "switch", "job": {"namespace": scene.namespace, "name": NAME, "template": {"spec": spec}}}]}


def grant(scene, verbs=("create", "list", "patch")):
    """The rule of the page, whose namespace is another one."""
    (role,) = [thing for block in PAGE.read_text().split("```yaml\n")[1:] for thing in yaml.safe_load_all(block.split("```")[0]) if thing["kind"] == "Role"]
    role["metadata"]["namespace"] = scene.namespace
    assert set(role["rules"][0]["verbs"]) == {"create", "list", "patch"}
    role["rules"][0]["verbs"] = list(verbs)
    scene.bench.hub.admin.put(role)
    subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": kube.OPERATOR_NAMESPACE}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]}
    scene.bench.hub.admin.put({"apiVersion": role["apiVersion"], "kind": "RoleBinding", "metadata": role["metadata"], "roleRef": ref, "subjects": [subject]})


@pytest.fixture(name="controller")
def job_controller(scene):
    scene.bench.hub.ensure_namespace(scene.namespace)
    grant(scene)
    controller = jobs.JobController(scene.bench.hub, scene.namespace)
    controller.start()
    yield controller
    controller.stop()
    assert not controller.overlaps


def find(scene, epoch):
    return scene.bench.hub.admin.find("Job", f"{NAME}-{epoch}", scene.namespace)


def wait_complete(scene, plane, epoch, timeout=30.0):
    def check():
        job = find(scene, epoch)
        assert "Complete" in jobs.conditions(job)
        seen = stamp(job["metadata"]["annotations"][STAMP])
        assert (seen.plane, seen.epoch) == (plane, epoch)
        return True

    wait.until(f"the Job of epoch {epoch} is complete", check, timeout)


def environment(job):
    return {entry["name"]: entry.get("value", "") for entry in job["spec"]["template"]["spec"]["containers"][0]["env"]}


def stale(scene):
    condition = scene.condition("Degraded")
    return condition["message"] if "PipelineStale" in json.dumps(condition) else ""


def test_a_job_follows_every_switch(scene, controller):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_complete(scene, WEST, 1)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait_complete(scene, CENTRAL, 2)
    facts = environment(find(scene, 2))
    assert facts["PLANEKEEPER_PREVIOUS_PLANE"] == WEST
    assert facts["PLANEKEEPER_ACTIVE_PLANE"] == CENTRAL
    assert facts["PLANEKEEPER_EPOCH"] == "2"
    assert facts["PLANEKEEPER_POLICY"] == f"{scene.namespace}/gloo"
    assert facts["PLANEKEEPER_ADDRESS"] == scene.planes[CENTRAL]
    assert facts["PLANEKEEPER_DNS_NAME"] == scene.policy()["spec"]["dns"]["name"].rstrip(".")
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, timeout=40.0)
    wait_complete(scene, WEST, 3)
    assert controller.started == [f"{NAME}-{epoch}" for epoch in (1, 2, 3)]
    shown = wait.until("status shows it", lambda: [item for item in scene.status()["targets"]["pipeline"] if item["epoch"] == 3 and "settling" not in item], 10.0)
    assert (shown[0]["value"], shown[0]["name"]) == (WEST, f"jobs.batch {scene.namespace}/{NAME}")
    assert find(scene, 1)["spec"]["ttlSecondsAfterFinished"] == 3600
    assert "ttlSecondsAfterFinished" not in find(scene, 3)["spec"]


def test_a_failed_job_is_told_and_run_again_once_a_person_deletes_it(scene, controller):
    controller.outcome = jobs.FAILS
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("it is told", lambda: "BackoffLimitExceeded: Job has reached the specified backoff limit" in stale(scene), 30.0)
    assert f"kubectl -n {scene.namespace} logs job/{NAME}-1" in stale(scene)
    wait.always("it is not run again", lambda: controller.started == [f"{NAME}-1"], 5.0)
    controller.outcome = jobs.COMPLETES
    scene.kubectl("delete", "job", f"{NAME}-1", "-n", scene.namespace, "--cascade=background")
    wait_complete(scene, WEST, 1, timeout=60.0)
    wait.until("nothing lags", lambda: not stale(scene), 30.0)


def test_an_older_job_is_over_before_the_next_one_begins(scene, controller):
    controller.outcome, controller.is_stubborn = jobs.RUNS, True
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("it runs", lambda: find(scene, 1)["status"].get("active"), 30.0)
    controller.outcome = jobs.COMPLETES if find(scene, 2) else jobs.RUNS
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)  # the switch waits for neither
    wait.until("it is told", lambda: f"{NAME}-2 begins when {NAME}-1 of an older epoch has ended" in stale(scene), 30.0)
    wait.always("the next one is held", lambda: find(scene, 2)["spec"]["suspend"], 3.0)
    controller.is_stubborn, controller.outcome = False, jobs.COMPLETES
    wait_complete(scene, CENTRAL, 2)
    assert "Failed" in jobs.conditions(find(scene, 1))
    wait.until("nothing lags", lambda: not stale(scene), 30.0)


def test_a_second_operator_goes_on_with_the_first_ones_job(scene, controller):
    controller.outcome = jobs.RUNS
    arrange(scene, changes=pipeline(scene))
    pair = replicas(scene)
    wait_world(scene, WEST, 1)
    wait.until("it runs", lambda: find(scene, 1)["status"].get("active"), 30.0)
    leader(*pair).kill9()
    controller.outcome = jobs.COMPLETES
    wait_complete(scene, WEST, 1)
    wait.until("status shows it", lambda: "settling" not in scene.status()["targets"]["pipeline"][0], 30.0)
    assert controller.started == [f"{NAME}-1"]


def test_what_the_api_server_would_not_take_is_told_before_a_failover(scene, controller):
    arrange(scene, changes=pipeline(scene, completionMode="Sometimes"))
    scene.operator()
    wait_world(scene, WEST, 1)
    told = lambda: "completionMode" in scene.condition("Degraded")["message"] and "mend job.template" in scene.condition("Degraded")["message"]  # noqa: E731
    wait.until("it is told", told, 40.0)
    wait.until("it is armed all the same", lambda: scene.condition("Armed").get("status") == "True", 20.0)
    assert not controller.jobs()


def test_a_missing_right_is_told_with_the_rule_that_grants_it(scene, controller):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_complete(scene, WEST, 1)
    grant(scene, ("create", "list"))
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    told = lambda: "grant create, list and patch of jobs" in json.dumps(scene.status()["conditions"]) + json.dumps(scene.status()["targets"])  # noqa: E731
    wait.until("it is told", told, 60.0)
    grant(scene)
    wait_complete(scene, CENTRAL, 2, timeout=60.0)
    assert controller.started == [f"{NAME}-1", f"{NAME}-2"]


def test_the_runbook_runs_it_with_kubectl(scene, controller):
    arrange(scene, changes=pipeline(scene))
    scene.operator()
    wait_complete(scene, WEST, 1)
    # Not that of a status from before the first decision was known.
    lines = lambda: [line for line in scene.status().get("runbook", []) if re.search(f"kubectl set env --local.*PLANEKEEPER_PREVIOUS_PLANE='?{WEST}", line)]  # noqa: E731
    line = wait.until("the runbook has it", lines, 15.0)[0]
    path = f"{ROOT}/build/servers:/usr/local/bin:/usr/bin:/bin"
    subprocess.run(["bash", "-c", line], env={"KUBECONFIG": str(scene.bench.hub.kubeconfig), "PATH": path}, check=True, timeout=60)
    (job,) = [job for job in controller.jobs() if job["metadata"]["name"].startswith(f"{NAME}-by-hand-")]
    facts = environment(job)
    assert (facts["PLANEKEEPER_ACTIVE_PLANE"], facts["PLANEKEEPER_PREVIOUS_PLANE"]) == (CENTRAL, WEST)
    assert job["metadata"]["labels"]["planekeeper.io/by-hand"] == NAME


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"ttlSecondsAfterFinished": 60}, "leave it out: a Job that is gone"),
        ({"suspend": True}, "leave it out: the operator starts the Job"),
        ({"template": None}, "template"),
    ],
)
def test_the_schema_refuses_what_could_not_work(scene, changes, why):
    item = pipeline(scene)["pipeline"][0]
    spec = item["job"]["template"]["spec"]
    item["job"]["template"]["spec"] = {key: value for key, value in {**spec, **changes}.items() if value is not None}
    with pytest.raises(Exception, match="(?s)" + why):
        scene.kubectl("apply", "-f", "-", input=json.dumps(objects.failover_policy("wrong", scene.namespace, {**scene.policy_spec(), "pipeline": [item]})))
