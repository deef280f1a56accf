"""The Redis of two planes are the regions of a global datastore: ElastiCache, which is a stand-in here and never the real service, moves
the primary when it is asked to, and changes the roles of real servers."""

import contextlib
import json
import os
import subprocess

import pytest
import redis
from redis_pair import PASSWORD, follows, promotion, put_pair, redis_pair, role, wait_pair
from world import CENTRAL, WEST

from hack.bench import wait
from hack.bench.elasticache import ID, ROOT, ElastiCache

pytestmark = pytest.mark.timeout(300)

REGIONS = {WEST: "eu-west-1", CENTRAL: "eu-central-1"}
GROUPS = {WEST: "gloo-a", CENTRAL: "gloo-b"}
KEY, SECRET = ElastiCache.KEY.split(":")


class Datastore(dict):
    """The Redis of each plane, and who moves them."""

    def __init__(self, scratch, pair):
        super().__init__(pair)
        self.api = ElastiCache(scratch, tuple(REGIONS.values()))
        self.api.run()
        self.tell()

    def tell(self):
        roles = {WEST: "PRIMARY", CENTRAL: "SECONDARY"}
        members = [
            {"region": REGIONS[plane], "id": GROUPS[plane], "redis": server.address, "role": roles[plane]} for plane, server in self.items()
        ]
        self.api.ask("set", {"datastore": {"id": ID, "password": PASSWORD, "members": members}})

    def place(self, plane):
        return {"region": REGIONS[plane], "replicationGroupID": GROUPS[plane], "endpoint": self.api.endpoint(REGIONS[plane])}

    def asked(self, call):
        return [request for request in self.api.ask("state")["requests"] if request.endswith(call)]


@pytest.fixture
def datastore(bench, scratch):
    with redis_pair(bench) as pair:
        made = Datastore(scratch, pair)
        yield made
        assert made.api.violations() == []


def arrange(scene, datastore, central=True):
    put_pair(scene, datastore)
    scene.put_planes(
        eu_west_1={"redis": {"address": datastore[WEST].address, "elastiCache": datastore.place(WEST)}},
        eu_central_1={"redis": {"address": datastore[CENTRAL].address, **({"elastiCache": datastore.place(CENTRAL)} if central else {})}},
    )
    put_keys(scene, SECRET)


def put_keys(scene, secret):
    scene.put_secret("aws", aws_access_key_id=KEY, aws_secret_access_key=secret)


def put_policy(scene, **more):
    way = {"globalReplicationGroupID": ID, "credentialsSecretRef": {"name": "aws"}, **more}
    scene.put_policy(promotion(promotion={"elastiCacheGlobal": way}), single_writer=True)


