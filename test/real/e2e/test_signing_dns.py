"""The whole operator on a Knot that signs: what is written never leaves the name empty, and what was removed comes back."""

import threading
import time

import dns.message
import dns.query
import dns.rcode
import pytest
from test_addresses import put_named
from world import WEST, conditions, message, record, stamp, switch_to, wait_answer

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.other_dns import OtherDns
from hack.bench.standins import MgmtServer

NOTICED = 45.0  # records are read every 30 s
EAST, NORTH = "by-name", "by-other-name"

pytestmark = pytest.mark.timeout(180)


class Outsider(threading.Thread):
    """Asks for the name all the time, as a resolver does, and keeps what it was answered, each answer once."""

    def __init__(self, knot, name):
        super().__init__(daemon=True)
        self.knot, self.name, self.seen, self.rounds, self.stopping = knot, name, [], 0, False
        self.start()

    def run(self):
        while not self.stopping:
            answer = dns.query.udp(dns.message.make_query(self.name, "A"), self.knot.host, 5.0, self.knot.port)
            found = sorted(rrset.to_text() for rrset in answer.answer if rrset.name.to_text() == self.name + ".")
            found = found or [f"nothing ({dns.rcode.to_text(answer.rcode())})"]
            if self.seen[-1:] != [found]:
                self.seen.append(found)
            self.rounds += 1
            time.sleep(0.001)

    def assert_never_empty(self):
        self.stopping = True
        self.join(10.0)
        assert self.rounds > 20, "asked too seldom to have seen anything"
        assert not [found for found in self.seen if "nothing" in found[0]], self.seen


class World:
    def __init__(self, scene, scratch, first, ttl=300):
        self.scene, self.zone = scene, scene.zone
        self.hosts = {EAST: f"lb-east.{self.zone}", NORTH: f"lb-north.{self.zone}"}
        served = "".join(f"{host}. A 127.0.0.1\n" for host in self.hosts.values())
        self.knot = OtherDns(scratch, "knot", {self.zone: f"{served}{scene.dns_name}. {ttl} {first(self)}\n"}, signed=True)
        self.knot.run()
        MgmtServer(scratch, "local", "127.0.0.1", scene.bench.mgmt_port, scene.bench.authority).run()
        scene.put_secret("tsig", tsig__conf=self.knot.key.text)
        scene.put_planes()
        for name, host in self.hosts.items():
            put_named(scene, name, host)

    def start(self, planes, **changes):
        nameserver = {"dns": {"rfc2136": {"nameserver": self.knot.address}}}
        self.scene.put_policy({"planes": planes, **nameserver, **changes})
        return self.scene.operator(extra_args=(f"--resolver={self.knot.address}",))

    def stamp(self):
        return stamp(" ".join(self.knot.values(f"_planekeeper.{self.scene.dns_name}", "TXT")))

    def wait(self, plane, epoch, timeout=20.0):
        wanted = {"CNAME": {f"{self.hosts[plane]}."}} if plane in self.hosts else {"A": {PLANES[plane]}}

        def probe():
            assert self.knot.addresses(self.scene.dns_name) == wanted
            assert (self.stamp().plane, self.stamp().epoch) == (plane, epoch)
            decided = record(self.scene)
            assert (decided["to"], decided["epoch"], decided["phase"]) == (plane, epoch, "Steady")
            return True

        wait.until(f"{plane} under epoch {epoch}", probe, timeout)
        self.scene.wait_condition("Ready", "True")

    def remove(self):
        """As a person does: the record, and nothing of the stamp."""
        update = self.knot.new_update(self.scene.dns_name)
        update.delete(f"{self.scene.dns_name}.")
        self.knot.send(update)


def test_a_cname_gets_its_stamp_and_is_left_for_other_names(scene, scratch):
    """The first write after the start only adds the stamp. Then CNAME to CNAME, by request, and back."""
    world = World(scene, scratch, lambda world: f"CNAME {world.hosts[EAST]}.", ttl=30)
    outsider = Outsider(world.knot, scene.dns_name)
    world.start([EAST, NORTH])
    world.wait(EAST, 1)
    scene.wait_condition("FailoverPossible", "True")
    switch_to(scene, NORTH, 2)
    world.wait(NORTH, 2)
    switch_to(scene, EAST, 3)
    world.wait(EAST, 3)
    outsider.assert_never_empty()


def test_a_failover_makes_an_address_a_cname(scene, scratch):
    world = World(scene, scratch, lambda world: f"A {PLANES[WEST]}")
    outsider = Outsider(world.knot, scene.dns_name)
    world.start([WEST, EAST])
    world.wait(WEST, 1)
    scene.wait_condition("FailoverPossible", "True")
    scene.bench.kill_plane(WEST)
    world.wait(EAST, 2)
    scene.bench.revive_plane(WEST)
    scene.wait_condition("FailoverPossible", "True", timeout=30.0)
    switch_to(scene, WEST, 3)
    world.wait(WEST, 3)
    outsider.assert_never_empty()


def test_a_removed_record_is_not_ready_and_written_at_a_word(scene, scratch):
    world = World(scene, scratch, lambda world: f"CNAME {world.hosts[EAST]}.")
    world.start([EAST, WEST])
    world.wait(EAST, 1)
    world.remove()
    scene.wait_condition("Ready", "False", "NameEmpty", timeout=NOTICED)
    assert conditions(scene)["Drift"] == "True NameEmpty"
    assert f"planekeeper.io/switch-to={EAST}/2" in message(scene, "Ready")
    assert not world.knot.addresses(scene.dns_name)
    switch_to(scene, EAST, 2)
    wait_answer(scene, f"switch-to={EAST}/2", "accepted: epoch 2")
    world.wait(EAST, 2)


def test_a_dead_plane_is_left_though_the_record_was_removed(scene, scratch):
    world = World(scene, scratch, lambda world: f"A {PLANES[WEST]}")
    world.start([WEST, EAST])
    world.wait(WEST, 1)
    scene.wait_condition("FailoverPossible", "True")
    world.remove()
    scene.wait_condition("Ready", "False", "NameEmpty", timeout=NOTICED)
    scene.bench.kill_plane(WEST)
    world.wait(EAST, 2)


def test_enforce_puts_a_removed_record_back(scene, scratch):
    world = World(scene, scratch, lambda world: f"CNAME {world.hosts[EAST]}.")
    world.start([EAST, WEST], drift="Enforce")
    world.wait(EAST, 1)
    world.remove()
    world.wait(EAST, 2, timeout=NOTICED)
    assert record(scene)["reason"] == "DriftEnforced"


def test_what_an_operator_finds_half_written_it_finishes(scene, scratch):
    """Its stamp is there and the record is not, as a write that was half done leaves it: the same epoch, at once."""
    world = World(scene, scratch, lambda world: f"CNAME {world.hosts[EAST]}.")
    operator = world.start([EAST, WEST])
    world.wait(EAST, 1)
    operator.stop()
    world.remove()
    operator.run()
    world.wait(EAST, 1)
