"""What is shipped, judged by tools that others wrote: kustomize builds, kube-score, promtool, and the API server's RBAC."""

import json
import subprocess

import pytest
import yaml

from hack.bench import tools
from hack.bench.kube import OPERATOR_NAMESPACE, OPERATOR_USER, KubectlError

MANIFESTS = tools.ROOT / "manifests"
COMPONENTS = ["own-cluster", "prometheus"]
# A limit on CPU would make the loop late with its probes; the image is versioned, so it need not be pulled each time.
DECIDED = ["--ignore-container-cpu-limit", "--ignore-test=container-image-pull-policy"]


def kustomize(bench, folder):
    return bench.hub.kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder))


@pytest.fixture
def with_components(bench, tmp_path):
    """The base with all components, as an overlay of a user would be."""
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [_relative(tmp_path, MANIFESTS)],
        "components": [_relative(tmp_path, MANIFESTS / "components" / name) for name in COMPONENTS],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return [thing for thing in yaml.safe_load_all(kustomize(bench, tmp_path)) if thing]


def _relative(start, path):
    return "/".join([".."] * (len(start.parts) - 1)) + str(path)


def test_kube_score_has_nothing_critical_to_say(bench):
    result = subprocess.run(
        [tools.judge("kube-score"), "score", "--output-format=json", *DECIDED, "-"],
        input=kustomize(bench, MANIFESTS),
        check=False,
        capture_output=True,
        text=True,
    )
    critical = [
        (thing["object_name"], check["check"]["name"], check["comments"])
        for thing in json.loads(result.stdout)
        for check in thing["checks"]
        if not check["skipped"] and check["grade"] < 5
    ]
    assert critical == []


def test_namespace_and_pods_are_restricted(bench):
    namespace = bench.hub.admin.get("Namespace", OPERATOR_NAMESPACE)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    deployment = bench.hub.kubectl_json("get", "deployment", "planekeeper", "-n", OPERATOR_NAMESPACE)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "as-deployed", "namespace": OPERATOR_NAMESPACE},
        "spec": deployment["spec"]["template"]["spec"],
    }
    bench.hub.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(pod))
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        bench.hub.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(pod))


