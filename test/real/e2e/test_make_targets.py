"""make install, deploy, undeploy and uninstall, as a person types them, at a cluster that has seen nothing yet."""

import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml
from world import CENTRAL, WEST

from hack.bench import kube, objects, tools, wait
from hack.bench.bench import PLANES, ZONE
from hack.bench.kube import OPERATOR_NAMESPACE as NAMESPACE
from hack.bench.kube import OPERATOR_USER, KubectlError
from hack.bench.operator_process import Operator
from hack.bench.scene import LOCK_KEY, QUICK

CRDS = ("failoverpolicies.planekeeper.io", "managementplanes.planekeeper.io")
SAMPLE = tools.ROOT / "manifests" / "samples" / "single-cluster.yaml"
IMAGE = "registry.example.com/team/planekeeper:0.1.0"
DNS_NAME = f"gloo-mgmt.{ZONE}"
README = (tools.ROOT / "README.md").read_text()


class Cluster(kube.ApiServer):
    """Writes down what the operator's ServiceAccount asks for, and how it is answered."""

    def __init__(self, bench) -> None:
        super().__init__(bench.scratch, bench.etcd, "fresh", bench.authority)
        self._audit = self.folder / "audit.jsonl"
        rules = [{"level": "Metadata", "users": [OPERATOR_USER]}, {"level": "None"}]
        policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
        (self.folder / "audit.yaml").write_text(yaml.safe_dump(policy))

    def argv(self) -> list[str]:
        audit = [f"--audit-policy-file={self.folder / 'audit.yaml'}", f"--audit-log-path={self._audit}"]
        return [*super().argv(), *audit]

    def audited(self) -> list[dict]:
        """Every request of the operator itself: kubectl under its account is another user agent."""
        whole, _, _ = self._audit.read_text().rpartition("\n")
        entries = (json.loads(line) for line in whole.splitlines())
        return [entry for entry in entries if not entry["userAgent"].startswith("kubectl")]

    def make(self, *words: str) -> str:
        """make with kubectl pointed at this cluster; what it prints."""
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "KUBECTL": str(tools.server("kubectl"))}
        command = ["make", "--no-print-directory", "-C", str(tools.ROOT), *words]
        result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def uninstall(self) -> None:
        """Not in the second after the CRDs came: an API server that has to delete what it cannot list yet ("storage is
        (re)initializing") may never try again."""
        for kind in ("FailoverPolicy", "ManagementPlane") if self.find_crds() else ():
            wait.until(f"{kind} is served", lambda kind=kind: self.admin.list(kind) is not None, 20.0)
        self.make("uninstall")

    def find_crds(self) -> set[str]:
        crds = self.kubectl("get", "crd", "-o", "name").splitlines()
        return {name.rpartition("/")[2] for name in crds}

    def deployment(self) -> dict:
        return self.admin.get("Deployment", "planekeeper", NAMESPACE)

    def account_kubeconfig(self) -> pathlib.Path:
        """As the kubelet would hand it to the Pod: a token by TokenRequest for the deployed ServiceAccount."""
        token = self.kubectl("create", "token", "planekeeper", "-n", NAMESPACE, "--duration=1h").strip()
        return self.write_kubeconfig("as-deployed", token=token)


@pytest.fixture(scope="module")
def cluster(bench):
    server = Cluster(bench)
    server.run()
    yield server
    server.kill9()


@pytest.fixture
def deployed(cluster):
    cluster.make("deploy", f"IMG={IMAGE}")
    yield cluster
    cluster.make("undeploy")
    cluster.uninstall()


def test_install_and_uninstall_are_about_crds_only(cluster):
    for _ in ("once", "again"):
        cluster.make("install")
        assert cluster.find_crds() == set(CRDS)
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=10s", *(f"crd/{name}" for name in CRDS))
    assert cluster.admin.find("Namespace", NAMESPACE) is None
    for _ in ("once", "again"):
        cluster.uninstall()
        assert cluster.find_crds() == set()


def test_deploy_brings_everything_that_the_operator_needs(deployed):
    assert deployed.find_crds() == set(CRDS)
    deployment = deployed.deployment()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (deployment["spec"]["replicas"], container["image"]) == (2, IMAGE)
    assert not any(argument.startswith("--region") for argument in container["args"])
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "planekeeper"
    found = deployed.kubectl("get", "sa,role,rolebinding,pdb,networkpolicy", "-n", NAMESPACE, "-o", "name")
    assert [line.partition("/")[2] for line in found.splitlines()] == ["planekeeper"] * 5


