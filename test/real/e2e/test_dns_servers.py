"""What a DNS server answers is not always what is stored for the name, or not ours to change: BIND, Knot and PowerDNS."""

import os
import re
import subprocess

import dns.update
import pytest
from test_addresses import put_named
from world import CENTRAL, WEST, conditions, message, stamp, steady, switch_to, wait_world

from hack.bench import objects, tools, wait
from hack.bench.bench import PLANES
from hack.bench.bind import Bind
from hack.bench.other_dns import OtherDns
from hack.bench.relay import Relay
from hack.bench.standins import MgmtServer

KINDS = ("bind", "knot", "powerdns")
ON_EACH = pytest.mark.parametrize("kind", KINDS)
STORES = pytest.mark.parametrize("store", ["Kubernetes", "DNS"])
HERITAGE = "heritage=external-dns,external-dns/owner=prod,external-dns/resource=service/{namespace}/web"
NOTICED = 45.0  # a name is read every 30 s


def serve(scratch, kind, zones):
    """A running server of that kind. `zones`: name -> records beyond its apex."""
    server = OtherDns(scratch, kind, zones) if kind != "bind" else ZonesBind(scratch, zones)
    return server.run()


class ZonesBind(Bind):
    """The BIND of the bench with zones of its own."""

    def __init__(self, scratch, extra):
        self._extra = extra
        super().__init__(scratch, tuple(extra), name="zones-bind")

    def _write_zone_file(self, zone):
        super()._write_zone_file(zone)
        with (self.folder / f"{zone}.db").open("a") as file:
            file.write(self._extra[zone])

    def _zone_clause(self, zone):
        return super()._zone_clause(zone).removesuffix("};") + "check-names ignore; };"  # a zone may begin with an underscore


def at(server, **more):
    return {"dns": {"rfc2136": {"nameserver": server.address}, **more}}


def use_key(scene, server):
    scene.put_secret("tsig", tsig__conf=server.key.text)


def wait_on(scene, server, address, epoch=1):
    """The server shows it, with our stamp, and the policy is ready."""

    def probe():
        assert server.addresses(scene.dns_name) == address
        assert stamp(" ".join(server.values(f"_planekeeper.{scene.dns_name}", "TXT"))).epoch == epoch
        assert scene.status()["epoch"] == epoch
        return True

    wait.until(f"{server.name} shows {address}, epoch {epoch}", probe, 20.0)
    scene.wait_condition("Ready", "True")


# What other tools leave beside a name


def heritage(scene, *prefixes):
    """external-dns's records, one for each name of its formats."""
    text = HERITAGE.format(namespace=scene.namespace)
    return "".join(f'{prefix}{scene.dns_name}. TXT "{text}"\n' for prefix in prefixes)


def publish_by_external_dns(scene):
    """The Service whose name external-dns publishes."""
    note = {"external-dns.alpha.kubernetes.io/hostname": scene.dns_name}
    thing = objects.merged(objects.service(scene.bench.mgmt_port), {"metadata": {"name": "web", "annotations": note}})
    thing["metadata"]["namespace"] = scene.namespace
    scene.bench.hub.admin.put({**thing, "status": {}})


