"""Which names a DNS server answers with which address, and since when: asked for again and again until they do."""

import random
import socket
import struct
import threading
import time

SWEEP_S = 0.15  # between two rounds: closer ones would take their time from those that are measured
WINDOW = 100


def _question(number: int, name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", number, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


class Served:
    """Watches `names` until each is answered with `host`."""

    def __init__(self, port: int, names: list[str], host: str) -> None:
        self._names, self._host = names, socket.inet_aton(host)
        self._questions = [_question(number, name) for number, name in enumerate(names)]
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(0.05)
        self.since: dict[str, float] = {}
        self._is_over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while not self._is_over and len(self.since) < len(self._names):
            began = time.monotonic()
            left = [number for number, name in enumerate(self._names) if name not in self.since]
            random.shuffle(left)
            for at in range(0, len(left), WINDOW):
                self._ask(left[at : at + WINDOW])
            spent = time.monotonic() - began
            time.sleep(max(spent, SWEEP_S - spent))  # never more than half of one core, however many names are left

    def _ask(self, numbers: list[int]) -> None:
        for number in numbers:
            self._socket.send(self._questions[number])
        try:
            for _ in numbers:
                answer = self._socket.recv(1500)
                if self._host in answer:
                    self.since.setdefault(self._names[struct.unpack("!H", answer[:2])[0]], time.time())
        except TimeoutError:
            pass  # a lost datagram: it is asked for again
