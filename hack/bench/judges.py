"""Programs that we did not write, asked for their opinion of what we ship and what we say."""

import hashlib
import http.server
import io
import json
import pathlib
import subprocess
import tarfile
import threading
import urllib.request
from typing import Any

import yaml

from . import objects, ports, tools
from .kube import ApiServer
from .process import Process

FLUX_NAMESPACE = "flux-system"


def kstatus(*things: objects.Object) -> list[dict[str, str]]:
    """What Flux, Helm and `kubectl wait` conclude from each object.

    Keys: kind, name, kstatus (Current, InProgress, Failed, ...), message, and what Flux's condition linter finds in
    it as a final state (finalFail, finalWarn) and as one in progress (inProgressFail, inProgressWarn).
    """
    text = "\n".join(json.dumps(thing) for thing in things)
    return [json.loads(line) for line in _ask("kstatus", input=text).splitlines()]


def porcupine(operations: list[dict[str, Any]]) -> dict[str, str]:
    """register -> Ok, Illegal or Unknown: whether its operations (hack/judges/porcupine/model.go) are linearizable."""
    text = "\n".join(json.dumps(operation) for operation in operations)
    lines = _ask("porcupine", input=text).splitlines()
    return {line["register"]: line["result"] for line in map(json.loads, lines)}


def kubectl_validate(*paths: pathlib.Path) -> str:
    """Manifests against our CRDs and the built-in schemas, CEL included; raises with its report if one is wrong."""
    return _ask("kubectl-validate", "--local-crds", str(tools.ROOT / "crds"), *map(str, paths))


def promtool(*args: str, input: str | None = None) -> str:
    """promtool("check", "rules", path), promtool("check", "metrics", input=text)"""
    return _ask("promtool", *args, input=input)


def kube_score(manifest: str, *args: str) -> str:
    return _ask("kube-score", "score", *args, "-", input=manifest)


class Rejected(AssertionError):
    """The judge said no; the text is what it printed."""


def _ask(program: str, *args: str, input: str | None = None) -> str:
    command = [str(tools.judge(program)), *args]
    result = subprocess.run(command, input=input, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise Rejected(f"{program} {' '.join(args)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class Flux(Process):
    """kustomize-controller for real, applying what `deploy` gives it, as if it had come out of Git.

    There is no source-controller: the GitRepository's status names a tarball that is served from here.
    """

    ready_timeout = 60.0

    def __init__(self, server: ApiServer) -> None:
        super().__init__(server.scratch, "kustomize-controller")
        self.server = server
        self._health_port, self._metrics_port, self._web_port = ports.lease(), ports.lease(), ports.lease()
        self._tarball = b""
        self._revision = 0
        for path in sorted((tools.folder("judges") / "flux-crds").glob("*.yaml")):
            server.kubectl("apply", "--server-side", "-f", str(path))
        server.ensure_namespace(FLUX_NAMESPACE)
        server.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
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
        return {"RUNTIME_NAMESPACE": FLUX_NAMESPACE, "KUBECONFIG": str(self.server.kubeconfig)}

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}/healthz", timeout=1) as answer:
            return answer.status == 200

    def _serve(self) -> None:
        flux = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(flux._tarball)))
                self.end_headers()
                self.wfile.write(flux._tarball)

            def log_message(self, *_: object) -> None:
                pass

        web = http.server.ThreadingHTTPServer(("127.0.0.1", self._web_port), Handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()

    def deploy(self, name: str, namespace: str, things: list[objects.Object], **spec: Any) -> None:
        """Commit `things`: a Kustomization `name` applies them to `namespace`, and prunes what is gone."""
        self._tarball = _tar({"all.yaml": yaml.safe_dump_all(things)})
        self._revision += 1
        revision = f"main@sha1:{self._revision:040x}"
        source = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": name, "namespace": FLUX_NAMESPACE},
            "spec": {"url": "https://example.com/repository.git", "interval": "1h"},
        }
        artifact = {
            "url": f"http://127.0.0.1:{self._web_port}/{self._revision}.tar.gz",
            "path": f"{self._revision}.tar.gz",
            "digest": "sha256:" + hashlib.sha256(self._tarball).hexdigest(),
            "revision": revision,
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        }
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": revision,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        kustomization = {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": FLUX_NAMESPACE},
            "spec": {
                "interval": "1h",
                "timeout": "1m",
                "prune": True,
                "targetNamespace": namespace,
                "sourceRef": {"kind": "GitRepository", "name": name},
                **spec,
            },
        }
        self.server.kubectl("apply", "-f", "-", input=yaml.safe_dump_all([source, kustomization]))
        status = json.dumps({"status": {"observedGeneration": 1, "artifact": artifact, "conditions": [ready]}})
        args = ("-n", FLUX_NAMESPACE, "patch", "gitrepository", name, "--subresource=status", "--type=merge")
        self.server.kubectl(*args, "-p", status)

    def wait_applied(self, name: str, timeout: int = 60) -> None:
        """Until Flux is content, health checks included where the Kustomization has `wait: true`."""
        revision = f"main@sha1:{self._revision:040x}"
        args = ("-n", FLUX_NAMESPACE, "wait", f"kustomization/{name}", f"--timeout={timeout}s")
        self.server.kubectl(*args, f"--for=jsonpath={{.status.lastAppliedRevision}}={revision}", timeout=timeout + 5)


def _tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
