"""The stand-ins as supervised processes: management servers, and the agent that feels an outage."""

import dataclasses
import json
import pathlib
import resource
import signal
import socket
import struct
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from . import pki, ports, wait
from .process import Process, Scratch

SERVER_NAME = "gloo-mesh-mgmt-server.gloo-mesh"
HERE = pathlib.Path(__file__).parent


class MgmtServer(Process):
    """grpc.health.v1 over TLS (mTLS with `client_certificates`, plain without `authority`)."""

    def __init__(
        self,
        scratch: Scratch,
        name: str,
        host: str,
        port: int | None = None,
        authority: pki.Authority | None = None,
        identity: pki.Identity | None = None,
        client_certificates: bool = False,
        services: tuple[str, ...] = (),
    ) -> None:
        """`identity` replaces the certificate that `authority` would issue: expired, other name, other CA."""
        super().__init__(scratch, name)
        self.host = host
        self.port = port or ports.lease(host)
        self.authority = authority
        self.services = services
        self._client_certificates = client_certificates
        self._fillers: list[socket.socket] = []
        self._files = self._client_files = None
        if authority is not None:
            self._files = (identity or authority.server(SERVER_NAME, host)).write(self.folder, "server")
            self._client_files = authority.client("bench").write(self.folder, "client")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def argv(self) -> list[str]:
        args = [sys.executable, str(HERE / "mgmt_server.py"), "--address", self.address]
        if self._files is not None:
            args += ["--cert", str(self._files.cert), "--key", str(self._files.key)]
            if self._client_certificates:
                args += ["--client-ca", str(self._files.ca)]
        for service in self.services:
            args += ["--service", service]
        return args

    def is_ready(self) -> bool:
        return self.health() != ""  # NOT_SERVING is an answer, too

    def use(self, identity: pki.Identity) -> None:
        """Another certificate, from the next start on."""
        self._files = identity.write(self.folder, "server")

    def health(self, service: str = "", timeout: float = 1.0) -> str:
        """The status as an independent gRPC client sees it; "" if there is no answer."""
        with self._channel() as channel:
            try:
                request = health_pb2.HealthCheckRequest(service=service)
                answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout)
            except grpc.RpcError:
                return ""
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    def _channel(self) -> grpc.Channel:
        options = [("grpc.use_local_subchannel_pool", 1)]
        if self._files is None:
            return grpc.insecure_channel(self.address, options)
        files = self._client_files
        pair = (files.key.read_bytes(), files.cert.read_bytes()) if self._client_certificates else (None, None)
        credentials = grpc.ssl_channel_credentials(self.authority.cert.encode(), *pair)
        options.append(("grpc.ssl_target_name_override", SERVER_NAME))
        return grpc.secure_channel(self.address, credentials, options)

    def set_serving(self, serving: bool) -> None:
        """The process lives on and says NOT_SERVING, as one does that lost what it depends on."""
        self.signal(signal.SIGUSR2 if serving else signal.SIGUSR1)
        wanted = "SERVING" if serving else "NOT_SERVING"
        wait.until(f"{self.name} {wanted}", lambda: self.health() == wanted, 5.0)

    def black_hole(self) -> None:
        """No answer at all, as from a machine that lost power: connects time out, streams hang.

        SIGSTOP alone is not that, because the kernel goes on accepting connections for the process.
        So its accept queue is filled as well; from then on the kernel drops each further SYN.
        A blackhole route would be no better: to a local sender it is an immediate error.
        `resume` ends it.
        """
        self.pause()
        most = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text()) + 16
        _allow_open_files(most + 1024)
        for _ in range(most):
            filler = socket.socket()
            filler.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no TIME_WAIT
            filler.settimeout(0.2)
            try:
                filler.connect((self.host, self.port))
            except TimeoutError:
                filler.close()
                return
            self._fillers.append(filler)
        raise RuntimeError(f"{self.name} still accepts connections after {most}")

    def resume(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        super().resume()

    def kill9(self) -> None:
        super().kill9()
        self.resume()


@dataclasses.dataclass(frozen=True)
class Outage:
    """One gap in the agent's stream. `back` is the wall time of the first answer after it."""

    lost: float
    back: float
    milliseconds: float
    address: str
    cause: str


class Agent(Process):
    """hack/bench/agent.py for one DNS name, and what it has logged."""

    def __init__(
        self,
        scratch: Scratch,
        dns_name: str,
        nameserver: str,
        port: int,
        authority: pki.Authority | None = None,
        client_certificate: bool = False,
    ) -> None:
        super().__init__(scratch, "agent")
        self.dns_name = dns_name
        self._argv = [sys.executable, str(HERE / "agent.py"), "--name", dns_name]
        self._argv += ["--nameserver", nameserver, "--port", str(port)]
        if authority is not None:
            files = authority.client("agent").write(self.folder, "client")
            self._argv += ["--server-name", SERVER_NAME, "--ca", str(files.ca)]
            if client_certificate:
                self._argv += ["--cert", str(files.cert), "--key", str(files.key)]

    def argv(self) -> list[str]:
        return self._argv

    def events(self) -> list[dict]:
        """All it logged, oldest first; a line still being written is left for the next look."""
        whole, _, _ = self.log_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    @property
    def connected_to(self) -> str:
        """The address its stream is on now; "" while it has none."""
        last = next((event for event in reversed(self.events())), {})
        return last.get("address", "") if last.get("event") == "connected" else ""

    def wait_connected(self, host: str, timeout: float = 10.0) -> None:
        wait.until(f"agent connected to {host}", lambda: self.connected_to == host, timeout)

    def outages(self) -> list[Outage]:
        gaps, lost = [], None
        for event in self.events():
            if event["event"] == "lost":
                lost = event
            elif event["event"] == "connected" and lost is not None:
                milliseconds = event["outage_ms"]
                gaps.append(Outage(lost["t"], event["t"], milliseconds, event["address"], lost["cause"]))
                lost = None
        return gaps


class HostileServer(Process):
    """hostile_server.py: an HTTP server whose answers a check must survive."""

    def __init__(
        self,
        scratch: Scratch,
        host: str = "127.0.0.1",
        port: int | None = None,
        authority: pki.Authority | None = None,
        identity: pki.Identity | None = None,
    ) -> None:
        super().__init__(scratch, "hostile")
        self.host = host
        self.port = port or ports.lease(host)
        self._files = None
        if authority is not None:
            self._files = (identity or authority.server(SERVER_NAME, host)).write(self.folder, "server")

    def argv(self) -> list[str]:
        args = [sys.executable, str(HERE / "hostile_server.py"), "--address", f"{self.host}:{self.port}"]
        if self._files is not None:
            args += ["--cert", str(self._files.cert), "--key", str(self._files.key)]
        return args

    def is_ready(self) -> bool:
        with socket.create_connection((self.host, self.port), 1.0):
            return True

    def url(self, path: str) -> str:
        return f"{'https' if self._files else 'http'}://{self.host}:{self.port}{path}"


def _allow_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
