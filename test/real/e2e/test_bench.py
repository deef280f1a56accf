"""The bench is what it claims to be: without this, a green end-to-end test might only mean that nothing ran."""

import datetime
import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import dns.exception
import dns.rcode
import dns.tsig
import grpc
import kubernetes.client
import kubernetes.config
import pytest
import redis
import urllib3

from hack.bench import api_faults, bind, judges, kube, ports, process, redis_server, relay, standins, wait
from hack.bench.bench import PLANES, ZONE
from hack.bench.flux import Flux

NAME = f"agent-test.{ZONE}"


def test_api_servers_are_separate_clusters_of_the_pinned_version(bench):
    for server in bench.api_servers:
        assert server.kubectl_json("version")["serverVersion"]["gitVersion"].startswith("v1.")
    bench.hub.ensure_namespace("only-in-hub")
    for cluster in bench.clusters.values():
        assert "only-in-hub" not in cluster.kubectl("get", "namespaces", "-o", "name")


def test_the_official_client_sees_deployment_and_ingress(bench):
    for plane, cluster in bench.clusters.items():
        kubernetes.config.load_kube_config(str(cluster.kubeconfig))
        deployment = kubernetes.client.AppsV1Api().read_namespaced_deployment("gloo-mesh-mgmt-server", "gloo-mesh")
        assert deployment.status.available_replicas == 3
        service = kubernetes.client.CoreV1Api().read_namespaced_service("gloo-mesh-mgmt-server", "gloo-mesh")
        assert service.status.load_balancer.ingress[0].ip == PLANES[plane]
        assert {port.name: port.port for port in service.spec.ports} == {"grpc": bench.mgmt_port}


def test_rbac_is_enforced(bench):
    nobody = bench.hub.user_kubeconfig("somebody", "some-group")
    with pytest.raises(kube.KubectlError, match="Forbidden"):
        bench.hub.kubectl("get", "secrets", "-A", kubeconfig=nobody)
    plane = bench.clusters["eu-west-1"]
    reader = plane.folder / "reader.kubeconfig"
    reader.write_text(bench.plane_kubeconfig("eu-west-1"))
    assert "gloo-mesh" in plane.kubectl("-n", "gloo-mesh", "get", "deploy", "gloo-mesh-mgmt-server", kubeconfig=reader)
    with pytest.raises(kube.KubectlError, match="Forbidden"):
        plane.kubectl("get", "secrets", "-A", kubeconfig=reader)


def test_service_account_tokens_are_real(bench):
    token = bench.hub.service_account_token("default", "bench-test")
    kubeconfig = bench.hub.write_kubeconfig("token-test", token=token)
    answer = bench.hub.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", kubeconfig=kubeconfig)
    assert answer == "system:serviceaccount:default:bench-test"


def test_api_server_restarts_on_its_port_with_its_objects(bench):
    cluster = bench.clusters["eu-west-1"]
    cluster.kill9()
    with pytest.raises(urllib3.exceptions.HTTPError):
        cluster.admin.get("Namespace", "gloo-mesh")
    cluster.run()
    assert cluster.admin.get("Namespace", "gloo-mesh")["status"]["phase"] == "Active"


def test_bind_takes_signed_updates_and_refuses_others(bench):
    bench.bind.replace(NAME, "A", "192.0.2.1")
    assert bench.bind.addresses(NAME) == {"A": frozenset({"192.0.2.1"})}
    bench.bind.replace(NAME, "CNAME", "elsewhere.example.net.")
    assert bench.bind.addresses(NAME) == {"CNAME": frozenset({"elsewhere.example.net."})}
    bench.bind.replace(f"_planekeeper.{NAME}", "TXT", "v=pk1 e=1")
    assert bench.bind.values(f"_planekeeper.{NAME}", "TXT") == {"v=pk1 e=1"}
    with pytest.raises(dns.tsig.PeerBadKey):
        bench.bind.replace(NAME, "A", "192.0.2.2", key=bind.TsigKey("unknown"))
    weak = bench.bind.add_key("ungranted", granted=False)
    with pytest.raises(RuntimeError, match="REFUSED"):
        bench.bind.replace(NAME, "A", "192.0.2.2", key=weak)
    bench.bind.remove(NAME)
    assert bench.bind.addresses(NAME) == {}


def test_frozen_zone_refuses(bench):
    zone = bench.bind.add_zone("frozen.example.com")
    bench.bind.freeze(zone)
    with pytest.raises(RuntimeError, match=dns.rcode.to_text(dns.rcode.REFUSED)):
        bench.bind.replace(f"x.{zone}", "A", "192.0.2.1")
    bench.bind.thaw(zone)
    bench.bind.replace(f"x.{zone}", "A", "192.0.2.1")


