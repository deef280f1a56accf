"""Fixtures over hack/bench: the servers start once for the whole run, each test gets a corner of its own."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
pytest.register_assert_rewrite("world")  # what differed is the message of a wait that ended

from hack.bench import operator_process, pki, process
from hack.bench.bench import Bench
from hack.bench.scene import Scene


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that hangs is a failure, not a lost run."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture(scope="session")
def bench():
    """The whole topology. The first test waits for it (and, once per machine, for its build)."""
    fsync = os.environ.get("PLANEKEEPER_FSYNC", "1") != "0"
    with Bench(fsync=fsync, report=lambda line: print(f"bench: {line}")) as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> pki.Authority:
    """For servers that a test starts for itself."""
    return pki.Authority()


@pytest.fixture
def scratch():
    """Processes that a test starts for itself; all end with it."""
    with process.Scratch() as folder:
        yield folder


@pytest.fixture
def scene(bench, request):
    """Namespace, zone, Redis database, Secrets. Afterwards the bench is as it was, and the operators' logs are shown
    if the test failed."""
    if not operator_process.binary().exists():
        pytest.fail(f"{operator_process.binary()} is missing: run make first")
    corner = Scene(bench)
    yield corner
    crashed = [operator.name for operator in corner.operators if operator.died_by_itself]
    for operator in corner.operators:
        print(operator.log_tail(60))
    bench.restore()
    corner.close()
    reports = [line for operator in corner.operators for line in operator.plain_logs() if "Sanitizer" in line]
    assert not crashed, f"died by themselves: {crashed}"
    assert not reports, f"sanitizer reports: {reports}"
