"""One Redis in each of two planes, of which one is the primary, and what a policy that moves it is judged by."""

import contextlib
from collections.abc import Iterator

import redis
from world import CENTRAL, WEST, record, stamp

from hack.bench import wait
from hack.bench.bench import Bench
from hack.bench.redis_server import RedisServer
from hack.bench.scene import LOCK_KEY, Scene

PASSWORD = "open-sesame"
Pair = dict[str, RedisServer]


@contextlib.contextmanager
def redis_pair(bench: Bench) -> Iterator[Pair]:
    """The primary in the west, and its replica in the centre."""
    west = RedisServer(bench.scratch, "redis-west", password=PASSWORD)
    west.run()
    central = RedisServer(bench.scratch, "redis-central", password=PASSWORD, replica_of=west)
    central.run()
    wait.until("the replica is in sync", lambda: follows(central, west), 30.0)
    yield {WEST: west, CENTRAL: central}
    for server in (west, central):
        server.resume()
        server.stop()


def role(server: RedisServer) -> str:
    """What it says of itself; "" while it does not answer."""
    try:
        return server.client().role()[0]
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
        return ""


def follows(server: RedisServer, primary: RedisServer) -> bool:
    info = server.client().info("replication")
    return info["role"] == "slave" and info["master_port"] == primary.port and info["master_link_status"] == "up"


def promotion(has_lock: bool = True, **more) -> dict:
    """What a policy says of it, to be merged with that of a scene."""
    redis_spec = {
        "address": None,
        "authSecretRef": {"name": "redis-pair"},
        "promotion": {"replica": {}},
        "lock": {"key": LOCK_KEY, "value": "{name}"} if has_lock else None,
        **more,
    }
    return {"redis": {"db": 0, **redis_spec} if has_lock else redis_spec}


def put_pair(scene: Scene, pair: Pair, central_has_redis: bool = True) -> None:
    """The Secret, the planes, and record and lock as a person left them."""
    scene.point_at(WEST, lock=False)
    scene.put_secret("redis-pair", password=PASSWORD)
    pair[WEST].client().set(LOCK_KEY, WEST)
    central = {"redis": {"address": pair[CENTRAL].address}} if central_has_redis else {}
    scene.put_planes(eu_west_1={"redis": {"address": pair[WEST].address}}, eu_central_1=central)


def check_pair(scene: Scene, pair: Pair, plane: str, epoch: int, has_lock: bool = True) -> None:
    decided, primary = record(scene), pair[plane].client()
    assert (decided["to"], decided["epoch"], decided["phase"]) == (plane, epoch, "Steady")
    assert scene.active_in_dns() == plane
    assert role(pair[plane]) == "master"
    if has_lock:
        assert primary.get(LOCK_KEY) == plane
        assert stamp(primary.get(f"{{{LOCK_KEY}}}:planekeeper")).epoch == epoch
    assert scene.status()["targets"]["promotion"]["value"] == pair[plane].address


def wait_pair(scene: Scene, pair: Pair, plane: str, epoch: int, has_lock: bool = True, timeout: float = 30.0) -> None:
    def probe() -> bool:
        check_pair(scene, pair, plane, epoch, has_lock)
        return True

    wait.until(f"all on {plane}, epoch {epoch}", probe, timeout)
