"""What a thousand probes a second cost, each on a new connection: the operator, HAProxy, and the least there can be.

They take turns within each round, so that a machine that is slower for a while is so for all. Each probes the same
thousand hosts once a second from one process; what is compared is its user and system time, all of it: the operator's
includes its Lease, its watches and its policies.
"""

import json
import subprocess
import time

from hack.bench import ports
from hack.bench.process import Process

from .figures import Figure, quantile
from .listener import PROGRAMS, Listener
from .rig import Place, Rig, cpu_seconds, host_of, place

HOSTS = 1000
PLANES_PER_POLICY = 8
HOLES_PERCENT = 20
SETTLE_S, WINDOW_S = 4.0, 10.0
BOUNDS = {"TCP": 1.2, "HTTP": 3.0}  # × the raw loop
BOUND_HAPROXY = {"HTTP": 1.3}
BOUND_HOLES = 1.3
DETECTION = {"interval": "1s", "timeout": "1s"}


def port_of(kind: str, listener: Listener, number: int, holes: int) -> int:
    if holes and number % (100 // holes) == 0:
        return listener.port + 2
    return listener.port + (kind == "HTTP")


def fill(scene: Place, kind: str, listener: Listener, holes: int) -> None:
    """The hosts as planes; policies that only advise give them their cadence."""
    check = {"name": "path", "type": kind, **({"http": {"path": "/"}} if kind == "HTTP" else {})}
    names = [f"plane{number:04}" for number in range(HOSTS)]
    scene.bench.put_all(
        scene.new_plane(name, host_of(number), port_of(kind, listener, number, holes), checks=[check])
        for number, name in enumerate(names)
    )
    policies = {
        f"p{first:04}": names[first : first + PLANES_PER_POLICY] for first in range(0, HOSTS, PLANES_PER_POLICY)
    }
    scene.point_all({policy: host_of(int(policy[1:])) for policy in policies})
    scene.bench.put_all(
        scene.new_policy(policy, planes, mode="Advise", detection=DETECTION) for policy, planes in policies.items()
    )


class Haproxy(Process):
    """One thread, the same hosts as servers of one backend, checked once a second."""

    def __init__(self, scene: Place, kind: str, listener: Listener) -> None:
        super().__init__(scene.bench.scratch, f"haproxy-{kind}")
        self._kind, self._listener = kind, listener
        self._front = ports.lease()

    def argv(self) -> list[str]:
        check = "  option httpchk GET /\n" if self._kind == "HTTP" else ""
        servers = "".join(
            f"  server s{number} {host_of(number)}:{port_of(self._kind, self._listener, number, 0)} check inter 1s\n"
            for number in range(HOSTS)
        )
        config = self.folder / "haproxy.cfg"
        config.write_text(
            "global\n  nbthread 1\n  spread-checks 50\n  maxconn 4096\n"
            "defaults\n  mode http\n  timeout connect 1s\n"
            "  timeout client 1s\n  timeout server 1s\n  timeout check 1s\n"
            f"frontend front\n  bind 127.0.0.1:{self._front}\n  default_backend back\n"
            f"backend back\n{check}{servers}"
        )
        return ["haproxy", "-db", "-f", str(config)]


def of_haproxy(scene: Place, kind: str, listener: Listener) -> float:
    process = Haproxy(scene, kind, listener).run()
    cost = _window(process)
    process.stop()
    return cost


def of_raw(kind: str, listener: Listener, holes: int = 0) -> float:
    args = [kind, HOSTS, int(WINDOW_S), listener.port, holes]
    result = subprocess.run([PROGRAMS / "raw_epoll", *map(str, args)], capture_output=True, text=True, check=True)
    seen = json.loads(result.stdout)
    if seen["passed"] < 0.95 * HOSTS * WINDOW_S * (100 - holes) / 100:
        raise RuntimeError(f"the raw loop did not do its work: {seen}")
    return seen["core_percent"]


def of_operator(scene: Place, kind: str) -> float:
    operator = scene.operator()
    operator.wait_readyz(30.0)
    before = _probed(operator, kind)
    cost = _window(operator)
    rate = (_probed(operator, kind) - before) / (SETTLE_S + WINDOW_S)
    operator.stop()
    if not 0.9 * HOSTS < rate < 1.2 * HOSTS:
        raise RuntimeError(f"{rate:.0f} probes of {kind} a second instead of {HOSTS}")
    return cost


def _probed(operator, kind: str) -> float:
    start = f'planekeeper_probe_duration_seconds_count{{kind="{kind}"'
    return sum(value for name, value in operator.metrics().items() if name.startswith(start))


def _window(process: Process) -> float:
    """Percent of a core, once what comes with the start is over."""
    time.sleep(SETTLE_S)
    before, began = cpu_seconds(process), time.monotonic()
    time.sleep(WINDOW_S)
    return (cpu_seconds(process) - before) / (time.monotonic() - began) * 100


def measure(rig: Rig, rounds: int) -> list[Figure]:
    figures = []
    with Listener() as listener:
        for kind in BOUNDS:
            with place(rig) as scene, place(rig) as holed:
                fill(scene, kind, listener, 0)
                fill(holed, kind, listener, HOLES_PERCENT)
                costs: dict[str, list[float]] = {"raw": [], "HAProxy": [], "operator": [], "with holes": []}
                for _ in range(rounds):
                    costs["raw"].append(of_raw(kind, listener))
                    costs["operator"].append(of_operator(scene, kind))
                    costs["HAProxy"].append(of_haproxy(scene, kind, listener))
                    costs["with holes"].append(of_operator(holed, kind))
            figures += _figures(kind, rounds, {who: quantile(values, 0.5) for who, values in costs.items()})
    return figures


def _figures(kind: str, rounds: int, medians: dict[str, float]) -> list[Figure]:
    raw, ours, holed = medians["raw"], medians["operator"], medians["with holes"]
    floor = f"raw {raw:.1f} %, HAProxy {medians['HAProxy']:.1f} %"
    what = f"CPU of {HOSTS:,} {kind} probes a second"
    note = f"{ours:.1f} % of a core"
    holed_note = f"{holed:.1f} % of a core"
    return [
        Figure(f"{what}, against a raw epoll loop", ours / raw, "×", BOUNDS[kind], rounds, floor, note=note),
        Figure(f"{what}, against HAProxy", ours / medians["HAProxy"], "×", BOUND_HAPROXY.get(kind), rounds),
        Figure(f"{what}, {HOLES_PERCENT} % black holes", holed / ours, "×", BOUND_HOLES, rounds, note=holed_note),
    ]
