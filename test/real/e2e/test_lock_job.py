"""A lock that a product's own command sets: the epoch in a real Redis first, then a Job on a real API server, then the key read
back. The Job controller and the command are played (hack/bench/jobs.py)."""

import json
import re
import subprocess

import pytest
import yaml
from world import CENTRAL, WEST, arrange, leader, lock_stamp, replicas, stamp, switch_to, wait_world

from hack.bench import jobs, kube, wait
from hack.bench.scene import LOCK_KEY
from hack.bench.tools import ROOT

NAME, STAMP = "gloo-lock", "planekeeper.io/stamp"
PAGE = ROOT / "docs/targets/redis-lock-job.md"

pytestmark = pytest.mark.timeout(240)


def page(kind):
    return next(thing for block in PAGE.read_text().split("```yaml\n")[1:] for thing in yaml.safe_load_all(block.split("```")[0]) if thing["kind"] == kind)


def changes(scene, **job):
    """The lock of the page, whose namespace and Redis are others."""
    spec = page("FailoverPolicy")["spec"]["redis"]["lock"]
    assert (spec["key"], spec["job"]["name"]) == (LOCK_KEY, NAME)
    spec["job"] |= {"namespace": scene.namespace, **job}
    return {"redis": {"lock": spec}}


def grant(scene, verbs=("create", "list", "patch")):
    role = page("Role")
    role["metadata"]["namespace"] = scene.namespace
    assert set(role["rules"][0]["verbs"]) == {"create", "list", "patch"}
    role["rules"][0]["verbs"] = list(verbs)
    subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": kube.OPERATOR_NAMESPACE}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]}
    scene.bench.hub.admin.put(role)
    scene.bench.hub.admin.put({"apiVersion": role["apiVersion"], "kind": "RoleBinding", "metadata": role["metadata"], "roleRef": ref, "subjects": [subject]})


def arguments(job):
    """The container's words, with its variables in them, as the kubelet has them."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    env = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    words = [re.sub(r"\$\((\w+)\)", lambda found: env[found[1]], word) for word in (*container["command"], *container["args"])]
    return words, env


class Command:
    """meshctl experimental switch-active, as far as its page tells."""

    def __init__(self, scene):
        self.scene = scene
        self.says = lambda plane: plane
        self.stamps = []  # what was beside the key when it ran

    def __call__(self, job):
        words, env = arguments(job)
        assert words[:3] == ["meshctl", "experimental", "switch-active"]
        flags = dict(word.removeprefix("--").split("=") for word in words[3:])
        assert flags["redis-address"] == self.scene.bench.redis.address
        assert env["PLANEKEEPER_LOCK_VALUE"] == flags["mgmt-cluster-name"]
        self.stamps.append((lock_stamp(self.scene).epoch, int(env["PLANEKEEPER_EPOCH"])))
        if value := self.says(flags["mgmt-cluster-name"]):
            self.scene.redis.set(LOCK_KEY, value)


@pytest.fixture(name="controller")
def job_controller(scene):
    scene.bench.hub.ensure_namespace(scene.namespace)
    grant(scene)
    controller = jobs.JobController(scene.bench.hub, scene.namespace)
    controller.carry_out = Command(scene)
    controller.start()
    yield controller
    controller.stop()
    assert not controller.overlaps
    assert all(beside >= own for beside, own in controller.carry_out.stamps), "no command before its epoch is beside the key"


def steady(scene):
    arrange(scene, single_writer=True, changes=changes(scene))
    scene.operator()
    wait_world(scene, WEST, 1, True)


def find(scene, name):
    return scene.bench.hub.admin.find("Job", f"{NAME}-{name}", scene.namespace)


def told(scene):
    status = scene.status()
    return json.dumps(status.get("conditions", [])) + json.dumps(status.get("targets", {}))


def test_the_command_moves_the_lock_before_the_name(scene, controller):
    steady(scene)
    controller.outcome = jobs.RUNS
    switch_to(scene, CENTRAL, 2)
    wait.until("it runs", lambda: find(scene, 2)["status"].get("active"), 30.0)
    wait.until("it is told", lambda: "Job gloo-lock-2, which sets it, has not ended yet" in scene.condition("Ready")["message"], 15.0)
    assert (lock_stamp(scene).epoch, scene.redis.get(LOCK_KEY)) == (2, WEST)
    wait.always("the name waits", lambda: scene.active_in_dns() == WEST, 2.0)
    controller.outcome = jobs.COMPLETES
    wait_world(scene, CENTRAL, 2, True)
    assert stamp(find(scene, 2)["metadata"]["annotations"][STAMP]) == lock_stamp(scene)
    assert scene.status()["targets"]["lock"]["weak"] is True
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, True, timeout=40.0)
    assert controller.started == [f"{NAME}-{epoch}" for epoch in (1, 2, 3)]


def test_a_complete_job_is_not_enough(scene, controller):
    """The command that does nothing is run again; one that sets another value is a person's to mend."""
    steady(scene)
    controller.carry_out.says = lambda plane: None if len(controller.started) < 3 else plane
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, True, timeout=40.0)
    assert controller.started == [f"{NAME}-1", f"{NAME}-2", f"{NAME}-2-2"]
    controller.carry_out.says = lambda plane: "cluster-" + plane
    switch_to(scene, WEST, 3)
    wait.until("it is told", lambda: f"Job {NAME}-3 is complete, and the key holds" in told(scene) and f"cluster-{WEST}" in told(scene), 40.0)
    wait.always("the name waits, and nothing is run again", lambda: scene.active_in_dns() == CENTRAL and controller.started[3:] == [f"{NAME}-3"], 4.0)
    controller.carry_out.says = lambda plane: plane
    scene.redis.set(LOCK_KEY, CENTRAL)
    scene.kubectl("delete", "job", f"{NAME}-3", "-n", scene.namespace, "--cascade=background")
    wait_world(scene, WEST, 3, True, timeout=60.0)


