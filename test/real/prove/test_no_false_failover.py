"""Everything that looks like a dead plane and is none: not one policy switches, by the word of DNS and Redis."""

import pytest
from alarms import FAULTS, Alarm, the_api_server_is_stopped
from jobs import IS_LONG

COUNT = 20 if IS_LONG else 2  # policies, each a history, to every fault
ALONE = Alarm(the_api_server_is_stopped, COUNT)


@pytest.fixture(scope="module", autouse=True)
def summary(results, figures):
    yield
    wanted, done = results.of(Alarm)
    figures["false_failover"] = {
        "faults": wanted,
        "histories": sum(quiet.histories for quiet in done),
        "switches": 0,  # else there is no result
        "a_real_failover_afterwards_s": {quiet.fault: round(quiet.failover_s, 1) for quiet in done},
    }


@pytest.mark.parametrize("job", [Alarm(fault, COUNT) for fault in FAULTS], ids=str)
def test_nothing_is_switched(results, job):
    assert results[job].histories == COUNT


def test_nothing_is_switched_while_the_api_server_is_stopped(results, alone):
    assert results[ALONE].histories == COUNT
