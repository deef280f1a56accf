"""Relays that know what passes: DNS updates, the scripts that move the lock, and calls of HTTP.

Each keeps to one conversation at a time, as its client does: a request, then its answer.
"""

import asyncio
import contextlib
import dataclasses
import random
import re
import time
from collections.abc import Callable

import dns.opcode

from .relay import Framer, Relay, Tamper
from .trap import AFTER_ANSWER, AFTER_SEND, BEFORE_SEND, Trap

ECHO_LINGER_S = 0.2
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.I)


class Wire(Relay):
    """A relay with a place for one trap. `fits` of that trap sees the request as it is on the wire."""

    trap: Trap | None = None

    def set_trap(self, boundary: str, fits: Callable[[bytes], bool]) -> Trap:
        self.trap = Trap(boundary, fits)
        return self.trap


class DnsWire(Wire):
    """UDP between a client and a DNS server, in weather of its own, either way."""

    def __init__(self, target: str, listen: str = "127.0.0.1") -> None:
        super().__init__(target, listen)
        self.weather: Weather | None = None
        self.echoes_under_way = 0
        self.converse = self._converse

    def _converse(self) -> Tamper:
        caught: dict[bytes, Trap] = {}  # by the identifier of the message

        async def tamper(message: bytes, is_answer: bool) -> int:
            identifier = message[:2]
            if not is_answer and self.trap and self.trap.take(message):
                caught[identifier] = self.trap
            trap = caught.get(identifier)
            copies = 1
            if trap is not None:
                copies = await _ask(trap, is_answer)
            elif self.weather is not None:
                if is_update(message) and not is_answer and self.weather.echoes():
                    asyncio.ensure_future(self._echo(message, self.weather.echo_after_s()))
                copies = await self.weather.pass_by()
            return copies

        return tamper

    async def _echo(self, message: bytes, after_s: float) -> None:
        """The same datagram once more, long after its sender has had his answer; nobody waits for this one's."""
        self.echoes_under_way += 1
        await asyncio.sleep(after_s)  # the lateness itself
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=self._target)
        transport.sendto(message)
        await asyncio.sleep(ECHO_LINGER_S)  # its port is its own until the server has answered
        transport.close()
        self.echoes_under_way -= 1


class StreamWire(Wire):
    """TCP between a client and a server, one whole request or answer at a time."""

    def __init__(self, target: str, listen: str, new_framer: Callable[[], Framer], keeps: Callable[[bytes], bool]) -> None:
        """`keeps` says of a request whether it is kept in `calls`."""
        super().__init__(target, listen, new_framer=new_framer)
        self.calls: list[Call] = []  # every such request that reached the server, oldest first
        self._keeps = keeps
        self.converse = self._converse

    def _converse(self) -> Tamper:
        open_trap: list[Trap] = []
        open_calls: list[Call] = []

        async def tamper(message: bytes, is_answer: bool) -> int:
            if is_answer:
                if open_calls:
                    open_calls.pop().answered(message)
                return await _ask(open_trap[0], True) if open_trap else 1
            open_trap.clear()
            if self.trap and self.trap.take(message):
                open_trap.append(self.trap)
            copies = await _ask(open_trap[0], False) if open_trap else 1
            open_calls.clear()
            if copies and self._keeps(message):
                assert copies == 1, "a second copy in one stream would be another request"
                open_calls.append(Call(message))
                self.calls.append(open_calls[0])
            return copies

        return tamper


class RedisWire(StreamWire):
    """One command or reply of Redis at a time; every EVAL is kept."""

    def __init__(self, target: str, listen: str = "127.0.0.1") -> None:
        super().__init__(target, listen, RespFramer, is_eval)


class HttpWire(StreamWire):
    """One request or answer of plain HTTP/1.1 at a time; all are kept."""

    def __init__(self, target: str, listen: str = "127.0.0.1") -> None:
        super().__init__(target, listen, HttpFramer, lambda request: True)


