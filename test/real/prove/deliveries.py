"""Cells of the crash matrix in which a pipeline follows the name: a field of an object, a Job, a webhook.

No switch waits for a pipeline, so the world is right before it is; the cell ends when both are. A Job runs once for each
epoch and never beside another one, and a receiver is never told of an older epoch after a newer one, whatever came late.
"""

import contextlib
from collections.abc import Callable

from corner import Corner, open_corner
from court import Stage
from crash import COMMIT, SideCell, Wires
from world import WEST, stamp

from hack.bench import jobs, kube, objects, wait
from hack.bench.receiver import KEY, Receiver
from hack.bench.trap import Trap
from hack.bench.wires import HttpWire

NAME, STAMP = "delivery", "planekeeper.io/stamp"
CONTAINER = {"name": "switch", "image": "registry.example.com/switch:1"}


class Delivery:
    """What follows the name in a corner; `steps` are the requests at which an operator may end."""

    steps: tuple[str, ...]

    def __init__(self, corner: Corner) -> None:
        self.corner, self.admin, self.namespace = corner, corner.bench.hub.admin, corner.namespace

    def grant(self, rule: objects.Object) -> None:
        meta = {"name": "planekeeper-pipeline", "namespace": self.namespace}
        group = "rbac.authorization.k8s.io"
        role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": [rule]}
        subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": kube.OPERATOR_NAMESPACE}
        reference = {"apiGroup": group, "kind": "Role", "name": meta["name"]}
        self.admin.put(role)
        self.admin.put(role | {"kind": "RoleBinding", "subjects": [subject], "roleRef": reference})

    def item(self) -> objects.Object:
        """The item of spec.pipeline."""
        raise NotImplementedError

    def set_trap(self, wires: Wires, step: str, boundary: str) -> Trap:
        raise NotImplementedError

    def check(self, plane: str, epoch: int) -> None:
        """That it has followed."""
        raise NotImplementedError

    def check_laws(self) -> None:
        """What must never have been."""

    def close(self) -> None:
        """What was started for it ends."""


def asks(method: str, path: str, *words: str) -> Callable[[bytes], bool]:
    """A request to the API server with these words in its body."""

    def fits(request: bytes) -> bool:
        line, _, body = request.partition(b"\n")
        return line.startswith(f"{method} ".encode()) and path.encode() in line and all(word.encode() in body for word in words)

    return fits


class Field(Delivery):
    steps = ("Field",)

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        meta = {"name": NAME, "namespace": self.namespace}
        self.admin.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"active": WEST}})
        self.grant({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NAME], "verbs": ["get", "patch"]})

    def item(self) -> objects.Object:
        thing = {"apiVersion": "v1", "resource": "configmaps", "namespace": self.namespace, "name": NAME}
        return {"object": thing | {"path": "/data/active", "value": "{name}"}}

    def set_trap(self, wires: Wires, step: str, boundary: str) -> Trap:
        return wires.api.set_trap(boundary, asks("PATCH", f"/configmaps/{NAME}", "v=pk1 e=2 "))

    def check(self, plane: str, epoch: int) -> None:
        found = self.admin.get("ConfigMap", NAME, self.namespace)
        seen = stamp(found["metadata"]["annotations"].get(STAMP))
        assert (found["data"]["active"], seen.plane, seen.epoch) == (plane, plane, epoch)


class OneJob(Delivery):
    """One Job for each epoch; the Job controller is played."""

    steps = ("Create", "Release")

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        self.grant({"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "list", "patch"]})
        self.controller = jobs.JobController(corner.bench.hub, self.namespace)
        self.controller.start()

    def item(self) -> objects.Object:
        spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}}
        return {"job": {"namespace": self.namespace, "name": NAME, "template": {"spec": spec}}}

    def set_trap(self, wires: Wires, step: str, boundary: str) -> Trap:
        if step == "Create":
            return wires.api.set_trap(boundary, is_second_job)
        return wires.api.set_trap(boundary, asks("PATCH", f"/jobs/{NAME}-2", '"suspend"'))

    def check(self, plane: str, epoch: int) -> None:
        job = self.admin.get("Job", f"{NAME}-{epoch}", self.namespace)
        seen = stamp(job["metadata"]["annotations"][STAMP])
        assert "Complete" in jobs.conditions(job) and (seen.plane, seen.epoch) == (plane, epoch)

    def close(self) -> None:
        self.controller.stop()

    def check_laws(self) -> None:
        assert not self.controller.overlaps
        assert self.controller.started == [f"{NAME}-1", f"{NAME}-2"]


