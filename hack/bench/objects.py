"""The Kubernetes objects of a scene, as plain dictionaries with the defaults of the bench."""

from typing import Any

MGMT_NAMESPACE = "gloo-mesh"
MGMT_NAME = "gloo-mesh-mgmt-server"
API_VERSION = "planekeeper.io/v1alpha1"

Object = dict[str, Any]


def deployment(replicas: int = 3, available: int | None = None, generation: int = 1) -> Object:
    """The management server's Deployment; no kubelet runs, so its status is what the caller says."""
    available = replicas if available is None else available
    labels = {"app": MGMT_NAME}
    container = {"name": "server", "image": "example.com/mgmt-server:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": MGMT_NAME, "namespace": MGMT_NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
        "status": deployment_status(replicas, available, generation),
    }


def deployment_status(replicas: int, available: int, generation: int = 1) -> Object:
    is_available = available >= replicas
    condition = {
        "type": "Available",
        "status": "True" if is_available else "False",
        "reason": "MinimumReplicasAvailable" if is_available else "MinimumReplicasUnavailable",
    }
    return {
        "observedGeneration": generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": available,
        "availableReplicas": available,
        "unavailableReplicas": replicas - available,
        "conditions": [condition],
    }


def service(port: int, *ingress: str, port_name: str = "grpc") -> Object:
    """The management server's Service; an ingress that is not an address is published as hostname, as ELBs do."""
    points = [{"ip": item} if item[-1:].isdigit() or ":" in item else {"hostname": item} for item in ingress]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": MGMT_NAME, "namespace": MGMT_NAMESPACE},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": MGMT_NAME},
            "ports": [{"name": port_name, "port": port, "targetPort": port, "protocol": "TCP"}],
        },
        "status": {"loadBalancer": {"ingress": points}},
    }


def secret(name: str, namespace: str, data: dict[str, str], kind: str = "Opaque") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace},
        "stringData": data,
    }


def management_plane(name: str, namespace: str, spec: Object) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": "ManagementPlane",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def failover_policy(name: str, namespace: str, spec: Object, annotations: dict[str, str] | None = None) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": API_VERSION, "kind": "FailoverPolicy", "metadata": metadata, "spec": spec}


def merged(base: Object, changes: Object) -> Object:
    """`base` with `changes` laid over it, deeply; None takes a key away (as in a JSON merge patch)."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
