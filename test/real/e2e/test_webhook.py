"""A webhook follows each switch: signed, under one id for each decision, asked again until it says that it is done. The receiver
verifies with Python's own hmac (hack/bench/receiver.py)."""

import json
import subprocess

import pytest
from world import CENTRAL, WEST, arrange, leader, replicas, stamp, switch_to, wait_world

from hack.bench import objects, wait
from hack.bench.receiver import KEY, Receiver
from hack.bench.tools import ROOT

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(name="receiver")
def a_receiver(scene, tmp_path):
    receiver = Receiver(tmp_path)
    scene.put_secret("hook", key=KEY)
    scene.put_secret("hook-ca", **{"ca.crt": receiver.authority.cert})
    yield receiver
    receiver.close()
    assert not receiver.refused
    assert receiver.most_at_once <= 1


def pipeline(receiver, **changes):
    hook = {"url": receiver.url, "secretRef": {"name": "hook"}, "tls": {"caSecretRef": {"name": "hook-ca"}}}
    return {"pipeline": [{"name": "ci", "webhook": hook | changes}]}


def told(scene):
    """The reason why it lags; "" where it does not."""
    condition = scene.condition("Degraded")
    return condition["message"] if "PipelineStale" in json.dumps(condition) else ""


def lease(scene):
    return scene.bench.hub.admin.find("Lease", f"planekeeper.webhook.{scene.namespace}.gloo.ci", scene.namespace)


def wait_done(scene, plane, epoch, timeout=30.0):
    def check():
        found = lease(scene)
        seen = stamp(found["metadata"]["annotations"]["planekeeper.io/stamp"])
        assert (seen.plane, seen.epoch, found["spec"]["holderIdentity"]) == (plane, epoch, plane)
        assert found["metadata"]["annotations"]["planekeeper.io/answered"] == f"{epoch}-{seen.id}"
        return True

    wait.until(f"epoch {epoch} is answered", check, timeout)


def test_every_switch_is_posted_once(scene, receiver):
    arrange(scene, changes=pipeline(receiver))
    operator = scene.operator()
    wait_world(scene, WEST, 1)
    wait_done(scene, WEST, 1)
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait_done(scene, CENTRAL, 2)
    scene.bench.kill_plane(CENTRAL)
    wait_world(scene, WEST, 3, timeout=40.0)
    wait_done(scene, WEST, 3)
    posted = [(document["epoch"], document["from"], document["to"]) for document in receiver.accepted]
    assert posted == [(1, "", WEST), (2, WEST, CENTRAL), (3, CENTRAL, WEST)]
    assert receiver.accepted[1]["policy"] == f"{scene.namespace}/gloo"
    assert receiver.accepted[1]["address"] == scene.planes[CENTRAL]
    shown = scene.status()["targets"]["pipeline"][0]
    assert (shown["name"], shown["server"]) == (f"POST {receiver.url}", receiver.url)
    wait.always("it stays so", lambda: len(receiver.ids) == 3, 3.0)
    assert KEY not in operator.log_text()


@pytest.mark.parametrize(
    "answer, says",
    [
        ((500, {}, b""), "it answered HTTP 500; it is asked again in"),
        ((429, {"Retry-After": "7"}, b""), "it answered HTTP 429; it is asked again in 7 s"),
        ((302, {"Location": "/elsewhere"}, b""), "redirects are not followed: set webhook.url to where it leads"),
        ("hang", "no complete answer within"),
        ("endless", "the answer has more than 16384 bytes"),
        ((202, {"Retry-After": "3"}, b""), "has not delivered yet"),
        ((200, {}, b'{"done": false}'), "has not delivered yet"),
    ],
    ids=["500", "429", "redirect", "hang", "endless", "202", "not-done"],
)
def test_no_switch_waits_and_it_is_asked_until_it_is_done(scene, receiver, answer, says):
    arrange(scene, changes=pipeline(receiver))
    scene.operator()
    wait_done(scene, WEST, 1)
    receiver.answer = answer
    switch_to(scene, CENTRAL, 2)
    wait_world(scene, CENTRAL, 2)
    wait.until("it is told", lambda: says in told(scene), 40.0)
    receiver.answer = (200, {}, b'{"done": true}')
    wait_done(scene, CENTRAL, 2, timeout=60.0)
    wait.until("nothing lags", lambda: not told(scene), 30.0)
    assert len(set(receiver.ids)) == 2
    if isinstance(answer, tuple) and "Retry-After" in answer[1]:
        assert receiver.times[2] - receiver.times[1] >= int(answer[1]["Retry-After"])


