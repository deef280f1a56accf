"""Where the programs of the bench come from. Only hack/tools.sh knows how they are built."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD_TIMEOUT = 3600  # a cold build of the API server on two busy cores


@functools.cache
def folder(group: str) -> pathlib.Path:
    """The folder with the programs of one group of hack/tools.sh, built first if they are missing."""
    script = ROOT / "hack" / "tools.sh"
    result = subprocess.run([script, group], stdout=subprocess.PIPE, text=True, check=True, timeout=BUILD_TIMEOUT)
    return pathlib.Path(result.stdout.strip())


def server(name: str) -> pathlib.Path:
    """kube-apiserver, etcd or kubectl."""
    return folder("servers") / name


def judge(name: str) -> pathlib.Path:
    """kubectl-validate, kube-score, promtool, kstatus, porcupine or kustomize-controller."""
    return folder("judges") / name


def argocd() -> pathlib.Path:
    """Argo CD's application-controller and repo-server, one program; its CRDs are beside it, in argo-crds."""
    return folder("gitops") / "argocd"


def naive() -> pathlib.Path:
    """The operator that stands beside this one in `make bench`."""
    return folder("naive") / "naive"
