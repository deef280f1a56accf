"""Clusters that cannot be read: kubeconfigs, Services and Deployments that are missing, broken or not ours to see."""

import contextlib
import json
import socket
import ssl
import threading

import pytest
import yaml

from gallery import CENTRAL, GOOD, WEST, Gallery
from hack.bench import kube, objects, ports, wait
from hack.bench.bench import PLANES

EXEC = "client.authentication.k8s.io/v1"
QUIET = {"detection": {"interval": "500ms", "timeout": "400ms"}}


def service(name):
    return {"server": {"service": {"name": name}}}


def deployment(name):
    return {"server": {"service": {}, "deployment": {"name": name}}}


def kubeconfigs(bench):
    """case -> content of its Secret's key value."""
    cluster = bench.clusters[CENTRAL]
    good = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))

    def changed(section, **changes):
        config = yaml.safe_load(yaml.safe_dump(good))
        inner = {"users": "user", "clusters": "cluster"}[section]
        config[section][0][inner] = {**config[section][0][inner], **changes} if section == "clusters" else changes
        return yaml.safe_dump(config)

    exec_plugin = {"apiVersion": EXEC, "command": "/bin/false", "interactiveMode": "Never"}
    return {
        "not-yaml": "{ apiVersion: [",
        "not-a-config": "just some words",
        "other-kind": "apiVersion: v1\nkind: Secret\n",
        "no-context": yaml.safe_dump({**good, "current-context": "nowhere"}),
        "exec-plugin": changed("users", exec=exec_plugin),
        "token-file": changed("users", tokenFile="/etc/passwd"),
        "cert-file": changed("users", **{"client-certificate": "/etc/passwd", "client-key": "/etc/shadow"}),
        "bad-ca-data": changed("clusters", **{"certificate-authority-data": "!!!"}),
        "plain-http": changed("clusters", server=cluster.url.replace("https:", "http:")),
        "plain-http-local": changed("clusters", server="HTTP://127.0.0.1:8001"),
        "unverified": unverified(changed("clusters", **{"insecure-skip-tls-verify": True})),
        "aliases": "a: &a [x]\nb: *a\n",
        "huge": "# " + "x" * 900_000 + "\n" + yaml.safe_dump(good),
        "bad-token": kube.kubeconfig_text(cluster.url, bench.authority.cert, CENTRAL, "not-the-token-of-anybody"),
        "other-cluster": kube.kubeconfig_text(
            bench.hub.url, bench.authority.cert, CENTRAL, good["users"][0]["user"]["token"]
        ),
        "dead-port": bench.plane_kubeconfig(CENTRAL, f"https://127.0.0.1:{ports.lease()}"),
        "wrong-ca": kube.kubeconfig_text(cluster.url, kube.pki.Authority("another CA").cert, CENTRAL, "some-token"),
        "admin": kube.kubeconfig_text(cluster.url, bench.authority.cert, CENTRAL, cluster.admin_token),
    }


def unverified(text):
    config = yaml.safe_load(text)
    del config["clusters"][0]["cluster"]["certificate-authority-data"]
    return yaml.safe_dump(config)


def put_services(bench):
    """More Services in the standby's cluster; only its admin may see them."""
    admin = bench.clusters[CENTRAL].admin
    shapes = {
        "pending": [],
        "named": ["lb.example.com"],
        "many": ["lb.example.com", PLANES[CENTRAL]],
    }
    for name, ingress in shapes.items():
        thing = objects.service(bench.mgmt_port, *ingress)
        thing["metadata"]["name"] = name
        admin.put(thing)
    internal = objects.service(bench.mgmt_port)
    internal["metadata"]["name"] = "internal"
    internal["spec"]["type"] = "ClusterIP"
    admin.put(internal)
    other_port = objects.service(bench.mgmt_port, PLANES[CENTRAL], port_name="http")
    other_port["metadata"]["name"] = "other-port"
    admin.put(other_port)


