"""What the operator leaves of a decision, and `planekeeper explain` on it: why, and what it would have done otherwise."""

import json
import subprocess

import yaml
from world import CENTRAL, WEST, arrange, refused_gates, steady, wait_world

from hack.bench import objects, operator_process, wait
from hack.bench.bench import PLANES

STATUS_BYTES_MAX = 16384


def explain(*args, input=None, code=0):
    done = subprocess.run(
        [operator_process.binary(), "explain", *map(str, args)], input=input, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def saved(scene, tmp_path, form="json"):
    path = tmp_path / f"fop.{form}"
    path.write_text(scene.kubectl("get", "fop", "gloo", "-o", form))
    return path


def test_a_failover_explains_itself(scene, tmp_path):
    steady(scene, single_writer=True)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2, single_writer=True)
    text = explain(saved(scene, tmp_path))
    assert f"Switch, epoch 2, {WEST} -> {CENTRAL}: ThresholdReached" in text
    assert f"Asked again with these facts, the operator would switch to {CENTRAL} (ThresholdReached)" in text
    assert "That is not what was decided" not in text
    assert "failed 3 times in a row" in text and "down after 3 failures in a row and 0s" in text
    assert text == explain(saved(scene, tmp_path, "yaml"))
    assert text == explain("-", input=saved(scene, tmp_path).read_text())
    alone = tmp_path / "decision.json"
    alone.write_text(json.dumps(scene.status()["lastDecision"]))
    assert f"would switch to {CENTRAL} (ThresholdReached)" in explain(alone)


def test_a_changed_policy_is_replayed(scene, tmp_path):
    steady(scene)
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    changed = tmp_path / "changed.yaml"

    def under(spec):
        body = objects.failover_policy("gloo", scene.namespace, objects.merged(scene.policy_spec(), spec))
        changed.write_text(yaml.safe_dump(body))
        return explain(saved(scene, tmp_path), "--policy", changed)

    patient = under({"detection": {"failoverDelay": "1m"}})
    assert 'failoverDelay: "0s" -> "1m"' in patient
    assert "Under the changed policy the operator would not act (ActiveUnhealthy)" in patient
    assert "ActiveDown             passes -> BLOCKS: switching at " in patient
    assert f"would only say so: a person would have to move to {CENTRAL} (AwaitingHuman)" in under({"mode": "Advise"})
    alone = under({"planes": [WEST]})
    assert f"plane {CENTRAL} is not part of it any more" in alone
    assert "NoFitStandby           passes -> BLOCKS" in alone


def test_a_hold_explains_itself(scene, tmp_path):
    steady(scene, changes={"maxSwitches": 1, "failback": {"stableFor": "200ms"}})
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    scene.bench.revive_plane(WEST)
    scene.wait_condition("FailoverPossible", "True")
    scene.bench.kill_plane(CENTRAL)
    wait.until("held", lambda: "MaxSwitchesReached" in refused_gates(scene), 15.0)
    path = saved(scene, tmp_path)
    text = explain(path)
    assert "Hold, epoch 3" in text and "BLOCKS   MaxSwitchesReached" in text
    assert "would not act (FailoverHeld)" in text and "That is not what was decided" not in text
    changed = tmp_path / "changed.json"
    spec = objects.merged(scene.policy_spec(), {"maxSwitches": 5, "failback": {"stableFor": "200ms"}})
    changed.write_text(json.dumps({"metadata": {"name": "gloo"}, "spec": spec}))
    assert f"would switch to {WEST} (ThresholdReached)" in explain(path, "--policy", changed)


def test_files_that_explain_nothing_are_refused_by_field(scene, tmp_path):
    steady(scene)
    object_ = scene.policy()
    path = tmp_path / "bad.json"

    def refused(change):
        copy = json.loads(json.dumps(object_))
        change(copy["status"]["lastDecision"]["facts"])
        path.write_text(json.dumps(copy))
        return explain(path, code=1)

    assert "facts: planes[0].checks[0].fails: must be a whole number" in refused(
        lambda facts: facts["planes"][0]["checks"][0].update(fails=-1)
    )
    assert "facts: policy.mode: must be one of" in refused(lambda facts: facts["policy"].update(mode="Perhaps"))
    assert "facts: planes: has 9 items, at most 8" in refused(lambda facts: facts.update(planes=facts["planes"][:1] * 9))
    assert "facts: dns.age: must be a duration" in refused(lambda facts: facts["dns"].update(age="yesterday"))
    path.write_text("{" * 100000)
    assert "not JSON" in explain(path, code=1)
    path.write_text("a: &x [*x]")
    assert "aliases" in explain(path, code=1)
    assert "No such file" in explain(tmp_path / "absent", code=1)
    assert "decision: is not there" in explain("-", input="{}", code=1)
    explain(code=2)


def test_eight_planes_with_eight_checks_fit(scene, tmp_path):
    """Everything fails at once, and every check says why at length: the worst that a status has to hold."""
    names = [f"plane-{number}-{'x' * 40}" for number in range(8)]
    path = "/" + "a" * 60
    checks = [{"name": f"check-{n}", "type": "HTTP", "port": 1 + n, "http": {"path": path}} for n in range(8)]
    arrange(scene, changes={"planes": names})
    for number, name in enumerate(names):
        address = PLANES[WEST] if number == 0 else f"127.9.9.{number}"
        spec = {"server": {"address": address}, "region": f"region-{number}", "checks": checks}
        scene.bench.hub.admin.put(objects.management_plane(name, scene.namespace, spec))
    scene.operator()
    scene.wait_condition("Ready", "False")
    wait.until("held", lambda: len(refused_gates(scene)) >= 2, 20.0)
    status = scene.status()
    size = len(json.dumps(status, separators=(",", ":")))
    print(f"status of eight planes with eight checks: {size} bytes")
    assert size <= STATUS_BYTES_MAX
    facts = status["lastDecision"]["facts"]
    assert [len(plane["checks"]) for plane in facts["planes"]] == [8] * 8
    text = explain(saved(scene, tmp_path))
    assert "That is not what was decided" not in text