def test_components_add_up(with_components):
    kinds = [thing["kind"] for thing in with_components]
    assert {"ServiceMonitor", "PrometheusRule", "Service", "Deployment"} <= set(kinds)
    selector = next(t for t in with_components if t["kind"] == "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    labels = next(t for t in with_components if t["kind"] == "Service")["metadata"]["labels"]
    assert selector.items() <= labels.items()


def test_an_overlay_moves_everything_into_another_namespace(bench, tmp_path):
    """The operator finds its Lease and its kill switch by where its Pod is, and has its rights there."""
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "mesh-ops",
        "resources": [_relative(tmp_path, MANIFESTS)],
        "components": [_relative(tmp_path, MANIFESTS / "components" / "prometheus")],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    things = [thing for thing in yaml.safe_load_all(kustomize(bench, tmp_path)) if thing]
    assert {thing["metadata"]["namespace"] for thing in things if "namespace" in thing["metadata"]} == {"mesh-ops"}
    container = next(t for t in things if t["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert not [argument for argument in container["args"] if "namespace" in argument]
    assert container["env"] == [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
    bench.hub.ensure_namespace("mesh-ops")
    bound = [t for t in things if t["kind"] in ("Role", "RoleBinding", "ServiceAccount")]
    for thing in bound:
        bench.hub.admin.put(thing)
    account = "system:serviceaccount:mesh-ops:planekeeper"
    question = ["auth", "can-i", "get", "configmaps/planekeeper", "-n", "mesh-ops", f"--as={account}"]
    assert bench.hub.kubectl(*question).strip() == "yes"


@pytest.mark.parametrize("sample", ["all-clusters", "single-cluster", "two-sites"])
def test_samples_are_accepted(bench, sample):
    bench.hub.kubectl("apply", "--dry-run=server", "-f", str(MANIFESTS / "samples" / f"{sample}.yaml"))


def test_rights_for_other_clusters_and_namespaces_are_accepted(bench):
    bench.hub.ensure_namespace("gloo-mesh")
    bench.hub.ensure_namespace("mesh-team")
    bench.hub.ensure_namespace("flux-system")
    bench.hub.ensure_namespace("argocd")
    for sample in ("plane-cluster", "plane-delivery", "other-namespace", "announce-rbac", "announced-sidecar", "fence-rbac"):
        bench.hub.kubectl("apply", "--dry-run=server", "-f", str(MANIFESTS / "samples" / f"{sample}.yaml"))


def can(bench, namespace, verb, resource, *options):
    """What the API server's authorizer says; kubectl ends with 1 for a no."""
    question = ["auth", "can-i", verb, resource, "-n", namespace, f"--as={OPERATOR_USER}", *options]
    try:
        return bench.hub.kubectl(*question).strip() == "yes"
    except KubectlError as refused:
        assert refused.stderr.strip() in ("", "no") or "Warning" in refused.stderr, refused.stderr
        return False


@pytest.mark.parametrize(
    ("namespace", "verb", "resource"),
    [
        ("any", "watch", "managementplanes.planekeeper.io"),
        ("any", "create", "leases.coordination.k8s.io"),
        ("any", "patch", "leases.coordination.k8s.io"),
        ("any", "create", "events.events.k8s.io"),
        (OPERATOR_NAMESPACE, "get", "secrets"),
        (OPERATOR_NAMESPACE, "get", "configmaps/planekeeper"),
        ("any", "get", "namespaces/kube-system"),
    ],
)
def test_the_operator_may(bench, namespace, verb, resource):
    assert can(bench, namespace, verb, resource)


@pytest.mark.parametrize(
    ("namespace", "verb", "resource"),
    [
        ("any", "get", "secrets"),
        (OPERATOR_NAMESPACE, "list", "secrets"),
        (OPERATOR_NAMESPACE, "watch", "secrets"),
        (OPERATOR_NAMESPACE, "get", "configmaps/other"),
        ("any", "update", "leases.coordination.k8s.io"),
        ("any", "delete", "leases.coordination.k8s.io"),
        ("any", "get", "namespaces/default"),
        ("any", "get", "pods"),
    ],
)
def test_the_operator_may_not(bench, namespace, verb, resource):
    assert not can(bench, namespace, verb, resource)


@pytest.mark.parametrize("resource", ["managementplanes.planekeeper.io", "failoverpolicies.planekeeper.io"])
def test_the_operator_writes_status_only(bench, resource):
    assert can(bench, "any", "patch", resource, "--subresource=status")
    for verb in ("create", "update", "patch", "delete"):
        assert not can(bench, "any", verb, resource)


def test_rules_hold_no_wildcard(bench):
    for thing in yaml.safe_load_all(kustomize(bench, MANIFESTS)):
        for rule in thing.get("rules", []) if thing["kind"].endswith("Role") else []:
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"], thing["metadata"]["name"]


def test_alerts_fire_when_they_should(tmp_path):
    rule = yaml.safe_load((MANIFESTS / "components/prometheus/prometheus_rule.yaml").read_text())
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
    (tmp_path / "alerts.yaml").write_text((tools.ROOT / "test/promtool/alerts.yaml").read_text())
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "alerts.yaml"]):
        promtool = [tools.judge("promtool"), *command]
        result = subprocess.run(promtool, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    tested = (tools.ROOT / "test/promtool/alerts.yaml").read_text()
    for alert in rule["spec"]["groups"][0]["rules"]:
        assert {"summary", "description", "runbook"} <= alert["annotations"].keys(), alert["alert"]
        assert f"alertname: {alert['alert']}" in tested, f"{alert['alert']} is not tested"
