"""Many policies under one operator, each with planes of its own: as many histories of one fault at once.

All times are those that ship, ten times as quick: interval 5 s, timeout 3 s, failureThreshold 3, failoverDelay 30 s.
"""

import random
import time

from farm import Farm, Server
from nets import Net
from world import CENTRAL, WEST, stamp

from hack.bench import objects, wait
from hack.bench.bench import Bench
from hack.bench.relay import Relay
from hack.bench.scene import Scene
from hack.bench.wires import DnsWire, RedisWire

DETECTION = {
    "interval": "500ms",
    "timeout": "300ms",
    "failureThreshold": 3,
    "successThreshold": 3,
    "failoverDelay": "3s",
}
TIMEOUT_S, FAILOVER_DELAY_S = 0.3, 3.0
LONGER_THAN_DELAY_S = 2 * FAILOVER_DELAY_S


class Member:
    """One policy: its number, its planes, its name in DNS, and what is drawn for it."""

    def __init__(self, crowd: "Crowd", number: int, servers: list[Server]) -> None:
        self.name = f"p{number:03d}"
        self.planes = (f"{self.name}-home", f"{self.name}-away")
        self.home, self.away = servers
        self.dns_name = f"{self.name}.{crowd.zone}"
        self.random = random.Random(f"{crowd.seed}-{number}")
        self.single_writer = number % 2 == 1


class Crowd(Scene):
    """`count` policies; every other one has a lock in Redis. What they reach DNS and Redis through can be cut."""

    has_deployments = False  # each plane has a cluster, too, whose API server says that all of its replicas are there

    def __init__(self, bench: Bench, farm: Farm, count: int, seed: str, net: Net | None = None) -> None:
        """With `net`, all of it is where the operator in there can reach it."""
        super().__init__(bench)
        self.seed, self.net = seed, net
        outside = net.outside[0] if net else "127.0.0.1"
        self.dns = DnsWire(bench.bind.address, outside)
        self.wire = RedisWire(bench.redis.address, outside)
        self.api = Relay(f"127.0.0.1:{bench.hub.port}", outside)
        addresses = net.outside[1:] if net else None
        self.members = []
        for number in range(count):
            pair = addresses[2 * number : 2 * number + 2] if addresses else None
            self.members.append(Member(self, number, farm.new_servers(2, pair)))

    def close(self) -> None:
        super().close()
        for member in self.members:
            member.home.kill()
            member.away.kill()
        for relay in (self.dns, self.wire, self.api):
            relay.close()
        if self.has_deployments:
            self.bench.set_replicas(WEST, 3)

    def arrange(self) -> None:
        update = self.bench.bind.new_update(self.zone)
        for member in self.members:
            update.add(f"{member.dns_name}.", 30, "A", member.home.host)
            if member.single_writer:
                self.redis.set(member.name, member.planes[0])
        self.bench.bind.send(update)
        for member in self.members:
            for name, server in zip(member.planes, (member.home, member.away), strict=True):
                self.bench.hub.admin.put(
                    objects.management_plane(
                        name, self.namespace, self._plane_spec(server, WEST if server is member.home else CENTRAL)
                    )
                )
            self.bench.hub.admin.put(objects.failover_policy(member.name, self.namespace, self._spec(member)))

    def _plane_spec(self, server: Server, cluster: str) -> objects.Object:
        checks = [
            {"name": "port", "type": "HTTP", "port": server.port},
            {"name": "path", "type": "HTTP", "port": server.path_port},
        ]
        spec: objects.Object = {"server": {"address": server.host, "port": server.port}, "checks": checks}
        if self.has_deployments:
            spec["kubeConfig"] = {"secretRef": {"name": f"{cluster}-kubeconfig"}}
            checks.append({"name": "pods", "type": "Deployment"})
        return spec

    def _spec(self, member: Member) -> objects.Object:
        spec = self.policy_spec(member.single_writer)
        spec |= {"planes": list(member.planes), "detection": DETECTION}
        spec["dns"] = spec["dns"] | {"name": member.dns_name}
        spec["dns"]["rfc2136"] = spec["dns"]["rfc2136"] | {"nameserver": self.dns.address}
        if member.single_writer:
            spec["redis"] = spec["redis"] | {"address": self.wire.address}
            spec["redis"]["lock"] = {"key": member.name, "value": "{name}"}
        return spec

    def wait_calm(self, timeout: float = 60.0) -> None:
        """Every policy is adopted, steady, and would fail over if it had to."""

        def probe() -> bool:
            for policy in self.bench.hub.admin.list("FailoverPolicy", self.namespace):
                name, status = policy["metadata"]["name"], policy.get("status", {})
                states = {item["type"]: item["status"] for item in status.get("conditions", [])}
                assert status.get("epoch") == 1, f"{name}: {status.get('epoch')}"
                assert states.get("Ready") == "True" and states.get("FailoverPossible") == "True", f"{name}: {status}"
            return True

        wait.until("all steady", probe, timeout, poll=0.2)
        self.serial = self.bench.bind.serial(self.zone)

    def check_noticed(self) -> None:
        """The fault is one: every policy holds its active for unhealthy."""
        for policy in self.bench.hub.admin.list("FailoverPolicy", self.namespace):
            states = {item["type"]: item["status"] for item in policy["status"]["conditions"]}
            assert states["Ready"] == "False", f"{policy['metadata']['name']} noticed nothing: {states}"

    def check_untouched(self) -> None:
        """Nothing was ever switched: neither zone nor lock, by their own words; nor was anything decided."""
        assert self.bench.bind.serial(self.zone) == self.serial, "somebody wrote to the zone"
        for member in self.members:
            assert self.bench.bind.addresses(member.dns_name) == {"A": frozenset({member.home.host})}
            text = " ".join(self.bench.bind.values(f"_planekeeper.{member.dns_name}", "TXT"))
            assert (stamp(text).epoch, stamp(text).plane) == (1, member.planes[0]), text
            if member.single_writer:
                assert self.redis.get(member.name) == member.planes[0]

    def check_awake(self) -> float:
        """And it would have: of one policy the active really dies. Returns the seconds until DNS shows the other."""
        member = self.members[0]
        if self.has_deployments:
            self.bench.set_replicas(WEST, 0)
        member.home.kill()
        started = time.monotonic()
        wanted = {"A": frozenset({member.away.host})}
        wait.until("a real failover", lambda: self.bench.bind.addresses(member.dns_name) == wanted, 30.0)
        return time.monotonic() - started
