"""What a pipeline delivers in these tests, and what each plane's own cluster has of it: nobody is asked who delivered it."""

import json
import time

from hack.bench import kube, objects, wait
from hack.bench.bench import PLANES
from hack.bench.scene import Scene

LIMIT_S = 20.0  # until objects are where they belong; both controllers need about one


class Delivery:
    """Two ConfigMaps in one namespace of the planes' clusters."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.bench = scene, scene.bench
        self.name = f"app{scene.db}"
        self.namespace = scene.namespace
        for plane in PLANES:
            self.cluster(plane).ensure_namespace(self.namespace)

    def cluster(self, plane: str) -> kube.ApiServer:
        return self.bench.clusters[plane]

    def things(self, *names: str) -> list[objects.Object]:
        return [config_map(name, self.namespace) for name in names or ("one", "two")]

    def found(self, plane: str) -> dict[str, str]:
        """name -> uid and version of what is there."""
        listed = self.cluster(plane).admin.list("ConfigMap", self.namespace)
        meta = [thing["metadata"] for thing in listed if "delivered" in thing.get("data", {})]
        return {item["name"]: f"{item['uid']}/{item['resourceVersion']}" for item in meta}

    def wait_found(self, plane: str, *names: str, timeout: float = LIMIT_S) -> float:
        """Until exactly these are there; returns the seconds it took."""
        wanted, started = set(names or ("one", "two")), time.monotonic()
        wait.until(f"{sorted(wanted)} in {plane}", lambda: set(self.found(plane)) == wanted, timeout)
        return time.monotonic() - started


def config_map(name: str, namespace: str, **data: str) -> objects.Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"delivered": "yes", **data}}


def figure(**seconds: float) -> None:
    """On a line of the output, for whoever reads how long it took."""
    print("figure:", json.dumps({name: round(value, 2) for name, value in seconds.items()}))
