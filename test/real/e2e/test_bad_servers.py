"""Management servers whose certificates, answers or health are bad: each is named, and none is ever switched to."""

import concurrent.futures
import datetime
import socket

import grpc
import pytest

from gallery import CENTRAL, GOOD, WEST, Gallery
from hack.bench import objects, pki, ports, process, wait
from hack.bench.bench import PLANES
from hack.bench.standins import SERVER_NAME, HostileServer, MgmtServer

HOST = PLANES[CENTRAL]
DAY = datetime.timedelta(days=1)
QUIET = {"detection": {"interval": "500ms", "timeout": "400ms"}}


@pytest.fixture(scope="module")
def port_of(bench):
    """Servers on the address of the standby, each with a character of its own: name -> port."""
    ca = bench.authority
    with process.Scratch() as scratch:
        servers = {
            "expired": server(scratch, "expired", ca, ca.server(SERVER_NAME, expires_in=-DAY)),
            "expires-soon": server(scratch, "expires-soon", ca, ca.server(SERVER_NAME, expires_in=3 * DAY)),
            "other-ca": server(scratch, "other-ca", ca, pki.Authority("another CA").server(SERVER_NAME)),
            "other-name": server(scratch, "other-name", ca, ca.server("somebody-else.example.com")),
            "mutual": MgmtServer(scratch, "mutual", HOST, None, ca, client_certificates=True),
            "plain": MgmtServer(scratch, "plain", HOST),
            "not-serving": MgmtServer(scratch, "not-serving", HOST),
            "hostile": HostileServer(scratch, HOST),
        }
        for each in servers.values():
            each.start()
        found = {name: each.port for name, each in servers.items()}
        found["nobody"] = ports.lease(HOST)
        found["bare"], bare = bare_grpc_server()
        for name, port in found.items():
            if name != "nobody":
                wait.until(name, lambda port=port: not socket.create_connection((HOST, port), 1.0).close())
        servers["not-serving"].set_serving(False)
        yield found
        bare.stop(None)


def server(scratch, name, authority, identity):
    return MgmtServer(scratch, name, HOST, None, authority, identity)


def bare_grpc_server():
    """gRPC without a health service."""
    bare = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = bare.add_insecure_port(f"{HOST}:0")
    bare.start()
    return port, bare


def tls(server, **tls):
    return {"name": "c", "type": "TLS", "server": server, **({"tls": tls} if tls else {})}


def http(path, **http):
    return {"name": "c", "type": "HTTP", "server": "hostile", "http": {"path": path, **http}}


def health(server, service="", plaintext=True, **tls):
    grpc = {"service": service, "plaintext": plaintext}
    return {"name": "c", "type": "GRPC", "server": server, "grpc": grpc, **({"tls": tls} if tls else {})}


CHECKS = {
    "refused": {"name": "c", "type": "TCP", "server": "nobody"},
    "expired": tls("expired"),
    "other-ca": tls("other-ca"),
    "other-name": tls("other-name"),
    "not-tls": tls("plain"),
    "no-client-cert": health("mutual", plaintext=False),
    "bad-client-cert": health("mutual", plaintext=False, clientCertificateSecretRef={"name": "stranger"}),
    "cut-client-cert": tls("mutual", clientCertificateSecretRef={"name": "cut"}),
    "no-ca-secret": tls("expired", caSecretRef={"name": "nowhere"}),
    "bad-ca": tls("expired", caSecretRef={"name": "nonsense"}),
    "huge": http("/huge"),
    "slow": http("/slow"),
    "silent": http("/silent"),
    "garbage": http("/garbage"),
    "headers": http("/headers"),
    "redirect": http("/redirect"),
    "status": http("/status/503"),
    "status-range": http("/status/200", statusCodes={"min": 204, "max": 204}),
    "not-serving": health("not-serving"),
    "no-service": health("plain", "relay"),
    "no-health": health("bare"),
    "not-grpc": health("hostile"),
    "grpc-to-tls": health("mutual"),
}


DOWN = {  # what the peer does wrong: it counts as a failure of the plane
    "refused": "connection refused",
    "expired": "certificate expired 20[0-9-]+",
    "other-ca": "certificate is not signed by the CA given",
    "other-name": f"certificate is for somebody-else.example.com, expected {SERVER_NAME}",
    "not-tls": "TLS handshake failed: the peer does not speak TLS",
    "huge": "answer is larger than 1 MiB",
    "slow": "timeout after 0.4s",
    "silent": "timeout after 0.4s",
    "garbage": "connection broken off, or not HTTP",
    "headers": "answer is too large",
    "redirect": "302, expected 200 to 299",
    "status": "503, expected 200 to 299",
    "status-range": "200, expected 204",
    "not-serving": "NOT_SERVING",
    "not-grpc": "connection broken off, or not HTTP/2",
    "grpc-to-tls": "connection broken off, or not HTTP/2",
}
UNKNOWN = {  # what we lack ourselves, or asked wrongly: it says nothing of the plane
    "no-client-cert": "the server refused the client certificate, or wants one: check the TLS Secret",
    "bad-client-cert": "the server refused the client certificate, or wants one: check the TLS Secret",
    "cut-client-cert": "the TLS Secret is unusable: .*private key",
    "no-ca-secret": r"Secret \S+/nowhere not found: create it",
    "bad-ca": "the TLS Secret is unusable: .*CA certificate",
    "no-service": 'the server does not know the gRPC service "relay"',
    "no-health": "no health service: the server does not offer grpc.health.v1",
}
ACTIVE_UNKNOWN = ("no-service", "no-client-cert", "bad-ca")
ACTIVE_DOWN = ("expired", "headers")


