"""From the dead server to the first object in the other cluster, through Flux: what the switch adds to its parts' own times.

The parts are the detection (until the decision, as the operator's log stamps it) and Flux's own time, from a kubeconfig Secret
that is rewritten by hand to the object. Both deliver the same ConfigMap, in turns on the same controller.
"""

import time

from hack.bench import flux, objects, wait
from hack.bench.bench import PLANES, Bench
from hack.bench.scene import Scene
from hack.bench.timeline import logged

from .figures import Figure, quantile

HOME, AWAY = PLANES
BOUND_S = 0.3
LIMIT_S, POLL_S = 60.0, 0.01
QUICK = {"interval": "200ms", "timeout": "200ms"}


class Delivery:
    """A Kustomization that fills a namespace of the cluster that its kubeconfig Secret names."""

    def __init__(self, bench: Bench, controller: flux.Flux, name: str) -> None:
        self.bench, self.controller, self.name, self.secret = bench, controller, name, f"{name}-active"
        for cluster in bench.clusters.values():
            cluster.ensure_namespace(name)
        self.move(HOME)
        thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "first"}, "data": {"delivered": "yes"}}
        controller.deploy(name, name, [thing], kubeConfig={"secretRef": {"name": self.secret}})
        self.landed(HOME)

    def kubeconfig(self, plane: str) -> str:
        return self.bench.clusters[plane].kubeconfig.read_text()

    def move(self, plane: str) -> None:
        self.controller.put_kubeconfig(self.secret, self.kubeconfig(plane))

    def landed(self, plane: str) -> float:
        """When the object was first seen there."""
        admin = self.bench.clusters[plane].admin
        wait.until(f"{self.name} in {plane}", lambda: admin.find("ConfigMap", "first", self.name), LIMIT_S, poll=POLL_S)
        return time.time()

    def forget(self, plane: str) -> None:
        """Nothing is pruned by a switch: what is there would be found at once at the next one."""
        self.bench.clusters[plane].admin.delete("ConfigMap", "first", self.name)


def _by_hand(own: Delivery) -> float:
    """Seconds from the rewritten Secret to the object; afterwards it is as before."""
    started = time.time()
    own.move(AWAY)
    took = own.landed(AWAY) - started
    own.forget(HOME)
    own.move(HOME)
    own.landed(HOME)
    own.forget(AWAY)
    return took


def _by_switch(scene: Scene, delivery: Delivery, epoch: int) -> float:
    """Seconds from the decision to the object."""
    bench, died = scene.bench, time.time()
    bench.kill_plane(HOME)
    landed = delivery.landed(AWAY)
    decided = logged(scene.operators, ("FailoverDecided",), died)
    if decided is None:
        raise RuntimeError("no decision was logged")
    bench.revive_plane(HOME)
    scene.wait_condition("FailoverPossible", "True", timeout=LIMIT_S)
    delivery.forget(HOME)
    scene.annotate(switch_to=f"{HOME}/{epoch + 1}")
    delivery.landed(HOME)
    scene.wait_active(HOME)
    delivery.forget(AWAY)
    scene.wait_condition("FailoverPossible", "True", timeout=LIMIT_S)
    return landed - decided[0]


def measure(runs: int) -> list[Figure]:
    with Bench(fsync=True, report=lambda _: None) as bench:
        controller = flux.Flux(bench.hub).run()
        scene = Scene(bench)
        by_hand, by_switch = Delivery(bench, controller, "by-hand"), Delivery(bench, controller, "by-switch")
        for thing in flux.rights(by_switch.secret):
            bench.hub.admin.put(thing)
        for plane in PLANES:
            secret = objects.secret(f"flux-{plane}", scene.namespace, {"value": by_switch.kubeconfig(plane)})
            bench.hub.admin.put(secret)
        planes = [{"plane": plane, "secretRef": {"name": f"flux-{plane}"}} for plane in PLANES]
        pipeline = [{"name": "flux", "flux": {"kubeconfigSecret": {"name": by_switch.secret, "planes": planes}}}]
        scene.point_at(HOME)
        scene.put_planes()
        scene.put_policy({"pipeline": pipeline, "detection": QUICK})
        scene.operator()
        scene.wait_condition("FailoverPossible", "True", timeout=LIMIT_S)
        own, whole = [], []
        for run in range(runs):
            own.append(_by_hand(by_hand))
            whole.append(_by_switch(scene, by_switch, 2 + 2 * run))
        scene.close()
    floor = quantile(own, 0.5)
    overhead = quantile(whole, 0.5) - floor
    note = f"{quantile(whole, 0.5):.2f} s from the decision to the object, worst {max(whole):.2f}"
    return [Figure("first object in the other cluster by Flux, over its own time", overhead, "s", BOUND_S, runs, f"Flux alone {floor:.2f} s", note=note)]
