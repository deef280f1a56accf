"""The bench with every target recorded, a farm of planes, and the results of many jobs that run side by side."""

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

from court import Court, Stage
from farm import Farm

from hack.bench import operator_process, pki
from hack.bench.bench import Bench

IS_LONG = os.environ.get("PROVE_LONG", "") not in ("", "0")
FIRST_SEED = int(os.environ.get("PROVE_FIRST_SEED") or 1)
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("PROVE_SEEDS") or (20 if IS_LONG else 1)))
JOBS = int(os.environ.get("PROVE_JOBS") or 6)
FIGURES = ROOT / "build" / ("prove.json" if IS_LONG else "prove-short.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the bench for itself comes last. A test that hangs is a failure, not a lost run; the first that waits
    for a job may wait for all of them."""
    items.sort(key=lambda item: "alone" in getattr(item, "fixturenames", ()))
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(7200 if IS_LONG else 300))


@pytest.fixture(scope="session")
def bench():
    if not operator_process.binary().exists():
        pytest.fail(f"{operator_process.binary()} is missing: run make first")
    fsync = os.environ.get("PLANEKEEPER_FSYNC", "1") != "0"
    authority = pki.Authority(lasting=3 * 365 * pki.DAY)  # for clocks that are a year off
    with Bench(fsync, report=lambda line: print(f"bench: {line}"), recorded=True, authority=authority) as running:
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
    """What is found, for the part "real_servers" of build/prove.json: figures["crash"] = {...}."""
    found: dict = {"long": IS_LONG, "seeds": [*SEEDS]}
    started = time.monotonic()
    yield found
    found["seconds"] = round(time.monotonic() - started, 1)
    FIGURES.parent.mkdir(exist_ok=True)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps(known | {"real_servers": found}, indent=2) + "\n")


class Results:
    """Of all jobs that any test of this run asks for; under way from the start, side by side."""

    def __init__(self, jobs: list, stage: Stage) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(JOBS)
        self._futures = {job: self._pool.submit(job.run, stage) for job in dict.fromkeys(jobs)}
        self._stage = stage

    def __getitem__(self, job):
        """Waits for it, and fails as it failed."""
        if job not in self._futures:
            self._futures[job] = self._pool.submit(job.run, self._stage)
        return self._futures[job].result()

    def of(self, kind: type) -> tuple[int, list]:
        """How many jobs of this kind there are, and the results of those that succeeded."""
        futures = [future for job, future in self._futures.items() if isinstance(job, kind)]
        return len(futures), [future.result() for future in futures if future.done() and not future.exception()]

    def drain(self) -> None:
        concurrent.futures.wait(self._futures.values())

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def stage(bench, farm, court):
    return Stage(bench, farm, court)


@pytest.fixture(scope="session")
def results(stage, request):
    specs = (getattr(item, "callspec", None) for item in request.session.items)
    running = Results([spec.params["job"] for spec in specs if spec is not None and "job" in spec.params], stage)
    yield running
    running.close()


@pytest.fixture
def alone(results):
    """All jobs have ended: the test may stop what they share."""
    results.drain()
