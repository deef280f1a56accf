"""The smallest policy, as README prints it, with every default left as it is: what somebody meets in the first hour."""

import re
import types

import pytest
from world import WEST, columns, instant, record, stamp

from hack.bench import ports, tools, wait
from hack.bench.bench import MGMT_PORT, PLANES
from hack.bench.scene import Scene
from hack.bench.standins import MgmtServer

CENTRAL = "eu-central-1"
LOCK = "mgmt-active"
FAILOVER_DELAY, INTERVAL = 30.0, 5.0


def printed():
    """The two blocks of README: the smallest policy, and what a single writer adds to it."""
    blocks = re.findall(r"```yaml\n(.*?)```", (tools.ROOT / "README.md").read_text(), re.DOTALL)
    smallest = next(block for block in blocks if "kind: FailoverPolicy" in block)
    addition = next(block for block in blocks if block.startswith("  writeMode: SingleCluster"))
    return smallest, addition


def with_own_places(text, places):
    for place, own in places.items():
        assert text.count(place) == 1, f"README has {place} {text.count(place)} times"
        text = text.replace(place, own)
    return text


def servers_at_the_default_port(scratch):
    """Beside those of the bench, which may be on another port where two benches run: plain, as the default check is."""
    for number in range(1, 255):
        hosts = [f"127.9.{number}.{last}" for last in (1, 2)]
        if all(ports.is_free(host, MGMT_PORT) for host in hosts):
            servers = [MgmtServer(scratch, f"default-{host}", host, MGMT_PORT) for host in hosts]
            for server in servers:
                server.start()
            return [server.ready() for server in servers]
    raise RuntimeError("port 9900 is taken on every address")


@pytest.fixture
def both(scene, scratch):
    """One namespace and operator for each write mode, side by side: the 30 s are waited for once."""
    single = Scene(scene.bench)
    single.db = 0  # the default
    smallest, addition = printed()
    servers = servers_at_the_default_port(scratch)
    addresses = {"gloo-a-0f3c.elb.eu-west-1.amazonaws.com": servers[0].host, "198.51.100.7": servers[1].host}
    kubeconfigs = {
        f"{{server: {{address: {address}}}}}": f"{{kubeConfig: {{secretRef: {{name: {plane}-kubeconfig}}}}}}"
        for plane, address in zip(PLANES, addresses, strict=True)
    }
    corners = []
    for corner, changes, more, hosts in (
        (scene, addresses, "", [server.host for server in servers]),
        (single, kubeconfigs | {"redis.example.com:6379": scene.bench.redis.address}, addition, list(PLANES.values())),
    ):
        targets = {"gloo-mgmt.mesh.example.com": corner.dns_name, "192.0.2.53": scene.bench.bind.address}
        text = with_own_places(smallest + more, changes | targets)
        scene.bench.bind.replace(corner.dns_name, "A", hosts[0])
        corners.append(types.SimpleNamespace(scene=corner, text=text, hosts=hosts, has_lock=bool(more)))
    single.redis.set(LOCK, WEST)
    yield servers, corners
    assert not [operator.name for operator in single.operators if operator.died_by_itself]
    single.close()


def check(corner, plane, epoch):
    """DNS, its stamp, the lock, the record and the status, all of one plane and epoch."""
    scene = corner.scene
    assert scene.addresses() == {"A": frozenset({corner.hosts[list(PLANES).index(plane)]})}
    seen = stamp(scene.epoch_record())
    assert (seen.plane, seen.epoch) == (plane, epoch)
    if corner.has_lock:
        assert scene.redis.get(LOCK) == plane, "the value is the clusterName, and that is the name by default"
        assert stamp(scene.redis.get(f"{{{LOCK}}}:planekeeper")) == seen
    assert (record(scene)["to"], record(scene)["epoch"], record(scene)["phase"]) == (plane, epoch, "Steady")
    assert (scene.status()["activePlane"], scene.status()["epoch"]) == (plane, epoch)
    return True


def row(corner, *cells):
    """The first cells after NAME."""
    seen = list(columns(corner.scene, "fop")["gloo"].values())[1 : 1 + len(cells)]
    assert seen == list(cells)
    return True


def plane_rows(corner):
    return [
        [planes[name][column] for column in ("ROLE", "READY", "ELIGIBLE", "REPLICAS", "ADDRESS")]
        for planes in [columns(corner.scene, "mplane")]
        for name in PLANES
    ]


def test_the_smallest_policy_fails_over_by_its_defaults(both):
    servers, corners = both
    for corner in corners:
        corner.scene.kubectl("apply", "-f", "-", input=corner.text)
        corner.scene.operator()
    for corner in corners:
        wait.until("adopted", lambda: check(corner, WEST, 1))  # noqa: B023
    for corner in corners:
        steady = ("Automatic", "True", "True", "Steady", WEST, "1/1", "1", "Never")
        wait.until("steady", lambda: row(corner, *steady), 4 * INTERVAL, poll=0.2)  # noqa: B023
        replicas = "3/3" if corner.has_lock else "-"
        assert plane_rows(corner) == [
            ["Active", "True", "True", replicas, corner.hosts[0]],
            ["Standby", "True", "True", replicas, corner.hosts[1]],
        ]
    servers[0].kill9()
    corners[0].scene.bench.kill_plane(WEST)
    for corner in corners:
        down = ("Automatic", "False", "True", "ActiveUnhealthy", WEST, "1/1", "1", "Never")
        wait.until("down", lambda: row(corner, *down), 4 * INTERVAL, poll=0.2)  # noqa: B023
    for corner in corners:
        wait.until("switched", lambda: check(corner, CENTRAL, 2), FAILOVER_DELAY + 2 * INTERVAL)  # noqa: B023
        wait.until("said", lambda: row(corner, "Automatic", "True", "NoStandby", "FailedOver", CENTRAL, "0/1", "2", "<1m"))  # noqa: B023
        last = corner.scene.status()["lastSwitch"]
        waited = instant(last["decidedAt"]) - instant(last["detectedAt"])
        assert FAILOVER_DELAY <= waited < FAILOVER_DELAY + 1.0, "neither sooner nor a probe later"
        assert re.fullmatch(r"3[0-2]s", columns(corner.scene, "fop", "-o", "wide")["gloo"]["RTO-LAST"])
        replicas = ("0/3", "3/3") if corner.has_lock else ("-", "-")
        assert plane_rows(corner) == [
            ["Standby", "False", "True", replicas[0], corner.hosts[0]],
            ["Active", "True", "True", replicas[1], corner.hosts[1]],
        ]
