"""How much is proven in one run, and the results of many jobs that run side by side."""

import concurrent.futures
import os
import pathlib
import threading
from collections.abc import Callable

from court import Stage

IS_LONG = os.environ.get("PROVE_LONG", "") not in ("", "0")
FIRST_SEED = int(os.environ.get("PROVE_FIRST_SEED") or 1)
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("PROVE_SEEDS") or (20 if IS_LONG else 1)))
JOBS = int(os.environ.get("PROVE_JOBS") or 6)
FIGURES = pathlib.Path(__file__).resolve().parents[3] / "build" / ("prove.json" if IS_LONG else "prove-short.json")


class Once:
    """What `make` gives, made when it is first asked for, whoever asks."""

    def __init__(self, make: Callable) -> None:
        self._make, self._made, self._lock = make, None, threading.Lock()

    def __call__(self):
        with self._lock:
            self._made = self._made or self._make()
        return self._made


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
