"""Argo CD for real: application-controller, repo-server and their Redis, on a Git repository of the bench.

Its server, its user interface and its ApplicationSets are not here: what a switch means for delivery, these three decide.
"""

import base64
import json
import socket
import time
import urllib.request
from typing import Any

from . import objects, ports, tools, wait
from .git import Repository
from .kube import ApiServer
from .process import Process
from .redis_server import RedisServer

NAMESPACE = "argocd"
PART = {"app.kubernetes.io/part-of": "argocd"}
IN_CLUSTER = {"server": "https://kubernetes.default.svc"}  # Argo CD's own cluster
REFRESH = "argocd.argoproj.io/refresh"
# Argo CD's own way to prune is in the foreground, which needs the garbage collector of a controller manager.
AUTOMATED = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["PrunePropagationPolicy=background"]}
QUIET_S = 3.0  # after a sync it does not heal for 2 s, then for three times as long each time


class _Part(Process):
    """One half of the program."""

    ready_timeout = 60.0

    def __init__(self, server: ApiServer, name: str) -> None:
        super().__init__(server.scratch, f"argocd-{name}")
        self.part, self.server = name, server
        self.port, self.metrics_port = ports.lease(), ports.lease()

    def flags(self) -> list[str]:
        raise NotImplementedError

    def argv(self) -> list[str]:
        return [str(tools.argocd()), self.part, f"--metrics-port={self.metrics_port}", "--logformat=text", *self.flags()]

    def env(self) -> dict[str, str]:
        return {
            "ARGOCD_FAKE_IN_CLUSTER": "true",  # kubernetes.default.svc means the KUBECONFIG
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_ASK_PASS_SOCK": str(self.folder / "askpass.sock"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.server.kubeconfig),
            "TMPDIR": str(self.folder),
        }


