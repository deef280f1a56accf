"""kill -9 and SIGSTOP of the leading operator at every boundary of every write: all targets converge, every time."""

import statistics

import pytest
from cloud import CloudCell
from crash import Cell, cells
from deliveries import DeliveryCell
from fences import FenceCell
from jobs import SEEDS
from prepared import PreparedCell
from promotions import PromotionCell


@pytest.fixture(scope="module", autouse=True)
def summary(results, figures):
    yield
    wanted, done = results.of(Cell)
    took = sorted(outcome.converged_s for outcome in done) or [0.0]
    resumed = sorted(outcome.resumed_s for outcome in done if outcome.resumed_s is not None) or [0.0]
    figures["crash_matrix"] = {
        "cells": wanted,
        "converged": len(done),
        "operations_found_linearizable": sum(outcome.operations for outcome in done),
        "zone_versions_checked": sum(outcome.versions for outcome in done),
        "converged_s": {"p50": round(statistics.median(took), 3), "worst": round(took[-1], 3)},
        "resumed_s": {"p50": round(statistics.median(resumed), 3), "worst": round(resumed[-1], 3)},
    }


OFTEN, SELDOM = (Cell, CloudCell, DeliveryCell), (PreparedCell, PromotionCell, FenceCell)
CELLS = [cell for kind in OFTEN for cell in cells(kind, SEEDS)] + [cell for kind in SELDOM for cell in cells(kind, SEEDS[::4])]


@pytest.mark.parametrize("job", CELLS, ids=str)
def test_whoever_comes_next_finishes(results, job: Cell):
    assert results[job].versions >= 2, "adoption and switch, at least"
