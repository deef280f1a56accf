"""The leader dies inside any system call of a switch, or its calls fail: somebody finishes, nothing is done twice."""

import pytest
from jobs import SEEDS
from traced import DIES, FAILS, Traced

JOBS = [Traced(mode, how, seed) for seed in SEEDS for mode in ("AllClusters", "SingleCluster") for how in (DIES, FAILS)]


@pytest.fixture(scope="module", autouse=True)
def summary(results, figures):
    yield
    wanted, done = results.of(Traced)
    figures["system_calls"] = {"histories": wanted, "converged": len(done)}


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_it_ends_well(results, job):
    assert set(results[job].verdicts.values()) == {"Ok"}