class _RepoServer(_Part):
    def __init__(self, server: ApiServer, redis: RedisServer) -> None:
        super().__init__(server, "repo-server")
        self._redis = redis

    def flags(self) -> list[str]:
        where = ["--address=127.0.0.1", "--metrics-address=127.0.0.1", f"--port={self.port}"]
        return [*where, "--disable-tls", f"--redis={self._redis.address}"]

    def is_ready(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True


class _Controller(_Part):
    def __init__(self, server: ApiServer, redis: RedisServer, repo_server: _RepoServer, resync: int) -> None:
        super().__init__(server, "application-controller")
        self._redis, self._repo_server, self._resync = redis, repo_server, resync

    def flags(self) -> list[str]:
        repo_server = [f"--repo-server=127.0.0.1:{self._repo_server.port}", "--repo-server-plaintext"]
        return [f"--namespace={NAMESPACE}", f"--redis={self._redis.address}", *repo_server, f"--app-resync={self._resync}"]

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/healthz", timeout=1) as answer:
            return answer.status == 200


class ArgoCD:
    """All of it in one cluster. Clusters and Applications are what tests put there, as people do: Secrets and objects."""

    def __init__(self, server: ApiServer, resync: int = 0) -> None:
        """`resync`: seconds until it looks again by itself; 0 is never, so that what moves was moved by the test."""
        self.server = server
        self.repository = Repository(server.scratch)
        self.redis = RedisServer(server.scratch, "argocd-redis")
        self.repo_server = _RepoServer(server, self.redis)
        self.controller = _Controller(server, self.redis, self.repo_server, resync)
        self._made: list[tuple[str, str]] = []
        self._install()

    def _install(self) -> None:
        self.server.install_crds(tools.argocd().parent / "argo-crds")
        self.server.ensure_namespace(NAMESPACE)
        labels = {"metadata": {"labels": PART}}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": NAMESPACE}}
        self.server.admin.put(objects.merged(config, labels))
        key = objects.secret("argocd-secret", NAMESPACE, {"server.secretkey": "bench"})
        self.server.admin.put(objects.merged(key, labels))
        anything = {"group": "*", "kind": "*"}
        self.server.admin.put(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "AppProject",
                "metadata": {"name": "default", "namespace": NAMESPACE},
                "spec": {
                    "sourceRepos": ["*"],
                    "destinations": [{"namespace": "*", "server": "*"}],
                    "clusterResourceWhitelist": [anything],
                },
            }
        )

    def run(self) -> "ArgoCD":
        self.restore()
        return self

    def restore(self) -> None:
        """All of it alive, whatever the last test ended."""
        parts = (self.redis, self.repo_server, self.controller)
        ended = [part for part in parts if not part.is_alive]
        for part in ended:
            part.start()
        for part in ended:
            part.ready()

    def kill9(self) -> None:
        for part in (self.controller, self.repo_server, self.redis):
            part.kill9()

    def forget(self) -> None:
        """Applications and clusters of a test go; nothing is pruned, because no Application here has a finalizer."""
        for kind, name in reversed(self._made):
            self.server.admin.delete(kind, name, NAMESPACE)
        self._made.clear()

    def log_tail(self, lines: int = 25) -> str:
        return "\n".join(part.log_tail(lines) for part in (self.controller, self.repo_server))

    # What people put there

    def put_cluster(self, name: str, cluster: ApiServer) -> None:
        """The Secret by which destinations with this name mean that cluster."""
        thing = cluster_secret(name, cluster)
        self.server.admin.put(thing)
        self._made.append(("Secret", thing["metadata"]["name"]))

    def deploy(self, name: str, namespace: str, things: list[objects.Object], cluster: str, **spec: Any) -> None:
        """Commit `things` and have an Application `name` put them into `namespace` of the cluster with that name."""
        self.repository.commit(name, things)
        self.put_application(self.application(name, {"name": cluster, "namespace": namespace}, **spec))

    def put_application(self, thing: objects.Object) -> None:
        self.server.admin.put(thing)
        self._made.append(("Application", thing["metadata"]["name"]))

    def adopt(self, name: str) -> None:
        """An Application that another one makes: it goes with the test, too."""
        self._made.insert(0, ("Application", name))  # after its parent, which would make it again

    def application(self, name: str, destination: objects.Object, **spec: Any) -> objects.Object:
        """Of the folder with its own name; it syncs, prunes and heals by itself."""
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.repository.url, "path": name, "targetRevision": "main"},
                "destination": destination,
                "syncPolicy": AUTOMATED,
                **spec,
            },
        }

    def get(self, name: str) -> objects.Object:
        return self.server.admin.get("Application", name, NAMESPACE)

    def refresh(self, name: str) -> None:
        """Ask for a look at Git and at the cluster, with no cache, without waiting for it."""
        changes = {"metadata": {"annotations": {REFRESH: "hard"}}}
        self.server.admin.patch("Application", name, changes, NAMESPACE)

    def wait_synced(self, name: str, revision: str = "", timeout: float = 60.0) -> None:
        """Until Argo CD says so, of that revision where one is named."""

        def probe() -> bool:
            sync = self.get(name).get("status", {}).get("sync", {})
            assert sync.get("status") == "Synced", sync
            assert revision in ("", sync.get("revision")), sync
            return True

        try:
            wait.until(f"Application {name} is synced", probe, timeout, poll=0.05)
        except wait.Late as late:
            raise wait.Late(f"{late}\n{self.log_tail()}") from None

    def wait_quiet(self, name: str, timeout: float = 60.0) -> None:
        """Until it has been synced and has not been looked at for a while: as an Application is on most days."""
        self.wait_synced(name)
        seen: dict[str, float] = {}  # when each look was first seen

        def is_quiet() -> bool:
            status = self.get(name)["status"]
            looked = seen.setdefault(status["reconciledAt"], time.monotonic())
            return status["sync"]["status"] == "Synced" and time.monotonic() - looked > QUIET_S

        wait.until(f"Application {name} is quiet", is_quiet, timeout, poll=0.1)


def cluster_data(cluster: ApiServer) -> dict[str, str]:
    """What Argo CD needs to reach that cluster, as the fields of a Secret have it."""
    ca = base64.b64encode(cluster.authority.cert.encode()).decode()
    config = {"bearerToken": cluster.admin_token, "tlsClientConfig": {"insecure": False, "caData": ca}}
    return {"server": cluster.url, "config": json.dumps(config)}


def cluster_secret(name: str, cluster: ApiServer) -> objects.Object:
    thing = objects.secret(f"cluster-{name}", NAMESPACE, {"name": name, **cluster_data(cluster)})
    return objects.merged(thing, {"metadata": {"labels": {"argocd.argoproj.io/secret-type": "cluster"}}})
