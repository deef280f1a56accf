"""The bench with every target recorded, a farm of planes, and a pool in which many histories run side by side."""

import concurrent.futures
import json
import os
import pathlib
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "test" / "e2e")]
pytest.register_assert_rewrite("world", "corner", "court", "crash", "histories")

from court import Court
from farm import Farm

from hack.bench import operator_process
from hack.bench.bench import Bench

IS_LONG = os.environ.get("PROVE_LONG", "") not in ("", "0")
SEEDS = int(os.environ.get("PROVE_SEEDS") or (20 if IS_LONG else 1))
JOBS = int(os.environ.get("PROVE_JOBS") or 6)
FIGURES = ROOT / "build" / "prove-real.json"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that hangs is a failure, not a lost run. The first one that waits for the pool may wait for all of it."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(7200 if IS_LONG else 300))


@pytest.fixture(scope="session")
def bench():
    if not operator_process.binary().exists():
        pytest.fail(f"{operator_process.binary()} is missing: run make first")
    fsync = os.environ.get("PLANEKEEPER_FSYNC", "1") != "0"
    with Bench(fsync=fsync, report=lambda line: print(f"bench: {line}"), recorded=True) as running:
        yield running


@pytest.fixture(scope="session")
def farm():
    running = Farm()
    yield running
    running.close()


@pytest.fixture(scope="session")
def court(bench):
    running = Court(bench)
    yield running
    running.close()


@pytest.fixture(scope="session")
def figures():
    """What is found, for build/prove-real.json: figures["crash"] = {...}."""
    found: dict = {"long": IS_LONG, "seeds": SEEDS}
    started = time.monotonic()
    yield found
    found["seconds"] = round(time.monotonic() - started, 1)
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")


@pytest.fixture(scope="session")
def pool():
    running = concurrent.futures.ThreadPoolExecutor(JOBS)
    yield running
    running.shutdown(cancel_futures=True)
