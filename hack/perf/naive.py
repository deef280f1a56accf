"""The naive operator of hack/naive beside this one: on the same API server, zone and Redis, its own objects and planes.

It stands for what a team would write in a day: see its main.go for what it leaves out.
"""

import urllib.request

from hack.bench import objects, ports, tools, wait
from hack.bench.process import Process

from .rig import Place, Rig

API_VERSION = "naive.example.com/v1"
DETECTION = {"interval": "200ms", "threshold": 3}


class Naive(Process):
    """One replica, as the administrator; its client may send as much as it likes."""

    def __init__(self, scene: Place) -> None:
        bench = scene.bench
        super().__init__(bench.scratch, "naive")
        self.health_port, self._metrics_port = ports.lease(), ports.lease()
        self._kubeconfig = bench.hub.kubeconfig
        key = bench.bind.key
        redis = bench.redis
        password = f":{redis.password}@" if redis.password else ""
        self._argv = [
            str(tools.naive()),
            f"-health=127.0.0.1:{self.health_port}",
            f"-metrics=127.0.0.1:{self._metrics_port}",
            f"-tsig={key.name}:{key.secret}",
            f"-redis=redis://{password}{redis.address}/{scene.db}",
        ]

    def argv(self) -> list[str]:
        return self._argv

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def env(self) -> dict[str, str]:
        return {"KUBECONFIG": str(self._kubeconfig)}


def install(rig: Rig) -> None:
    rig.hub.install_crds(tools.ROOT / "hack" / "naive")


def run(scene: Place) -> Naive:
    process = Naive(scene)
    process.run()
    return process


def new_plane(scene: Place, name: str, host: str, port: int) -> objects.Object:
    spec = {"address": host, "port": port, "probe": "tcp", **DETECTION}
    return _new("NaivePlane", scene, name, spec)


def new_policy(scene: Place, name: str, planes: list[str], single_writer: bool) -> objects.Object:
    dns = {"server": scene.bench.bind.address, "zone": scene.zone, "name": scene.name_of(name), "ttl": 30}
    spec = {"planes": planes, "dns": dns, **({"redisKey": name} if single_writer else {})}
    return _new("NaivePolicy", scene, name, spec)


def _new(kind: str, scene: Place, name: str, spec: objects.Object) -> objects.Object:
    metadata = {"name": name, "namespace": scene.namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def wait_healthy(scene: Place, planes: list[str]) -> None:
    def are_healthy() -> bool:
        found = {item["metadata"]["name"]: item for item in scene.bench.hub.admin.list("NaivePlane", scene.namespace)}
        sick = [name for name in planes if not found.get(name, {}).get("status", {}).get("healthy")]
        if sick:
            raise AssertionError(f"{len(sick)} planes are not healthy")
        return True

    wait.until("planes of the naive operator", are_healthy, 60.0)


def wait_active(scene: Place, policies: list[str], plane: str, timeout: float = 60.0, poll: float = 0.25) -> None:
    """Until the statuses of all these policies name the plane."""

    def all_follow() -> bool:
        found = {item["metadata"]["name"]: item for item in scene.bench.hub.admin.list("NaivePolicy", scene.namespace)}
        behind = [name for name in policies if found.get(name, {}).get("status", {}).get("active") != plane]
        if behind:
            raise AssertionError(f"{len(behind)} statuses do not name {plane} yet")
        return True

    wait.until(f"the naive operator's statuses name {plane}", all_follow, timeout, poll=poll)
