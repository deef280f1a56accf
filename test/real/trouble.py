"""What stands in the way of a switch on real servers, for as long as a test wants it."""

import contextlib
import time

from hack.bench import wait
from hack.bench.rest import ApiError


@contextlib.contextmanager
def redis_takes_no_writes(scene):
    """It answers every read and refuses every write, as one does that lost its replicas."""
    client = scene.bench.redis.client()
    client.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", 0)


@contextlib.contextmanager
def dns_takes_no_updates(scene):
    scene.bench.bind.freeze(scene.zone)
    try:
        yield
    finally:
        scene.bench.bind.thaw(scene.zone)


@contextlib.contextmanager
def records_are_not_admitted(scene):
    """Somebody's admission policy refuses what we write to Leases in this namespace; reading goes on."""
    admin, name, group = scene.bench.hub.admin, f"no-records-{scene.namespace}", "admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": ["coordination.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["leases"],
    }
    mine = {"matchLabels": {"kubernetes.io/metadata.name": scene.namespace}}
    denial = {"expression": "!object.metadata.name.startsWith('planekeeper-')", "message": "no records here"}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": mine, "resourceRules": [rule]},
        "validations": [denial],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    for kind, spec in kinds.items():
        admin.put({"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec})
    try:
        wait.until("nothing is admitted", lambda: not is_admitted(scene), 30.0)
        yield
    finally:
        for kind in kinds:
            admin.delete(kind, name)


def is_admitted(scene):
    metadata = {"name": "planekeeper-probe", "namespace": scene.namespace}
    probe = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    try:
        scene.bench.hub.admin.put(probe | {"spec": {"holderIdentity": str(time.monotonic())}})
    except ApiError:
        return False
    return True


def wait_step(scene, step):
    wait.until(f"blocked at {step}", lambda: scene.status()["step"].startswith(f"{step} ("))
