"""What looks like a dead plane and is none. Each fault is laid over a crowd of policies, each a history of it."""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable

from court import Stage
from crowd import FAILOVER_DELAY_S, LONGER_THAN_DELAY_S, TIMEOUT_S, Crowd
from farm import Mood
from nets import Net

from hack.bench import operator_process
from hack.bench.operator_process import Operator
from hack.bench.wires import Weather

YEAR_S = 365 * 86400
BOTH = frozenset({"port", "path"})


def lasts(seconds: float) -> None:
    time.sleep(seconds)  # the fault itself


def begin(crowd: Crowd, **options) -> Operator:
    crowd.arrange()
    operator = crowd.operator(**options)
    crowd.wait_calm()
    return operator


def silence(crowd: Crowd, planes: tuple[str, ...] = ("home",)) -> None:
    for member in crowd.members:
        for plane in planes:
            getattr(member, plane).mood = Mood(silent=BOTH)


def cheer_up(crowd: Crowd) -> None:
    for member in crowd.members:
        member.home.mood = member.away.mood = Mood()


def isolated_by_silence(crowd: Crowd) -> None:
    """All but its API server stops answering at once: it must think of itself first."""
    begin(crowd)
    silence(crowd, ("home", "away"))
    crowd.dns.swallow()
    crowd.wire.swallow()
    lasts(LONGER_THAN_DELAY_S)
    crowd.check_noticed()
    cheer_up(crowd)
    crowd.dns.heal()
    crowd.wire.heal()


def isolated_by_refusal(crowd: Crowd) -> None:
    begin(crowd)
    for member in crowd.members:
        member.home.kill()
        member.away.kill()
    crowd.dns.refuse()
    crowd.wire.refuse()
    lasts(LONGER_THAN_DELAY_S)
    crowd.check_noticed()
    for member in crowd.members:
        member.home.revive()
        member.away.revive()
    crowd.dns.heal()
    crowd.wire.heal()


def the_network_returns_bit_by_bit(crowd: Crowd) -> None:
    """After a time alone, DNS, Redis and the standby answer again, and the active a little later than they."""
    begin(crowd)
    silence(crowd, ("home", "away"))
    crowd.dns.swallow()
    crowd.wire.swallow()
    lasts(LONGER_THAN_DELAY_S)
    crowd.check_noticed()
    crowd.dns.heal()
    crowd.wire.heal()
    for member in crowd.members:
        member.away.mood = Mood()
    lasts(FAILOVER_DELAY_S * 2 / 3)
    cheer_up(crowd)


def unplugged(crowd: Crowd) -> None:
    """In a network of its own, of which the one cable is pulled, twice: not even its API server is left."""
    hub, net = crowd.bench.hub, crowd.net
    kubeconfig = hub.write_kubeconfig(
        f"unplugged-{crowd.namespace}",
        token=hub.operator_token,
        url=f"https://{crowd.api.address}",
        server_name="localhost",
    )
    begin(crowd, kubeconfig=kubeconfig, wrapper=net.wrapper, is_near=False)
    for _ in range(2):
        net.unplug()
        lasts(LONGER_THAN_DELAY_S)
        net.plug_in()
        crowd.wait_calm()


def gray_slowness(crowd: Crowd) -> None:
    """Every answer of the active takes nearly as long as it may; the standby is quick."""
    begin(crowd)
    for member in crowd.members:
        member.home.mood = Mood(slow=TIMEOUT_S * member.random.uniform(0.7, 0.85))
    lasts(2 * LONGER_THAN_DELAY_S)


def loss_of_30_percent(crowd: Crowd) -> None:
    """Of all connections to the active, and of all datagrams to and from the DNS server."""
    begin(crowd)
    for member in crowd.members:
        member.home.mood = Mood(loss=0.3)
    crowd.dns.weather = Weather(len(crowd.members), late=0.3, twice=0.0, lost=0.3)
    lasts(3 * LONGER_THAN_DELAY_S)
    lost = [member.home.unanswered / (member.home.unanswered + member.home.answered) for member in crowd.members]
    assert all(lost) and crowd.dns.weather.dropped, f"nothing was lost: {lost}"
    crowd.dns.weather = None
    cheer_up(crowd)