def test_secondary_follows_at_once(scratch):
    primary = bind.Bind(scratch, ("follow.example.com",))
    secondary = bind.Bind(scratch, name="secondary", primary=primary)
    primary.run()
    secondary.run()
    primary.replace("x.follow.example.com", "A", "192.0.2.7")
    wait.until("the secondary", lambda: secondary.values("x.follow.example.com", "A") == {"192.0.2.7"}, 5.0)


def test_redis_speaks_tls_with_names_checked(scratch, authority):
    server = redis_server.RedisServer(scratch, authority=authority, password="secret", client_certificates=True)
    server.run()
    assert server.client().set("key", "value")
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis(server.host, server.port, password="secret", socket_timeout=1.0).ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        server.client(password="wrong").ping()


def test_redis_acl_replica_and_loading(scratch):
    users = ("limited on >pass ~only:* +get +set +ping",)
    primary = redis_server.RedisServer(scratch, users=users)
    primary.run()
    limited = primary.client(username="limited", password="pass")
    limited.set("only:this", "1")
    with pytest.raises(redis.exceptions.NoPermissionError):
        limited.set("other", "1")
    replica = redis_server.RedisServer(scratch, "replica", replica_of=primary)
    replica.run()
    wait.until("replication", lambda: replica.client().get("only:this") == "1")
    with pytest.raises(redis.exceptions.ReadOnlyError):
        replica.client().set("a", "1")
    replica.promote()
    replica.client().set("a", "1")
    primary.restart_loading(2.0)
    with pytest.raises(redis.exceptions.BusyLoadingError):
        primary.client().get("only:this")
    wait.until("loaded", lambda: primary.client().get("only:this") == "1")


def test_management_servers_serve_health_over_tls(bench):
    for server in bench.servers.values():
        assert server.health() == "SERVING"
    server = bench.servers["eu-west-1"]
    server.set_serving(False)
    assert server.health() == "NOT_SERVING"
    server.set_serving(True)
    assert server.health(service="unknown") == ""


def test_management_server_with_mtls_and_plain(scratch, authority):
    strict = standins.MgmtServer(scratch, "strict", "127.0.3.1", authority=authority, client_certificates=True)
    plain = standins.MgmtServer(scratch, "plain", "127.0.3.2", services=("mesh",))
    for server in (strict, plain):
        server.start()
    for server in (strict, plain):
        server.ready()
        assert server.health() == "SERVING"
    assert plain.health("mesh") == "SERVING"
    credentials = grpc.ssl_channel_credentials(authority.cert.encode())  # no client certificate
    with grpc.secure_channel(strict.address, credentials) as channel, pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(timeout=1.0)


def test_expired_certificate_is_refused(scratch, authority):
    expired = authority.server(standins.SERVER_NAME, expires_in=datetime.timedelta(hours=-1))
    server = standins.MgmtServer(scratch, "expired", "127.0.3.1", authority=authority, identity=expired)
    server.start()
    wait.until("listening", lambda: "listening" in server.log_text())
    assert server.health() == ""


def test_agent_follows_the_record(bench):
    west, central = (bench.servers[plane] for plane in PLANES)
    bench.bind.replace(NAME, "A", west.host)
    agent = bench.new_agent(NAME).run()
    agent.wait_connected(west.host)
    bench.bind.replace(NAME, "A", central.host)
    west.kill9()
    agent.wait_connected(central.host)
    outage = agent.outages()[-1]
    assert outage.address == central.host and 0 < outage.milliseconds < 2000
    west.run()
    agent.stop()


def test_black_hole_swallows_connections_and_streams(bench):
    west, central = (bench.servers[plane] for plane in PLANES)
    bench.bind.replace(NAME, "A", west.host)
    agent = bench.new_agent(NAME).run()
    agent.wait_connected(west.host)
    west.black_hole()
    assert west.health(timeout=0.5) == ""
    bench.bind.replace(NAME, "A", central.host)
    agent.wait_connected(central.host)
    agent.stop()
    west.resume()
    wait.until("back", lambda: west.health() == "SERVING")


def test_ports_are_not_leased_twice():
    code = "from hack.bench import ports; import sys; sys.exit(ports.try_lease(int(sys.argv[1])))"
    mine = ports.lease()
    root = str(pathlib.Path(__file__).resolve().parents[3])
    assert subprocess.run([sys.executable, "-c", code, str(mine)], cwd=root, timeout=20).returncode == 0
    assert not ports.try_lease(mine)


def test_nothing_outlives_a_killed_bench():
    code = (
        "from hack.bench import process, redis_server\n"
        "scratch = process.Scratch()\n"
        "server = redis_server.RedisServer(scratch)\n"
        "server.run()\n"
        "print(server.pid, scratch.root, flush=True)\n"
        "import signal; signal.pause()\n"
    )
    root = str(pathlib.Path(__file__).resolve().parents[3])
    child = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True)
    pid, folder = child.stdout.readline().split()
    child.send_signal(signal.SIGKILL)
    child.wait(5)
    wait.until("redis gone", lambda: not os.path.exists(f"/proc/{pid}"))
    with process.Scratch():
        assert not os.path.exists(folder)