def paste(scene, server, commands, folder):
    """In a shell, as a person at a terminal does."""
    (folder / "tsig.key").write_text(server.key.text)
    path = f"{tools.server('kubectl').parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "KUBECONFIG": str(scene.bench.hub.kubeconfig)}
    done = subprocess.run(["bash", "-ec", commands], cwd=folder, env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"


@STORES
@ON_EACH
def test_a_name_of_external_dns_is_left_alone_until_it_is_handed_over(scene, scratch, tmp_path, kind, store):
    """Its texts stand at the name and at two siblings; the commands that the status prints remove them, and nothing else."""
    places = ("", "a-", "cname-") if kind == "bind" else ("aaaa-", "a-")
    records = f"{scene.dns_name}. 30 A {PLANES[WEST]}\n" + heritage(scene, *places)
    server = serve(scratch, kind, {scene.zone: records})
    publish_by_external_dns(scene)
    use_key(scene, server)
    scene.put_planes()
    scene.put_policy({"decisionStore": store, **at(server)})
    operator = scene.operator()
    scene.wait_condition("Ready", "False", "ForeignOwner")
    assert conditions(scene)["Stalled"] == "True ForeignOwner"
    told = message(scene, "Ready")
    for text in ("is managed by external-dns", 'says owner "prod"', f"for service/{scene.namespace}/web"):
        assert text in told
    assert not server.values(f"_planekeeper.{scene.dns_name}", "TXT"), "nothing is written beside it"
    paste(scene, server, re.search(r"printf '%s\\n' .*$", told)[0], tmp_path)
    service = scene.bench.hub.admin.get("Service", "web", scene.namespace)
    assert "external-dns" not in str(service["metadata"].get("annotations"))
    if (kind, store) != ("bind", "Kubernetes"):  # a name is read every 30 s, and at the start
        operator.stop()
        operator.run()
    wait.until("stamp", lambda: server.values(f"_planekeeper.{scene.dns_name}", "TXT"), NOTICED)
    assert server.addresses(scene.dns_name) == {"A": {PLANES[WEST]}}
    assert not [prefix for prefix in places if server.values(prefix + scene.dns_name, "TXT")]
    wait.until("no owner but us", lambda: "ForeignOwner" not in conditions(scene)["Ready"], 10.0)


# Another address of the same server


@pytest.mark.parametrize("first", ["refuses", "silent", "other family"])
def test_another_address_of_the_same_server_is_tried(scene, scratch, first):
    """Its name leads to two addresses, and nothing is to be had at the first."""
    bind = scene.bench.bind
    dead = "::1" if first == "other family" else "127.0.0.2"
    hosts = scratch.folder("hosts") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{dead} two.example.com\n{bind.host} two.example.com\n")
    wrapper = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "--")
    silent = Relay(bind.address, listen=dead, port=bind.port) if first == "silent" else None
    if silent:
        silent.swallow()
    try:
        changes = {"dns": {"rfc2136": {"nameserver": f"two.example.com:{bind.port}"}}}
        steady(scene, changes=changes, wrapper=wrapper)
        scene.bench.kill_plane(WEST)
        wait_world(scene, CENTRAL, 2, timeout=15.0)
        scene.wait_condition("Ready", "True", "FailedOver")
    finally:
        if silent:
            silent.close()


# What is not the name's own


@ON_EACH
def test_the_target_of_a_cname_may_live_in_another_zone_of_the_server(scene, scratch, kind):
    """Even where that one holds the name's: PowerDNS adds its SOA to the answer, which is not that of the name."""
    hosts = {"by-name": "lb-a.example.com", "by-other-name": f"lb-b.far-{scene.zone}"}
    zones = {"example.com": "lb-a A 127.0.0.1\n", f"far-{scene.zone}": "lb-b A 127.0.0.1\n"}
    server = serve(scratch, kind, {**zones, scene.zone: f"{scene.dns_name}. 30 CNAME {hosts['by-name']}.\n"})
    MgmtServer(scratch, "local", "127.0.0.1", scene.bench.mgmt_port, scene.bench.authority).run()
    use_key(scene, server)
    scene.put_planes()
    for name, host in hosts.items():
        put_named(scene, name, host)
    scene.put_policy({"planes": list(hosts), **at(server)})
    scene.operator(extra_args=(f"--resolver={server.address}",))
    wait_on(scene, server, {"CNAME": {f"{hosts['by-name']}."}})
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    switch_to(scene, "by-other-name", 2)
    wait_on(scene, server, {"CNAME": {f"{hosts['by-other-name']}."}}, 2)
    switch_to(scene, "by-name", 3)
    wait_on(scene, server, {"CNAME": {f"{hosts['by-name']}."}}, 3)


def test_a_secondary_that_forwards_updates_is_no_liar(scene, scratch):
    """What it says yes to it shows after its next transfer."""
    primary = ZonesBind(scratch, {scene.zone: f"{scene.dns_name}. 30 A {PLANES[WEST]}\n"})
    secondary = ForwardingBind(scratch, name="forwarder", primary=primary)
    secondary.keys, secondary.key = primary.keys, primary.key
    primary.run()
    secondary.run()
    use_key(scene, primary)
    scene.put_planes()
    scene.put_policy(at(secondary))
    scene.operator()
    wait_on(scene, primary, {"A": {PLANES[WEST]}})
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.bench.kill_plane(WEST)
    wait_on(scene, primary, {"A": {PLANES[CENTRAL]}}, 2)


class ForwardingBind(Bind):
    def _zone_clause(self, zone):
        return super()._zone_clause(zone).removesuffix("};") + "allow-update-forwarding { any; }; };"


# What is answered and not stored, or stored and not answered


def start(scene, server):
    use_key(scene, server)
    scene.put_planes()
    scene.put_policy(at(server))
    return scene.operator()


