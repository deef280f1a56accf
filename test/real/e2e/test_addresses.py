"""What is checked is what is published: names as DNS tells them to agents, and each address of the record."""

import json

import pytest
from world import CENTRAL, WEST, arrange, check_world, message, outside, record, switch_to, wait_answer, wait_world

from hack.bench import objects, wait
from hack.bench.bench import PLANES
from hack.bench.kube import KubectlError

DEAD = "127.0.0.99"  # nobody listens there
OUTSIDE = ("fd00:dead::1", "fd00:dead::2")  # no way leads there
NUMBERS = ("127.0.15618", "0x7f000102")  # the second is the standby's own, 127.0.1.2


def set_ingress(scene, plane, **points):
    """What the Service of a plane publishes: set_ingress(scene, WEST, ip=["192.0.2.1"]). Put back after the test."""
    service = objects.service(scene.bench.mgmt_port)
    ingress = [{key: value} for key, values in points.items() for value in values]
    service["status"]["loadBalancer"]["ingress"] = ingress
    scene.bench.clusters[plane].admin.put(service)


def put_named(scene, name, host):
    spec = {"server": {"address": host, "port": scene.bench.mgmt_port}, "tls": {"caSecretRef": {"name": "relay-ca"}}}
    scene.cluster.admin.put(objects.management_plane(name, scene.namespace, spec))


def wait_plane(scene, name, kind, status, reason, text="", timeout=20.0):
    def probe():
        found = next((item for item in scene.plane(name)["status"]["conditions"] if item["type"] == kind), {})
        assert (found.get("status"), found.get("reason")) == (status, reason), found
        assert text in found["message"], found
        return found["message"]

    return wait.until(f"{kind} {reason} of {name}", probe, timeout)


def wait_message(scene, kind, text, timeout=20.0):
    def probe():
        assert text in message(scene, kind), scene.condition(kind)
        return True

    wait.until(f"{kind} says {text}", probe, timeout)


def resolver(scene):
    return (f"--resolver={scene.bench.bind.address}",)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_passes_for_an_address_is_never_published(scene, number):
    """Resolvers read it as an address, where a server answers. The schema refuses it; what a Service says, the operator."""
    typo = objects.management_plane(CENTRAL, scene.namespace, {"server": {"address": number}})
    with pytest.raises(KubectlError, match="address ends in a number: resolvers read it as an address, DNS does not"):
        scene.kubectl("apply", "-f", "-", input=json.dumps(typo))
    set_ingress(scene, CENTRAL, hostname=[number])
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    text = f'says "{number}", which ends in a number: resolvers read it as an address, DNS does not'
    wait_plane(scene, CENTRAL, "Ready", "False", "NoAddress", text)
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    scene.wait_condition("ActiveHealthy", "False", "ProbesFailed")
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "ends in a number")
    assert outside(scene) == before


def test_a_name_is_published_while_dns_leads_agents_there(scene):
    """The name of the standby does not exist yet: it is not chosen, whatever the servers behind it would say. Then it does."""
    host = f"lb.{scene.zone}"
    arrange(scene, changes={"planes": [WEST, "named"]})
    put_named(scene, "named", host)
    scene.operator(extra_args=resolver(scene))
    wait_world(scene, WEST, 1)
    nowhere = f"its address {host} leads agents nowhere: DNS says that there is no such name"
    wait_plane(scene, "named", "Ready", "False", "NameUnfit", nowhere)
    wait_message(scene, "FailoverPossible", f"named: {nowhere}")
    before = outside(scene)
    scene.bench.kill_plane(WEST)
    scene.wait_condition("ActiveHealthy", "False", "ProbesFailed")
    switch_to(scene, "named", 2)
    wait_answer(scene, "switch-to=named/2", nowhere)
    assert outside(scene) == before
    scene.bench.bind.replace(host, "A", PLANES[CENTRAL])
    wait.until("CNAME", lambda: scene.bench.bind.values(scene.dns_name, "CNAME") == {f"{host}."}, 30.0)
    wait.until("done", lambda: record(scene)["phase"] == "Steady" and record(scene)["to"] == "named", 10.0)


def test_a_name_that_only_this_machine_knows_is_unfit(scene, scratch):
    """A hosts file is ours; agents have others. A server answers at the address that it gives."""
    host = "mgmt.corp.example"
    hosts = scratch.folder("hosts") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{PLANES[CENTRAL]} {host}\n")
    arrange(scene, changes={"planes": [WEST, "ours"]})
    put_named(scene, "ours", host)
    wrapper = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "--")
    scene.operator(extra_args=resolver(scene), wrapper=wrapper)
    wait_world(scene, WEST, 1)
    wait_message(scene, "FailoverPossible", f"ours: its address {host} is not confirmed by DNS: DNS server")
    assert "cannot say" in wait_plane(scene, "ours", "Ready", "Unknown", "NameUnfit")
    switch_to(scene, "ours", 2)
    wait_answer(scene, "switch-to=ours/2", "is not confirmed by DNS")
    check_world(scene, WEST, 1)