@pytest.fixture(scope="module")
def gallery(bench, port_of):
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD, QUIET)
        stranger = pki.Authority("another CA").client("stranger")
        gallery.put_secret("stranger", {"tls.crt": stranger.cert, "tls.key": stranger.key})
        gallery.put_secret("cut", {"tls.crt": stranger.cert, "tls.key": stranger.key[:80]})
        gallery.put_secret("nonsense", {"ca.crt": "-----BEGIN NONSENSE-----"})
        for name, check in {**CHECKS, "expires-soon": tls("expires-soon")}.items():
            put_plane(gallery, name, {**check, "port": port_of[check["server"]]})
            gallery.add(f"standby-{name}", objects.merged(QUIET, {"planes": [WEST, name]}))
        for name in (*ACTIVE_UNKNOWN, *ACTIVE_DOWN):
            gallery.add(f"active-{name}", objects.merged(QUIET, {"planes": [name, WEST]}))
            bench.bind.replace(gallery.dns_name(f"active-{name}"), "A", HOST)
        gallery.run()
        yield gallery


def put_plane(gallery, name, check):
    """A plane at the address of the usual standby, with one check of it."""
    spec = {
        "server": {"address": HOST, "port": gallery.bench.mgmt_port},
        "tls": {"caSecretRef": {"name": "relay-ca"}},
        "checks": [{key: value for key, value in check.items() if key != "server"}],
    }
    gallery.bench.hub.admin.put(objects.management_plane(name, gallery.scene.namespace, spec))


def test_every_check_is_looked_at():
    assert set(DOWN) | set(UNKNOWN) == set(CHECKS)


@pytest.mark.parametrize("case", DOWN)
def test_a_bad_server_is_down_and_named(gallery, case):
    gallery.wait_plane(case, "Ready", "False", "ProbesFailed", DOWN[case])
    assert gallery.kstatus("ManagementPlane", case) == "InProgress", "a dead site is never Stalled"
    assert [check["result"] for check in gallery.scene.plane(case)["status"]["checks"]] == ["Fail"]
    text = rf"^{case}: unhealthy \(.*{DOWN[case]}.*; a failure of .* needs a person"
    gallery.wait_condition(f"standby-{case}", "FailoverPossible", "False", "NoStandby", text)
    gallery.wait_condition(f"standby-{case}", "Degraded", "True", "NoStandby")


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_we_lack_is_unknown_and_named(gallery, case):
    gallery.wait_plane(case, "Ready", "False", "CheckInvalid", UNKNOWN[case])
    assert gallery.kstatus("ManagementPlane", case) == "Failed", "a person has to mend it"
    assert [check["result"] for check in gallery.scene.plane(case)["status"]["checks"]] == ["Unknown"]
    text = rf"^{case}: not observed \(.*{UNKNOWN[case]}"
    gallery.wait_condition(f"standby-{case}", "FailoverPossible", "False", "NoStandby", text)


def test_a_certificate_that_expires_soon_is_told_in_time(gallery):
    gallery.wait_plane("expires-soon", "Ready", "True")
    assert gallery.scene.plane("expires-soon")["status"]["certificate"]["text"] == "2d"
    gallery.wait_condition("standby-expires-soon", "FailoverPossible", "True", "Chosen")


@pytest.mark.parametrize("case", ACTIVE_DOWN)
def test_an_active_plane_that_is_down_is_left(gallery, case):
    wait.until("moved", lambda: gallery.traces(f"active-{case}")["addresses"] == {"A": {PLANES[WEST]}}, 15.0)
    gallery.wait_condition(f"active-{case}", "Ready", "True", "FailedOver", timeout=20.0)


@pytest.mark.parametrize("case", ACTIVE_UNKNOWN)
def test_an_active_plane_that_is_unknown_is_not_left(gallery, case):
    gallery.wait_condition(f"active-{case}", "Ready", "Unknown", "ActiveUnobserved", UNKNOWN[case])
    assert gallery.kstatus("FailoverPolicy", f"active-{case}") == "InProgress"
    assert gallery.traces(f"active-{case}")["addresses"] == {"A": {HOST}}
    assert gallery.scene.status(f"active-{case}")["epoch"] <= 1


def test_none_of_them_is_ever_switched_to(gallery):
    """The active plane of all dies: the one policy with a fit standby moves, the others hold and say why."""
    gallery.wait_good()
    gallery.assert_memory_is_bounded()
    gallery.bench.kill_plane(WEST)
    gallery.wait_condition(GOOD, "Ready", "True", "FailedOver", timeout=20.0)
    for case in (*DOWN, *UNKNOWN):
        name = f"standby-{case}"
        gallery.wait_condition(name, "Ready", "False", "FailoverHeld", timeout=20.0)
        assert gallery.kstatus("FailoverPolicy", name) == "InProgress"
        assert gallery.traces(name)["addresses"] == {"A": {PLANES[WEST]}}
        assert gallery.scene.status(name)["epoch"] == 1
    gallery.wait_condition("standby-expires-soon", "Degraded", "True")
    assert gallery.traces("standby-expires-soon")["addresses"] == {"A": {HOST}}
