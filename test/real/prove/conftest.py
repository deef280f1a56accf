"""The bench with every target recorded, a farm of planes, and the results of many jobs that run side by side."""

import json
import time

import pytest

pytest.register_assert_rewrite("corner", "court", "crash", "cloud", "deliveries", "fences", "histories", "prepared", "promotions")

from court import Court, Stage
from farm import Farm
from jobs import FIGURES, IS_LONG, SEEDS, Once, Results

from hack.bench import pki
from hack.bench.route53 import Route53


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the bench for itself comes last. The first that waits for a job may wait for all of them."""
    items.sort(key=lambda item: "alone" in getattr(item, "fixturenames", ()))
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(7200 if IS_LONG else 300))


@pytest.fixture(scope="session")
def bench_options() -> dict:
    return {"recorded": True, "authority": pki.Authority(lasting=3 * 365 * pki.DAY)}  # for clocks that are a year off


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


@pytest.fixture(scope="session")
def stage(operator_binary, bench, farm, court):
    def start() -> Route53:
        service = Route53(bench.scratch, ())
        service.run()
        return service

    return Stage(bench, farm, court, Once(start))


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
