"""kill -9 and SIGSTOP of the leading operator at every boundary of every write: all targets converge, every time."""

import statistics

import pytest
from conftest import SEEDS
from crash import Cell, Outcome, cells, run_cell

CELLS = cells(SEEDS)


@pytest.fixture(scope="module")
def matrix(bench, farm, court, pool, request, figures):
    """All cells that were asked for, under way at once."""
    wanted = [item.callspec.params["cell"] for item in request.session.items if "cell" in getattr(item, "fixturenames", ())]
    futures = {cell: pool.submit(run_cell, bench, farm, court, cell) for cell in wanted}
    yield futures
    done = [future.result() for future in futures.values() if not future.cancelled() and not future.exception()]
    if done:
        figures["crash_matrix"] = summary(len(futures), done)


def summary(wanted: int, done: list[Outcome]) -> dict:
    took = sorted(outcome.converged_s for outcome in done)
    return {
        "cells": wanted,
        "converged": len(done),
        "operations_found_linearizable": sum(outcome.operations for outcome in done),
        "zone_versions_checked": sum(outcome.versions for outcome in done),
        "converged_s": {"p50": round(statistics.median(took), 3), "worst": round(took[-1], 3)},
    }


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_whoever_comes_next_finishes(matrix, cell: Cell):
    outcome = matrix[cell].result()
    assert outcome.versions >= 2, "adoption and switch, at least"
