"""What DNS, Redis and the API server saw of an operator in trouble, judged by porcupine against one register each.

And the judge itself: of a history that is spoilt in any one place it says so.
"""

import copy

import dns.update
import pytest
from histories import Operation, dns_operation
from jobs import SEEDS
from stories import PLOTS, History, killed_again_and_again
from tap import Frame

from hack.bench import judges

HISTORIES = [History(plot, seed) for seed in SEEDS for plot in PLOTS]
SAMPLE = History(killed_again_and_again, SEEDS[0])
REGISTERS = ("dns", "lock", "record")


@pytest.fixture(scope="module", autouse=True)
def summary(results, figures):
    yield
    wanted, done = results.of(History)
    figures["linearizability"] = {
        "histories": wanted,
        "linearizable": len(done),
        "operations": sum(len(case.operations) for case in done),
        "swaps_applied": sum(bool(op.get("applied")) for case in done for op in case.operations),
        "swaps_refused": sum(op.get("applied") is False for case in done for op in case.operations),
        "without_answer": sum(op["return"] is None for case in done for op in case.operations),
    }


@pytest.mark.parametrize("job", HISTORIES, ids=str)
def test_history(results, job):
    case = results[job]
    assert {verdict.split()[0] for verdict in case.verdicts} == set(REGISTERS)


def test_a_question_about_rights_was_read_as_a_swap():
    """What an update deletes record by record was taken for what it adds, so that the operator's trial of its rights,
    which never matches, was a stamp that nobody can read."""
    zone, name = "t1.example.com.", "gloo-mgmt.t1.example.com"
    trial = dns.update.UpdateMessage(zone)
    trial.present(f"_planekeeper.{name}.", "TXT", "planekeeper-preflight")
    trial.delete(f"_planekeeper.{name}.", "TXT", "planekeeper-preflight")
    trial.delete(f"{name}.", "A", "0.0.0.1")
    (swap,) = dns_operation(name, Frame(False, (1, b"id"), 1, trial.to_wire()), None)
    assert swap["expectStamp"] == ["planekeeper-preflight"]
    assert (swap["setValue"], swap["setStamp"]) == ([None], [None])
    assert "epoch" not in swap


# Spoilt on purpose: each takes the operations of one register, oldest first, and changes one of them


def decided(operations: list[Operation]) -> list[Operation]:
    """The swaps of the operator that were applied."""
    return [op for op in operations if op.get("applied") and op.get("epoch")]


def a_yes_becomes_a_no(operations: list[Operation]) -> None:
    decided(operations)[-1]["applied"] = False


def a_read_sees_an_older_epoch(operations: list[Operation]) -> None:
    first, last = decided(operations)[0], decided(operations)[-1]
    seen = copy.deepcopy(last) | {"call": last["return"] + 10**9, "return": last["return"] + 2 * 10**9, "kind": "read"}
    for field in ("expectValue", "expectStamp", "setValue", "setStamp", "applied", "epoch", "id"):
        seen.pop(field, None)
    operations.append(seen | {"seenStamp": first["setStamp"]})


def a_write_is_hidden(operations: list[Operation]) -> None:
    operations.remove(decided(operations)[1])


def an_epoch_falls(operations: list[Operation]) -> None:
    decided(operations)[-1]["epoch"] = 1


def an_epoch_is_used_again(operations: list[Operation]) -> None:
    """By another decision of the same number."""
    first, last = decided(operations)[0], decided(operations)[-1]
    last |= {"epoch": first["epoch"]}


def an_old_write_arrives_once_more(operations: list[Operation]) -> None:
    """As a late packet would that is not refused."""
    old, last = copy.deepcopy(decided(operations)[1]), decided(operations)[-1]
    operations.append(old | {"call": last["return"] + 10**9, "return": last["return"] + 2 * 10**9})


SPOILT = [
    a_yes_becomes_a_no,
    a_read_sees_an_older_epoch,
    a_write_is_hidden,
    an_epoch_falls,
    an_epoch_is_used_again,
    an_old_write_arrives_once_more,
]


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_the_judge_refuses(results, spoil, register):
    case = results[SAMPLE]
    operations = sorted(
        (copy.deepcopy(op) for op in case.operations if op["register"].startswith(register)), key=lambda op: op["call"]
    )
    assert set(judges.porcupine(operations).values()) == {"Ok"}
    spoil(operations)
    assert set(judges.porcupine(operations).values()) == {"Illegal"}