@ON_EACH
def test_an_ownership_record_below_a_zone_cut_is_not_written(scene, scratch, kind):
    """Its name is a zone of its own on the same server: there it would be hidden from, or be written to, another zone."""
    zones = {scene.zone: f"{scene.dns_name}. 30 A {PLANES[WEST]}\n", f"_planekeeper.{scene.dns_name}": ""}
    server = serve(scratch, kind, zones)
    before = [server.serial(zone) for zone in zones]
    start(scene, server)
    scene.wait_condition("Ready", "False")
    wait.until("it says so", lambda: f"_planekeeper.{scene.dns_name}. is in zone" in message(scene, "Ready"), 10.0)
    assert "one update cannot change both; remove that zone from the server" in message(scene, "Ready")
    assert [server.serial(zone) for zone in zones] == before


@ON_EACH
def test_a_wildcard_is_no_record_of_the_name(scene, scratch, kind):
    """It answers for the name with a plane's address: the name is told to have none, and a person's word writes one."""
    server = serve(scratch, kind, {scene.zone: f"* 30 A {PLANES[WEST]}\n"})
    start(scene, server)
    scene.wait_condition("Ready", "False", "UnknownTarget")
    told = f"by the wildcard *.{scene.zone}.: the name has no record of its own, until one is added"
    assert told in message(scene, "Ready")
    assert not server.values(f"_planekeeper.{scene.dns_name}", "TXT")
    switch_to(scene, WEST, 1)
    wait_on(scene, server, {"A": {PLANES[WEST]}})
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.bench.kill_plane(WEST)
    wait_on(scene, server, {"A": {PLANES[CENTRAL]}}, 2)
    assert server.addresses(f"other.{scene.zone}") == {"A": {PLANES[WEST]}}, "the wildcard stays as it was"


@ON_EACH
def test_a_name_below_a_dname_is_refused(scene, scratch, kind):
    zone = scene.zone
    server = serve(scratch, kind, {zone: f"old DNAME new\ngloo-mgmt.new 30 A {PLANES[WEST]}\n"})
    use_key(scene, server)
    scene.put_planes()
    scene.put_policy(at(server, name=f"gloo-mgmt.old.{zone}"))
    scene.operator()
    scene.wait_condition("Ready", "False")
    wait.until("it says so", lambda: f"by the DNAME at old.{zone}." in message(scene, "Ready"), 10.0)
    assert "nothing can be stored there; remove the DNAME" in message(scene, "Ready")


class ViewsBind(ZonesBind):
    """The key leads to a view of its own; users are answered from another, where anybody may write."""

    def _write_config(self):
        super()._write_config()
        path, zone = self.folder / "named.conf", self.zones[0]
        clause = f"zone {self._zone_clause(zone)}"
        users = f'zone "{zone}" {{ type primary; file "users.db"; allow-update {{ any; }}; }};'
        (self.folder / "users.db").write_text((self.folder / f"{zone}.db").read_text())
        text = path.read_text().replace(clause, "")
        path.write_text(
            text + f"view ours {{ match-clients {{ key {self.key.name}; }}; {clause} }};\n"
            f"view users {{ match-clients {{ any; }}; {users} }};\n"
        )

    def tell_users(self, name, address):
        update = dns.update.UpdateMessage(self.zones[0])
        update.replace(f"{name}.", 30, "A", address)
        self.send(update)


def test_users_of_another_view_keep_a_policy_from_being_ready(scene, scratch):
    """A signed question sees the new address, and users the old one for ever."""
    server = ViewsBind(scratch, {scene.zone: f"{scene.dns_name}. 30 A {PLANES[WEST]}\n"}).run()
    operator = start(scene, server)
    scene.wait_condition("Ready", "True", "Steady")
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.bench.kill_plane(WEST)
    wait.until("decided", lambda: scene.status().get("epoch") == 2, 20.0)
    assert server.addresses(scene.dns_name) == {"A": {PLANES[WEST]}}, "what users are answered"
    scene.wait_condition("Ready", "False", "DNSAnswersDiffer", timeout=2 * NOTICED)
    told = message(scene, "Ready")
    assert f'with "A {PLANES[CENTRAL]}", and unsigned ones, as users ask, with "A {PLANES[WEST]}"' in told
    assert "the key leads to another view" in told and "match-clients" in told
    assert conditions(scene)["Stalled"] == "True DNSAnswersDiffer"
    assert "DNSAnswersDiffer" in message(scene, "Degraded") + conditions(scene)["Degraded"]
    server.tell_users(scene.dns_name, PLANES[CENTRAL])
    operator.stop()
    operator.run()
    scene.wait_condition("Ready", "True")
    server.tell_users(scene.dns_name, "192.0.2.9")
    operator.stop()
    operator.run()
    scene.wait_condition("Ready", "False", "DNSAnswersDiffer")
    assert 'with "A 192.0.2.9"' in message(scene, "Ready")