NOT_READABLE = {  # why a kubeconfig cannot be used, or its cluster not be asked
    "not-yaml": "line [12]: not YAML",
    "not-a-config": "not a kubeconfig: it should be a map with clusters, contexts and users",
    "other-kind": "not a kubeconfig: kind must be Config and apiVersion v1",
    "no-context": "current-context: names an entry that is not in contexts; add it or correct the name",
    "exec-plugin": "users.0..user.exec: an exec plugin would run a program beside the operator and is refused here",
    "token-file": r"tokenFile: a file path is refused here; put the content inline \(token\) or start .*-files",
    "cert-file": r"client-certificate: a file path is refused here; put the content inline \(the -data field\)",
    "bad-ca-data": "certificate-authority-data: not base64; it should be the PEM file in base64 without spaces",
    "plain-http": r"kc-plain-http key value: clusters.0..cluster.server: http:// would .*--insecure-kubeconfig-http",
    "plain-http-local": r"clusters.0..cluster.server: http:// would send credentials in clear; give https://",
    "unverified": r"cluster.insecure-skip-tls-verify: refused: .*certificate-authority-data, .*--insecure-kubeconfig-tls",
    "aliases": r"line 2: aliases \(\*name\) are not accepted: write the value out",
    "no-key": r"Secret \S+/kc-no-key: key value is missing; its keys: kubeconfig",
    "no-secret": r"Secret \S+/kc-later not found: create it",
    "dead-port": "127.0.0.1:[0-9]+: Connection refused",
    "wrong-ca": "unable to get local issuer certificate",
    "svc-pending": "has no ingress yet: its load balancer was not assigned an address",
    "svc-internal": "is of type ClusterIP: it has no ingress; use a LoadBalancer or give server.address",
    "svc-other-port": "has no port grpc; name one of its ports in server.service.port",
    "svc-nowhere": 'services "nowhere" not found',
    "forbidden": r"Service gloo-mesh/pending: 403: server.service may be misspelt, or the right is missing: kubectl auth can-i get services/pending -n gloo-mesh --as=\S+; a Role with",
}
DEPLOYMENT_UNKNOWN = {  # the path is fine, and the Deployment cannot be seen: that counts for neither side
    "no-deployment": "no Deployment gloo-mesh/nowhere: correct server.deployment",
    "forbidden-deployment": r"Deployment gloo-mesh/nowhere: 403: server.deployment may be misspelt, or the right is missing: kubectl auth can-i get deployments.apps/nowhere -n gloo-mesh --as=\S+; a Role with apiGroups",
    "fixed-bad-token": "refused the kubeconfig's credentials: HTTP 401 .renew the token or client certificate",
    "fixed-other-cluster": "the API server refused the kubeconfig's credentials: HTTP 401",
    "fixed-wrong-ca": "unable to get local issuer certificate",
    "fixed-not-yaml": "line [12]: not YAML",
}


@pytest.fixture(scope="module")
def gallery(bench):
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD, QUIET)
        put_services(bench)
        fixed = {"server": {"address": PLANES[CENTRAL], "port": bench.mgmt_port, "deployment": {}}}
        for name, text in kubeconfigs(bench).items():
            gallery.put_secret(f"kc-{name}", {"value": text})
            put_plane(gallery, name, f"kc-{name}")
            if f"fixed-{name}" in DEPLOYMENT_UNKNOWN:
                put_plane(gallery, f"fixed-{name}", f"kc-{name}", fixed)
        gallery.put_secret("kc-no-key", {"kubeconfig": "under another name"})
        put_plane(gallery, "no-key", "kc-no-key")
        put_plane(gallery, "no-secret", "kc-later")
        for name in ("pending", "named", "many", "internal", "other-port", "nowhere"):
            put_plane(gallery, f"svc-{name}", "kc-admin", service(name))
        put_plane(gallery, "forbidden", f"{CENTRAL}-kubeconfig", service("pending"))
        put_plane(gallery, "no-deployment", "kc-admin", deployment("nowhere"))
        put_plane(gallery, "forbidden-deployment", f"{CENTRAL}-kubeconfig", deployment("nowhere"))
        gallery.run()
        yield gallery


