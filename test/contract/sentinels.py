"""The servers of the Sentinel contract: three data nodes under three Sentinels, and a pair under one with passwords and TLS."""

import pathlib
import shutil
import subprocess

from hack.bench import ports, wait
from hack.bench.process import Process, Scratch
from hack.bench.sentinel import Sentinel


class Redis(Process):
    def __init__(self, scratch: Scratch, name: str, *lines: str, ready: tuple[str, ...] = ()) -> None:
        super().__init__(scratch, name)
        self.port = ports.lease()
        self.lines = lines
        self.ready_arguments = ready

    def argv(self) -> list[str]:
        config = self.folder / "redis.conf"
        listen = [] if any(line.startswith("tls-cert-file") for line in self.lines) else [f"port {self.port}"]
        listen = listen or ["port 0", f"tls-port {self.port}"]
        config.write_text("\n".join(["bind 127.0.0.1", f"dir {self.folder}", 'save ""', *listen, *self.lines]) + "\n")
        return [shutil.which("redis-server"), str(config)]  # DEBUG RESTART takes no relative path

    def is_ready(self) -> bool:
        argv = ["redis-cli", "-p", str(self.port), *self.ready_arguments, "PING"]
        return "PONG" in subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout


def addresses(servers: list[Process]) -> str:
    return ",".join(f"127.0.0.1:{server.port}" for server in servers)


def pids(servers: list[Process]) -> str:
    return ",".join(str(server.pid) for server in servers)


def start_plain(scratch: Scratch) -> tuple[list[Process], list[Sentinel]]:
    # A restarted replica that kept the file of its first synchronisation would only fetch the rest.
    common = ("repl-diskless-sync-delay 0", "enable-debug-command local", "rdb-del-sync-files yes")
    nodes = [Redis(scratch, "group-a", *common)]
    for name in "bc":
        nodes.append(Redis(scratch, f"group-{name}", *common, f"replicaof 127.0.0.1 {nodes[0].port}"))
    # A user as the documentation has it, and one that may look only.
    looks = "+auth +ping +sentinel|get-master-addr-by-name +sentinel|master +sentinel|replicas +sentinel|myid +sentinel|ckquorum +info"
    users = (
        f"user keeper on >keep-it -@all {looks} +sentinel|failover",
        f"user reader on >read-it -@all {looks}",
    )
    watched = ("127.0.0.1", nodes[0].port)
    return nodes, [Sentinel(scratch, f"sentinel-{i}", watched, lines=users) for i in range(3)]


def start_secured(scratch: Scratch, certificates: pathlib.Path) -> tuple[list[Process], list[Sentinel]]:
    tls = (
        f"tls-cert-file {certificates}/server.crt",
        f"tls-key-file {certificates}/server.key",
        f"tls-ca-cert-file {certificates}/ca.crt",
        "tls-auth-clients no",
        "tls-replication yes",
    )
    user = "user keeper on >keep-node -@all +auth +ping +role +info +set ~planekeeper:write-probe"
    common = (*tls, "requirepass open-node", "masterauth open-node", "repl-diskless-sync-delay 0", user)
    client = ("--tls", "--cacert", str(certificates / "ca.crt"))
    ready = (*client, "-a", "open-node")
    nodes = [Redis(scratch, "secured-a", *common, ready=ready)]
    nodes.append(Redis(scratch, "secured-b", *common, f"replicaof 127.0.0.1 {nodes[0].port}", ready=ready))
    sentinel = Sentinel(
        scratch,
        "sentinel-secured",
        ("127.0.0.1", nodes[0].port),
        quorum=1,
        lines=(*tls, "requirepass open-sentinel"),
        watching=("auth-pass open-node",),
        client=(*client, "-a", "open-sentinel", "--no-auth-warning"),
        tls=True,
    )
    return nodes, [sentinel]


def start(scratch: Scratch, certificates: pathlib.Path) -> tuple[dict[str, str], list[Process]]:
    nodes, sentinels = start_plain(scratch)
    secured_nodes, secured_sentinels = start_secured(scratch, certificates)
    for group in (nodes, secured_nodes):
        for server in group:
            server.start()
        for server in group:
            server.ready()
    for sentinel in (*sentinels, *secured_sentinels):
        sentinel.start()
    for sentinel in (*sentinels, *secured_sentinels):
        sentinel.ready()
        sentinel.hurry()
    for sentinel in (*sentinels, *secured_sentinels):
        wait.until(f"{sentinel.name} has its quorum", sentinel.has_quorum, timeout=20)
    environment = {
        "CONTRACT_SENTINELS": addresses(sentinels),
        "CONTRACT_SENTINEL_PIDS": pids(sentinels),
        "CONTRACT_SENTINEL_NODES": addresses(nodes),
        "CONTRACT_SENTINEL_NODE_PIDS": pids(nodes),
        "CONTRACT_SENTINEL_SECURED": addresses(secured_sentinels),
        "CONTRACT_SENTINEL_SECURED_NODES": addresses(secured_nodes),
        "CONTRACT_SENTINEL_CA": str(certificates / "ca.crt"),
    }
    return environment, [*nodes, *secured_nodes, *sentinels, *secured_sentinels]
