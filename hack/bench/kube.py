"""Real API servers over one real etcd: each prefix in etcd is a cluster of its own.

There is no kubelet and no controller manager: whoever needs the status of a Deployment or a load
balancer writes it, a deleted namespace stays Terminating, and owner references collect nothing.
"""

import base64
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import urllib.request
from typing import Any

import yaml

from . import pki, ports, tools, wait
from .process import Process, Scratch
from .rest import ApiError, Rest

OPERATOR_NAMESPACE = "planekeeper"
OPERATOR_USER = "system:serviceaccount:planekeeper:planekeeper"
OPERATOR_GROUPS = ("system:serviceaccounts", "system:serviceaccounts:planekeeper", "system:authenticated")


class KubectlError(Exception):
    """kubectl failed; the text is what it printed."""

    def __init__(self, args: tuple[str, ...], returncode: int, stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(args)}: exit {returncode}\n{stderr}")
        self.returncode = returncode
        self.stderr = stderr


class Etcd(Process):
    """With fsync, as in production; `fsync=False` is for tests that measure nothing."""

    def __init__(self, scratch: Scratch, fsync: bool = True, name: str = "etcd") -> None:
        super().__init__(scratch, name)
        self.url = f"http://127.0.0.1:{ports.lease()}"
        self._peer_url = f"http://127.0.0.1:{ports.lease()}"
        self._fsync = fsync

    def argv(self) -> list[str]:
        return [
            str(tools.server("etcd")),
            f"--data-dir={self._data}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={self._peer_url}",
            f"--initial-advertise-peer-urls={self._peer_url}",
            f"--initial-cluster=default={self._peer_url}",
            "--log-level=warn",
            *([] if self._fsync else ["--unsafe-no-fsync"]),
        ]

    @property
    def _data(self) -> pathlib.Path:
        return self.folder / "data"

    def is_ready(self) -> bool:
        with urllib.request.urlopen(self.url + "/health", timeout=1) as answer:
            return json.load(answer)["health"] == "true"

    def back_up(self) -> pathlib.Path:
        """What a machine that stops at this moment leaves on its disk: etcd starts from it."""
        copy = self.folder / f"backup-{secrets.token_hex(4)}"
        self.pause()
        try:
            shutil.copytree(self._data, copy)
        finally:
            self.resume()
        return copy

    def restore(self, backup: pathlib.Path, *servers: "ApiServer") -> None:
        """As the manuals have it: the API servers are down meanwhile, and start on what came back."""
        self._start_on(backup, servers)

    def replace(self, *servers: "ApiServer") -> None:
        """The same with an empty store: what the API servers had is gone for good."""
        self._start_on(None, servers)

    def _start_on(self, backup: pathlib.Path | None, servers: tuple["ApiServer", ...]) -> None:
        for server in servers:
            server.kill9()
        self.kill9()
        shutil.rmtree(self._data)
        if backup:
            shutil.copytree(backup, self._data)
        self.run()
        for server in servers:
            server.run()


