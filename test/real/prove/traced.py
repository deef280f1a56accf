"""Faults at the border of the operator itself, put there by strace(1): whichever system call the seed names."""

import dataclasses
import random

from corner import corner_on
from court import Case, Stage
from crash import LEASE, Wires
from world import CENTRAL, WEST, leader

from hack.bench import wait
from hack.bench.operator_process import Operator
from hack.bench.process import Process

CALLS = "sendto,sendmsg,write,writev,recvfrom,recvmsg,connect,poll,epoll_wait"
CALLS_OF_A_SWITCH = 150  # about as many as the leader makes from the outage to the end of the switch
DIES, FAILS = "dies", "fails"


class Strace(Process):
    """Attached to a running process. `ends` leaves it as it was."""

    def __init__(self, victim: Operator, inject: str) -> None:
        super().__init__(victim.scratch, "strace")
        self._argv = ["strace", "-f", "-o", "/dev/null", "-e", f"inject={inject}", "-p", str(victim.pid)]

    def argv(self) -> list[str]:
        return self._argv

    def is_ready(self) -> bool:
        return "attached" in self.log_text()


@dataclasses.dataclass(frozen=True)
class Traced:
    """The leader is killed on entering its nth call after the outage, or every nth call of it fails for a while."""

    write_mode: str
    how: str
    seed: int

    def __str__(self) -> str:
        return f"{self.write_mode}-{self.how}-{self.seed}"

    def inject(self) -> str:
        draw = random.Random(str(self))
        if self.how == DIES:
            return f"{CALLS}:signal=SIGKILL:when={draw.randint(1, CALLS_OF_A_SWITCH)}"
        return (
            f"sendto,sendmsg,recvfrom,recvmsg,connect:error=ECONNRESET:when={draw.randint(1, 9)}+{draw.randint(3, 9)}"
        )

    def run(self, stage: Stage) -> Case:
        single_writer = self.write_mode == "SingleCluster"
        with corner_on(stage.bench, stage.farm, single_writer) as corner, Wires(corner) as wires:
            corner.arrange(wires.spec(single_writer))
            pair = [corner.operator(name, extra_args=LEASE) for name in ("replica-a", "replica-b")]
            corner.wait_world(WEST, 1)
            corner.wait_condition("FailoverPossible", "True", "Chosen")
            victim = leader(*pair)
            if self.how == DIES:
                victim.is_to_be_ended()
            strace = Strace(victim, self.inject())
            strace.start()
            wait.until("attached", strace.is_ready)  # not ready(): its victim may be dead by now, and it with it
            corner.servers[WEST].kill()
            if self.how == DIES:
                wait.until("it is killed", lambda: not victim.is_alive, 30.0)
            else:
                corner.wait_settled(CENTRAL, 1)  # in spite of it
            strace.stop()
            corner.wait_settled(CENTRAL, 1)
            corner.check_laws()
            return stage.court.hear(corner, wires.redis)
