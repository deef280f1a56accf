"""The whole procedure at once, for `make run FULL=1`: name, lock, Redis primary under Sentinel, and what Flux delivers."""

import redis

from hack.bench import flux, objects, wait
from hack.bench.bench import PLANES, Bench
from hack.bench.redis_server import RedisServer
from hack.bench.sentinel import NAME, Sentinel
from hack.show import AWAY, HOME, NAMESPACE, Show, headline, say

PASSWORD = "open-sesame"
DELIVERY, DELIVERED = "delivery", "gloo-config"  # the Kustomization; the namespace that it fills in the active plane
SECRET = f"{DELIVERY}-active"


class FullShow(Show):
    """A Redis in each plane, a Sentinel there and in a third place, and a Flux that runs beside the operator."""

    def __init__(self, bench: Bench) -> None:
        home = RedisServer(bench.scratch, "redis-home", password=PASSWORD)
        away = RedisServer(bench.scratch, "redis-away", password=PASSWORD, replica_of=home)
        self.servers = {HOME: home, AWAY: away}
        self.sentinels = {
            where: Sentinel(bench.scratch, f"sentinel-{where}", (home.host, home.port), watching=(f"auth-pass {PASSWORD}",))
            for where in (HOME, AWAY, "third")
        }
        super().__init__(bench)
        for thing in self.resources:
            if thing["kind"] == "ManagementPlane":
                thing["spec"]["redis"] = {"address": self.servers[thing["metadata"]["name"]].address}

    def changes(self) -> objects.Object:
        sentinel = {"masterName": NAME, "addresses": [sentinel.address for sentinel in self.sentinels.values()]}
        planes = [{"plane": plane, "secretRef": {"name": f"flux-{plane}"}} for plane in PLANES]
        secret = {"kubeconfigSecret": {"name": SECRET, "planes": planes}}
        return {
            **super().changes(),
            "redis": {"address": None, "authSecretRef": {"name": "redis-pair"}, "promotion": {"sentinel": sentinel}},
            "pipeline": [{"name": "flux", "flux": secret}],
        }

    def open(self) -> None:
        headline("In full: a Redis in each region, watched by three Sentinels; and Flux, which deploys to the active region")
        for server in self.servers.values():
            server.run()
        for sentinel in self.sentinels.values():
            self._bring(sentinel)
        for sentinel in self.sentinels.values():
            wait.until(f"{sentinel.name} has its quorum", sentinel.has_quorum, 30.0)
        self._start_flux()
        say(f"Redis primary: {HOME}; Flux delivers to {HOME}")
        super().open()

    @staticmethod
    def _bring(sentinel: Sentinel) -> None:
        sentinel.run()
        sentinel.hurry()

    def _start_flux(self) -> None:
        hub = self.bench.hub
        hub.ensure_namespace(NAMESPACE)
        self.flux = flux.Flux(hub).run()
        hub.admin.put(objects.secret("redis-pair", NAMESPACE, {"password": PASSWORD}))
        for plane, cluster in self.bench.clusters.items():
            cluster.ensure_namespace(DELIVERED)
            hub.admin.put(objects.secret(f"flux-{plane}", NAMESPACE, {"value": cluster.kubeconfig.read_text()}))
        for thing in flux.rights(SECRET):
            hub.admin.put(thing)
        self.flux.put_kubeconfig(SECRET, self.bench.clusters[HOME].kubeconfig.read_text())
        things = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "routes"}, "data": {"routes": "all"}}]
        self.flux.deploy(DELIVERY, DELIVERED, things, kubeConfig={"secretRef": {"name": SECRET}})
        self.flux.wait_applied(DELIVERY)

    # Losing a region

    def what_dies(self) -> str:
        return f"The region {HOME} is lost: its management server, its Redis, which is the primary, and its Sentinel, kill -9"

    def lose(self) -> None:
        self.servers[HOME].kill9()
        self.sentinels[HOME].kill9()
        super().lose()

    def repair(self) -> None:
        """The Redis has forgotten all, and says that it is the primary: Sentinel demotes it."""
        super().repair()
        self.servers[HOME].run()
        self._bring(self.sentinels[HOME])
        wait.until("the old primary follows the new one", lambda: self._primary() == AWAY and self._follows(HOME), 60.0)
        say(f"the Redis of {HOME} follows that of {AWAY} again")
        # Nothing is pruned by a switch: it is taken away here so that what Flux delivers anew can be seen.
        self.bench.clusters[HOME].admin.delete("ConfigMap", "routes", DELIVERED)

    # Seeing it

    def _follows(self, plane: str) -> bool:
        try:
            return self.servers[plane].client().info("replication").get("master_link_status") == "up"
        except redis.exceptions.RedisError:
            return False

    def _primary(self) -> str:
        """As the Sentinel in the third place tells clients."""
        sentinel = redis.Redis(self.sentinels["third"].host, self.sentinels["third"].port, decode_responses=True)
        _, port = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return next((plane for plane in PLANES if self.servers[plane].port == int(port)), "")

    def redis(self) -> redis.Redis:
        return self.servers[self._primary()].client()

    def redis_cli(self) -> str:
        return f"redis-cli -p {self.servers[HOME].port} -a {PASSWORD} --no-auth-warning"

    def further(self) -> tuple[tuple[str, str, str], ...]:
        primary = self._primary()
        target = self.bench.hub.admin.get("Secret", SECRET, flux.NAMESPACE)
        found = [plane for plane in PLANES if self.bench.clusters[plane].admin.find("ConfigMap", "routes", DELIVERED)]
        where = next((plane for plane in PLANES if self._is_of(target, plane)), "")
        return (
            ("primary", primary, f"Redis of {primary} is the primary"),
            ("Flux", where if where in found else "", f"ConfigMap {DELIVERED}/routes is in {where}"),
        )

    def _is_of(self, secret: objects.Object, plane: str) -> bool:
        given = self.bench.hub.admin.get("Secret", f"flux-{plane}", NAMESPACE)
        return secret["data"].get("value") == given["data"]["value"]
