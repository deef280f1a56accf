"""Waiting for a fact instead of for a time: every wait polls the real thing and has a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.02


class Late(AssertionError):
    """Something did not become true before its deadline. The text names it and what was seen last."""


def until(what: str, probe: Callable[[], T], timeout: float = 10.0, poll: float = POLL_SECONDS) -> T:
    """Return the first truthy answer of `probe`.

    An exception of the probe counts as "not yet", because a server that is still starting refuses
    connections; the last one is quoted when the deadline passes, so that the cause is not lost.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen = probe()
            if seen:
                return seen
            last = repr(seen)
        except Exception as error:  # whatever it is, it is quoted below
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            raise Late(f"{what}: not within {timeout:g}s; last seen: {last}")
        time.sleep(poll)


def always(what: str, probe: Callable[[], bool], seconds: float, poll: float = POLL_SECONDS) -> None:
    """Fail as soon as `probe` is false within `seconds`: for "this must not happen"."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not probe():
            raise Late(f"{what}: broken {seconds - (deadline - time.monotonic()):.2f}s after the start")
        time.sleep(poll)
