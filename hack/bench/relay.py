"""A wire that can be cut: TCP and UDP on one port, passed on to another until told otherwise.

Put between the operator and a server it isolates the one from the other and leaves both alive, which
neither kill nor SIGSTOP can do.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from . import ports

PASS, REFUSE, SWALLOW = "pass", "refuse", "swallow"
TRIES = 5

# Given one message and whether it is an answer: how often it goes on, and (by returning late) when.
Tamper = Callable[[bytes, bool], Awaitable[int]]
# Takes in a piece of a TCP stream and gives the messages that are whole by now; one for each direction of a connection.
Framer = Callable[[bytes], list[bytes]]


async def untouched(message: bytes, is_answer: bool) -> int:
    return 1


def unframed(chunk: bytes) -> list[bytes]:
    return [chunk]


class Relay:
    """`address` reaches `target` ("host:port"). All methods take effect before they return."""

    def __init__(
        self,
        target: str,
        listen: str = "127.0.0.1",
        new_framer: Callable[[], Framer] = lambda: unframed,
        port: int = 0,
    ) -> None:
        """`port` where it has to be a certain one, such as 53."""
        host, _, target_port = target.rpartition(":")
        self._new_framer = new_framer
        self.converse: Callable[[], Tamper] = lambda: untouched  # one for each connection, or client of UDP
        self._target = (host, int(target_port))
        self.host, self.port = listen, port or ports.lease(listen)
        self.mode = PASS
        self.delay = 0.0  # seconds that everything is late, either way
        self.holds: Callable[[bytes], bool] = lambda datagram: False  # datagrams to the target that are kept back
        self.held: list[tuple[bytes, tuple]] = []  # those, with the client each came from
        self.swallowed = 0  # pieces of a stream that came while SWALLOW was on: somebody waits for an answer
        self._cut_after: int | None = None
        self._listener: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._begin(may_move=not port)

    def _begin(self, may_move: bool) -> None:
        """Who chooses ports by itself, as servers do for their own queries, may have taken ours since it was leased."""
        for _ in range(TRIES):
            try:
                self._do(self._listen())
                return
            except OSError:
                if not may_move:
                    raise
                self.port = ports.lease(self.host)
        self._do(self._listen())

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def heal(self) -> None:
        """Pass everything again; what is held stays held."""
        self.mode, self.delay, self._cut_after = PASS, 0.0, None
        self.holds = lambda datagram: False
        self._do(self._listen())

    def retarget(self, target: str) -> None:
        """Another server behind the same address; what is open breaks."""
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._do(self._reset())

    def refuse(self) -> None:
        """Break what is open and refuse what is new, as a host does whose process is gone."""
        self.mode = REFUSE
        self._do(self._refuse())

    def swallow(self) -> None:
        """Keep everything open and pass nothing on, as a firewall does that drops. What is new hangs after connect."""
        self.mode = SWALLOW

    def release(self) -> None:
        """Pass on what was held, however late it is by now."""
        held, self.held = self.held, []
        for datagram, client in held:
            self._do(self._datagrams.get_protocol().forward(datagram, client))

    def break_connections(self) -> None:
        """Once: reset what is open; what is new passes."""
        self._do(self._reset())

    def cut_after(self, amount: int) -> None:
        """Break each connection after that many more bytes of answer: in the middle of a line, or of a TLS record."""
        self._cut_after = amount

    def close(self) -> None:
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, job) -> None:
        asyncio.run_coroutine_threadsafe(job, self._loop).result(10.0)

    async def _listen(self) -> None:
        if self._listener is None:
            listener = await asyncio.start_server(self._connection, self.host, self.port)
            try:
                self._datagrams, _ = await self._loop.create_datagram_endpoint(
                    lambda: _UdpFront(self), local_addr=(self.host, self.port)
                )
            except OSError:
                listener.close()
                raise
            self._listener = listener

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._datagrams.close()
            self._listener = self._datagrams = None
        await self._reset()

    async def _reset(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            tamper = self.converse()
            await asyncio.gather(
                self._pump(reader, far_writer, tamper, is_answer=False),
                self._pump(far_reader, writer, tamper, is_answer=True),
            )
        except OSError:
            pass
        finally:
            for end in (writer, far_writer):
                end.transport.abort()
                self._writers.discard(end)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tamper: Tamper, is_answer: bool
    ) -> None:
        framer = self._new_framer()
        while chunk := await reader.read(65536):
            self.swallowed += self.mode == SWALLOW
            await self._hold()
            for message in framer(chunk):
                for _ in range(await tamper(message, is_answer)):
                    await self._pass_on(message, writer, is_answer)
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    async def _pass_on(self, message: bytes, writer: asyncio.StreamWriter, is_answer: bool) -> None:
        if is_answer and self._cut_after is not None:
            passed = message[: self._cut_after]
            self._cut_after -= len(passed)
            if len(passed) < len(message):
                writer.write(passed)
                await writer.drain()
                raise ConnectionResetError("cut")
        writer.write(message)
        await writer.drain()

    async def _hold(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)  # the lateness itself
        while self.mode == SWALLOW:
            await asyncio.sleep(0.02)


class _UdpFront(asyncio.DatagramProtocol):
    """Each client gets a socket of its own towards the target, so that answers find their way back."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._backs: dict[tuple, asyncio.DatagramTransport] = {}
        self._tampers: dict[tuple, Tamper] = {}

    def connection_made(self, transport) -> None:
        self._transport = transport

    def connection_lost(self, error) -> None:
        for back in self._backs.values():
            back.close()

    def datagram_received(self, data: bytes, client: tuple) -> None:
        if self._relay.mode != PASS:
            return
        if self._relay.holds(data):
            self._relay.held.append((data, client))
        else:
            asyncio.ensure_future(self.forward(data, client))

    async def forward(self, data: bytes, client: tuple) -> None:
        await asyncio.sleep(self._relay.delay)
        for _ in range(await self._tamper(client)(data, False)):
            await self._send(data, client)

    def _tamper(self, client: tuple) -> Tamper:
        if client not in self._tampers:
            self._tampers[client] = self._relay.converse()
        return self._tampers[client]

    async def _send(self, data: bytes, client: tuple) -> None:
        if client not in self._backs:
            self._backs[client], _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _UdpBack(self, client), remote_addr=self._relay._target
            )
        self._backs[client].sendto(data)

    async def answer(self, data: bytes, client: tuple) -> None:
        for _ in range(await self._tamper(client)(data, True)):
            if self._relay.mode == PASS and not self._transport.is_closing():
                self._transport.sendto(data, client)


class _UdpBack(asyncio.DatagramProtocol):
    def __init__(self, front: _UdpFront, client: tuple) -> None:
        self._front, self._client = front, client

    def datagram_received(self, data: bytes, _: tuple) -> None:
        asyncio.ensure_future(self._front.answer(data, self._client))

    def error_received(self, error) -> None:
        """The target is down: a UDP client learns that by silence."""