@pytest.mark.parametrize("inner", ["gloo-mesh-mgmt-server.gloo-mesh.svc.cluster.local", "gloo-mgmt", "localhost"])
def test_a_name_that_one_cluster_alone_knows_is_never_published(scene, inner):
    """Where our own DNS knows it, it would pass every check, and agents elsewhere would be led nowhere."""
    plane = objects.management_plane(CENTRAL, scene.namespace, {"server": {"address": inner}})
    text = "is known inside one cluster or machine alone: agents elsewhere find nothing there"
    with pytest.raises(KubectlError, match=f"address {text}"):
        scene.kubectl("apply", "-f", "-", input=json.dumps(plane))
    set_ingress(scene, CENTRAL, hostname=[inner])
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    wait_plane(scene, CENTRAL, "Ready", "False", "NoAddress", f'says "{inner}", which {text}')
    before = outside(scene)
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", "is known inside one cluster or machine alone")
    assert outside(scene) == before


def test_the_host_name_that_is_left_out_is_told(scene):
    """A load balancer that publishes two: a CNAME leads to one of them."""
    names = [f"lb-a.{scene.zone}", f"lb-b.{scene.zone}"]
    for name in names:
        scene.bench.bind.replace(name, "A", PLANES[CENTRAL])
    set_ingress(scene, CENTRAL, hostname=names)
    arrange(scene)
    scene.operator(extra_args=resolver(scene))
    wait_world(scene, WEST, 1)
    scene.wait_condition("Degraded", "True", "NameLeftOut", timeout=20.0)
    wait_message(scene, "Degraded", f"{CENTRAL}: the record leaves out {names[1]}, because a CNAME leads to one name")
    set_ingress(scene, CENTRAL, hostname=names[:1])
    scene.wait_condition("Degraded", "False", "Redundant", timeout=25.0)


def test_each_address_of_a_record_is_probed(scene):
    """Of two addresses the second is dead: that is told, at the plane and at the policy. Then the first dies, too."""
    both = (PLANES[CENTRAL], DEAD)
    set_ingress(scene, CENTRAL, ip=both)
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    failing = f"TLS :{scene.bench.mgmt_port} fails at {DEAD}: connection refused"
    wait_plane(scene, CENTRAL, "Degraded", "True", "AddressFailing", f"fails at {DEAD}: connection refused")
    scene.wait_condition("Degraded", "True", "AddressFailing")
    wait_message(scene, "Degraded", f"{CENTRAL}: {failing}")
    scene.bench.servers[CENTRAL].kill9()
    wait_message(scene, "FailoverPossible", f"{CENTRAL}: unhealthy (TLS :{scene.bench.mgmt_port} {both[0]}: connection refu")
    scene.bench.servers[CENTRAL].run()
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    switch_to(scene, CENTRAL, 2)
    wait.until("both", lambda: scene.addresses() == {"A": frozenset(both)}, 15.0)
    wait.until("done", lambda: record(scene)["phase"] == "Steady", 10.0)
    scene.bench.kill_plane(CENTRAL)
    wait.until("back", lambda: scene.addresses() == {"A": frozenset({PLANES[WEST]})}, 20.0)


def test_the_family_of_the_record_is_what_is_probed(scene):
    """Both Services have an IPv4 and an IPv6 address, servers listen on IPv4 only, and the record is to be AAAA."""
    for plane, address in zip((WEST, CENTRAL), OUTSIDE, strict=True):
        set_ingress(scene, plane, ip=[PLANES[plane], address])
    arrange(scene, changes={"dns": {"recordType": "AAAA"}})
    scene.bench.bind.replace(scene.dns_name, "AAAA", OUTSIDE[0])
    scene.operator()
    wait_message(scene, "FailoverPossible", f"the record leaves out {PLANES[CENTRAL]}")
    assert scene.condition("FailoverPossible")["status"] == "False"
    assert scene.condition("Ready")["status"] != "True"
    switch_to(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2", f"the record leaves out {PLANES[CENTRAL]}")
    assert scene.addresses() == {"AAAA": frozenset({OUTSIDE[0]})}


def test_the_family_that_is_left_out_is_told(scene):
    set_ingress(scene, CENTRAL, ip=[PLANES[CENTRAL], OUTSIDE[1]])
    arrange(scene)
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("Degraded", "True", "FamilyLeftOut")
    wait_message(scene, "Degraded", f"{CENTRAL}: the record leaves out {OUTSIDE[1]}, because it carries one family")
    scene.put_policy({"dns": {"recordType": "A"}})
    scene.wait_condition("Degraded", "False", "Redundant")