def test_a_failed_job_is_followed_by_another_and_the_last_one_is_told(scene, controller):
    steady(scene)
    controller.outcome = jobs.FAILS
    switch_to(scene, CENTRAL, 2)
    wait.until("it is told", lambda: f"Job {NAME}-2-5 failed (BackoffLimitExceeded" in told(scene), 60.0)
    wait.always("no other one is made", lambda: len(controller.started) == 6 and scene.active_in_dns() == WEST, 3.0)
    controller.outcome = jobs.COMPLETES
    scene.kubectl("delete", "job", "-l", f"planekeeper.io/job={NAME}", "-n", scene.namespace, "--cascade=background")
    wait_world(scene, CENTRAL, 2, True, timeout=60.0)


def test_an_older_command_is_over_before_the_next_one_begins(scene, controller):
    controller.outcome, controller.is_stubborn = jobs.RUNS, True
    arrange(scene, single_writer=True, changes=changes(scene))
    scene.operator()
    wait.until("it runs", lambda: find(scene, 1)["status"].get("active"), 30.0)
    switch_to(scene, CENTRAL, 2)
    wait.until("it is told", lambda: f"{NAME}-2 begins when {NAME}-1 of an older epoch has ended" in told(scene), 40.0)
    wait.always("the next one is held", lambda: find(scene, 2)["spec"]["suspend"] and scene.active_in_dns() == WEST, 3.0)
    controller.is_stubborn, controller.outcome = False, jobs.COMPLETES
    wait_world(scene, CENTRAL, 2, True, timeout=40.0)
    assert "Failed" in jobs.conditions(find(scene, 1))


def test_a_second_operator_goes_on_with_the_first_ones_job(scene, controller):
    arrange(scene, single_writer=True, changes=changes(scene))
    pair = replicas(scene)
    wait_world(scene, WEST, 1, True)
    controller.outcome = jobs.RUNS
    switch_to(scene, CENTRAL, 2)
    wait.until("it runs", lambda: find(scene, 2)["status"].get("active"), 30.0)
    leader(*pair).kill9()
    controller.outcome = jobs.COMPLETES
    wait_world(scene, CENTRAL, 2, True, timeout=40.0)
    assert controller.started == [f"{NAME}-1", f"{NAME}-2"]


