"""The whole operator with its name in Amazon Route 53, which is a strict stand-in here and never the real service."""

import os
import subprocess
import time

import dns.message
import dns.query
import pytest
from world import CENTRAL, WEST, conditions, record, stamp

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.route53 import ROOT, Route53

KEY, SECRET = Route53.KEY.split(":")

pytestmark = pytest.mark.timeout(240)


class World:
    def __init__(self, scene, scratch):
        self.scene = scene
        self.route53 = Route53(scratch, (scene.zone,))
        self.route53.run()
        self.zone_id = self.route53.zone_id(scene.zone)
        self.route53.write(scene.zone, (scene.dns_name, "A", PLANES[WEST]))
        self.put_keys(SECRET)
        scene.put_planes()

    def put_keys(self, secret):
        self.scene.put_secret("aws", aws_access_key_id=KEY, aws_secret_access_key=secret)

    def start(self, environment=None, **route53):
        provider = {"endpoint": f"http://127.0.0.1:{self.route53.port}", **route53}
        if environment is None:
            provider["credentialsSecretRef"] = {"name": "aws"}
        self.scene.put_policy({"dns": {"rfc2136": None, "route53": provider}})
        return self.scene.operator(extra_env=environment)

    def by_hand(self, address):
        """The command of the runbook that leads there; None: it leads elsewhere yet."""
        lines = self.scene.status().get("runbook", [])
        return next((line for line in lines if line.startswith("aws route53") and f'"{address}"' in line), None)

    def served(self, name, kind):
        """What users are answered."""
        answer = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", 5.0, self.route53.dns_port)
        return [item.to_text().strip('"') for found in answer.answer for item in found]

    def wait(self, plane, epoch, timeout=30.0):
        def probe():
            assert self.served(self.scene.dns_name, "A") == [PLANES[plane]]
            seen = stamp(" ".join(self.served(f"_planekeeper.{self.scene.dns_name}", "TXT")))
            assert (seen.plane, seen.epoch) == (plane, epoch)
            decided = record(self.scene)
            assert (decided["to"], decided["epoch"], decided["phase"]) == (plane, epoch, "Steady")
            return True

        wait.until(f"{plane} under epoch {epoch}", probe, timeout)


def said(scene):
    """All that the conditions tell."""
    return " ".join(item.get("message", "") for item in scene.status().get("conditions", []))


@pytest.fixture
def world(scene, scratch):
    made = World(scene, scratch)
    yield made
    assert made.route53.violations() == []


IN_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.mark.parametrize("environment", [None, IN_ENVIRONMENT], ids=["secret", "environment"])
def test_the_active_plane_dies_and_the_record_moves(world, environment):
    world.start(environment)
    world.wait(WEST, 1)
    world.route53.ask("faults", {"pending_s": 1})
    world.scene.bench.kill_plane(WEST)
    world.wait(CENTRAL, 2)
    wait.until("ready", lambda: conditions(world.scene)["Ready"].startswith("True"), 10.0)


def test_keys_that_expire_in_mid_switch_are_told_and_new_ones_end_it(world):
    world.start()
    world.wait(WEST, 1)
    world.route53.ask("keys", {KEY: {"secret": SECRET, "expired": True}})
    world.scene.bench.kill_plane(WEST)
    wait.until("the reason is told", lambda: "expired" in said(world.scene), 30.0)
    assert world.served(world.scene.dns_name, "A") == [PLANES[WEST]]
    world.route53.ask("keys", {KEY: {"secret": "new"}})
    world.put_keys("new")
    world.wait(CENTRAL, 2, timeout=60.0)


def test_a_storm_of_throttling_only_delays(world):
    world.start()
    world.wait(WEST, 1)
    busy = [[code, "Rate exceeded", 400] for code in ("Throttling", "PriorRequestNotComplete")] * 2
    world.route53.ask("faults", {"refuse": busy, "rate": 5})
    world.scene.bench.kill_plane(WEST)
    world.wait(CENTRAL, 2, timeout=60.0)


def test_a_switch_ends_when_the_zones_own_servers_show_it(world):
    """Nobody named them: Route 53 says which they are, and they follow seconds after it has accepted a change."""
    world.start()
    world.wait(WEST, 1)
    asked = f"/2013-04-01/hostedzone/{world.zone_id}"
    wait.until("its servers are asked for", lambda: any(one.endswith(asked) for one in world.route53.ask("state")["requests"]), 60.0)
    time.sleep(5.0)  # they have answered by then
    world.route53.ask("faults", {"pending_s": 4.0})
    world.scene.annotate(switch_to=f"{CENTRAL}/2")

    def probe():
        decided = record(world.scene)
        assert (decided["to"], decided["phase"]) == (CENTRAL, "Steady")
        return True

    wait.until("the switch is done", probe, 30.0)
    assert world.served(world.scene.dns_name, "A") == [PLANES[CENTRAL]]


def test_a_wrong_hosted_zone_is_told_in_a_sentence(world):
    world.start(hostedZoneID="Z00000000000000000000")
    wait.until("the reason is told", lambda: "NoSuchHostedZone" in said(world.scene), 30.0)
    assert "Z00000000000000000000" in said(world.scene)
    assert world.served(f"_planekeeper.{world.scene.dns_name}", "TXT") == []


def test_the_runbook_moves_the_name_by_the_tool_of_aws(world, scratch):
    world.start()
    world.wait(WEST, 1)
    line = wait.until("the runbook leads to the other plane", lambda: world.by_hand(PLANES[CENTRAL]), 15.0)
    tool = scratch.folder("bin") / "aws"
    tool.write_text(f'#!/bin/sh\nexec {world.route53.python} {ROOT}/test/contract/aws/aws_cli.py "$@"\n')
    tool.chmod(0o755)
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    subprocess.run(["bash", "-c", line], env={**os.environ, **keys, "PATH": f"{tool.parent}:{os.environ['PATH']}"}, check=True, timeout=60)
    assert world.served(world.scene.dns_name, "A") == [PLANES[CENTRAL]]
    assert any(line.startswith("dig +short") for line in world.scene.status()["runbook"])
