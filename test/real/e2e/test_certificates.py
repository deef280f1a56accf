"""Certificates that are renewed, and those that somebody forgot to renew."""

import contextlib
import datetime
import socket
import ssl
import threading

import pytest
from world import CENTRAL, WEST, arrange, columns, instant, message, outside, wait_world

from hack.bench import objects, pki, ports, wait
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
    wait.until("it says why", lambda: "refused the client certificate" in message(scene, "Ready"))
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


class TlsServer:
    """TLS with a good certificate, that chooses among `protocols` by ALPN; none: it does not know ALPN."""

    def __init__(self, host, port, authority, folder, protocols):
        files = authority.server(SERVER_NAME, host).write(folder, f"tls-{host}")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.cert, files.key)
        if protocols:
            self._context.set_alpn_protocols(protocols)
        self._socket = socket.create_server((host, port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client):
        with contextlib.suppress(OSError), client:
            client.settimeout(5)
            with self._context.wrap_socket(client, server_side=True) as secure:
                secure.recv(1)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def condition_of(scene, plane, kind):
    return next(item for item in scene.plane(plane)["status"]["conditions"] if item["type"] == kind)


def test_a_server_without_h2_is_degraded_and_nothing_else(scene, tmp_path):
    """gRPC clients of today refuse it: told of the plane and of the policy, and no reason to move, nor not to move there."""
    port = ports.lease(*PLANES.values())
    protocols = {WEST: ["http/1.1"], CENTRAL: []}
    servers = [TlsServer(host, port, scene.bench.authority, tmp_path, protocols[name]) for name, host in PLANES.items()]
    try:
        arrange(scene)
        spec = {"tls": {"caSecretRef": {"name": "relay-ca"}}, "region": "x"}
        for name, host in PLANES.items():
            plane = objects.management_plane(name, scene.namespace, {**spec, "server": {"address": host, "port": port}})
            scene.cluster.admin.put(plane)
        scene.operator()
        wait_world(scene, WEST, 1)
        scene.wait_condition("Ready", "True", "Steady")
        scene.wait_condition("FailoverPossible", "True", "Chosen")
        scene.wait_condition("Degraded", "True", "NoALPN")
        assert message(scene, "Degraded").startswith(f"{WEST}: TLS :{port}: the server does not choose h2 by ALPN")
        assert "offer h2 by ALPN" in message(scene, "Degraded")
        for plane in PLANES:
            wait.until("told", lambda plane=plane: condition_of(scene, plane, "Degraded")["reason"] == "NoALPN")
            assert condition_of(scene, plane, "Ready")["status"] == "True"
            assert columns(scene, "mplane")[plane]["READY"] == "True"
    finally:
        for server in servers:
            server.close()