class Call:
    """One command at the server's end of the wire; times are of the wall clock, in nanoseconds."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.sent_ns = time.time_ns()
        self.reply: bytes | None = None
        self.answered_ns: int | None = None

    def answered(self, reply: bytes) -> None:
        self.reply, self.answered_ns = reply, time.time_ns()


async def _ask(trap: Trap, is_answer: bool) -> int:
    copies = await trap.at_async(AFTER_SEND if is_answer else BEFORE_SEND)
    asyncio.get_running_loop().call_soon(_went_on, trap, is_answer)  # after it was written
    return copies


def _went_on(trap: Trap, is_answer: bool) -> None:
    if is_answer and trap.boundary == AFTER_ANSWER:
        trap.at(AFTER_ANSWER)
    elif is_answer == (trap.boundary == AFTER_SEND):
        trap.went_on()


@dataclasses.dataclass
class Weather:
    """What a network may do to UDP, as shares of all messages; an echo is an update that comes again much later."""

    seed: int
    late: float = 0.5
    longest_s: float = 0.15
    twice: float = 0.3
    lost: float = 0.0
    echoed: float = 0.0
    longest_echo_s: float = 8.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.dropped = 0

    def echoes(self) -> bool:
        return self._random.random() < self.echoed

    def echo_after_s(self) -> float:
        return self._random.uniform(0, self.longest_echo_s)

    async def pass_by(self) -> int:
        if self._random.random() < self.lost:
            self.dropped += 1
            return 0
        copies = 1 + (self._random.random() < self.twice)
        if self._random.random() < self.late:
            await asyncio.sleep(self._random.uniform(0, self.longest_s))  # the lateness itself
        return copies


def is_update(datagram: bytes) -> bool:
    """One that may change something: the question about rights, which cannot, comes at any time."""
    is_one = len(datagram) > 2 and (datagram[2] >> 3) & 0xF == dns.opcode.UPDATE
    return is_one and b"planekeeper-preflight" not in datagram


def is_eval(command: bytes) -> bool:
    """One about the lock's keys; the same is true here."""
    return command[:64].upper().find(b"\r\nEVAL\r\n") > 0 and b"acl_check_cmd" not in command


class HttpFramer:
    """Cuts a stream of HTTP/1.1 into whole messages, whose bodies have a Content-Length."""

    def __init__(self) -> None:
        self._buffer = b""

    def __call__(self, chunk: bytes) -> list[bytes]:
        self._buffer += chunk
        whole: list[bytes] = []
        while (end := self._end()) is not None:
            whole.append(self._buffer[:end])
            self._buffer = self._buffer[end:]
        return whole

    def _end(self) -> int | None:
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return None
        assert b"chunked" not in head.lower(), f"a body without a length: {head!r}"
        found = CONTENT_LENGTH.search(head)
        length = int(found[1]) if found else 0
        return len(head) + len(blank) + length if len(body) >= length else None


class RespFramer:
    """Cuts a stream of the Redis protocol (version 2) into whole commands and replies."""

    def __init__(self) -> None:
        self._buffer = b""

    def __call__(self, chunk: bytes) -> list[bytes]:
        self._buffer += chunk
        whole: list[bytes] = []
        with contextlib.suppress(_Short):
            while self._buffer:
                end = resp_end(self._buffer, 0)
                whole.append(self._buffer[:end])
                self._buffer = self._buffer[end:]
        return whole


class _Short(Exception):
    """There is more to come."""


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\r\n", at)
    if end < 0:
        raise _Short
    return end


def resp_end(data: bytes, at: int) -> int:
    """Where the value that begins at `at` ends."""
    end = _line_end(data, at)
    kind, after = data[at : at + 1], end + 2
    if kind == b"$":
        count = int(data[at + 1 : end])
        after += count + 2 if count >= 0 else 0
        if after > len(data):
            raise _Short
    elif kind == b"*":
        for _ in range(max(int(data[at + 1 : end]), 0)):
            after = resp_end(data, after)
    return after


def resp_values(data: bytes) -> list[str | None]:
    """The elements of a flat array, as text; a nil is None."""
    end = _line_end(data, 0)
    if data[:1] != b"*":
        return [data[1:end].decode(errors="replace")]
    values: list[str | None] = []
    at = end + 2
    for _ in range(int(data[1:end])):
        after = resp_end(data, at)
        head = _line_end(data, at)
        is_nil = data[at:head] == b"$-1"
        body = data[head + 2 : after - 2] if data[at : at + 1] == b"$" else data[at + 1 : head]
        values.append(None if is_nil else body.decode(errors="replace"))
        at = after
    return values
