"""When each thing changed, seen from outside: the DNS server and Redis are read by us, not by asking the operator."""

import contextlib
import dataclasses
import datetime
import threading
import time
from collections.abc import Callable, Hashable

from .operator_process import Operator

READ_EVERY = 0.002  # finer than any step that is shown


@dataclasses.dataclass(frozen=True)
class Change:
    at: float  # wall time, to be laid beside the stamps of logs
    value: Hashable


class Watcher:
    """Reads one value again and again in a thread of its own and keeps every change of it."""

    def __init__(self, read: Callable[[], Hashable]) -> None:
        self._read = read
        self._end = threading.Event()
        self.changes: list[Change] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._end.wait(READ_EVERY):
            with contextlib.suppress(Exception):  # a server that is down has no value, and no change either
                value = self._read()
                if not self.changes or self.changes[-1].value != value:
                    self.changes.append(Change(time.time(), value))

    def became(self, value: Hashable, after: float = 0.0) -> float | None:
        """When it took this value, at or after a moment; None if it has not."""
        return next((change.at for change in self.changes if change.value == value and change.at >= after), None)


def logged(operators: list[Operator], reasons: tuple[str, ...], after: float) -> tuple[float, dict] | None:
    """The first log line of any replica, since a moment, that carries one of these reasons in any field."""
    found = []
    for operator in operators:
        for line in operator.logs():
            at = _stamp(line)
            if at >= after and any(value in reasons for value in line.values() if isinstance(value, str)):
                found.append((at, line))
                break
    return min(found, key=lambda pair: pair[0], default=None)


def _stamp(line: dict) -> float:
    try:
        return datetime.datetime.fromisoformat(line["ts"]).timestamp()
    except (KeyError, ValueError):
        return 0.0
