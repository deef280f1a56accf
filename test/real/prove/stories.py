"""Whole lives of a policy, switch after switch, each with something that goes wrong; what the targets saw is judged."""

import dataclasses
import random
import time
from collections.abc import Callable

from corner import Corner, corner_on
from court import Case, Stage
from crash import COMMIT, INTENT, LEASE, LOCK, ROUTE, Wires
from world import CENTRAL, WEST, record, switch_to

from hack.bench import wait
from hack.bench.operator_process import Operator
from hack.bench.redis_server import RedisServer
from hack.bench.trap import AFTER_SEND, BEFORE_SEND
from hack.bench.wires import Weather

ROUNDS = 3
LONGEST_SWITCH_S = 0.6  # a fault comes anywhere within it


class Story:
    """Two replicas over one corner; `plane` is active under `epoch`."""

    def __init__(self, corner: Corner, wires: Wires, seed: str) -> None:
        self.corner, self.wires = corner, wires
        self.random = random.Random(seed)
        self.plane, self.epoch = WEST, 1
        corner.arrange(wires.spec(corner.single_writer))
        kubeconfig = wires.api.write_kubeconfig(corner.namespace)
        self.pair = [self._replica(name, kubeconfig) for name in ("replica-a", "replica-b")]
        corner.wait_world(WEST, 1)
        corner.wait_condition("FailoverPossible", "True", "Chosen")

    def _replica(self, name: str, kubeconfig) -> Operator:
        replica = self.corner.operator(name, kubeconfig=kubeconfig, extra_args=LEASE)
        replica.wait_readyz()
        return replica

    @property
    def other_plane(self) -> str:
        return CENTRAL if self.plane == WEST else WEST

    def leader_and_heir(self) -> tuple[Operator, Operator]:
        first, second = self.pair
        return (first, second) if first.is_leader() else (second, first)

    def soon(self) -> None:
        time.sleep(self.random.uniform(0, LONGEST_SWITCH_S))  # the moment is drawn

    def lose_active(self) -> None:
        self.corner.servers[self.plane].kill()

    def settle(self) -> None:
        """On the other plane; then the lost one comes back and is fit again."""
        lost, self.plane = self.plane, self.other_plane
        self.epoch = self.corner.wait_settled(self.plane, self.epoch)
        self.corner.servers[lost].revive()
        self.corner.wait_condition("FailoverPossible", "True", "Chosen", 20.0)

    def ask_back(self) -> None:
        """A person asks, with a healthy active."""
        self.plane = self.other_plane
        switch_to(self.corner, self.plane, self.epoch + 1)
        self.epoch = self.corner.wait_settled(self.plane, self.epoch)
        self.corner.wait_condition("FailoverPossible", "True", "Chosen", 20.0)


def paused_old_leader(story: Story, step: str) -> None:
    """It stops with a request under way, sleeps through two epochs, wakes, and so does what it had sent."""
    trap = story.wires.set_trap(step, BEFORE_SEND if story.random.random() < 0.75 else AFTER_SEND)
    story.lose_active()
    trap.wait_sprung()
    old, heir = story.leader_and_heir()
    old.pause()
    wait.until("replaced", heir.is_leader, 20.0)
    story.settle()
    story.ask_back()
    ends: list[Callable[[], None]] = [old.resume, trap.open]
    story.random.shuffle(ends)
    for end in ends:
        end()
        story.soon()
    trap.wait_passed()
    story.lose_active()
    story.settle()


def paused_at_intent(story: Story) -> None:
    paused_old_leader(story, INTENT)


def paused_at_lock(story: Story) -> None:
    paused_old_leader(story, LOCK)


def paused_at_route(story: Story) -> None:
    paused_old_leader(story, ROUTE)


def paused_at_commit(story: Story) -> None:
    paused_old_leader(story, COMMIT)


def killed_again_and_again(story: Story) -> None:
    for _ in range(ROUNDS):
        story.lose_active()
        story.soon()
        leader, _ = story.leader_and_heir()
        leader.kill9()
        story.soon()
        leader.start()
        story.settle()


def bad_weather(story: Story) -> None:
    """Updates come late, twice, past each other, and once more when two others have been answered."""
    story.wires.dns.weather = Weather(story.random.randrange(2**32), echoed=1.0)
    for _ in range(ROUNDS):
        story.lose_active()
        story.settle()
    wait.until("no echo is under way", lambda: not story.wires.dns.echoes_under_way, 20.0)


def redis_fails(story: Story) -> None:
    """Killed, stopped, cut off, silent: each for a while, somewhere in a switch."""
    server, wire = story.corner.redis_server, story.wires.redis
    faults = {
        "killed": (server.kill9, server.run),
        "stopped": (server.pause, server.resume),
        "refused": (wire.refuse, wire.heal),
        "silent": (wire.swallow, wire.heal),
    }
    for name in story.random.sample(sorted(faults), ROUNDS):
        begin, end = faults[name]
        story.lose_active()
        story.soon()
        begin()
        story.soon()
        end()
        story.settle()


def everything_at_once(story: Story) -> None:
    story.wires.dns.weather = Weather(story.random.randrange(2**32), echoed=0.5)
    for _ in range(ROUNDS):
        story.lose_active()
        story.soon()
        leader, _ = story.leader_and_heir()
        story.wires.redis.swallow()
        leader.kill9() if story.random.random() < 0.5 else leader.pause()
        story.soon()
        story.wires.redis.heal()
        story.soon()
        leader.resume() if leader.is_alive else leader.start()
        story.settle()


PLOTS = (
    paused_at_intent,
    paused_at_lock,
    paused_at_route,
    paused_at_commit,
    killed_again_and_again,
    bad_weather,
    redis_fails,
    everything_at_once,
)


@dataclasses.dataclass(frozen=True)
class History:
    plot: Callable[[Story], None]
    seed: int

    def __str__(self) -> str:
        return f"{self.plot.__name__}-{self.seed}"

    def run(self, stage: Stage) -> Case:
        bench = stage.bench
        with corner_on(bench, stage.farm, single_writer=True) as corner:
            if self.plot is redis_fails:
                corner.redis_server = RedisServer(bench.scratch, password=bench.redis.password, append_only=True)
                corner.redis_server.run()
            with Wires(corner) as wires:
                story = Story(corner, wires, str(self))
                self.plot(story)
                assert record(corner)["epoch"] == story.epoch
                corner.check_laws()
                return stage.court.hear(corner, wires.redis)
