"""The operator out of the image, as the shipped Deployment starts it: in a root that cannot be written, as a user that is
nobody, with its ServiceAccount and resolv.conf mounted; against real servers, found by name and trusted by the bundle."""

import functools
import pathlib
import stat

import pytest
import yaml

from hack.bench import objects, tools, wait
from hack.bench.bench import PLANES, ZONE
from hack.bench.kube import OPERATOR_NAMESPACE
from hack.bench.operator_process import Operator
from hack.bench.redis_server import RedisServer
from hack.bench.relay import Relay
from hack.bench.scene import LOCK_KEY, Scene

WEST, CENTRAL = PLANES
DEPLOYMENT = tools.ROOT / "manifests" / "manager" / "deployment.yaml"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
RESOLVER = "127.0.0.153"  # resolv.conf names no port, so it has to be 53
UID = 65532


class Pod(Operator):
    """A container of the shipped Deployment."""

    def __init__(self, bench, root: pathlib.Path, namespace: str, mounts: dict[pathlib.Path, str]) -> None:
        super().__init__(bench.scratch, pathlib.Path(), namespace=namespace)
        pod = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]
        self._mounts = [f"{source}:{target}" for source, target in mounts.items()]
        self._argv = [
            str(tools.ROOT / "hack" / "in-image.sh"),
            str(root),
            *self._mounts,
            "--",
            *pod["containers"][0]["args"],
            f"--metrics-bind-address=127.0.0.1:{self.metrics_port}",
            f"--health-probe-bind-address=127.0.0.1:{self.probe_port}",
            f"--namespace={namespace}",
        ]
        self._env = {
            "KUBECONFIG": "",
            "HOME": "/",
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(bench.hub.port),
        }


@pytest.fixture
def scene(bench):
    corner = Scene(bench)
    yield corner
    print(*(operator.log_tail(60) for operator in corner.operators))
    bench.restore()
    corner.close()


@pytest.fixture(scope="module")
def account(bench):
    """What the kubelet mounts: a bound token, the cluster's CA, the namespace."""
    folder = bench.scratch.folder("account")
    token = bench.hub.service_account_token(OPERATOR_NAMESPACE, "planekeeper")
    files = {"token": token, "ca.crt": bench.authority.cert, "namespace": OPERATOR_NAMESPACE}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def names(bench):
    """A resolver on port 53, which is the bench's own BIND, and the file that names it."""
    relay = Relay(bench.bind.address, RESOLVER, port=53)
    for name, address in {"west": PLANES[WEST], "central": PLANES[CENTRAL], "redis": "127.0.0.1"}.items():
        bench.bind.replace(f"{name}.{ZONE}", "A", address)
    resolv_conf = bench.scratch.folder("names") / "resolv.conf"
    resolv_conf.write_text(f"nameserver {RESOLVER}\nsearch {ZONE}\noptions timeout:1\n")
    yield resolv_conf
    relay.close()


@pytest.fixture(scope="module")
def tls_redis(bench):
    identity = bench.authority.server(f"redis.{ZONE}", "127.0.0.1")  # the address is for us
    server = RedisServer(
        bench.scratch, "redis-tls", password="in-the-image", authority=bench.authority, identity=identity
    )
    server.run()
    yield server
    server.kill9()


@pytest.fixture
def start(bench, root, scene, account, names):
    """Starts a container; the bench's authority is one more in the image's bundle."""
    bundle = bench.scratch.folder("bundle") / "ca-certificates.crt"
    bundle.write_text((root / BUNDLE[1:]).read_text() + bench.authority.cert)
    mounts = {account: ACCOUNT, names: "/etc/resolv.conf", bundle: BUNDLE}

    def run() -> Pod:
        pod = Pod(bench, root, scene.namespace, mounts)
        scene.operators.append(pod)
        pod.run()
        return pod

    return run


def plane_spec(scene, plane: str, host: str) -> objects.Object:
    """Found by name, and its kubeconfig has no CA: the image's bundle has to say whom to trust."""
    kubeconfig = yaml.safe_load(scene.bench.plane_kubeconfig(plane))
    del kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
    scene.put_secret("no-ca-" + plane, value=yaml.safe_dump(kubeconfig))
    return objects.merged(
        scene.plane_spec(plane),
        {
            "kubeConfig": {"secretRef": {"name": "no-ca-" + plane}},
            "server": {"address": f"{host}.{ZONE}", "port": scene.bench.mgmt_port, "deployment": {}},
        },
    )