def test_waiting_names_what_was_missed():
    started = time.monotonic()
    with pytest.raises(wait.Late, match="pigs fly: not within 0.1s; last seen: False"):
        wait.until("pigs fly", lambda: False, 0.1)
    assert time.monotonic() - started < 1


def test_relay_cuts_tcp_and_udp(bench):
    with relay.Relay(bench.bind.address) as wire:
        far = bench.bind.through(wire)
        assert far.serial(ZONE) == bench.bind.serial(ZONE)
        wire.swallow()
        with pytest.raises(dns.exception.Timeout):
            far.serial(ZONE)
        wire.refuse()
        with pytest.raises(OSError):
            socket.create_connection((wire.host, wire.port), 1.0)
        wire.heal()
        assert far.serial(ZONE)


def test_relay_breaks_a_watch_in_the_middle(bench):
    with relay.Relay(f"127.0.0.1:{bench.hub.port}") as wire:
        kubeconfig = bench.hub.write_kubeconfig("relay-test", bench.hub.operator_token, url=f"https://{wire.address}")
        assert "planekeeper" in bench.hub.kubectl("auth", "whoami", kubeconfig=kubeconfig)
        wire.cut_after(3000)
        with pytest.raises(kube.KubectlError):
            bench.hub.kubectl("get", "--raw", "/openapi/v2", kubeconfig=kubeconfig)


def test_api_faults_answers_wrongly_as_often_as_told(bench):
    with api_faults.ApiFaults(bench.hub) as proxy:
        kubeconfig = proxy.write_kubeconfig("test", token=bench.hub.admin_token)
        kubectl = functools.partial(bench.hub.kubectl, kubeconfig=kubeconfig)
        assert "default" in kubectl("get", "namespaces")
        gone = proxy.inject("GET", "/api/v1/namespaces", status=410)
        with pytest.raises(kube.KubectlError, match="injected 410"):
            kubectl("get", "--raw", "/api/v1/namespaces")
        assert gone.hits == 1 and "default" in kubectl("get", "--raw", "/api/v1/namespaces")
        proxy.inject("/api/v1/namespaces", cut_after=100)
        with pytest.raises(kube.KubectlError, match="EOF"):
            kubectl("get", "--raw", "/api/v1/namespaces")
        proxy.inject("/api/v1/namespaces", per_second=2000)
        started = time.monotonic()
        kubectl("get", "--raw", "/api/v1/namespaces")
        assert time.monotonic() - started > 0.5


def test_hostile_server_answers_without_end(scratch):
    server = standins.HostileServer(scratch, "127.0.3.4")
    server.run()
    with urllib.request.urlopen(server.url("/huge"), timeout=5) as answer:
        assert len(answer.read(10_000_000)) == 10_000_000
    with pytest.raises(TimeoutError), urllib.request.urlopen(server.url("/silent"), timeout=0.3) as answer:
        answer.read()
    with urllib.request.urlopen(server.url("/slow"), timeout=5) as answer:
        assert answer.read(1) == b"x"
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(server.url("/status/503"), timeout=5)


def test_kstatus_judges_status_as_gitops_tools_do():
    plane = {"apiVersion": "planekeeper.io/v1alpha1", "kind": "ManagementPlane"}
    ready = {"type": "Ready", "status": "True", "reason": "Up", "message": "", "observedGeneration": 2}
    ready["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    unseen = {**plane, "metadata": {"name": "unseen", "generation": 1}, "status": {"observedGeneration": -1}}
    current = {
        **plane,
        "metadata": {"name": "current", "generation": 2},
        "status": {"observedGeneration": 2, "conditions": [ready]},
    }
    first, second = judges.kstatus(unseen, current)
    assert (first["name"], first["kstatus"]) == ("unseen", "InProgress")
    assert (second["name"], second["kstatus"], second["finalFail"]) == ("current", "Current", "")


def test_flux_applies_and_prunes(bench):
    flux = Flux(bench.hub)
    flux.run()
    namespace = bench.hub.ensure_namespace("flux-test")

    def config_map(name: str) -> dict:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}

    flux.deploy("bench", namespace, [config_map("one"), config_map("two")])
    flux.wait_applied("bench")
    assert bench.hub.admin.get("ConfigMap", "two", namespace)["data"] == {"a": "b"}
    flux.deploy("bench", namespace, [config_map("one")])
    flux.wait_applied("bench")
    assert bench.hub.admin.find("ConfigMap", "two", namespace) is None
    bench.hub.kubectl("-n", "flux-system", "delete", "kustomization,gitrepository", "bench", "--timeout=30s")
    flux.stop()
