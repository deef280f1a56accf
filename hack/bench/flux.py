"""Flux's kustomize-controller for real. There is no source-controller: the status of a GitRepository names a tarball that is
served from here, so a commit is what a test says it is."""

import hashlib
import http.server
import io
import tarfile
import threading
import time
import urllib.request
from typing import Any

import yaml

from . import objects, ports, tools, wait
from .kube import OPERATOR_NAMESPACE, ApiServer
from .process import Process

NAMESPACE = "flux-system"
WATCHED = {"reconcile.fluxcd.io/watch": "Enabled"}  # a Secret with this label is read again when it changes
LONG_AGO = "2026-01-01T00:00:00Z"


class Flux(Process):
    """The controller in one cluster, applying what `deploy` gives it as if it had come out of Git."""

    ready_timeout = 60.0

    def __init__(self, server: ApiServer) -> None:
        super().__init__(server.scratch, "kustomize-controller")
        self.server = server
        self._health_port, self._metrics_port, self._web_port = ports.lease(), ports.lease(), ports.lease()
        self._tarballs: dict[str, bytes] = {}  # by path
        self._revisions: dict[str, int] = {}  # by name
        server.install_crds(tools.folder("judges") / "flux-crds")
        server.ensure_namespace(NAMESPACE)
        self._serve()

    def argv(self) -> list[str]:
        return [
            str(tools.judge("kustomize-controller")),
            f"--metrics-addr=127.0.0.1:{self._metrics_port}",
            f"--health-addr=127.0.0.1:{self._health_port}",
            "--enable-leader-election=false",
            "--events-addr=",
        ]

    def env(self) -> dict[str, str]:
        return {"RUNTIME_NAMESPACE": NAMESPACE, "KUBECONFIG": str(self.server.kubeconfig), "TMPDIR": str(self.folder)}

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}/healthz", timeout=1) as answer:
            return answer.status == 200

    def _serve(self) -> None:
        tarballs = self._tarballs

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = tarballs.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        web = http.server.ThreadingHTTPServer(("127.0.0.1", self._web_port), Handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()

    def deploy(self, name: str, namespace: str, things: list[objects.Object], **spec: Any) -> None:
        """Commit `things`: a Kustomization `name` applies them to `namespace`, and prunes what is gone."""
        self.commit(name, things)
        self.server.kubectl("apply", "-f", "-", input=yaml.safe_dump(kustomization(name, namespace, **spec)))

    def commit(self, name: str, things: list[objects.Object]) -> None:
        """A new revision of the source `name`, which whatever follows it notices at once."""
        source = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"url": "https://example.com/repository.git", "interval": "1h"},
        }
        tarball = _tar({"all.yaml": yaml.safe_dump_all(things)})
        self._revisions[name] = self._revisions.get(name, 0) + 1
        path = f"{name}/{self._revisions[name]}.tar.gz"
        self._tarballs[f"/{path}"] = tarball
        artifact = {
            "url": f"http://127.0.0.1:{self._web_port}/{path}",
            "path": path,
            "digest": "sha256:" + hashlib.sha256(tarball).hexdigest(),
            "revision": self._revision(name),
            "lastUpdateTime": LONG_AGO,
        }
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": self._revision(name),
            "lastTransitionTime": LONG_AGO,
        }
        self.server.admin.put(source)
        status = {"observedGeneration": 1, "artifact": artifact, "conditions": [ready]}
        self.server.admin.patch_status("GitRepository", name, status, NAMESPACE)

    def _revision(self, name: str) -> str:
        return f"main@sha1:{self._revisions[name]:040x}"

    def wait_applied(self, name: str, timeout: int = 60) -> None:
        """Until Flux is content, health checks included where the Kustomization has `wait: true`."""
        args = ("-n", NAMESPACE, "wait", f"kustomization/{name}", f"--timeout={timeout}s")
        wanted = f"--for=jsonpath={{.status.lastAppliedRevision}}={self._revision(name)}"
        self.server.kubectl(*args, wanted, timeout=timeout + 5)

    def reconcile(self, name: str, timeout: float = 30.0) -> None:
        """As `flux reconcile` does: ask for it, and wait until it is answered."""
        asked = str(time.time_ns())
        annotations = {"reconcile.fluxcd.io/requestedAt": asked}
        self.server.admin.patch("Kustomization", name, {"metadata": {"annotations": annotations}}, NAMESPACE)

        def is_answered() -> bool:
            found = self.server.admin.get("Kustomization", name, NAMESPACE)
            return found["status"].get("lastHandledReconcileAt") == asked

        wait.until(f"Flux reconciled {name}", is_answered, timeout)

    def put_kubeconfig(self, name: str, kubeconfig: str) -> None:
        """The Secret that `kubeConfig: {secretRef: {name}}` of a Kustomization means, watched as Flux's manual has it."""
        thing = objects.secret(name, NAMESPACE, {"value": kubeconfig})
        self.server.admin.put(objects.merged(thing, {"metadata": {"labels": WATCHED}}))

    def forget(self) -> None:
        """What was deployed goes, and nothing of it is pruned: the controller is asked to leave it alone first."""
        for name in self._revisions:
            for kind in ("Kustomization", "GitRepository"):
                if self.server.admin.find(kind, name, NAMESPACE):
                    changes = {"metadata": {"finalizers": None}, "spec": {"suspend": True}}
                    self.server.admin.patch(kind, name, changes, NAMESPACE)
                    self.server.admin.delete(kind, name, NAMESPACE)
        self._revisions.clear()


def kustomization(name: str, namespace: str, **spec: Any) -> objects.Object:
    """Of the source with its own name."""
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "interval": "1h",
            "timeout": "1m",
            "prune": True,
            "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": name},
            **spec,
        },
    }


def _tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def rights(secret: str) -> list[objects.Object]:
    """What docs/targets/flux.md has people grant the operator in the cluster of Flux, for a pipeline that rewrites `secret`."""
    rules = [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret], "verbs": ["get", "patch"]},
        {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": ["list", "patch"]},
    ]
    meta = {"name": "planekeeper-pipeline", "namespace": NAMESPACE}
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": rules}
    reference = {"apiGroup": group, "kind": "Role", "name": meta["name"]}
    subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": OPERATOR_NAMESPACE}
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": reference, "subjects": [subject]}
    return [role, binding]