def test_a_redis_that_lost_the_lock_has_the_command_run_again(scene, controller):
    steady(scene)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, True)
    scene.redis.delete(f"{{{LOCK_KEY}}}:planekeeper")
    scene.redis.set(LOCK_KEY, WEST)
    wait_world(scene, CENTRAL, 2, True, timeout=60.0)
    assert controller.started == [f"{NAME}-1", f"{NAME}-2", f"{NAME}-2-2"]


def test_a_redis_that_is_silent_after_the_job_is_waited_for(scene, controller):
    steady(scene)
    work = controller.carry_out

    def then_silent(job):
        work(job)
        scene.bench.redis.pause()

    controller.carry_out = then_silent
    switch_to(scene, CENTRAL, 2)
    try:
        wait.until("the Job is complete", lambda: find(scene, 2) and "Complete" in jobs.conditions(find(scene, 2)), 30.0)
        wait.always("the name waits", lambda: scene.active_in_dns() == WEST, 3.0)
    finally:
        controller.carry_out = work
        scene.bench.redis.resume()
    wait_world(scene, CENTRAL, 2, True, timeout=40.0)
    assert controller.started == [f"{NAME}-1", f"{NAME}-2"]


def test_the_rights_of_the_page_are_enough_and_each_of_them_is_needed(scene, controller):
    line = re.search(r"^ACL SETUSER planekeeper (.*)$", PAGE.read_text(), re.MULTILINE)[1]
    admin = scene.bench.redis.client(0)
    user = f"lockjob{scene.db}"
    admin.execute_command("ACL", "SETUSER", user, "reset", *line.split())
    scene.put_secret("redis-user", username=user, password="secret")
    lock = changes(scene)
    lock["redis"]["authSecretRef"] = {"name": "redis-user"}
    arrange(scene, single_writer=True, changes=lock)
    scene.operator()
    wait_world(scene, WEST, 1, True)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2, True)
    wait.until("it is armed", lambda: scene.condition("Degraded").get("reason") != "WriteDenied", 20.0)
    with pytest.raises(Exception, match="(?i)no permissions|NOPERM"):
        client = scene.bench.redis.client(scene.db)
        client.execute_command("AUTH", user, "secret")
        client.set(LOCK_KEY, "x")
    admin.execute_command("ACL", "DELUSER", user)


def test_a_missing_right_is_told_with_the_rule_that_grants_it(scene, controller):
    grant(scene, ("create", "list"))
    arrange(scene, single_writer=True, changes=changes(scene))
    scene.operator()
    wait.until("it is told", lambda: "grant" in told(scene) and "jobs" in told(scene), 60.0)
    grant(scene)
    wait_world(scene, WEST, 1, True, timeout=90.0)


def test_the_runbook_runs_the_command_with_kubectl(scene, controller):
    steady(scene)
    lines = lambda: [line for line in scene.status().get("runbook", []) if re.search(f"kubectl set env --local.*PLANEKEEPER_LOCK_VALUE='?{CENTRAL}", line)]  # noqa: E731
    line = wait.until("the runbook has it", lines, 15.0)[0]
    path = f"{ROOT}/build/servers:/usr/local/bin:/usr/bin:/bin"
    subprocess.run(["bash", "-c", line], env={"KUBECONFIG": str(scene.bench.hub.kubeconfig), "PATH": path}, check=True, timeout=60)
    (job,) = [job for job in controller.jobs() if job["metadata"]["name"].startswith(f"{NAME}-by-hand-")]
    assert f"--mgmt-cluster-name={CENTRAL}" in arguments(job)[0]


@pytest.mark.parametrize("wrong, why", [({"ttlSecondsAfterFinished": 60}, "leave it out: a Job that is gone"), ({"suspend": True}, "leave it out: the operator starts the Job")])
def test_the_schema_refuses_what_could_not_work(scene, wrong, why):
    lock = changes(scene)
    lock["redis"]["lock"]["job"]["template"]["spec"] |= wrong
    with pytest.raises(Exception, match="(?s)" + why):
        arrange(scene, single_writer=True, changes=lock)
