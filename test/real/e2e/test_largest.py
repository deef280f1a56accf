"""The largest configuration that the schema accepts is decided and switched, in any order, or refused before it is needed."""

import pytest
from test_dns_store import start, two_sites, wait_all
from world import CENTRAL, WEST, message, record, stamp, switch_to

from hack.bench import objects, wait
from hack.bench.scene import POLICY
from hack.bench.standins import MgmtServer

pytestmark = pytest.mark.timeout(300)

PLANES_MAX, RECORD_BYTES_MAX = 8, 4096
NAMES = [f"{number}{'p' * 62}" for number in range(PLANES_MAX)]
CLUSTERS = [f"{number}{'c' * 252}" for number in range(PLANES_MAX)]
KEY = "k" * 512


def long_name(size, zone, first="n"):
    """A DNS name of that many characters below the zone."""
    room, labels = size - len(zone) - 1, []
    while room > 0:
        take = min(63, room) - (room == 65)  # a dot wants a label behind it
        labels.append((first if not labels else "n" * take).ljust(take, "n"))
        room -= take + 1
    name = ".".join([*labels, zone])
    assert len(name) == size
    return name


@pytest.fixture(name="largest")
def eight_planes(scene, scratch):
    """Eight planes with everything as long as it may be, all served by one server; the first is active."""
    bench = scene.bench
    MgmtServer(scratch, "local", "127.0.0.1", bench.mgmt_port, bench.authority).run()
    scene.hosts = [long_name(253, scene.zone, f"h{number}") for number in range(PLANES_MAX)]
    for name, cluster, host in zip(NAMES, CLUSTERS, scene.hosts, strict=True):
        bench.bind.replace(host, "A", "127.0.0.1")
        server = {"address": host, "port": bench.mgmt_port}
        spec = {"server": server, "clusterName": cluster, "tls": {"caSecretRef": {"name": "relay-ca"}}}
        bench.hub.admin.put(objects.management_plane(name, scene.namespace, spec))
    scene.dns_name = long_name(240, scene.zone)
    bench.bind.replace(scene.dns_name, "CNAME", f"{scene.hosts[0]}.")
    scene.redis.set(KEY, CLUSTERS[0])
    return scene


def put(scene, value):
    lock = {"key": KEY, "value": value}
    detection = {"interval": "1s", "timeout": "900ms", "failoverDelay": "60s"}  # eight planes are one server
    scene.put_policy({"planes": NAMES, "redis": {"lock": lock}, "detection": detection}, single_writer=True)
    return scene.operator(extra_args=(f"--resolver={scene.bench.bind.address}",))


def wait_on(scene, number, epoch):
    def probe():
        assert scene.bench.bind.values(scene.dns_name, "CNAME") == {f"{scene.hosts[number]}."}, scene.status()
        assert scene.redis.get(KEY) == CLUSTERS[number]
        assert stamp(scene.epoch_record()).epoch == epoch
        assert (record(scene)["phase"], scene.status()["activePlane"]) == ("Steady", NAMES[number])
        return True

    wait.until(f"on plane {number}, epoch {epoch}", probe, 30.0)


def ready_of(scene, number):
    conditions = scene.plane(NAMES[number])["status"]["conditions"]
    return [item["status"] for item in conditions if item["type"] == "Ready"]


def test_eight_planes_of_the_longest_names_are_switched_in_any_order(largest):
    """Redis may show any lock of before, so each record has room for those that still fit, and never too little."""
    put(largest, "{clusterName}")
    wait_on(largest, 0, 1)
    for epoch, number in enumerate([1, 2, 3, 4, 5, 6, 7, 0, 7, 1], 2):
        wait.until("it is healthy", lambda: "True" in ready_of(largest, number), 30.0)
        switch_to(largest, NAMES[number], epoch)
        wait_on(largest, number, epoch)
    text = largest.bench.hub.admin.get("Lease", f"planekeeper-{POLICY}", largest.namespace)["metadata"]["annotations"]
    assert len(text["planekeeper.io/record"]) <= RECORD_BYTES_MAX
    assert len(record(largest)["plan"]["lock"]["old"]) >= 2


def test_a_lock_value_that_no_record_has_room_for_is_told_at_once(largest):
    """Two hundred characters in the policy are two thousand in the lock."""
    put(largest, "{clusterName}" * 8)
    largest.redis.set(KEY, CLUSTERS[0] * 8)
    found = largest.wait_condition("Stalled", "True", "RecordRefused", timeout=60.0)
    assert f"bytes, at most {RECORD_BYTES_MAX} fit; shorten the lock's key or value" in found["message"]
    assert "cannot be recorded" in message(largest, "Armed")
    assert largest.redis.get(KEY) == CLUSTERS[0] * 8 and not largest.epoch_record()


def test_the_longest_name_that_can_be_decided_in_dns(scene):
    """Its record is a TXT of more than one UDP datagram's worth beside the name."""
    scene.dns_name = long_name(234, scene.zone)
    sites = two_sites(scene, single_writer=True)
    for site in sites:
        start(site)
    wait_all(scene, sites, WEST, 1, single_writer=True)
    sites[1].annotate(switch_to=f"{CENTRAL}/2")
    wait_all(scene, sites, CENTRAL, 2, single_writer=True)
