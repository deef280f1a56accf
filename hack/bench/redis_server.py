"""A real redis-server: plain, with password or ACL users, with TLS, as a replica, or still loading."""

import redis
import redis.backoff
import redis.retry

from . import pki, ports
from .process import Process, Scratch


class RedisServer(Process):
    """Nothing is saved to disk unless asked, so a kill -9 forgets the data as a cache would."""

    def __init__(
        self,
        scratch: Scratch,
        name: str = "redis",
        password: str = "",
        users: tuple[str, ...] = (),
        authority: pki.Authority | None = None,
        identity: pki.Identity | None = None,
        client_certificates: bool = False,
        replica_of: "RedisServer | None" = None,
        append_only: bool = False,
    ) -> None:
        """`users` are ACL lines as in a Redis configuration ("planekeeper on >secret ~* +@all").

        With `authority` the server speaks TLS only, under the names localhost and 127.0.0.1;
        `identity` replaces that certificate (expired, wrong name).
        """
        super().__init__(scratch, name)
        self.host = "127.0.0.1"
        self.port = ports.lease()
        self.password = password
        self.users = users
        self.authority = authority
        self.replica_of = replica_of
        self._append_only = append_only
        self._client_certificates = client_certificates
        self._loading: tuple[str, ...] = ()
        self._files = None
        self._client_files = None
        if authority is not None:
            identity = identity or authority.server("localhost", "127.0.0.1")
            self._files = identity.write(self.folder, "server")
            self._client_files = authority.client("bench").write(self.folder, "client")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def argv(self) -> list[str]:
        lines = [
            "bind 127.0.0.1",
            f"port {0 if self._files else self.port}",
            f"dir {self.folder}",
            'save ""',
            f"appendonly {'yes' if self._append_only else 'no'}",
            "databases 4096",  # one for each test
            "enable-debug-command local",
            "repl-diskless-sync-delay 0",
            *self._tls_lines(),
            *self._loading,
        ]
        if self.password:
            lines += [f"requirepass {self.password}", f"masterauth {self.password}"]
        lines += [f"user {line}" for line in self.users]
        if self.replica_of is not None:
            lines.append(f"replicaof {self.replica_of.host} {self.replica_of.port}")
        config = self.folder / "redis.conf"
        config.write_text("\n".join(lines) + "\n")
        return ["redis-server", str(config)]

    def _tls_lines(self) -> list[str]:
        if self._files is None:
            return []
        return [
            f"tls-port {self.port}",
            f"tls-cert-file {self._files.cert}",
            f"tls-key-file {self._files.key}",
            f"tls-ca-cert-file {self._files.ca}",
            f"tls-auth-clients {'yes' if self._client_certificates else 'no'}",
            "tls-replication yes",
        ]

    def is_ready(self) -> bool:
        try:
            return self.client().ping()
        except redis.exceptions.BusyLoadingError:
            return bool(self._loading)
        except redis.exceptions.AuthenticationError:
            return True  # it answers; the default user is just not ours

    def client(self, db: int = 0, username: str | None = None, password: str | None = None) -> redis.Redis:
        """A redis-py client that never waits long: for reading what the operator has done."""
        tls = {}
        if self._files is not None:
            tls = {
                "ssl": True,
                "ssl_ca_certs": str(self._files.ca),
                "ssl_certfile": str(self._client_files.cert),
                "ssl_keyfile": str(self._client_files.key),
            }
        return redis.Redis(
            self.host,
            self.port,
            db,
            username=username,
            password=password or self.password or None,
            decode_responses=True,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),  # the first answer is the one to judge
            socket_timeout=2.0,
            socket_connect_timeout=2.0,
            **tls,
        )

    def follow(self, other: "RedisServer") -> None:
        """Become a replica, which answers -READONLY to writes."""
        self.client().execute_command("REPLICAOF", other.host, other.port)

    def promote(self) -> None:
        self.client().execute_command("REPLICAOF", "NO", "ONE")

    def restart_loading(self, seconds: float) -> None:
        """Restart so that it answers -LOADING for about `seconds`; what it held before is loaded, too."""
        keys, filler = 1000, "x" * 2048
        with self.client(db=1023).pipeline() as pipe:
            for number in range(keys):
                pipe.set(f"filler:{number}", filler + str(number))
            pipe.execute()
        self.client().config_set("rdbcompression", "no")  # so that the loader meets an event point at every key
        self.client().save()
        self.kill9()
        delay = int(seconds * 1_000_000 / keys)
        self._loading = (f"key-load-delay {delay}", "loading-process-events-interval-bytes 1024")
        try:
            self.run()
        finally:
            self._loading = ()
