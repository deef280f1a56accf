"""Real Redis Sentinels: redis-server --sentinel, which watch a primary and fail over by themselves."""

import pathlib
import subprocess

from . import ports
from .process import Process, Scratch

NAME = "mymaster"


class Sentinel(Process):
    """One Sentinel of the primary at `host`:`port`.

    It rewrites its own configuration, so each start begins with what is written here: what it learned is forgotten.
    `lines` are further lines of the configuration (requirepass, users, TLS), `client` the options with which redis-cli
    is let in, `watching` lines about the primary ("auth-pass secret").
    """

    def __init__(
        self,
        scratch: Scratch,
        name: str,
        primary: tuple[str, int],
        quorum: int = 2,
        lines: tuple[str, ...] = (),
        watching: tuple[str, ...] = (),
        client: tuple[str, ...] = (),
        tls: bool = False,
        down_after_ms: int = 1000,
        failover_timeout_ms: int = 3000,
    ) -> None:
        super().__init__(scratch, name)
        self.host = "127.0.0.1"
        self.port = ports.lease()
        self._primary, self._quorum = primary, quorum
        self._lines, self._watching, self._client, self._tls = lines, watching, client, tls
        self._down_after_ms, self._failover_timeout_ms = down_after_ms, failover_timeout_ms

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def argv(self) -> list[str]:
        host, port = self._primary
        about = (
            f"down-after-milliseconds {{}} {self._down_after_ms}",
            f"failover-timeout {{}} {self._failover_timeout_ms}",
            *(f"{line.split(' ', 1)[0]} {{}} {line.split(' ', 1)[1]}" for line in self._watching),
        )
        lines = [
            "bind 127.0.0.1",
            *(["port 0", f"tls-port {self.port}"] if self._tls else [f"port {self.port}"]),
            f"dir {self.folder}",
            *self._lines,
            f"sentinel monitor {NAME} {host} {port} {self._quorum}",
            *("sentinel " + line.format(NAME) for line in about),
        ]
        config = pathlib.Path(self.folder) / "sentinel.conf"
        config.write_text("\n".join(lines) + "\n")
        return ["redis-server", str(config), "--sentinel"]

    def cli(self, *command: object) -> str:
        """What redis-cli prints of one command."""
        argv = ["redis-cli", "-h", self.host, "-p", str(self.port), *self._client, *map(str, command)]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    def is_ready(self) -> bool:
        return "PONG" in self.cli("PING")

    def has_quorum(self) -> bool:
        """Whether it knows enough of the others, and a replica to promote."""
        primary = self.cli("SENTINEL", "MASTER", NAME).splitlines()
        facts = dict(zip(primary[::2], primary[1::2], strict=False))
        return self.cli("SENTINEL", "CKQUORUM", NAME).startswith("OK") and int(facts["num-slaves"]) > 0

    def primary(self) -> str:
        """host:port as it is told to clients."""
        return ":".join(self.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME).split())

    def hurry(self) -> None:
        """Look at roles twice a second instead of every ten seconds, which is fixed in production.

        One that was stopped, or had no CPU, for two seconds does nothing for thirty (TILT): here it does not notice.
        """
        self.cli("SENTINEL", "DEBUG", "info-period", 500)
        self.cli("SENTINEL", "DEBUG", "tilt-trigger", 600000)
