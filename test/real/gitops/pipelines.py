"""spec.pipeline of a policy for each controller, with the Role that its page shows, in any cluster that runs the controller."""

import json

from delivery import Delivery

from hack.bench import argo, flux, kube

STAMP = "planekeeper.io/stamp"


def grant(cluster: kube.ApiServer, namespace: str, group: str, resource: str, *names: str) -> None:
    """get and patch of these objects, for the operator's ServiceAccount."""
    rule = {"apiGroups": [group], "resources": [resource], "resourceNames": list(names), "verbs": ["get", "patch"]}
    name = f"planekeeper-{names[0]}"
    meta = {"name": name, "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": kube.OPERATOR_NAMESPACE}
    api = "rbac.authorization.k8s.io/v1"
    cluster.admin.put({"apiVersion": api, "kind": "Role", "metadata": meta, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    binding = {"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "roleRef": reference, "subjects": [subject]}
    cluster.admin.put(binding)


def application_field(delivery: Delivery) -> dict:
    """The destination of one Application; each plane is the name of a cluster of Argo CD."""
    grant(delivery.bench.hub, argo.NAMESPACE, "argoproj.io", "applications", delivery.name)
    return item(
        "argoproj.io/v1alpha1", "applications", argo.NAMESPACE, delivery.name, "/spec/destination/name", value="{name}"
    )


def kustomization_field(delivery: Delivery, values: dict[str, str]) -> dict:
    """The kubeconfig Secret of one Kustomization: one of two."""
    group = "kustomize.toolkit.fluxcd.io"
    grant(delivery.bench.hub, flux.NAMESPACE, group, "kustomizations", delivery.name)
    path = "/spec/kubeConfig/secretRef/name"
    return item(f"{group}/v1", "kustomizations", flux.NAMESPACE, delivery.name, path, values=values)


def item(api: str, resource: str, namespace: str, name: str, path: str, **value) -> dict:
    thing = {"apiVersion": api, "resource": resource, "namespace": namespace, "name": name, "path": path, **value}
    return {"pipeline": [{"name": "delivery", "object": thing}]}


def degraded(scene) -> str:
    """All that is said to be lacking."""
    return json.dumps([found for found in scene.status()["conditions"] if found["type"] == "Degraded"])


def wrote(thing: dict) -> list[dict]:
    """Which managers own something of the object that the operator writes."""
    return [entry for entry in thing["metadata"].get("managedFields", []) if entry["manager"] == "planekeeper"]