def test_a_second_operator_asks_on_under_the_same_id(scene, receiver):
    receiver.answer = (202, {}, b"")
    arrange(scene, changes=pipeline(receiver))
    pair = replicas(scene)
    wait_world(scene, WEST, 1)
    wait.until("it was asked", lambda: receiver.ids, 30.0)
    leader(*pair).kill9()
    receiver.answer = (204, {}, b"")
    wait_done(scene, WEST, 1, timeout=60.0)
    assert len(set(receiver.ids)) == 1


def test_a_certificate_of_another_ca_is_told_before_a_failover(scene, receiver):
    scene.put_secret("hook-ca", **{"ca.crt": scene.bench.hub.authority.cert})
    arrange(scene, changes=pipeline(receiver))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("it is told", lambda: "check webhook.url and webhook.tls.caSecretRef" in scene.condition("Degraded")["message"], 40.0)
    wait.until("it is armed all the same", lambda: scene.condition("Armed").get("status") == "True", 20.0)
    assert not receiver.ids
    scene.put_secret("hook-ca", **{"ca.crt": receiver.authority.cert})
    wait_done(scene, WEST, 1, timeout=90.0)


def test_a_short_key_is_told(scene, receiver):
    scene.put_secret("hook", key="short")
    arrange(scene, changes=pipeline(receiver))
    scene.operator()
    wait_world(scene, WEST, 1)
    wait.until("it is told", lambda: "24 are the least" in json.dumps(scene.status()["conditions"]), 40.0)
    assert "short" not in json.dumps(scene.status())


def test_the_runbook_sends_it_with_curl(scene, receiver, tmp_path):
    arrange(scene, changes=pipeline(receiver))
    scene.operator()
    wait_done(scene, WEST, 1)
    # Not that of a status from before the first decision was known.
    find = lambda: [line for line in scene.status().get("runbook", []) if "webhook-signature" in line and '"epoch":2' in line]  # noqa: E731
    line = wait.until("the runbook has it", find, 15.0)[0]
    (tmp_path / "ca.crt").write_text(receiver.authority.cert)
    path = f"{ROOT}/build/servers:/usr/local/bin:/usr/bin:/bin"
    environment = {"KUBECONFIG": str(scene.bench.hub.kubeconfig), "PATH": path}
    subprocess.run(["bash", "-c", line], env=environment, cwd=tmp_path, check=True, timeout=60)
    assert (receiver.accepted[-1]["epoch"], receiver.accepted[-1]["from"], receiver.accepted[-1]["to"]) == (2, WEST, CENTRAL)


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"url": "ftp://ci.example.com"}, "url"),
        ({"url": "https://ci.example.com/switch?token=x"}, "url"),
        ({"url": "http://ci.example.com/switch"}, "https"),
        ({"secretRef": None}, "secretRef"),
    ],
)
def test_the_schema_refuses_what_could_not_work(scene, receiver, changes, why):
    item = pipeline(receiver)["pipeline"][0]
    item["webhook"] = {key: value for key, value in {**item["webhook"], **changes}.items() if value is not None}
    policy = objects.failover_policy("wrong", scene.namespace, {**scene.policy_spec(), "pipeline": [item]})
    with pytest.raises(Exception, match="(?s)" + why):
        scene.kubectl("apply", "-f", "-", input=json.dumps(policy))
