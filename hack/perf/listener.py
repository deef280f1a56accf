"""test/bench/listener.c as a process: a peer that answers on every loopback address and costs little itself."""

import subprocess

from hack.bench import ports, tools

PROGRAMS = tools.ROOT / "build" / "bench"


class Listener:
    """TCP on `port`, HTTP on the next, and a black hole on the one after."""

    def __enter__(self) -> "Listener":
        self.port = next(port for port in iter(ports.lease, None) if self._has_neighbours(port))
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", PROGRAMS / "listener", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._child.stdout.readline() != "ready\n":
            raise RuntimeError("the listener did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stdin.close()
        self._child.wait(5.0)

    @staticmethod
    def _has_neighbours(port: int) -> bool:
        return all(ports.try_lease(port + offset, "127.0.0.1") for offset in (1, 2))
