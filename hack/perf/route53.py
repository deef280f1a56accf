"""A thousand policies on Route 53 at five requests a second: how long after the decisions all names are switched.

The service is the strict stand-in of test/contract/aws, which refuses what comes faster than that ("Throttling") and
knows when each name was moved. Decisions are when the operator logs them.
"""

import datetime
import subprocess
import time

from hack.bench import objects, tools, wait
from hack.bench.route53 import Route53

from .figures import Figure, quantile
from .peers import Keeper, Peer
from .rig import Place, Rig, place

PROGRAMS = tools.ROOT / "build" / "bench"
PORT = 9913
NAMES = ("r53-a", "r53-b")
HOSTS = ("127.0.6.1", "127.0.6.2")
RATE = 5
BOUND_S = 3.0
BARE_BOUND = 1.3
WARM = 10
RECORDS_A_CHANGE = 400
ADOPTED_S, SWITCHED_S = 900.0, 900.0


class Account:
    """A stand-in with its zones, and the policies that are in them."""

    def __init__(self, scene: Place, zones: int, policies: int) -> None:
        self.scene = scene
        self.zones = [scene.zone] if zones == 1 else [f"z{number}.{scene.zone}" for number in range(zones)]
        self.names = {f"p{number:04}": f"p{number:04}.{self.zones[number % zones]}" for number in range(policies)}
        self.service = Route53(scene.bench.scratch, tuple(self.zones))
        self.service.run()
        for zone in self.zones:
            records = [(name, "A", HOSTS[0]) for name in self.names.values() if name.endswith("." + zone)]
            for at in range(0, len(records), RECORDS_A_CHANGE):
                self.service.write(zone, *records[at : at + RECORDS_A_CHANGE])
        key, secret = Route53.KEY.split(":")
        scene.put_secret("aws", aws_access_key_id=key, aws_secret_access_key=secret)
        keeper = Keeper()
        self.peers = [Peer(keeper, host, PORT) for host in HOSTS]

    def close(self) -> None:
        self.service.stop()
        for peer in self.peers:
            peer.refuse()

    def put(self) -> None:
        for name, host in zip(NAMES, HOSTS):
            self.scene.bench.hub.admin.put(self.scene.new_plane(name, host, PORT))
        provider = {
            "endpoint": f"http://127.0.0.1:{self.service.port}",
            "credentialsSecretRef": {"name": "aws"},
        }
        policies = []
        for policy, name in self.names.items():
            made = self.scene.new_policy(policy, list(NAMES))
            made["spec"]["dns"] = objects.merged(made["spec"]["dns"], {"name": name, "rfc2136": None, "route53": provider})
            policies.append(made)
        self.scene.bench.put_all(policies)

    def moved(self, epoch: int) -> dict[str, float]:
        """When each name was first given this epoch."""
        return self.service.ask("moved", {"epoch": epoch})["moved"]

    def wait_moved(self, epoch: int, timeout: float) -> dict[str, float]:
        def probe() -> dict[str, float]:
            moved = self.moved(epoch)
            if len(moved) < len(self.names):
                raise AssertionError(f"{len(moved)} of {len(self.names)} names are under epoch {epoch}")
            return moved

        return wait.until(f"all names under epoch {epoch}", probe, timeout, poll=0.5)


def _decided_at(operator, epoch: int) -> list[float]:
    """When the operator said of each policy that this epoch was decided."""
    first: dict[str, float] = {}
    for line in operator.logs():
        if line.get("epoch") == epoch and line.get("logger") == "policy":
            first.setdefault(line["policy"], datetime.datetime.fromisoformat(line["ts"]).timestamp())
    return list(first.values())


def _throttled(requests_before: int, service: Route53) -> int:
    return service.ask("state")["asked"] - requests_before


def _measure(rig: Rig, what: str, zones: int, policies: int, bound: float | None) -> list[Figure]:
    with place(rig) as scene:
        account = Account(scene, zones, policies)
        account.put()
        operator = scene.operator()
        account.wait_moved(1, ADOPTED_S)  # without a limit: that is not what is measured
        time.sleep(35.0)  # everything was looked at once more, and rests
        account.service.ask("faults", {"rate": RATE})
        time.sleep(2.0)
        requests = account.service.ask("state")["asked"]
        since = time.time()
        account.peers[0].refuse()
        moved = account.wait_moved(2, SWITCHED_S)
        decided = _decided_at(operator, 2)
        spent = _throttled(requests, account.service)
        account.close()
        if len(decided) < policies:
            raise RuntimeError(f"{len(decided)} of {policies} decisions were logged")
        last = max(moved.values())
        note = (
            f"last decision {max(decided) - since:.1f} s after the death, all switched {last - since:.1f} s after it; "
            f"{spent} requests"
        )
        return [Figure(f"route53: {what}, all switched after the decisions", last - max(decided), "s", bound, 1, note=note)]


def one_zone(rig: Rig, policies: int = 1000) -> list[Figure]:
    return _measure(rig, f"{policies:,} policies of one zone under {RATE} requests a second", 1, policies, BOUND_S)


def many_zones(rig: Rig, policies: int = 1000, zones: int = 50) -> list[Figure]:
    """A change for each zone at least: the floor is what the rate allows."""
    figures = _measure(rig, f"{policies:,} policies of {zones} zones under {RATE} requests a second", zones, policies, None)
    floor = (zones - RATE) / RATE
    return [Figure(**{**figure.__dict__, "floor": f"{zones} changes at the rate: {floor:.0f} s"}) for figure in figures]


def beside_bare(rig: Rig, runs: int) -> list[Figure]:
    """One name, read and swapped by the driver, and the same three requests by a bare libcurl client in turns with it."""
    service = Route53(rig.scratch, ("swap.test",))
    service.run()
    key, secret = Route53.KEY.split(":")
    endpoint, zone = f"http://127.0.0.1:{service.port}", service.zone_id("swap.test")
    argv = [PROGRAMS / "route53_swap", endpoint, key, secret, zone, "mgmt.swap.test", str(runs + WARM)]
    result = subprocess.run([str(part) for part in argv], capture_output=True, text=True, check=True)
    service.stop()
    pairs = [tuple(int(part) / 1000 for part in line.split()) for line in result.stdout.splitlines()][WARM:]
    driver, bare = ([pair[side] for pair in pairs] for side in (0, 1))
    ratio = quantile(driver, 0.5) / quantile(bare, 0.5)
    note = f"driver {quantile(driver, 0.5):.1f} ms, p99 {quantile(driver, 0.99):.1f}"
    floor = f"bare libcurl {quantile(bare, 0.5):.1f} ms, p99 {quantile(bare, 0.99):.1f}"
    return [Figure("route53: read and swap beside a bare libcurl client, p50", ratio, "×", BARE_BOUND, runs, floor, note=note)]