def is_second_job(request: bytes) -> bool:
    """Its creation for good, not the question whether that would be allowed."""
    return asks("POST", "/jobs", f'"{NAME}-2"')(request) and b"dryRun" not in request.partition(b"\n")[0]


class Hook(Delivery):
    """A POST for each epoch, over plain HTTP on loopback, so that the trap can see it."""

    steps = ("Post",)

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        self.receiver = Receiver(corner.bench.scratch.folder("receiver"), is_plain=True)
        self.wire = HttpWire(self.receiver.url.split("/")[2])
        corner.put_secret("hook", key=KEY)

    def item(self) -> objects.Object:
        return {"webhook": {"url": f"http://{self.wire.address}/switch", "secretRef": {"name": "hook"}}}

    def set_trap(self, wires: Wires, step: str, boundary: str) -> Trap:
        return self.wire.set_trap(boundary, lambda request: b'"epoch":2' in request.replace(b" ", b""))

    def check(self, plane: str, epoch: int) -> None:
        name = f"planekeeper.webhook.{self.namespace}.gloo.{NAME}"
        found = self.admin.get("Lease", name, self.namespace)
        notes = found["metadata"]["annotations"]
        seen = stamp(notes[STAMP])
        assert (seen.plane, seen.epoch, found["spec"]["holderIdentity"]) == (plane, epoch, plane)
        assert notes["planekeeper.io/answered"] == f"{epoch}-{seen.id}"

    def close(self) -> None:
        if self.wire.trap is not None:
            self.wire.trap.open(0)
        self.wire.close()
        self.receiver.close()

    def check_laws(self) -> None:
        assert not self.receiver.refused, self.receiver.refused
        told = {(document["epoch"], document["to"]) for document in self.receiver.accepted}
        assert len(told) == 2, f"an epoch was told in two ways: {told}"
        assert len(set(self.receiver.ids)) == 2, f"an id for each epoch: {self.receiver.ids}"


KINDS = {"field": Field, "job": OneJob, "webhook": Hook}


class DeliveryCorner(Corner):
    def __init__(self, stage: Stage, kind: str) -> None:
        super().__init__(stage.bench, stage.farm, single_writer=False)
        self.delivery: Delivery = KINDS[kind](self)

    def arrange(self, changes: objects.Object | None = None) -> None:
        super().arrange((changes or {}) | {"pipeline": [{"name": NAME} | self.delivery.item()]})

    def wait_world(self, plane: str, epoch: int, timeout: float = 30.0) -> None:
        super().wait_world(plane, epoch, timeout)

        def has_followed() -> bool:
            self.delivery.check(plane, epoch)
            return True

        wait.until(f"the pipeline on {plane}, epoch {epoch}", has_followed, timeout, poll=0.1)

    def check_laws(self) -> int:
        self.delivery.check_laws()
        return super().check_laws()

    def close(self) -> None:
        super().close()
        self.delivery.close()


class DeliveryWires(Wires):
    corner: DeliveryCorner

    def __init__(self, corner: DeliveryCorner) -> None:
        super().__init__(corner)
        self.corner = corner

    def set_trap(self, step: str, boundary: str) -> Trap:
        if step in self.corner.delivery.steps:
            return self.corner.delivery.set_trap(self, step, boundary)
        return super().set_trap(step, boundary)


class DeliveryCell(SideCell):
    steps = {kind: (*delivery.steps, COMMIT) for kind, delivery in KINDS.items()}

    def open(self, stage: Stage) -> contextlib.AbstractContextManager[Corner]:
        return open_corner(DeliveryCorner(stage, self.write_mode))

    def wires(self, corner: Corner) -> Wires:
        return DeliveryWires(corner)
