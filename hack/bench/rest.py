"""A few verbs of the Kubernetes API over one kept connection: for set-up code, where a kubectl each is too slow.

Judgements in tests go through kubectl or the official client; this only arranges the scene.
"""

import json
import ssl
from typing import Any

import urllib3

MERGE_PATCH = "application/merge-patch+json"

# kind -> (path of the group and version, plural, is namespaced)
KINDS = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Secret": ("/api/v1", "secrets", True),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "Event": ("/api/v1", "events", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "CronJob": ("/apis/batch/v1", "cronjobs", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "ValidatingAdmissionPolicy": ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies", False),
    "ValidatingAdmissionPolicyBinding": (
        "/apis/admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        False,
    ),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "Application": ("/apis/argoproj.io/v1alpha1", "applications", True),
    "AppProject": ("/apis/argoproj.io/v1alpha1", "appprojects", True),
    "GitRepository": ("/apis/source.toolkit.fluxcd.io/v1", "gitrepositories", True),
    "Kustomization": ("/apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations", True),
    "ManagementPlane": ("/apis/planekeeper.io/v1alpha1", "managementplanes", True),
    "FailoverPolicy": ("/apis/planekeeper.io/v1alpha1", "failoverpolicies", True),
    "NaivePlane": ("/apis/naive.example.com/v1", "naiveplanes", True),
    "NaivePolicy": ("/apis/naive.example.com/v1", "naivepolicies", True),
}

Object = dict[str, Any]


class ApiError(Exception):
    """What the API server refused, with its status code and its own words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text}")
        self.status = status


class Rest:
    """One identity at one API server."""

    def __init__(self, url: str, ca_file: str, token: str) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=10.0, maxsize=4)
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        headers = {**self._headers, "Content-Type": content_type}
        payload = None if body is None else json.dumps(body)
        answer = self._pool.request(method, self._url + path, body=payload, headers=headers)
        text = answer.data.decode(errors="replace")
        if answer.status >= 400:
            raise ApiError(answer.status, text)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(text) if is_json else text

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        return self.call("GET", path_of(kind, namespace, name))

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Like get, but None where there is none."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        return self.call("GET", path_of(kind, namespace))["items"]

    def put(self, thing: Object) -> Object:
        """Create it, or merge it into the one that exists. Its status is written too, where it has one."""
        kind, meta = thing["kind"], thing["metadata"]
        name, namespace = meta["name"], meta.get("namespace", "")
        try:
            stored = self.call("POST", path_of(kind, namespace), thing)
        except ApiError as error:
            if error.status != 409:
                raise
            stored = self.patch(kind, name, thing, namespace)
        if "status" in thing:
            stored = self.patch_status(kind, name, thing["status"], namespace)
        return stored

    def patch(self, kind: str, name: str, changes: Object, namespace: str = "") -> Object:
        return self.call("PATCH", path_of(kind, namespace, name), changes, MERGE_PATCH)

    def patch_status(self, kind: str, name: str, status: Object, namespace: str = "") -> Object:
        path = path_of(kind, namespace, name) + "/status"
        return self.call("PATCH", path, {"status": status}, MERGE_PATCH)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete it; one that does not exist is fine."""
        try:
            self.call("DELETE", path_of(kind, namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise


def path_of(kind: str, namespace: str = "", name: str = "") -> str:
    group, plural, is_namespaced = KINDS[kind]
    place = f"/namespaces/{namespace}" if is_namespaced and namespace else ""
    return f"{group}{place}/{plural}" + (f"/{name}" if name else "")
