"""spec.pipeline of a policy for each controller, with the Role that its page shows, in any cluster that runs the controller."""

import json

from delivery import Delivery

from hack.bench import argo, flux, kube, objects
from hack.bench.bench import PLANES


def rule_for(group: str, resource: str, *names: str) -> dict:
    """get and patch of these objects; list and patch of all where none is named."""
    if not names:
        return {"apiGroups": [group], "resources": [resource], "verbs": ["list", "patch"]}
    return {"apiGroups": [group], "resources": [resource], "resourceNames": list(names), "verbs": ["get", "patch"]}


def grant(cluster: kube.ApiServer, namespace: str, *rules: dict) -> None:
    """To the operator's ServiceAccount, or to the user of its kubeconfig for another cluster."""
    name = "planekeeper-pipeline"
    meta = {"name": name, "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "planekeeper", "namespace": kube.OPERATOR_NAMESPACE}
    api = "rbac.authorization.k8s.io/v1"
    cluster.admin.put({"apiVersion": api, "kind": "Role", "metadata": meta, "rules": list(rules)})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    binding = {"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "roleRef": reference, "subjects": [subject]}
    cluster.admin.put(binding)


def application_field(delivery: Delivery) -> dict:
    """The destination of one Application; each plane is the name of a cluster of Argo CD."""
    grant(delivery.bench.hub, argo.NAMESPACE, rule_for("argoproj.io", "applications", delivery.name))
    return item(
        "argoproj.io/v1alpha1", "applications", argo.NAMESPACE, delivery.name, "/spec/destination/name", value="{name}"
    )


def kustomization_field(delivery: Delivery, values: dict[str, str]) -> dict:
    """The kubeconfig Secret of one Kustomization: one of two."""
    group = "kustomize.toolkit.fluxcd.io"
    grant(delivery.bench.hub, flux.NAMESPACE, rule_for(group, "kustomizations", delivery.name))
    path = "/spec/kubeConfig/secretRef/name"
    return item(f"{group}/v1", "kustomizations", flux.NAMESPACE, delivery.name, path, values=values)


def cluster_secret(delivery: Delivery, name: str) -> dict:
    """The Secret "cluster-<name>" of Argo CD, made of those of the planes."""
    secret = f"cluster-{name}"
    rules = rule_for("", "secrets", secret), rule_for("argoproj.io", "applications")
    grant(delivery.bench.hub, argo.NAMESPACE, *rules)
    for plane in PLANES:
        data = argo.cluster_data(delivery.cluster(plane))
        delivery.bench.hub.admin.put(objects.secret(f"argo-{plane}", delivery.namespace, data))
    return {"pipeline": [{"name": "argo", "argoCD": {"clusterSecret": {"name": secret, "planes": of_planes("argo")}}}]}


def kubeconfig_secret(delivery: Delivery, name: str, hub: kube.ApiServer | None = None) -> dict:
    """The Secret `name` of Flux, made of those of the planes; Flux runs in `hub`, or beside the operator."""
    group = "kustomize.toolkit.fluxcd.io"
    rules = rule_for("", "secrets", name), rule_for(group, "kustomizations")
    grant(hub or delivery.bench.hub, flux.NAMESPACE, *rules)
    for plane in PLANES:
        data = {"value": delivery.cluster(plane).kubeconfig.read_text()}
        delivery.bench.hub.admin.put(objects.secret(f"flux-{plane}", delivery.namespace, data))
    flux_item = {"name": "flux", "flux": {"kubeconfigSecret": {"name": name, "planes": of_planes("flux")}}}
    if hub:
        data = {"kubeconfig": hub.operator_kubeconfig().read_text()}
        delivery.bench.hub.admin.put(objects.secret("flux-hub", delivery.namespace, data))
        flux_item["kubeConfig"] = {"secretRef": {"name": "flux-hub"}}
    return {"pipeline": [flux_item]}


def of_planes(prefix: str) -> list[dict]:
    return [{"plane": plane, "secretRef": {"name": f"{prefix}-{plane}"}} for plane in PLANES]


def item(api: str, resource: str, namespace: str, name: str, path: str, **value) -> dict:
    thing = {"apiVersion": api, "resource": resource, "namespace": namespace, "name": name, "path": path, **value}
    return {"pipeline": [{"name": "delivery", "object": thing}]}


def degraded(scene) -> str:
    """All that is said to be lacking."""
    return json.dumps([found for found in scene.status()["conditions"] if found["type"] == "Degraded"])
