"""Many small management servers in one thread: each an address and a port that answers one line of HTTP, in any mood.

The real stand-ins of hack/bench (gRPC, TLS, a process each) are too heavy for hundreds of planes at once; what a check
of type TCP or HTTP sees is the same.
"""

import asyncio
import dataclasses
import random
import threading

from hack.bench import ports

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclasses.dataclass
class Mood:
    """How a server treats each connection.

    loss    the share of connections that get no answer at all
    slow    seconds until the answer
    silent  the ways in, "port" and "path", that accept and never answer
    """

    loss: float = 0.0
    slow: float = 0.0
    silent: frozenset[str] = frozenset()


class Server:
    """One plane's address, with two ways in."""

    def __init__(self, farm: "Farm", host: str, port: int, path_port: int) -> None:
        self._farm = farm
        self.host, self.port, self.path_port = host, port, path_port
        self.mood = Mood()
        self.answered = self.unanswered = 0
        self._listeners: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self.revive()

    def kill(self) -> None:
        """As after kill -9: what is open is reset, what is new is refused."""
        self._farm.do(self._kill())

    def revive(self) -> None:
        self._farm.do(self._listen())

    def close_way(self, way: str) -> None:
        """Of "port" and "path" one is gone, the other stays."""
        self._farm.do(self._close_port(self.port if way == "port" else self.path_port))

    async def _listen(self) -> None:
        await self._kill()
        for port in (self.port, self.path_port):
            self._listeners.append(await asyncio.start_server(self._serve, self.host, port))

    async def _kill(self) -> None:
        for listener in self._listeners:
            listener.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._listeners.clear()

    async def _close_port(self, port: int) -> None:
        for listener in [item for item in self._listeners if item.sockets[0].getsockname()[1] == port]:
            listener.close()
            self._listeners.remove(listener)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = self.mood
        way = "port" if writer.get_extra_info("sockname")[1] == self.port else "path"
        if way in mood.silent or self._farm.random.random() < mood.loss:
            self.unanswered += 1
            await reader.read()  # until the client has had enough
            return
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(mood.slow)
        writer.write(ANSWER)
        await writer.drain()
        self.answered += 1
        await reader.read()  # the client closes, so that it is not left with a reset


class Farm:
    """One thread for all servers. `new_servers` gives each an address of its own below 127.64.0.0/10."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self._count = 0
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def new_servers(self, count: int, hosts: list[str] | None = None) -> list[Server]:
        """Members of one policy: their agents use one port."""
        with self._lock:
            numbers = range(self._count, self._count + count)
            self._count += count
            hosts = hosts or [f"127.64.{number // 250}.{number % 250 + 1}" for number in numbers]
            port, path_port = ports.lease(*hosts), ports.lease(*hosts)
        return [Server(self, host, port, path_port) for host in hosts]

    def do(self, job) -> None:
        asyncio.run_coroutine_threadsafe(job, self._loop).result(10.0)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