def test_deploy_again_puts_right_what_was_changed_and_takes_the_region(deployed):
    deployed.kubectl("scale", "deployment", "planekeeper", "-n", NAMESPACE, "--replicas=0")
    deployed.make("deploy", "IMG=other.example.com/planekeeper:0.2.0", "REGION=eu-north-1")
    spec = deployed.deployment()["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["replicas"], container["image"]) == (2, "other.example.com/planekeeper:0.2.0")
    assert container["args"].count("--region=eu-north-1") == 1


def test_the_overlay_in_the_comment_builds(cluster, tmp_path):
    text = (tools.ROOT / "manifests" / "kustomization.yaml").read_text()
    overlay = "\n".join(line[4:] for line in text.splitlines() if line.startswith("#   "))
    (tmp_path / "planekeeper").symlink_to(tools.ROOT)
    (tmp_path / "kustomization.yaml").write_text(overlay)
    built = list(
        yaml.safe_load_all(cluster.kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(tmp_path)))
    )
    (deployment,) = (thing for thing in built if thing["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/planekeeper:0.1.0"
    assert "--region=eu-north-1" in container["args"]
    assert "PrometheusRule" in {thing["kind"] for thing in built}


MAY = [
    ("list", "managementplanes.planekeeper.io", "any"),
    ("watch", "failoverpolicies.planekeeper.io", "any"),
    ("get", "failoverpolicies.planekeeper.io", "any"),
    ("create", "leases.coordination.k8s.io", "any"),
    ("patch", "leases.coordination.k8s.io", "any"),
    ("create", "events.events.k8s.io", "any"),
    ("get", "secrets", NAMESPACE),
    ("get", "configmaps/planekeeper", NAMESPACE),
]
SELDOM = {("patch", "events")}  # where an Event repeats within minutes
MAY_NOT = [
    ("get", "secrets", "any"),
    ("list", "secrets", NAMESPACE),
    ("patch", "failoverpolicies.planekeeper.io", "any"),
    ("delete", "managementplanes.planekeeper.io", "any"),
    ("delete", "leases.coordination.k8s.io", NAMESPACE),
    ("create", "pods", NAMESPACE),
    ("patch", "deployments.apps", NAMESPACE),
    ("patch", "clusterroles.rbac.authorization.k8s.io", "any"),
    ("create", "serviceaccounts/token", NAMESPACE),
]


def test_the_deployed_account_may_do_its_work_and_nothing_else(deployed):
    kubeconfig = deployed.account_kubeconfig()

    def can(verb: str, resource: str, namespace: str, *options: str) -> bool:
        try:
            answer = deployed.kubectl("auth", "can-i", verb, resource, "-n", namespace, *options, kubeconfig=kubeconfig)
        except KubectlError as refused:
            assert refused.returncode == 1 and "error" not in refused.stderr, refused
            return False
        return answer.strip() == "yes"

    assert [question for question in MAY if not can(*question)] == []
    assert [question for question in MAY_NOT if can(*question)] == []
    assert can("patch", CRDS[0], "any", "--subresource=status")
    assert deployed.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", kubeconfig=kubeconfig) == (
        OPERATOR_USER
    )


# The operator with the deployed account, and what stays when it is taken away


@pytest.fixture
def world(deployed, bench):
    """The single-writer sample with the addresses of the bench; record and lock as a person left them."""
    bench.bind.replace(DNS_NAME, "A", PLANES[WEST])
    bench.redis.client().set(LOCK_KEY, WEST)
    deployed.admin.put(objects.secret("tsig", NAMESPACE, {"tsig.conf": bench.bind.key.text}))
    deployed.admin.put(objects.secret("relay-ca", NAMESPACE, {"ca.crt": bench.authority.cert}))
    deployed.admin.put(objects.secret("redis-auth", NAMESPACE, {"password": bench.redis.password}))
    for plane in PLANES:
        follow_readme(deployed, bench, plane)
    here = {
        "mode": "Automatic",
        "detection": QUICK,
        "cooldown": "0s",
        "dns": {"rfc2136": {"nameserver": bench.bind.address}},
        "redis": {"address": bench.redis.address},
    }
    things = list(yaml.safe_load_all(SAMPLE.read_text()))
    for thing in things:
        if thing["kind"] == "FailoverPolicy":
            thing["spec"] = objects.merged(thing["spec"], here)
    deployed.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(things))
    yield deployed
    for name, rdtype in ((DNS_NAME, "A"), (f"_planekeeper.{DNS_NAME}", "TXT")):
        bench.bind.remove(name, rdtype)
    bench.redis.client().flushdb()
    bench.restore()