class ApiServer(Process):
    """One cluster, with RBAC on. A restart keeps its port, its certificates and what etcd holds."""

    ready_timeout = 60.0

    def __init__(
        self, scratch: Scratch, etcd: Etcd, name: str, authority: pki.Authority, audits: tuple[str, ...] = ()
    ) -> None:
        """`audits`: objects ("coordination.k8s.io/leases/<name>") of which every request, with its answer, is written to
        `audit_path`; what creates something of their kind is, whatever its name."""
        super().__init__(scratch, name)
        self.audit_path = self.folder / "audit.log"
        self._audits = audits
        self.etcd = etcd
        self.authority = authority
        self.port = ports.lease()
        self.url = f"https://127.0.0.1:{self.port}"
        self._files = authority.server("127.0.0.1", "localhost", "kubernetes.default.svc").write(self.folder)
        key = pki.new_key()
        (self.folder / "sa.key").write_text(pki.private_pem(key))
        (self.folder / "sa.pub").write_text(pki.public_pem(key))
        self._tokens = {"admin": secrets.token_hex(16), OPERATOR_USER: secrets.token_hex(16)}
        self._write_tokens()
        self.admin = Rest(self.url, str(self._files.ca), self._tokens["admin"])
        self.kubeconfig = self.write_kubeconfig("admin", token=self._tokens["admin"])

    def _write_tokens(self) -> None:
        groups = {"admin": ("system:masters",), OPERATOR_USER: OPERATOR_GROUPS}
        lines = (f'{token},{user},{user},"{",".join(groups[user])}"' for user, token in self._tokens.items())
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")

    def argv(self) -> list[str]:
        return [
            str(tools.server("kube-apiserver")),
            f"--etcd-servers={self.etcd.url}",
            f"--etcd-prefix=/{self.name}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={self._files.cert}",
            f"--tls-private-key-file={self._files.key}",
            f"--client-ca-file={self._files.ca}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            f"--service-account-issuer=https://{self.name}.bench",
            f"--service-account-key-file={self.folder / 'sa.pub'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",  # no controller makes the default accounts
            "--endpoint-reconciler-type=none",
            "--v=0",
            *self._audit_args(),
        ]

    def _audit_args(self) -> list[str]:
        if not self._audits:
            return []
        things = [audited.split("/") for audited in self._audits]
        named = [{"group": group, "resources": [plural], "resourceNames": [name]} for group, plural, name in things]
        kinds = [{"group": group, "resources": [plural]} for group, plural, _ in things]
        rules = [
            {"level": "RequestResponse", "resources": named},
            {"level": "RequestResponse", "resources": kinds, "verbs": ["create"]},
            {"level": "None"},
        ]
        policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
        path = self.folder / "audit.yaml"
        path.write_text(yaml.safe_dump(policy))
        return [f"--audit-policy-file={path}", f"--audit-log-path={self.audit_path}", "--audit-log-mode=blocking"]

    def is_ready(self) -> bool:
        return self.admin.call("GET", "/readyz") == "ok"

    def write_kubeconfig(
        self, name: str, token: str = "", identity: pki.Identity | None = None, url: str = "", server_name: str = ""
    ) -> pathlib.Path:
        """A file for one identity; `url` is another way to this server, through a relay or a proxy, and `server_name` the
        name in its certificate where that is not the host in `url`."""
        path = self.folder / f"{name.replace(':', '_')}.kubeconfig"
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")  # others may be reading the one that is there
        fresh.touch(mode=0o600)
        fresh.write_text(kubeconfig_text(url or self.url, self.authority.cert, self.name, token, identity, server_name))
        fresh.rename(path)
        return path

    @property
    def admin_token(self) -> str:
        return self._tokens["admin"]

    @property
    def operator_token(self) -> str:
        return self._tokens[OPERATOR_USER]

    def operator_kubeconfig(self) -> pathlib.Path:
        """As the operator's ServiceAccount: the shipped RBAC, and nothing else, says what it may do."""
        return self.write_kubeconfig(OPERATOR_USER, token=self.operator_token)

    def user_kubeconfig(self, user: str, *groups: str) -> pathlib.Path:
        """As anybody, by a client certificate: a new user needs no restart."""
        return self.write_kubeconfig(user, identity=self.authority.client(user, *groups))

    def service_account_token(self, namespace: str, name: str, seconds: int = 3600) -> str:
        """A real bound token by TokenRequest; the ServiceAccount is created if it is missing."""
        self.admin.put({"kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return self.admin.call("POST", path, {"spec": {"expirationSeconds": seconds}})["status"]["token"]

    def kubectl(
        self,
        *args: str,
        input: str | None = None,
        kubeconfig: pathlib.Path | None = None,
        timeout: float = 60.0,
    ) -> str:
        """What kubectl prints on stdout; raises KubectlError with its stderr when it fails."""
        cache = self.scratch.root / "kubectl-cache"
        command = [str(tools.server("kubectl")), f"--cache-dir={cache}", *args]
        result = subprocess.run(
            command,
            input=input,
            env={**os.environ, "KUBECONFIG": str(kubeconfig or self.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if result.returncode != 0:
            raise KubectlError(args, result.returncode, result.stderr)
        return result.stdout

    def kubectl_json(self, *args: str) -> Any:
        return json.loads(self.kubectl(*args, "-o", "json"))

    def install_crds(self, folder: pathlib.Path) -> None:
        """All of a folder, and wait until they are served. `kubectl wait` fails for one that nobody looked at yet."""
        self.kubectl("apply", "--server-side", "-f", str(folder))

        def are_served() -> bool:
            listed = self.admin.list("CustomResourceDefinition")
            conditions = [crd.get("status", {}).get("conditions") or [] for crd in listed]
            return all(("Established", "True") in {(c["type"], c["status"]) for c in found} for found in conditions)

        wait.until(f"CRDs of {folder.name}", are_served, 30.0)

    def ensure_namespace(self, name: str) -> str:
        try:
            self.admin.call("POST", "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": name}})
        except ApiError as error:
            if error.status != 409:
                raise
        return name


def kubeconfig_text(
    url: str, ca: str, name: str, token: str = "", identity: pki.Identity | None = None, server_name: str = ""
) -> str:
    """A kubeconfig with everything inline, as it goes into a Secret or a file."""
    user: dict[str, str] = {}
    if token:
        user["token"] = token
    if identity:
        user["client-certificate-data"] = _b64(identity.cert)
        user["client-key-data"] = _b64(identity.key)
    cluster = {"server": url, "certificate-authority-data": _b64(ca)}
    if server_name:
        cluster["tls-server-name"] = server_name
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
