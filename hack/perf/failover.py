"""How long after the last probe that detection needs the new answer is served, beside the naive operator.

The floor is the moment at which the threshold-th probe in a row had failed: its RST (refused), or its SYN and the
timeout (black hole). The end is the DNS server's yes to the update after which it serves the new address, as the
operator's read right behind it shows. Both are kernel times of packets: nothing is asked of the operator and nothing
polls.
"""

import random
import threading
import time

from . import floors, naive
from .figures import Figure, quantile
from .peers import FILLER, Keeper, Peer
from .rig import Place, Rig, place
from .wire import Wire

PORT = 9911
INTERVAL_S = TIMEOUT_S = 0.2
THRESHOLD = 3
BOUND_P50, BOUND_P99 = 1.0, 2.0  # × the naive operator's
PATIENCE_S = 20.0
BLOCK = 10  # runs of one operator before it is the other's turn
CELLS = [(mode, death) for mode in ("AllClusters", "SingleCluster") for death in ("refused", "black hole")]


class Cell:
    """One policy with two planes of its own: the active one dies, is repaired, and then it is the other's turn."""

    prefix, network = "cell", 2

    def __init__(self, scene: Place, wire: Wire, keeper: Keeper, number: int, mode: str, death: str) -> None:
        self.scene, self.wire, self.mode, self.death = scene, wire, mode, death
        self.policy = f"{self.prefix}{number}"
        hosts = [f"127.0.{self.network}.{number * 2 + side + 1}" for side in range(2)]
        self.peers = [Peer(keeper, host, PORT) for host in hosts]
        self.names = [f"{self.policy}-{side}" for side in "ab"]
        self.deaths = 0
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
        try:
            for _ in range(runs):
                active, standby = self.peers if self.deaths % 2 == 0 else reversed(self.peers)
                self.deaths += 1
                self._fail_over(active, standby)
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
        shown = self._shown(standby.host, since)
        floor = self.wire.failures(active.host, since, TIMEOUT_S)[THRESHOLD - 1]
        self.overheads_ms.append((shown - floor) * 1000)
        repaired = time.time()
        active.live()
        self.wire.wait_accepted(active.host, repaired, THRESHOLD, PATIENCE_S)

    def _shown(self, host: str, since: float) -> float:
        return self.wire.wait_shown(host, since, PATIENCE_S)

    def check(self) -> None:
        """Adopted under the first epoch, then one for each death: every switch was decided once, and recorded."""
        if self.error:
            raise RuntimeError(f"{self.policy} ({self.mode}, {self.death}): {self.error}\n{self._told()}")
        stamp = " ".join(self.scene.bench.bind.values(f"_planekeeper.{self.scene.name_of(self.policy)}", "TXT"))
        if f" e={self.deaths + 1} " not in stamp:
            raise RuntimeError(f"{self.policy}: {self.deaths} deaths, but the stamp is {stamp}")

    def _told(self) -> str:
        return "\n".join(operator.log_tail() for operator in self.scene.operators)


class NaiveCell(Cell):
    """The same of the naive operator, which does not read afterwards: the DNS server's yes is the moment."""

    prefix, network = "naive", 7

    def put(self) -> None:
        admin = self.scene.bench.hub.admin
        self.scene.point(self.policy, self.names[0], self.peers[0].host)
        for name, peer in zip(self.names, self.peers):
            admin.put(naive.new_plane(self.scene, name, peer.host, PORT))

    def wait_ready(self) -> None:
        """It takes the first healthy plane for the active one, so both are to be known before."""
        naive.wait_healthy(self.scene, self.names)
        policy = naive.new_policy(self.scene, self.policy, self.names, self.mode == "SingleCluster")
        self.scene.bench.hub.admin.put(policy)
        naive.wait_active(self.scene, [self.policy], self.names[0])

    def _shown(self, host: str, since: float) -> float:
        return self.wire.wait_updated(host, since, PATIENCE_S)

    def check(self) -> None:
        if self.error:
            raise RuntimeError(f"{self.policy} ({self.mode}, {self.death}): {self.error}")


def _in_turns(pairs: list[list[Cell]], runs: int) -> None:
    """All cells of one operator at a time, in blocks, so that what the machine does meanwhile meets both."""
    for begun in range(0, runs, BLOCK):
        for cells in pairs:
            threads = [threading.Thread(target=cell.run, args=(min(BLOCK, runs - begun),)) for cell in cells]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for cell in cells:
                cell.check()


def _figures(own: Cell, other: Cell, floor: Figure, what: str) -> list[Figure]:
    name = f"{what} overhead, {own.mode}, {own.death}"
    figures = []
    for share, label, bound in ((0.50, "p50", BOUND_P50), (0.99, "p99", BOUND_P99)):
        mine, theirs = quantile(own.overheads_ms, share), quantile(other.overheads_ms, share)
        figures.append(
            Figure(
                f"{name}, {label}",
                mine / theirs,
                "×",
                bound,
                len(own.overheads_ms),
                f"naive {theirs:.1f} ms, bare requests {floor.p50:.1f} ms",
                note=f"{mine:.1f} ms, {quantile(own.overheads_ms, 0.5) / floor.p50:.2f} × the bare requests"
                if label == "p50"
                else f"{mine:.1f} ms, worst {max(own.overheads_ms):.1f}",
                **{label: mine},
            )
        )
    return figures


def measure(rig: Rig, runs: int, is_prepared: bool = False) -> list[Figure]:
    """With `is_prepared` the operator records each failover one failure before it is due."""
    options = {"extra_args": ("--prepare-failovers",)} if is_prepared else {}
    what = "prepared failover" if is_prepared else "failover"
    floor = floors.bare_switch(rig, max(20, runs // 4))
    naive.install(rig)
    wire = Wire(PORT, rig.bind.port, FILLER, requests=True)
    keeper = Keeper()
    with place(rig) as scene:
        cells, others = (
            [kind(scene, wire, keeper, number, mode, death) for number, (mode, death) in enumerate(CELLS)]
            for kind in (Cell, NaiveCell)
        )
        for cell in cells + others:
            cell.put()
        scene.operator(**options).wait_readyz()
        other = naive.run(scene)
        for cell in cells + others:
            cell.wait_ready()
        _in_turns([cells, others], runs)
        other.stop()
        for peer in (peer for cell in cells + others for peer in cell.peers):
            peer.close()
    wire.close()
    return [floor, *(figure for own, other in zip(cells, others) for figure in _figures(own, other, floor, what))]