def put_plane(gallery, name, secret, changes=None):
    spec = {
        "kubeConfig": {"secretRef": {"name": secret}},
        "tls": {"caSecretRef": {"name": "relay-ca"}},
        **(changes or {}),
    }
    gallery.bench.hub.admin.put(objects.management_plane(name, gallery.scene.namespace, spec))
    gallery.add(f"standby-{name}", objects.merged(QUIET, {"planes": [WEST, name]}))


@pytest.mark.parametrize("case", NOT_READABLE)
def test_a_cluster_that_cannot_be_read_is_named(gallery, case):
    is_ours = list(NOT_READABLE).index(case) <= list(NOT_READABLE).index("no-secret")  # a person has to mend the Secret
    reason = "KubeconfigInvalid" if is_ours else "NoAddress"
    gallery.wait_plane(case, "Ready", "False", reason, NOT_READABLE[case])
    if is_ours or case in ("svc-internal", "svc-other-port", "forbidden"):
        gallery.wait_plane(case, "Stalled", "True", reason)
    assert gallery.kstatus("ManagementPlane", case) in ("Failed" if is_ours else "InProgress", "Failed")
    gallery.wait_condition(
        f"standby-{case}", "FailoverPossible", "False", "NoStandby", f"^{case}: .*{NOT_READABLE[case]}"
    )
    gallery.wait_good(f"standby-{case}")


@pytest.mark.parametrize("case", ["bad-token", "other-cluster"])
def test_credentials_that_are_refused_are_named(gallery, case):
    gallery.wait_plane(case, "Ready", "False", "NoAddress")

    def probe():
        check = gallery.scene.plane(case)["status"]["checks"][1]
        assert (check["type"], check["result"], check["error"]) == ("Deployment", "Unknown", "credentials"), check
        return (
            "refused the kubeconfig's credentials: HTTP 401 (renew the token or client certificate)" in check["message"]
        )

    wait.until("credentials", probe)


@pytest.mark.parametrize("case", DEPLOYMENT_UNKNOWN)
def test_a_deployment_that_cannot_be_seen_is_degraded_not_down(gallery, case):
    gallery.wait_plane(case, "Ready", "True", "ProbesPassed")
    gallery.wait_plane(case, "Degraded", "True", "CheckLacking", DEPLOYMENT_UNKNOWN[case])
    gallery.wait_condition(
        f"standby-{case}", "FailoverPossible", "True", "Chosen", f"^{case}: .*unknown: .*{DEPLOYMENT_UNKNOWN[case]}"
    )


def test_a_large_kubeconfig_is_read(gallery):
    gallery.wait_plane("huge", "Ready", "True", "ProbesPassed")


def test_an_address_beats_a_name_and_a_name_becomes_a_cname(gallery):
    gallery.wait_plane("svc-many", "Ready", "True", "ProbesPassed")
    assert gallery.scene.plane("svc-many")["status"]["address"] == PLANES[CENTRAL]
    gallery.wait_plane("svc-named", "Ready", "False", "NameUnfit", "DNS says that there is no such name")
    assert gallery.scene.plane("svc-named")["status"]["address"] == "lb.example.com"


def test_a_secret_that_comes_later_or_is_rotated_heals(gallery):
    good = gallery.bench.plane_kubeconfig(CENTRAL)
    gallery.put_secret("kc-later", {"value": good})
    gallery.put_secret("kc-bad-token", {"value": good})
    for plane in ("no-secret", "bad-token"):
        gallery.wait_plane(plane, "Ready", "True", "ProbesPassed", timeout=20.0)
    gallery.wait_condition("standby-no-secret", "FailoverPossible", "True", "Chosen")


