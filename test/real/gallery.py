"""Many policies side by side under one operator: each has one thing wrong, and one named "good" has nothing.

So a case costs no operator of its own, and every case proves as well that it does not disturb its neighbours.
"""

import base64
import contextlib
import functools
import pathlib
import re

import redis.exceptions

from hack.bench import judges, objects, wait
from hack.bench.bench import PLANES, Bench
from hack.bench.operator_process import Operator
from hack.bench.redis_server import RedisServer
from hack.bench.scene import Scene

WEST, CENTRAL = PLANES
GOOD = "good"
NOT_SECRET = ("name", "algorithm", "username", "ca.crt", "tls.crt")
RESIDENT_KIB_MAX = 40 * 1024  # of a build without sanitizers, which keep what was freed


class Gallery:
    """One namespace, zone and operator. A policy <name> has the name <name>.<zone> and, with a lock, the key <name>."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.scene = Scene(bench)
        self.operator: Operator | None = None
        self.before: dict[str, dict] = {}
        self.servers: dict[str, RedisServer] = {}
        self.secrets = {bench.redis.password, bench.bind.key.secret}

    def dns_name(self, name: str) -> str:
        return f"{name}.{self.scene.zone}"

    def add(
        self, name: str, changes: objects.Object | None = None, lock: bool = False, server: RedisServer | None = None
    ) -> None:
        """A policy, with record and lock as a person left them; `server` is another Redis than the bench's."""
        spec: objects.Object = {"dns": {"name": self.dns_name(name)}}
        if lock:
            spec["redis"] = {"lock": {"key": name}}
        if server:
            self.servers[name] = server
            spec["redis"] |= {"address": server.address, "db": 0}
        self.bench.bind.replace(self.dns_name(name), "A", PLANES[WEST])
        self.put(name, [spec, changes or {}], lock)

    def put(self, name: str, changes: list[objects.Object], lock: bool = False) -> None:
        spec = functools.reduce(objects.merged, changes, self.scene.policy_spec(lock))
        self.bench.hub.admin.put(objects.failover_policy(name, self.scene.namespace, spec))

    def put_secret(self, name: str, data: dict[str, str]) -> None:
        """Make or rotate one; its values are looked for in everything that is public."""
        self.bench.hub.admin.put(objects.secret(name, self.scene.namespace, data))
        self.secrets |= {value for field, value in data.items() if field not in NOT_SECRET and len(value) >= 8}

    def run(self, **options) -> Operator:
        """From here on the operator may act: what is there now is what must stay."""
        self.before = {policy: self.traces(policy) for policy in self.names()}
        options.setdefault("log_level", "debug")
        self.operator = self.scene.operator(**options)
        return self.operator

    def close(self) -> None:
        operators = self.scene.operators
        try:
            leaks = self.leaks()
        finally:
            crashed = [operator.name for operator in operators if operator.died_by_itself]
            print(*(operator.log_tail(40) for operator in operators if operator.died_by_itself), sep="\n")
            self.scene.close()
            self.bench.restore()
        reports = [line for operator in operators for line in operator.plain_logs() if "Sanitizer" in line]
        assert not crashed, f"died by themselves: {crashed}"
        assert not reports, f"sanitizer reports: {reports}"
        assert not leaks, f"secrets in public: {leaks}"

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What became of it

    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.bench.hub.admin.list("FailoverPolicy", self.scene.namespace)]

    def traces(self, name: str) -> dict:
        """Everything that the operator could have written for a policy outside its status."""
        bind, dns_name = self.bench.bind, self.dns_name(name)
        return {
            "addresses": bind.addresses(dns_name),
            "TXT": bind.values(f"_planekeeper.{dns_name}", "TXT"),
            "Lease": self.bench.hub.admin.find("Lease", f"planekeeper-{name}", self.scene.namespace),
            "lock": self._dump(name),
        }

    def _dump(self, name: str) -> list[bytes | None]:
        """The lock's two keys as Redis itself would save them; nothing where it is the case that it does not answer."""
        client = self.servers[name].client() if name in self.servers else self.scene.redis
        with contextlib.suppress(redis.exceptions.RedisError):
            return [client.execute_command("DUMP", key, NEVER_DECODE=True) for key in (name, f"{{{name}}}:planekeeper")]
        return []

    def assert_untouched(self, *names: str) -> None:
        for name in names:
            assert self.traces(name) == self.before[name], f"{name}: something was written"

    def wait_condition(
        self, name: str, kind: str, status: str, reason: str = "", text: str = "", timeout: float = 15.0
    ) -> str:
        """Until the condition is there with `text` (a regular expression) in its message, which is returned."""

        def probe() -> str:
            found = self.scene.condition(kind, name)
            seen = (found.get("status"), found.get("reason", "") if reason else "")
            assert seen == (status, reason) and re.search(text, found["message"]), f"{name}: {kind} is {found}"
            return found["message"]

        return wait.until(f"{name} {kind}={status} {reason} {text!r}", probe, timeout)

    def wait_plane(
        self, name: str, kind: str, status: str, reason: str = "", text: str = "", timeout: float = 15.0
    ) -> str:
        def probe() -> str:
            conditions = self.scene.plane(name)["status"]["conditions"]
            found = next((item for item in conditions if item["type"] == kind), {})
            seen = (found.get("status"), found.get("reason", "") if reason else "")
            assert seen == (status, reason) and re.search(text, found["message"]), f"{name}: {kind} is {found}"
            return found["message"]

        return wait.until(f"{name} {kind}={status} {reason} {text!r}", probe, timeout)

    def wait_stalled(self, name: str, reason: str, text: str = "", timeout: float = 15.0) -> str:
        """It needs a person: Ready=False, Stalled, and kstatus concludes Failed."""
        message = self.wait_condition(name, "Ready", "False", reason, text, timeout)
        wait.until(f"{name} needs a person", lambda: self.kstatus("FailoverPolicy", name) == "Failed", timeout)
        return message

    def wait_retrying(
        self, name: str, reason: str, text: str = "", status: str = "False", timeout: float = 15.0
    ) -> str:
        """It heals by itself, whenever that is: never Stalled, and kstatus goes on waiting."""
        message = self.wait_condition(name, "Ready", status, reason, text, timeout)
        assert self.kstatus("FailoverPolicy", name) == "InProgress"
        return message

    def wait_good(self, name: str = GOOD, epoch: int = 1, timeout: float = 20.0) -> None:
        """Adopted, steady, and its record at that epoch: what is wrong beside it does not matter to it."""
        self.wait_condition(name, "Ready", "True", timeout=timeout)

        def probe() -> bool:
            status = self.scene.status(name)
            texts = self.bench.bind.values(f"_planekeeper.{self.dns_name(name)}", "TXT")
            assert (status["state"], status["epoch"]) == ("Steady", epoch), status
            assert any(text.startswith(f"v=pk1 e={epoch} ") for text in texts), texts
            return True

        wait.until(f"{name} steady at epoch {epoch}", probe, timeout)
        assert self.kstatus("FailoverPolicy", name) == "Current"

    def kstatus(self, kind: str, name: str) -> str:
        """The verdict of Flux's own library; its linter must find nothing."""
        thing = self.bench.hub.admin.get(kind, name, self.scene.namespace)
        (verdict,) = judges.kstatus(thing)
        rules = "finalFail" if verdict["kstatus"] in ("Current", "Failed") else "inProgressFail"
        assert not verdict.get(rules), f"{name}: {verdict}"
        return verdict["kstatus"]

    def leaks(self) -> list[str]:
        """Secrets, plain or in base64, in logs, status, Events, Leases or metrics: the first letters of each."""
        hub, namespace = self.bench.hub, self.scene.namespace
        public = [operator.log_text() for operator in self.scene.operators]
        public += [operator.metrics_text() for operator in self.scene.operators if operator.is_alive]
        public.append(hub.kubectl("get", "events,fop,mplane,leases", "-n", namespace, "-o", "json"))
        encoded = {base64.b64encode(secret.encode()).decode().rstrip("=") for secret in self.secrets}
        lines = {line for secret in self.secrets | encoded for line in pieces(secret)}
        return [line[:6] + "..." for line in sorted(lines) if any(line in text for text in public)]

    def assert_memory_is_bounded(self) -> None:
        if "asan" not in pathlib.Path(self.operator.argv()[0]).parts:
            assert self.operator.resident_kib() < RESIDENT_KIB_MAX


def pieces(secret: str) -> list[str]:
    """What of it would give it away: of a PEM file or a kubeconfig each long word, without what is known to all."""
    if "\n" not in secret:
        return [secret]
    public = re.compile(r"-----|certificate-authority-data|server:|client.authentication|/")
    lines = [line for line in secret.splitlines() if line.split() and not public.search(line)]
    return [word for word in (line.split()[-1].strip('";') for line in lines) if len(word) >= 20]
