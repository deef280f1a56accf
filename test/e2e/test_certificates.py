"""Certificates that are renewed, and those that somebody forgot to renew."""

import datetime

import pytest
from world import CENTRAL, WEST, arrange, columns, instant, message, outside, wait_world

from hack.bench import pki, ports, wait
from hack.bench.bench import PLANES
from hack.bench.standins import SERVER_NAME, MgmtServer

DAY = datetime.timedelta(days=1)
SEEN_WITHIN = 40.0  # Secrets are read every 30 s


@pytest.fixture
def mutual(scene, scratch):
    """Each plane with a server that wants client certificates, and with Secrets of its own for both directions."""
    port = ports.lease(*PLANES.values())
    specs, scene.mutual = {}, {}
    for plane, host in PLANES.items():
        ca = scene.bench.authority
        scene.mutual[plane] = MgmtServer(scratch, f"mutual-{plane}", host, port, ca, client_certificates=True)
        scene.mutual[plane].start()
        put_secrets(scene, plane, ca, ca)
        secrets = {"caSecretRef": {"name": f"{plane}-ca"}, "clientCertificateSecretRef": {"name": f"{plane}-client"}}
        specs[plane.replace("-", "_")] = {
            "server": {"address": host, "port": port},
            "tls": secrets,
            "checks": [{"name": "relay", "type": "GRPC"}],
        }
    for server in scene.mutual.values():
        server.ready()
    arrange(scene)
    scene.put_planes(**specs)
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    return scene


def put_secrets(scene, plane, server_ca, client_ca):
    """What the checks of the plane trust, and what they show."""
    client = client_ca.client("planekeeper")
    scene.put_secret(f"{plane}-ca", ca__crt=server_ca.cert)
    scene.put_secret(f"{plane}-client", tls__crt=client.cert, tls__key=client.key)


def renew(scene, plane, server_ca, client_ca):
    """From now on the server shows a certificate of the one CA, and takes clients of the other alone."""
    server = scene.mutual[plane]
    server.kill9()
    identity = server_ca.server(SERVER_NAME, PLANES[plane])
    server.use(pki.Identity(identity.cert, identity.key, client_ca.cert))
    server.start()


def test_rotated_check_certificates_are_picked_up(mutual):
    """The active plane no longer takes our old client certificate, which is no outage; the standby shows another CA's."""
    scene, old, new = mutual, mutual.bench.authority, pki.Authority("next year's CA")
    before = outside(scene)
    renew(scene, CENTRAL, new, new)
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    wait.until("it says why", lambda: "not signed by the CA given" in message(scene, "FailoverPossible"))
    renew(scene, WEST, old, new)
    scene.wait_condition("Ready", "Unknown", "ActiveUnobserved")
    wait.until("it says why", lambda: "refused our client certificate" in message(scene, "Ready"))
    put_secrets(scene, WEST, old, new)
    put_secrets(scene, CENTRAL, new, new)
    scene.wait_condition("Ready", "True", "Steady", SEEN_WITHIN)
    scene.wait_condition("FailoverPossible", "True", "Chosen", SEEN_WITHIN)
    assert outside(scene) == before, "a rotation is no outage"
    scene.mutual[WEST].kill9()
    wait_world(scene, CENTRAL, 2)


def test_a_ca_that_is_rotated_together_with_its_server_is_no_outage(mutual):
    """The Secret says already what the active server shows: that our copy of it is older is our own affair."""
    scene, new = mutual, pki.Authority("next year's CA")
    scene.put_policy({"detection": {"failoverDelay": "10s"}})
    before = outside(scene)
    put_secrets(scene, WEST, new, new)
    renew(scene, WEST, new, new)
    scene.wait_condition("Ready", "False", "ActiveUnhealthy")  # the server restarts
    scene.wait_condition("Ready", "True")
    scene.wait_condition("Ready", "True", "Steady", 2.0)
    assert outside(scene) == before


@pytest.mark.parametrize("plane", [WEST, CENTRAL], ids=["active", "standby"])
def test_a_certificate_that_expires_soon_is_degraded(scene, scratch, plane):
    """While there is time: nothing fails yet, and the name of whose it is and the day are said."""
    ca = scene.bench.authority
    ends = datetime.datetime.now(datetime.UTC) + 3 * DAY
    soon = ca.server(SERVER_NAME, expires_in=3 * DAY)
    server = MgmtServer(scratch, "expires-soon", PLANES[plane], None, ca, soon).run()
    arrange(scene)
    check = {"name": "path", "type": "TLS", "port": server.port}
    scene.put_planes(**{plane.replace("-", "_"): {"checks": [check]}})
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    scene.wait_condition("Ready", "True", "Steady")
    assert columns(scene, "mplane")[plane]["CERT"] == "2d"
    scene.wait_condition("Degraded", "True", "CertificateExpires")
    name, _, day = message(scene, "Degraded").partition(": certificate expires ")
    assert name == plane and abs(instant(day) - ends.timestamp()) < 60