@pytest.mark.parametrize(
    ("available", "reason", "text"), [(2, "ReplicasMissing", "2/3 replicas"), (0, "CheckLacking", "0 of 3")]
)
def test_lost_replicas_are_degraded_and_no_switch(gallery, available, reason, text):
    """With none at all the path still serves: what agents feel outweighs what the Deployment says."""
    gallery.wait_good()
    gallery.bench.set_replicas(WEST, available)
    gallery.wait_condition(GOOD, "Degraded", "True", reason, text)
    gallery.wait_good()
    gallery.bench.set_replicas(WEST, 3)
    gallery.wait_condition(GOOD, "Degraded", "False")


def test_a_standby_without_replicas_is_not_chosen(gallery):
    gallery.bench.set_replicas(CENTRAL, 0)
    gallery.wait_condition(GOOD, "FailoverPossible", "False", "NoStandby", f"^{CENTRAL}: no replica available")
    gallery.wait_plane(CENTRAL, "Ready", "False", "NoReplicas")
    gallery.bench.set_replicas(CENTRAL, 3)
    gallery.wait_condition(GOOD, "FailoverPossible", "True", "Chosen")
    gallery.assert_memory_is_bounded()


def test_an_exec_plugin_runs_where_a_flag_allows_it(bench):
    with Gallery(bench) as gallery:
        token = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))["users"][0]["user"]["token"]
        answer = json.dumps({"apiVersion": EXEC, "kind": "ExecCredential", "status": {"token": token}})
        plugin = bench.scratch.folder("plugin") / "plugin"
        plugin.write_text(f"#!/bin/sh\necho '{answer}'\n")
        plugin.chmod(0o700)
        config = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))
        config["users"][0]["user"] = {"exec": {"apiVersion": EXEC, "command": str(plugin), "interactiveMode": "Never"}}
        gallery.secrets.add(token)
        gallery.scene.put_planes()
        gallery.put_secret("kc-exec", {"value": yaml.safe_dump(config)})
        put_plane(gallery, "exec", "kc-exec")
        gallery.run(extra_args=("--insecure-kubeconfig-exec",))
        gallery.wait_plane("exec", "Ready", "True", "ProbesPassed")
        gallery.wait_good("standby-exec")


class Listener:
    """Takes connections and keeps what is said; with TLS, under a certificate of nobody's CA."""

    def __init__(self, folder, with_tls):
        self.heard, self.callers = b"", 0
        self._tls = None
        if with_tls:
            files = kube.pki.Authority("of nobody").server("127.0.0.1").write(folder)
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(files.cert, files.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                self.callers += 1
                with contextlib.suppress(OSError), caller:
                    caller.settimeout(5)
                    said = self._tls.wrap_socket(caller, server_side=True) if self._tls else caller
                    self.heard += said.recv(4096)
                    said.close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.mark.parametrize("flag", ["http", "tls"])
def test_only_a_flag_sends_a_token_where_nothing_proves_who_reads_it(bench, flag):
    """Not even a connection is made without it."""
    listener = Listener(bench.scratch.folder(f"listener-{flag}"), flag == "tls")
    config = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))
    scheme = "http" if flag == "http" else "https"
    skip = {"insecure-skip-tls-verify": True} if flag == "tls" else {}
    config["clusters"][0]["cluster"] = {"server": f"{scheme}://127.0.0.1:{listener.port}", **skip}
    with contextlib.closing(listener), Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.put_secret("kc-open", {"value": yaml.safe_dump(config)})
        put_plane(gallery, "open", "kc-open")
        operator = gallery.run()
        said = gallery.wait_plane("open", "Ready", "False", "KubeconfigInvalid", f"--insecure-kubeconfig-{flag}$")
        assert f"Secret {gallery.scene.namespace}/kc-open" in said
        assert listener.callers == 0
        operator.stop()
        gallery.run(extra_args=(f"--insecure-kubeconfig-{flag}",))
        wait.until("it is asked", lambda: b"Authorization: Bearer" in listener.heard, 15.0)