def policy_spec(scene, redis: RedisServer) -> objects.Object:
    """Nameserver and Redis by name, Redis by TLS with the system's trust store."""
    scene.put_secret("tls-redis", password=redis.password)
    spec = scene.policy_spec(single_writer=True)
    changes = {
        "dns": {"rfc2136": {"nameserver": f"ns1.{ZONE}:{scene.bench.bind.port}"}},
        "redis": {
            "address": f"redis.{ZONE}:{redis.port}",
            "tls": {},
            "authSecretRef": {"name": "tls-redis"},
            "db": 0,
        },
    }
    return objects.merged(spec, changes)


def test_nothing_is_in_it_that_is_not_needed(root, config):
    assert config["User"] == f"{UID}:{UID}"
    assert config["Entrypoint"] == ["/usr/bin/planekeeper"]
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    programs = [path for path in files if path.parent.name in ("bin", "sbin")]
    assert [path.name for path in programs] == ["planekeeper"], "no shell, no package manager"
    for path in files:
        mode = path.stat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path
        assert path.stat().st_uid == 0, path
    assert (root / BUNDLE[1:]).read_text().count("BEGIN CERTIFICATE") > 100
    assert (root / "usr/share/doc/planekeeper/LICENSE").exists()


def test_it_lives_without_an_api_server_and_gets_ready_with_one(bench, start):
    bench.hub.kill9()
    pod = start()
    assert pod.get("healthz")[0] == 200
    code, why = pod.get("readyz")
    assert code in (500, 503) and "failoverpolicies: not listed yet" in why
    bench.hub.run()
    pod.wait_readyz(40.0)
    wait.until("it leads", pod.is_leader, 20.0)


def test_it_is_as_restricted_as_the_manifest_says(start):
    pod = start()
    pod.wait_readyz()
    fields = pathlib.Path(f"/proc/{pod.pid}/status").read_text().splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in fields)}
    assert status["Uid"] == status["Gid"] == [str(UID)] * 4
    assert status["Groups"] == [] and status["NoNewPrivs"] == ["1"]
    assert all(int(status[name][0], 16) == 0 for name in CAPABILITIES)
    mounts = pathlib.Path(f"/proc/{pod.pid}/mountinfo").read_text().splitlines()
    points = {fields[4]: fields[5].split(",") for fields in map(str.split, mounts)}  # as seen from inside
    assert {"/", ACCOUNT, BUNDLE, "/etc/resolv.conf"} <= points.keys()
    assert all("ro" in options for point, options in points.items() if not point.startswith("/proc"))


def test_it_leads_and_switches(scene, start, tls_redis):
    bind, lock = scene.bench.bind, functools.partial(tls_redis.client().get, LOCK_KEY)
    targets = {WEST: f"west.{ZONE}.", CENTRAL: f"central.{ZONE}."}
    bind.replace(scene.dns_name, "CNAME", targets[WEST])
    tls_redis.client().set(LOCK_KEY, WEST)
    for plane, host in ((WEST, "west"), (CENTRAL, "central")):
        spec = plane_spec(scene, plane, host)
        scene.bench.hub.admin.put(objects.management_plane(plane, scene.namespace, spec))
    scene.bench.hub.admin.put(objects.failover_policy("gloo", scene.namespace, policy_spec(scene, tls_redis)))
    pod = start()
    pod.wait_readyz()
    wait.until("it leads", pod.is_leader, 15.0)
    scene.wait_condition("Ready", "True", "Steady", timeout=30.0)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    assert scene.plane(WEST)["status"]["replicas"] == "3/3", "its API server is trusted"

    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "True", "FailedOver", timeout=30.0)
    assert bind.addresses(scene.dns_name) == {"CNAME": frozenset({targets[CENTRAL]})}
    assert lock() == CENTRAL
    threads = len(list(pathlib.Path(f"/proc/{pod.pid}/task").iterdir()))
    assert threads > 1, "what blocks runs beside the loop"
    assert pod.stop() == 0