def one_way_in_is_cut(crowd: Crowd) -> None:
    """Refused, or silent; the other way in serves the agents."""
    begin(crowd)
    for member in crowd.members:
        way = member.random.choice(["port", "path"])
        if member.random.random() < 0.5:
            member.home.mood = Mood(silent=frozenset({way}))
        else:
            member.home.close_way(way)
    lasts(LONGER_THAN_DELAY_S)
    cheer_up(crowd)
    for member in crowd.members:
        member.home.revive()


def only_the_operator_has_no_way(crowd: Crowd) -> None:
    """Requests arrive and answers do not; the API server of the active says that all of its replicas are there."""
    crowd.has_deployments = True
    begin(crowd)
    silence(crowd)
    lasts(2 * LONGER_THAN_DELAY_S)
    crowd.check_noticed()
    cheer_up(crowd)


def the_clock_jumps_by_a_year(crowd: Crowd) -> None:
    """Forth and back, each time while the active does not answer; the wall clock, not the monotonic one."""
    clock = pathlib.Path(crowd.bench.scratch.folder("clock")) / "offset"
    clock.write_text("+0s")
    operator = begin(crowd, extra_env=operator_process.moving_clock(clock))
    for seconds in (YEAR_S, 0, -YEAR_S, YEAR_S, 0):
        silence(crowd)
        clock.write_text(f"{seconds:+d}s")
        lasts(1.8)
        cheer_up(crowd)
        lasts(LONGER_THAN_DELAY_S / 3)
    years = {line["ts"][:4] for line in operator.logs()}
    assert len(years) == 3, f"its clock did not jump: {years}"


def stopped_for_longer_than_any_interval(crowd: Crowd) -> None:
    """While the active does not answer for a moment: what was measured before and after must not add up."""
    operator = begin(crowd)
    for _ in range(2):
        silence(crowd)
        lasts(1.0)
        operator.pause()
        lasts(LONGER_THAN_DELAY_S)
        operator.resume()
        lasts(0.3)
        cheer_up(crowd)
        crowd.wait_calm()


def the_api_server_is_stopped(crowd: Crowd) -> None:
    """The arbiter is silent while the active has a short outage. Alone on the bench: everybody uses the hub."""
    begin(crowd)
    crowd.bench.hub.pause()
    silence(crowd)
    lasts(LONGER_THAN_DELAY_S)
    cheer_up(crowd)
    lasts(1.0)
    crowd.bench.hub.resume()


FAULTS = (
    isolated_by_silence,
    isolated_by_refusal,
    the_network_returns_bit_by_bit,
    unplugged,
    gray_slowness,
    loss_of_30_percent,
    one_way_in_is_cut,
    only_the_operator_has_no_way,
    the_clock_jumps_by_a_year,
    stopped_for_longer_than_any_interval,
)


@dataclasses.dataclass(frozen=True)
class Quiet:
    """What came of one fault: histories without a switch, and how long a real failover took afterwards."""

    fault: str
    histories: int
    failover_s: float


@dataclasses.dataclass(frozen=True)
class Alarm:
    """One fault over `count` policies.

    Afterwards one active really dies, and its policy does switch: nobody passes here by seeing nothing.
    """

    fault: Callable[[Crowd], None]
    count: int

    def __str__(self) -> str:
        return self.fault.__name__

    def run(self, stage: Stage) -> Quiet:
        with contextlib.ExitStack() as stack:
            net = stack.enter_context(Net(2 * self.count + 1)) if self.fault is unplugged else None
            crowd = Crowd(stage.bench, stage.farm, self.count, str(self), net)
            stack.callback(crowd.close)
            try:
                return self._story(crowd)
            except Exception as error:
                logs = "\n".join(operator.log_tail(80) for operator in crowd.operators)
                raise AssertionError(f"{error}\n{logs}") from error

    def _story(self, crowd: Crowd) -> Quiet:
        self.fault(crowd)
        crowd.check_untouched()
        crowd.wait_calm()
        crowd.check_untouched()
        return Quiet(str(self), self.count, crowd.check_awake())
