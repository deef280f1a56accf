"""How long after the last probe that detection needs the new answer is served.

The floor is the moment at which the threshold-th probe in a row had failed: its RST (refused), or its SYN and the
timeout (black hole). The end is the DNS server's yes to the update after which it serves the new address, as the
operator's read right behind it shows. Both are kernel times of packets: nothing is asked of the operator and nothing
polls.
"""

import random
import threading
import time

from . import floors
from .figures import Figure, quantile
from .peers import FILLER, Keeper, Peer
from .rig import Place, Rig, place
from .wire import Wire

PORT = 9911
INTERVAL_S = TIMEOUT_S = 0.2
THRESHOLD = 3
BOUND_P50_MS, BOUND_P99_MS = 5.0, 30.0
PATIENCE_S = 20.0
CELLS = [(mode, death) for mode in ("AllClusters", "SingleCluster") for death in ("refused", "black hole")]


class Cell:
    """One policy with two planes of its own: the active one dies, is repaired, and then it is the other's turn."""

    def __init__(self, scene: Place, wire: Wire, keeper: Keeper, number: int, mode: str, death: str) -> None:
        self.scene, self.wire, self.mode, self.death = scene, wire, mode, death
        self.policy = f"cell{number}"
        hosts = [f"127.0.2.{number * 2 + side + 1}" for side in range(2)]
        self.peers = [Peer(keeper, host, PORT) for host in hosts]
        self.names = [f"{self.policy}-{side}" for side in "ab"]
        self.overheads_ms: list[float] = []
        self.error: Exception | None = None

    def put(self) -> None:
        admin = self.scene.bench.hub.admin
        self.scene.point(self.policy, self.names[0], self.peers[0].host)
        for name, peer in zip(self.names, self.peers):
            admin.put(self.scene.new_plane(name, peer.host, PORT))
        single = self.mode == "SingleCluster"
        failback = {"policy": "Manual", "stableFor": "200ms"}
        admin.put(self.scene.new_policy(self.policy, self.names, single, failback=failback))

    def wait_ready(self) -> None:
        self.scene.wait_possible(self.policy)

    def run(self, runs: int) -> None:
        active, standby = self.peers
        try:
            for _ in range(runs):
                self._fail_over(active, standby)
                active, standby = standby, active
        except Exception as error:  # told by the main thread
            self.error = error

    def _fail_over(self, active: Peer, standby: Peer) -> None:
        time.sleep(
            random.uniform(0.3, 0.5)
        )  # committed, out of quarantine; and not always at the same point of the grid
        since = time.time()
        if self.death == "refused":
            active.refuse()
        else:
            active.black_hole()
        shown = self.wire.wait_shown(standby.host, since, PATIENCE_S)
        floor = self.wire.failures(active.host, since, TIMEOUT_S)[THRESHOLD - 1]
        self.overheads_ms.append((shown - floor) * 1000)
        repaired = time.time()
        active.live()
        self.wire.wait_accepted(active.host, repaired, THRESHOLD, PATIENCE_S)

    def figure(self, runs: int, floor: Figure) -> list[Figure]:
        if self.error or len(self.overheads_ms) < runs:
            raise RuntimeError(f"{self.policy} ({self.mode}, {self.death}): {self.error}\n{self._told()}")
        self._check_epoch(runs)
        p50, p99 = quantile(self.overheads_ms, 0.50), quantile(self.overheads_ms, 0.99)
        name = f"failover overhead, {self.mode}, {self.death}"
        common = {"unit": "ms", "runs": runs, "p50": p50, "p99": p99}
        bare = f"bare requests {floor.p50:.1f} / {floor.p99:.1f} ms"
        ratio = f"{p50 / floor.p50:.2f} × the bare requests"
        return [
            Figure(f"{name}, p50", p50, bound=BOUND_P50_MS, floor=bare, note=ratio, **common),
            Figure(f"{name}, p99", p99, bound=BOUND_P99_MS, note=f"worst {max(self.overheads_ms):.1f}", **common),
        ]

    def _check_epoch(self, runs: int) -> None:
        """Adopted under the first epoch, then one for each death: every switch was decided once, and recorded."""
        stamp = " ".join(self.scene.bench.bind.values(f"_planekeeper.{self.scene.name_of(self.policy)}", "TXT"))
        if f" e={runs + 1} " not in stamp:
            raise RuntimeError(f"{self.policy}: {runs} deaths, but the stamp is {stamp}")

    def _told(self) -> str:
        return "\n".join(operator.log_tail() for operator in self.scene.operators)


def measure(rig: Rig, runs: int) -> list[Figure]:
    floor = floors.bare_switch(rig, max(20, runs // 4))
    wire = Wire(PORT, rig.bind.port, FILLER)
    keeper = Keeper()
    figures = [floor]
    with place(rig) as scene:
        cells = [Cell(scene, wire, keeper, number, mode, death) for number, (mode, death) in enumerate(CELLS)]
        for cell in cells:
            cell.put()
        scene.operator().wait_readyz()
        for cell in cells:
            cell.wait_ready()
        threads = [threading.Thread(target=cell.run, args=(runs,)) for cell in cells]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for cell in cells:
            figures += cell.figure(runs, floor)
    wire.close()
    return figures
