"""Credentials that may read and not write are told while nothing is under way, and what asks for it changes nothing."""

from hack.bench import process
from hack.bench.redis_server import RedisServer
from world import WEST, check_world, outside, steady

RIGHTS_SECONDS = 90.0  # first asked 15 s after a policy rests, again a minute after a refusal


def test_a_key_that_may_only_read_is_told_before_a_failover_needs_it(scene):
    steady(scene)
    before = outside(scene)
    weak = scene.bench.bind.add_key(f"reads-{scene.db}", granted=False)
    scene.put_secret("tsig", tsig__conf=weak.text)
    told = scene.wait_condition("Armed", "False", "WriteDenied", RIGHTS_SECONDS)["message"]
    assert "the server does not let this key write A, AAAA, CNAME and TXT here" in told
    assert f"Secret {scene.namespace}/tsig (spec.dns.rfc2136.tsigSecretRef)" in told
    possible = scene.condition("FailoverPossible")
    assert (possible["status"], possible["reason"]) == ("False", "WriteDenied")
    assert scene.status()["state"] == "Steady"
    assert outside(scene) == before
    scene.put_secret("tsig", tsig__conf=scene.bench.bind.key.text)
    scene.wait_condition("Armed", "True", timeout=RIGHTS_SECONDS)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    check_world(scene, WEST, 1)


def test_a_user_of_redis_who_may_not_write_is_told(scene):
    password = "a-password-of-a-reader"
    rights = "~* -@all +eval +type +pttl +get +select"
    with process.Scratch() as scratch:
        server = RedisServer(scratch, "acl", password=password, users=(f"keeper on >{password} {rights} +mset",))
        server.start()
        server.ready()
        scene.put_secret("keeper", username="keeper", password=password)
        changes = {"redis": {"address": server.address, "db": 0, "authSecretRef": {"name": "keeper"}}}
        server.client().set(f"lock-{scene.db}", WEST)
        changes["redis"]["lock"] = {"key": f"lock-{scene.db}", "waitReplicas": 0}
        scene.point_at(WEST)
        scene.put_planes()
        scene.put_policy(changes, single_writer=True)
        scene.operator()
        scene.wait_condition("Armed", "True", timeout=RIGHTS_SECONDS)
        server.client().execute_command("ACL", "SETUSER", "keeper", "-mset")
        scene.put_secret("keeper", username="keeper", password=password, note="rotated")
        told = scene.wait_condition("Armed", "False", "WriteDenied", RIGHTS_SECONDS)["message"]
        assert f"lock lock-{scene.db} cannot be written" in told
        assert "its user may not MSET: grant +MSET on the keys" in told
        assert f"Secret {scene.namespace}/keeper (spec.redis.authSecretRef)" in told
        server.client().execute_command("ACL", "SETUSER", "keeper", "+mset")
        scene.wait_condition("Armed", "True", timeout=RIGHTS_SECONDS + 60)
