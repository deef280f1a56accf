"""The one harness of everything that runs on real servers: they start once for a whole run, and each test gets a corner of its own.

hack/bench starts and stops kube-apiserver, etcd, BIND, Redis and operators; world.py says what they show. What only the proofs
or the image need besides is in their folders.
"""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
pytest.register_assert_rewrite("world")  # what differed is the message of a wait that ended

from hack.bench import operator_process, pki, process
from hack.bench.bench import Bench
from hack.bench.scene import Scene

LIMIT_S = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that hangs is a failure, not a lost run."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(scope="session")
def bench_options() -> dict:
    """What a folder of tests wants of its bench (hack/bench/bench.py)."""
    return {}


@pytest.fixture(scope="session")
def bench(bench_options):
    """The whole topology. The first test waits for it (and, once per machine, for its build)."""
    fsync = os.environ.get("PLANEKEEPER_FSYNC", "1") != "0"
    with Bench(fsync=fsync, report=lambda line: print(f"bench: {line}"), **bench_options) as running:
        yield running


@pytest.fixture(scope="session")
def operator_binary() -> None:
    if not operator_process.binary().exists():
        pytest.fail(f"{operator_process.binary()} is missing: run make first")


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
def scene(operator_binary, bench):
    """Namespace, zone, Redis database, Secrets. Afterwards the bench is as it was, and the operators' logs are shown
    if the test failed."""
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