def block_of_readme(heading: str) -> str:
    """The first fenced block below a heading: what a reader copies."""
    return re.search(rf"^#+ {re.escape(heading)}$.*?^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1]


def follow_readme(cluster, bench, plane: str) -> None:
    """The README's own commands for the kubeconfig of a plane; the operator's cluster is the current context."""
    source = bench.clusters[plane]
    # No controller manager fills in the token here, so we are it.
    data = {
        "token": source.service_account_token(objects.MGMT_NAMESPACE, "planekeeper"),
        "ca.crt": bench.authority.cert,
    }
    token = objects.secret("planekeeper-token", objects.MGMT_NAMESPACE, data, "kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "planekeeper"}
    source.admin.put(token)
    script = block_of_readme("A plane's kubeconfig").replace(f"plane={WEST}", f"plane={plane}", 1)
    paste(script, cluster, source)


def command_of_readme(row: str) -> str:
    """The command in the table of modes beside these words."""
    return re.search(rf"^\| {re.escape(row)} \| `(kubectl [^`]*)`", README, re.MULTILINE)[1]


def paste(script: str, *clusters) -> None:
    """What a reader copies, into a shell whose kubeconfig knows these clusters; the first is the current context."""
    env = {
        **os.environ,
        "KUBECONFIG": ":".join(str(cluster.kubeconfig) for cluster in clusters),
        "PATH": f"{tools.server('kubectl').parent}:{os.environ['PATH']}",
    }
    command = ["bash", "-euc", script]
    result = subprocess.run(command, env=env, cwd=tools.ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


class AsDeployed(Operator):
    """The arguments of the Deployment, the token of its account."""

    def __init__(self, cluster) -> None:
        super().__init__(cluster.scratch, cluster.account_kubeconfig(), "as-deployed")
        arguments = cluster.deployment()["spec"]["template"]["spec"]["containers"][0]["args"]
        self._argv = [self._argv[0], self._argv[1], *arguments, *self._argv[2:4]]


def policy_status(cluster) -> dict:
    return cluster.admin.get("FailoverPolicy", "gloo", NAMESPACE).get("status", {})


def condition(cluster, kind: str) -> dict:
    return next(item for item in policy_status(cluster)["conditions"] if item["type"] == kind)


def traces(cluster, bench) -> dict:
    """What was decided, wherever it is kept."""
    return {
        "address": bench.bind.addresses(DNS_NAME),
        "TXT": bench.bind.values(f"_planekeeper.{DNS_NAME}", "TXT"),
        "lock": bench.redis.client().get(LOCK_KEY),
        "record": cluster.admin.get("Lease", "planekeeper-gloo", NAMESPACE)["metadata"]["annotations"],
    }


def switched(cluster, bench, plane: str, epoch: int) -> None:
    def probe() -> bool:
        status = policy_status(cluster)
        assert (status.get("activePlane"), status.get("epoch")) == (plane, epoch), status
        assert status["state"] in ("Steady", "FailedOver"), status
        assert traces(cluster, bench)["address"] == {"A": frozenset({PLANES[plane]})}
        return True

    wait.until(f"all on {plane}, epoch {epoch}", probe, 30.0)


def test_the_deployed_operator_switches_and_undeploy_leaves_what_was_decided(world, bench):
    cluster = world
    operator = AsDeployed(cluster)
    operator.run()
    operator.wait_readyz()
    switched(cluster, bench, WEST, 1)
    planes = cluster.kubectl_json("get", "mplane", "-n", NAMESPACE)["items"]
    assert [plane["status"]["replicas"] for plane in planes] == ["3/3"] * 2, "the README's kubeconfigs are good"
    bench.kill_plane(WEST)
    switched(cluster, bench, CENTRAL, 2)

    for row, is_stopped in (("stop everything", True), ("and go on", False)):
        paste(command_of_readme(row), cluster)
        wait.until(row, lambda on=is_stopped: (condition(cluster, "Armed")["reason"] == "KillSwitch") is on, 15.0)
    bench.revive_plane(WEST)
    cluster.kubectl("wait", "--for=condition=Ready", f"mplane/{WEST}", "-n", NAMESPACE, "--timeout=20s")
    paste(command_of_readme("switch by hand"), cluster)
    switched(cluster, bench, WEST, 3)

    refused = [entry for entry in cluster.audited() if entry["responseStatus"]["code"] in (401, 403)]
    assert refused == [], "it asks for what the shipped roles do not allow"
    assert granted(cluster) - used(cluster) <= SELDOM, "rights that it has no use for"

    before = traces(cluster, bench)
    assert operator.stop() == 0
    cluster.make("undeploy")
    assert cluster.admin.find("Deployment", "planekeeper", NAMESPACE) is None
    assert cluster.admin.find("ServiceAccount", "planekeeper", NAMESPACE) is None
    assert traces(cluster, bench) == before
    assert policy_status(cluster)["activePlane"] == WEST
    assert cluster.admin.find("Secret", "tsig", NAMESPACE)

    cluster.make("deploy", f"IMG={IMAGE}")
    again = AsDeployed(cluster)
    again.run()
    wait.until("it leads", again.is_leader, 15.0)
    switched(cluster, bench, WEST, 3)
    assert again.stop() == 0

    cluster.uninstall()
    assert cluster.find_crds() == set()
    assert traces(cluster, bench) == before


def granted(cluster) -> set[tuple[str, str]]:
    """(verb, resource) of the shipped rules for the operator."""
    rules = [
        rule
        for kind, options in (("clusterrole", ()), ("role", ("-n", NAMESPACE)))
        for rule in cluster.kubectl_json("get", kind, "planekeeper", *options)["rules"]
    ]
    return {(verb, resource) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


def used(cluster) -> set[tuple[str, str]]:
    references = [(entry["verb"], entry["objectRef"]) for entry in cluster.audited()]
    return {(verb, "/".join(filter(None, (thing["resource"], thing.get("subresource"))))) for verb, thing in references}
