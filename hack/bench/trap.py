"""Catches one message on its way and keeps it: the instant at which a process is to die, or to stand still.

A message passes three points between two processes. A relay or proxy asks the trap at each of them; at the one that
it is set for, the trap springs, and whatever it holds goes on only when it is opened, however late that is.
"""

import asyncio
import threading
from collections.abc import Callable

from . import wait

BEFORE_SEND = "before-send"  # the target has not seen the request
AFTER_SEND = "after-send"  # the target has answered it, and nobody knows
AFTER_ANSWER = "after-answer"  # the answer is delivered
BOUNDARIES = (BEFORE_SEND, AFTER_SEND, AFTER_ANSWER)

LONGEST_HOLD = 120.0  # then the connection counts as broken: no thread waits for ever
POLL_SECONDS = 0.002


class Trap:
    """`fits` says of a request whether it is the one; only the first is caught."""

    def __init__(self, boundary: str, fits: Callable[[bytes], bool]) -> None:
        assert boundary in BOUNDARIES
        self.boundary = boundary
        self._fits = fits
        self._lock = threading.Lock()
        self._sprung, self._opened, self._passed = threading.Event(), threading.Event(), threading.Event()
        self._is_taken = False
        self._copies = 0

    @property
    def has_sprung(self) -> bool:
        return self._sprung.is_set()

    @property
    def holds(self) -> bool:
        """Whether a message was kept back: not where the answer was let through."""
        return self.boundary != AFTER_ANSWER

    def wait_sprung(self, timeout: float = 20.0) -> None:
        wait.until(f"a request {self.boundary}", self._sprung.is_set, timeout, poll=POLL_SECONDS)

    def open(self, copies: int = 1) -> None:
        """Let what is held go on, so many times; with 0 it is lost."""
        self._copies = copies
        self._opened.set()

    def wait_passed(self, timeout: float = 10.0) -> None:
        """Until what was held has gone on."""
        wait.until("what was held has gone on", self._passed.is_set, timeout)

    # For relays and proxies

    def take(self, request: bytes) -> bool:
        """Whether this request is the one: its taker asks at every further point."""
        with self._lock:
            if self._is_taken or not self._fits(request):
                return False
            self._is_taken = True
            return True

    def at(self, boundary: str) -> int:
        """How often the message goes on from here; waits where the trap is set."""
        if boundary != self.boundary:
            return 1
        self._sprung.set()
        if not self.holds:
            return 1
        self._opened.wait(LONGEST_HOLD)
        return self._copies

    async def at_async(self, boundary: str) -> int:
        if boundary != self.boundary:
            return 1
        self._sprung.set()
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_HOLD
        while self.holds and not self._opened.is_set() and loop.time() < until:
            await asyncio.sleep(POLL_SECONDS)
        return self._copies if self.holds else 1

    def went_on(self) -> None:
        self._passed.set()
