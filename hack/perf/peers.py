"""Servers that do nothing but live and die: a TCP port that accepts, refuses, or answers nothing at all."""

import selectors
import socket
import threading

BACKLOG = 128
FILLER = "127.0.0.9"  # where the connections come from that fill a queue, to tell them from the operator's
FILLERS = 3


class Peer:
    """One address. All methods take effect before they return."""

    def __init__(self, keeper: "Keeper", host: str, port: int) -> None:
        self._keeper = keeper
        self.host, self.port = host, port
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self.live()

    def live(self) -> None:
        """Accept and close at once."""
        if self._listener is None:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((self.host, self.port))
            self._listener.setblocking(False)
        self._listener.listen(BACKLOG)
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        self._keeper.watch(self._listener)

    def refuse(self) -> None:
        """As a host whose process is gone."""
        if self._listener is not None:
            self._keeper.forget(self._listener)
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """Its address is free for the next row."""
        for filler in self._fillers:
            filler.close()
        self.refuse()

    def black_hole(self) -> None:
        """As a machine without power: the accept queue is full, so the kernel drops each further SYN."""
        self._keeper.forget(self._listener)
        self._listener.listen(0)
        for _ in range(FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            filler.bind((FILLER, 0))
            filler.connect_ex((self.host, self.port))
            self._fillers.append(filler)


class Keeper:
    """One thread that accepts for all peers."""

    def __init__(self) -> None:
        self._selector = selectors.EpollSelector()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def watch(self, listener: socket.socket) -> None:
        self._selector.register(listener, selectors.EVENT_READ)

    def forget(self, listener: socket.socket) -> None:
        """From here on nothing is accepted."""
        with self._lock:
            self._selector.unregister(listener)

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select(0.5):
                with self._lock:
                    if key.fd in self._selector.get_map():
                        self._accept_all(key.fileobj)

    @staticmethod
    def _accept_all(listener: socket.socket) -> None:
        try:
            while True:
                connection, _ = listener.accept()
                connection.close()
        except (BlockingIOError, OSError):
            return
