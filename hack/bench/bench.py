"""The default topology in one object: a hub and two plane clusters, BIND, Redis, two management servers."""

import functools
from collections.abc import Callable

import yaml

from . import kube, objects, pki, ports, tools
from .bind import Bind
from .kube import ApiServer, Etcd
from .process import Scratch
from .redis_server import RedisServer
from .standins import Agent, MgmtServer

HUB = "hub"
PLANES = {"eu-west-1": "127.0.1.1", "eu-central-1": "127.0.1.2"}  # name (and region) -> its server's address
ZONE = "mesh.example.com"
MGMT_PORT = 9900
MANIFESTS = tools.ROOT / "manifests"
PLANE_RBAC = MANIFESTS / "samples" / "plane-cluster.yaml"
PLANE_ACCOUNT = "planekeeper"
GRANTED = ("Role", "RoleBinding")
RECORDED = ("coordination.k8s.io/leases/planekeeper-gloo",)


class Bench:
    """All of it on loopback. `start` brings everything up, `close` leaves nothing behind.

    hub                 the cluster with the resources and the operator
    clusters[plane]     each plane's own cluster, with its Deployment and Service
    servers[plane]      the management server behind that Service
    bind, redis         what is switched
    """

    def __init__(
        self,
        fsync: bool = True,
        report: Callable[[str], None] = lambda line: None,
        recorded: bool = False,
        authority: pki.Authority | None = None,
    ) -> None:
        """`recorded`: the hub and the DNS server keep what they were asked and what they answered."""
        self.scratch = Scratch()
        self._report = report
        self.authority = authority or pki.Authority()
        self.etcd = Etcd(self.scratch, fsync)
        self.hub = ApiServer(self.scratch, self.etcd, HUB, self.authority, audits=RECORDED if recorded else ())
        self.clusters = {name: ApiServer(self.scratch, self.etcd, name, self.authority) for name in PLANES}
        self.bind = Bind(self.scratch, (ZONE,), taps=recorded)
        self.redis = RedisServer(self.scratch, password="bench-secret")
        hosts = tuple(PLANES.values())
        self.mgmt_port = MGMT_PORT if ports.try_lease(MGMT_PORT, *hosts) else ports.lease(*hosts)
        self.servers = {
            name: MgmtServer(self.scratch, f"mgmt-{name}", host, self.mgmt_port, self.authority)
            for name, host in PLANES.items()
        }

    @property
    def api_servers(self) -> list[ApiServer]:
        return [self.hub, *self.clusters.values()]

    def start(self) -> "Bench":
        tools.folder("servers")  # the one long step, if they are not built yet
        self._report("etcd, BIND, Redis, two management servers")
        small = [self.etcd, self.bind, self.redis, *self.servers.values()]
        for process in small:
            process.start()
        self.etcd.ready()
        self._report(f"API servers: {', '.join(server.name for server in self.api_servers)}")
        for server in self.api_servers:
            server.start()
        for process in [*small, *self.api_servers]:
            process.ready()
        for plane in PLANES:
            self._furnish(plane)
        self.install()
        return self

    def close(self) -> None:
        self.scratch.close()

    def __enter__(self) -> "Bench":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is inside the clusters

    def _furnish(self, plane: str) -> None:
        """The plane's own cluster: its Deployment, its Service, and who may look at them."""
        cluster = self.clusters[plane]
        cluster.ensure_namespace(objects.MGMT_NAMESPACE)
        self.set_replicas(plane, 3)
        self.set_ingress(plane, PLANES[plane])
        cluster.kubectl("apply", "-f", str(PLANE_RBAC))

    def set_replicas(self, plane: str, available: int, replicas: int = 3) -> None:
        """What the Deployment of the plane says of itself."""
        thing = objects.deployment(replicas, available)
        stored = self.clusters[plane].admin.put({**thing, "status": {}})
        status = objects.deployment_status(replicas, available, stored["metadata"]["generation"])
        self.clusters[plane].admin.patch_status("Deployment", objects.MGMT_NAME, status, objects.MGMT_NAMESPACE)

    def set_ingress(self, plane: str, *ingress: str) -> None:
        """Where the Service of the plane is reached: addresses or host names; none at all while it is pending."""
        self.clusters[plane].admin.put(objects.service(self.mgmt_port, *ingress))

    def install(self, cluster: ApiServer | None = None) -> None:
        """CRDs, RBAC and the rest into the hub, as `make deploy` would. No kubelet: its Deployment starts nothing."""
        cluster = cluster or self.hub
        self._report(f"CRDs and RBAC into {cluster.name}")
        cluster.kubectl("apply", "--server-side", "-k", str(MANIFESTS))
        crds = ("managementplanes.planekeeper.io", "failoverpolicies.planekeeper.io")
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", *crds)

    def grant(self, namespace: str, cluster: ApiServer | None = None) -> None:
        """Give the operator in `namespace` what the shipped Roles give it in its own: policies may live anywhere."""
        for thing in self._shipped:
            if thing["metadata"].get("namespace") == kube.OPERATOR_NAMESPACE and thing["kind"] in GRANTED:
                (cluster or self.hub).admin.put(objects.merged(thing, {"metadata": {"namespace": namespace}}))

    @functools.cached_property
    def _shipped(self) -> list[objects.Object]:
        return list(yaml.safe_load_all(self.hub.kubectl("kustomize", str(MANIFESTS))))

    def plane_kubeconfig(self, plane: str, url: str = "") -> str:
        """What a user puts into the Secret: the shipped ServiceAccount of the plane's cluster, and its real token."""
        cluster = self.clusters[plane]
        token = cluster.service_account_token(objects.MGMT_NAMESPACE, PLANE_ACCOUNT, seconds=86400)
        return kube.kubeconfig_text(url or cluster.url, self.authority.cert, plane, token)

    def put_secrets(self, namespace: str, cluster: ApiServer | None = None) -> None:
        """What planes and policies in `namespace` of the hub refer to, under the names of the samples."""
        admin = (cluster or self.hub).admin
        for plane in self.clusters:
            data = {"value": self.plane_kubeconfig(plane)}
            admin.put(objects.secret(f"{plane}-kubeconfig", namespace, data))
        admin.put(objects.secret("tsig", namespace, {"tsig.conf": self.bind.key.text}))
        admin.put(objects.secret("relay-ca", namespace, {"ca.crt": self.authority.cert}))
        admin.put(objects.secret("redis-auth", namespace, {"password": self.redis.password}))

    # What a test or the show asks for

    def kill_plane(self, plane: str, with_region: bool = False) -> None:
        """The management server dies and its Deployment says so, as a kubelet would have it; or all of the region does."""
        if with_region:
            self.clusters[plane].kill9()
        else:
            self.set_replicas(plane, 0)
        self.servers[plane].kill9()

    def revive_plane(self, plane: str) -> None:
        if not self.clusters[plane].is_alive:
            self.clusters[plane].run()
        self.servers[plane].run()
        self.set_replicas(plane, 3)

    def new_agent(self, dns_name: str) -> Agent:
        return Agent(self.scratch, dns_name, self.bind.address, self.mgmt_port, self.authority)

    def restore(self) -> None:
        """Everything alive, answering and as it was after start, whatever the last test did to it."""
        everything = [self.etcd, self.bind, self.redis, *self.servers.values(), *self.api_servers]
        for process in everything:
            if process.is_alive:
                process.resume()
            else:
                process.start()
        for process in everything:
            process.ready()
        for plane, server in self.servers.items():
            server.set_serving(True)
            self.set_replicas(plane, 3)
            self.set_ingress(plane, PLANES[plane])
