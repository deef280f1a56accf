"""One namespace, one zone and one Redis database on a running bench: what a test has to itself."""

import contextlib
import copy
import itertools
import os
import time
from typing import Any

import redis

from . import objects, wait
from .bench import PLANES, Bench
from .operator_process import Operator
from .standins import Agent

_numbers = itertools.count(1)

POLICY = "gloo"
LOCK_KEY = "mgmt-active"
QUICK = {"interval": "200ms", "timeout": "200ms", "failureThreshold": 3, "successThreshold": 2, "failoverDelay": "0s"}


class Scene:
    """Planes and a policy under their usual names, and short ways to see what became of them.

    The names of Secrets: tsig (key tsig.conf), relay-ca (ca.crt), redis-auth (password) and
    <plane>-kubeconfig (value).
    """

    def __init__(self, bench: Bench, planes: dict[str, str] | None = None) -> None:
        """`planes`: name -> address of its server, where they are not the ones of the bench."""
        number = next(_numbers)
        self.bench = bench
        self.cluster = bench.hub  # where the resources and the operator are
        self.planes = planes or PLANES
        self.db = number
        self.namespace = bench.hub.ensure_namespace(f"t{number}-{os.getpid()}")
        self.zone = bench.bind.add_zone(f"t{number}.example.com")
        self.dns_name = f"gloo-mgmt.{self.zone}"
        self.operators: list[Operator] = []
        self.sites: list[Scene] = []
        self._agents: list[Agent] = []
        bench.put_secrets(self.namespace)
        bench.grant(self.namespace)

    def beside(self, plane: str) -> "Scene":
        """The same names, zone and database in another cluster, that of a plane: an operator there has them, too."""
        site = copy.copy(self)
        site.cluster = self.bench.clusters[plane]
        self.bench.install(site.cluster)
        site.cluster.ensure_namespace(site.namespace)
        self.bench.put_secrets(site.namespace, site.cluster)
        self.bench.grant(site.namespace, site.cluster)
        self.sites.append(site)
        return site

    def close(self) -> None:
        """The operators go (gracefully: leak checkers report), then the objects; the namespace would never end."""
        for process in (*self.operators, *self._agents):
            process.resume()
            process.stop()
        self.redis.flushdb()
        for kind in ("FailoverPolicy", "ManagementPlane"):
            for site in (self, *self.sites):
                with contextlib.suppress(Exception):
                    site.cluster.admin.call("DELETE", f"{self._path(kind)}")

    def _path(self, kind: str) -> str:
        plural = {"FailoverPolicy": "failoverpolicies", "ManagementPlane": "managementplanes"}[kind]
        return f"/apis/{objects.API_VERSION}/namespaces/{self.namespace}/{plural}"

    # Setting it up

    def plane_spec(self, name: str) -> objects.Object:
        return {
            "region": name,
            "kubeConfig": {"secretRef": {"name": f"{name}-kubeconfig"}},
            "tls": {"caSecretRef": {"name": "relay-ca"}},
        }

    def policy_spec(self, single_writer: bool = False) -> objects.Object:
        spec: objects.Object = {
            "mode": "Automatic",
            "planes": list(self.planes),
            "detection": QUICK,
            "cooldown": "0s",
            "maxSwitches": 100,
            "failback": {"policy": "Manual", "stableFor": "1s"},
            "dns": {
                "name": self.dns_name,
                "rfc2136": {"nameserver": self.bench.bind.address, "tsigSecretRef": {"name": "tsig"}},
            },
        }
        if single_writer:
            spec["writeMode"] = "SingleCluster"
            spec["redis"] = {
                "address": self.bench.redis.address,
                "authSecretRef": {"name": "redis-auth"},
                "db": self.db,
                "lock": {"key": LOCK_KEY, "value": "{name}"},
            }
        return spec

    def put_planes(self, **changes: objects.Object) -> None:
        """Both planes; a keyword with underscores for dashes changes the spec of one: eu_west_1={"eligible": False}."""
        for name in self.planes:
            spec = objects.merged(self.plane_spec(name), changes.get(name.replace("-", "_"), {}))
            self.cluster.admin.put(objects.management_plane(name, self.namespace, spec))

    def put_policy(
        self, changes: objects.Object | None = None, single_writer: bool = False, name: str = POLICY
    ) -> None:
        spec = objects.merged(self.policy_spec(single_writer), changes or {})
        self.cluster.admin.put(objects.failover_policy(name, self.namespace, spec))

    def put_secret(self, name: str, **data: str) -> None:
        """Make or rotate one; double underscores stand for dots: put_secret("relay-ca", ca__crt=pem)."""
        fields = {key.replace("__", "."): value for key, value in data.items()}
        self.cluster.admin.put(objects.secret(name, self.namespace, fields))

    def point_at(self, plane: str, lock: bool = True, ttl: int = 30) -> None:
        """Record and lock as a person left them before the operator came (who adopts only what agrees)."""
        self.bench.bind.replace(self.dns_name, "A", self.planes[plane], ttl=ttl)
        if lock:
            self.redis.set(LOCK_KEY, plane)

    def operator(self, name: str = "planekeeper", **options: Any) -> Operator:
        """A running replica for this namespace, under the shipped RBAC. Replicas of one scene share a lease."""
        options.setdefault("namespace", self.namespace)
        options.setdefault("lease_namespace", self.namespace)
        kubeconfig = options.pop("kubeconfig", None) or self.cluster.operator_kubeconfig()
        is_near = options.pop("is_near", True)  # else it lives in another network, and cannot be asked how it is
        process = Operator(self.bench.scratch, kubeconfig, name, **options)
        self.operators.append(process)
        process.run() if is_near else process.start()
        return process

    def agent(self) -> Agent:
        process = self.bench.new_agent(self.dns_name)
        self._agents.append(process)
        process.run()
        return process

    # Seeing what became of it

    @property
    def redis(self) -> redis.Redis:
        return self.bench.redis.client(self.db)

    def addresses(self) -> dict[str, frozenset[str]]:
        return self.bench.bind.addresses(self.dns_name)

    def active_in_dns(self) -> str:
        """The plane whose address the name has; "" if it is not exactly one plane's."""
        found = self.addresses()
        return next((name for name, host in self.planes.items() if found == {"A": frozenset({host})}), "")

    def lock(self) -> str:
        """Whom the lock names; "" where there is none."""
        return self.redis.get(LOCK_KEY) or ""

    def epoch_record(self) -> str:
        """The TXT record with the epoch; "" where there is none."""
        return " ".join(self.bench.bind.values(f"_planekeeper.{self.dns_name}", "TXT"))

    def policy(self, name: str = POLICY) -> objects.Object:
        return self.cluster.admin.get("FailoverPolicy", name, self.namespace)

    def plane(self, name: str) -> objects.Object:
        return self.cluster.admin.get("ManagementPlane", name, self.namespace)

    def status(self, name: str = POLICY) -> objects.Object:
        return self.policy(name).get("status", {})

    def condition(self, kind: str, name: str = POLICY) -> objects.Object:
        """One condition of the policy; {} where it is absent."""
        return next((item for item in self.status(name).get("conditions", []) if item["type"] == kind), {})

    def annotate(self, name: str = POLICY, **annotations: str | None) -> None:
        """planekeeper.io/<key>: underscores stand for dashes, None removes: annotate(switch_to="eu-west-1/3")."""
        keys = {f"planekeeper.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
        self.cluster.admin.patch("FailoverPolicy", name, {"metadata": {"annotations": keys}}, self.namespace)

    def kubectl(self, *args: str, input: str | None = None) -> str:
        return self.cluster.kubectl("-n", self.namespace, *args, input=input)

    def wait_active(self, plane: str, timeout: float = 15.0) -> float:
        """Until DNS and status both name the plane; returns the seconds it took."""
        started = time.monotonic()
        wait.until(f"DNS on {plane}", lambda: self.active_in_dns() == plane, timeout)
        wait.until(f"status on {plane}", lambda: self.status().get("activePlane") == plane, timeout)
        return time.monotonic() - started

    def wait_condition(self, kind: str, status: str, reason: str = "", timeout: float = 15.0) -> objects.Object:
        def probe() -> objects.Object | None:
            found = self.condition(kind)
            fits = found.get("status") == status and reason in ("", found.get("reason"))
            if not fits:
                raise AssertionError(f"{kind} is {found}")
            return found

        return wait.until(f"{kind}={status} {reason}".rstrip(), probe, timeout)
