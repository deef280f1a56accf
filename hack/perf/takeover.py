"""How long nobody leads after the leader was killed, or told to go: until a watch shows the other holding the Lease."""

import random
import signal
import time

from hack.bench import wait

from .figures import Figure, quantile
from .lease import LeaseWatch
from .rig import Place, Rig, place

LEASE_S = 5.0  # the default
BOUND_KILLED_S, BOUND_TOLD_S = LEASE_S + 1.0, 0.5
PATIENCE_S = 20.0


class Replicas:
    """Two of them; whichever lost is started again and stands by."""

    def __init__(self, scene: Place) -> None:
        self.all = [scene.operator("planekeeper-0")]
        wait.until("the first leads", self.all[0].is_leader)
        self.all.append(scene.operator("planekeeper-1"))
        self.lease = LeaseWatch(scene)

    def lose(self, number: int) -> float:
        leader = next(replica for replica in self.all if replica.is_leader())
        for replica in self.all:
            replica.wait_readyz()
        time.sleep(random.uniform(1.5, 3.0))  # anywhere between two renewals, and the other has seen some
        former, since = self.lease.holder, time.time()
        leader.signal(number)
        took = self.lease.wait_holder_after(former, since, PATIENCE_S) - since
        leader.reap()
        leader.run()
        return took


def measure(rig: Rig, runs: int) -> list[Figure]:
    figures = []
    with place(rig) as scene:
        replicas = Replicas(scene)
        for name, number, bound in (
            ("kill -9", signal.SIGKILL, BOUND_KILLED_S),
            ("SIGTERM", signal.SIGTERM, BOUND_TOLD_S),
        ):
            took = [replicas.lose(number) for _ in range(runs)]
            p50, p99 = quantile(took, 0.50), quantile(took, 0.99)
            note = f"lease {LEASE_S:g} s" if number == signal.SIGKILL else ""
            figures.append(Figure(f"takeover after {name}, worst", max(took), "s", bound, runs, "", p50, p99, note))
        replicas.lease.close()
    return figures