def steady(scene, datastore):
    arrange(scene, datastore)
    put_policy(scene)
    scene.operator()
    wait_pair(scene, datastore, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen", timeout=60.0)


def told(scene, words):
    return words in json.dumps(scene.status().get("conditions", []))


def test_a_region_dies_with_the_primary_and_its_api_and_comes_back(scene, datastore):
    steady(scene, datastore)
    target = scene.status()["targets"]["promotion"]
    assert (target["weak"], target["name"]) == (True, ID)
    datastore.api.ask("set", {"silent": [REGIONS[WEST]]})
    datastore[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait_pair(scene, datastore, CENTRAL, 2, timeout=60.0)
    assert datastore.asked("FailoverGlobalReplicationGroup")[-1].startswith(REGIONS[CENTRAL])
    datastore[WEST].run()  # it has forgotten all, and says that it is the primary
    with contextlib.suppress(redis.exceptions.ReadOnlyError):  # ElastiCache may have been quicker
        datastore[WEST].client().set("late", "lost")
    datastore.api.ask("set", {})
    wait.until("ElastiCache makes it a secondary", lambda: follows(datastore[WEST], datastore[CENTRAL]), 60.0)
    assert datastore[WEST].client().get("late") is None
    wait_pair(scene, datastore, CENTRAL, 2)
    wait.until("and nothing is told any more", lambda: not told(scene, "PrimaryDoubtful"), 30.0)


def test_a_switch_there_and_back(scene, datastore):
    steady(scene, datastore)
    datastore[WEST].client().set("kept", "1")
    datastore[WEST].client().wait(1, 5000)
    datastore.api.ask("set", {"modifying_s": 2.0})
    scene.annotate(switch_to=f"{CENTRAL}/2")
    wait_pair(scene, datastore, CENTRAL, 2, timeout=60.0)
    assert datastore[CENTRAL].client().get("kept") == "1"
    wait.until("the old primary follows", lambda: follows(datastore[WEST], datastore[CENTRAL]), 30.0)
    scene.annotate(switch_to=f"{WEST}/3")
    wait_pair(scene, datastore, WEST, 3, timeout=60.0)
    asked = [request for request in datastore.asked("FailoverGlobalReplicationGroup")]
    assert {REGIONS[WEST], REGIONS[CENTRAL]} == {request.split()[0] for request in asked}


def test_a_right_that_lacks_is_told_before_and_a_switch_goes_on_when_it_is_granted(scene, datastore):
    datastore.api.ask("keys", {KEY: {"secret": SECRET, "denied": ["FailoverGlobalReplicationGroup"]}})
    arrange(scene, datastore)
    put_policy(scene)
    scene.operator()
    wait_pair(scene, datastore, WEST, 1)
    words = "allow elasticache:FailoverGlobalReplicationGroup in the IAM policy"
    wait.until("it is told", lambda: words in json.dumps(scene.status().get("conditions", [])), 60.0)
    assert role(datastore[WEST]) == "master"
    datastore[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait.always("nothing is promoted", lambda: role(datastore[CENTRAL]) == "slave" and scene.active_in_dns() == WEST, 3.0)
    datastore.api.ask("keys", {KEY: {"secret": SECRET}})
    put_keys(scene, SECRET)
    wait_pair(scene, datastore, CENTRAL, 2, timeout=90.0)


def test_keys_that_expire_in_mid_switch_are_told_and_new_ones_end_it(scene, datastore):
    steady(scene, datastore)
    datastore.api.ask("keys", {KEY: {"secret": SECRET, "expired": True}})
    datastore[WEST].kill9()
    scene.bench.kill_plane(WEST)
    wait.until("the reason is told", lambda: told(scene, "have expired"), 30.0)
    assert scene.active_in_dns() == WEST
    datastore.api.ask("keys", {KEY: {"secret": "new"}})
    put_keys(scene, "new")
    wait_pair(scene, datastore, CENTRAL, 2, timeout=90.0)


def test_a_plane_that_does_not_say_its_replication_group_is_not_chosen(scene, datastore):
    arrange(scene, datastore, central=False)
    put_policy(scene)
    scene.operator()
    words = f"{CENTRAL}: which replication group its Redis {datastore[CENTRAL].address} is in is not known: write spec.redis.elastiCache"
    wait.until("it is told", lambda: words in scene.condition("FailoverPossible").get("message", ""), 60.0)
    assert scene.condition("FailoverPossible")["reason"] == "RedisNotInGlobalDatastore"
    wait_pair(scene, datastore, WEST, 1)


def test_the_runbook_moves_the_primary_by_the_tool_of_aws(scene, datastore, scratch):
    steady(scene, datastore)

    def line():
        lines = scene.status().get("runbook", [])
        return next((one for one in lines if one.startswith("aws elasticache failover") and f"'{GROUPS[CENTRAL]}'" in one), None)

    move = wait.until("the runbook leads to the other plane", line, 15.0)
    look = next(one for one in scene.status()["runbook"] if one.startswith("aws elasticache describe"))
    tool = scratch.folder("bin") / "aws"
    tool.write_text(f'#!/bin/sh\nexec {datastore.api.python} {ROOT}/test/contract/aws/aws_cli.py "$@"\n')
    tool.chmod(0o755)
    for process in scene.operators:  # nobody is there to undo it
        process.stop()
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "REDISCLI_AUTH": PASSWORD}
    environment = {**os.environ, **keys, "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", move], env=environment, check=True, timeout=60)
    wait.until("it is the primary", lambda: role(datastore[CENTRAL]) == "master", 30.0)
    seen = subprocess.run(["bash", "-c", look], env=environment, check=True, timeout=60, capture_output=True, text=True).stdout
    assert '"Status": "available"' in seen and seen.rstrip().splitlines()[-1] != "slave"
