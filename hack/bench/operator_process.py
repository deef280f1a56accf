"""The product under test: build/planekeeper as a supervised process, seen through its own logs and ports."""

import json
import os
import pathlib
import re
import urllib.error
import urllib.request

from . import ports, tools, wait
from .kube import OPERATOR_NAMESPACE
from .process import Process, Scratch

LEASE_NAME = "planekeeper"
METRIC = re.compile(r"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$")


def binary() -> pathlib.Path:
    """The operator to run; PLANEKEEPER_BINARY names another build, such as one with sanitizers."""
    return pathlib.Path(os.environ.get("PLANEKEEPER_BINARY") or tools.ROOT / "build" / "planekeeper")


def wrong_clock(seconds: int) -> dict[str, str]:
    """`extra_env` for a replica whose wall clock is off by that much; its monotonic clock is right."""
    return {**_faked_clock(), "FAKETIME": f"{seconds:+d}s"}


def moving_clock(path: pathlib.Path) -> dict[str, str]:
    """`extra_env` for a replica whose wall clock is off by what `path` says ("+31536000s"), and jumps when it changes."""
    return {**_faked_clock(), "FAKETIME_TIMESTAMP_FILE": str(path), "FAKETIME_CACHE_DURATION": "1"}


def _faked_clock() -> dict[str, str]:
    """The library directly, because faketime(1) would be a process between the operator and us."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise RuntimeError("libfaketime is missing: hack/install.sh test")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "ASAN_OPTIONS": "verify_asan_link_order=0",
    }


class Operator(Process):
    """One replica. Several with the same lease name elect a leader among them."""

    ends_gracefully = True  # so that leak checkers speak at exit

    def __init__(
        self,
        scratch: Scratch,
        kubeconfig: pathlib.Path,
        name: str = "planekeeper",
        namespace: str = "",
        leader_elect: bool = True,
        lease_name: str = LEASE_NAME,
        lease_namespace: str = OPERATOR_NAMESPACE,
        log_level: str = "info",
        extra_args: tuple[str, ...] = (),
        extra_env: dict[str, str] | None = None,
        wrapper: tuple[str, ...] = (),
        program: pathlib.Path | None = None,
    ) -> None:
        """`namespace` empty watches all; `wrapper` goes before the command, such as ("strace", "-f"); `program` is another build."""
        super().__init__(scratch, name)
        self.metrics_port, self.probe_port = ports.lease(), ports.lease()
        self.lease_name, self.lease_namespace = lease_name, lease_namespace
        self._env = {"KUBECONFIG": "", "POD_NAME": name, "POD_NAMESPACE": lease_namespace, **(extra_env or {})}
        self._argv = [
            *wrapper,
            str(program or binary()),
            f"--kubeconfig={kubeconfig}",
            f"--metrics-bind-address=127.0.0.1:{self.metrics_port}",
            f"--health-probe-bind-address=127.0.0.1:{self.probe_port}",
            "--log-encoding=json",
            f"--log-level={log_level}",
            *([f"--namespace={namespace}"] if namespace else []),
            *extra_args,
        ]
        if leader_elect:
            self._argv += [
                "--leader-elect",
                f"--leader-election-id={lease_name}",
                f"--leader-election-namespace={lease_namespace}",
            ]

    def argv(self) -> list[str]:
        return self._argv

    def env(self) -> dict[str, str]:
        return self._env

    def is_ready(self) -> bool:
        """Alive and serving. A replica that cannot reach its API server is alive and not ready."""
        return self.get("healthz")[0] == 200

    def wait_readyz(self, timeout: float = 10.0) -> None:
        wait.until(f"{self.name} /readyz", lambda: self.get("readyz")[0] == 200, timeout)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of /healthz or /readyz."""
        return _fetch(f"http://127.0.0.1:{self.probe_port}/{path}")

    def metrics_text(self) -> str:
        return _fetch(f"http://127.0.0.1:{self.metrics_port}/metrics")[1]

    def metrics(self) -> dict[str, float]:
        """All samples by name with labels as printed: 'planekeeper_epoch{policy="gloo"}' -> 2.0."""
        samples = (METRIC.match(line) for line in self.metrics_text().splitlines())
        return {f"{sample[1]}{sample[2] or ''}": float(sample[3]) for sample in samples if sample}

    def is_leader(self) -> bool:
        """By its own word, as dashboards read it."""
        return any(
            value == 1 for name, value in self.metrics().items() if name.startswith("leader_election_master_status")
        )

    def logs(self) -> list[dict]:
        """Its JSON log lines, oldest first."""
        whole, _, _ = self.log_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def plain_logs(self) -> list[str]:
        """Lines that are not JSON: reports of sanitizers, assertions, what a library printed."""
        return [line for line in self.log_text().splitlines() if line and not line.startswith("{")]

    def resident_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))


def _fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
