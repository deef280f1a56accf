"""What goes over loopback, with the kernel's time of each packet: attempts to connect, and what the DNS server answers.

It sees the operator from outside. A refused connection leaves no trace at the server that is gone, but its RST is on
the wire. A new address is served from when the DNS server says yes to the update: that datagram is the moment, if what
the server next answers to the same client shows the address; else it is that answer. Needs CAP_NET_RAW.
"""

import ctypes
import dataclasses
import socket
import struct
import threading

SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
ETH_P_IP = 0x0800
SYN, RST, ACK = 0x02, 0x04, 0x10
RECENT_S = 30.0  # what is older is forgotten


@dataclasses.dataclass
class Attempt:
    """One attempt to connect to `host`; times are seconds since the epoch, by the kernel."""

    host: str
    port: int  # of the client
    began: float
    accepted: float = 0.0
    refused: float = 0.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """One datagram between the DNS server and a client's port."""

    at: float
    port: int
    wire: bytes

    @property
    def is_request(self) -> bool:
        return self.wire[2] & 128 == 0

    @property
    def is_update_done(self) -> bool:
        """Operation code UPDATE (RFC 2136), no error."""
        return self._is_update and not self.is_request and self.wire[3] & 15 == 0

    def asks_for(self, host: str) -> bool:
        """An update that adds this address."""
        return self._is_update and self.is_request and self.carries(host)

    @property
    def exchange(self) -> tuple[int, bytes]:
        """What a request and its answer have in common: the client's port and the message's number."""
        return self.port, self.wire[:2]

    @property
    def _is_update(self) -> bool:
        return self.wire[2] >> 3 & 15 == 5

    def carries(self, host: str) -> bool:
        """Whether there is an A record with this address in it: type and class, any TTL, length, address."""
        at = self.wire.find(struct.pack("!H", 4) + socket.inet_aton(host))
        return at >= 8 and self.wire[at - 8 : at - 4] == struct.pack("!HH", 1, 1)

    @property
    def name(self) -> str:
        """What was asked for; a question is never compressed."""
        labels, at = [], 12
        while self.wire[at]:
            labels.append(self.wire[at + 1 : at + 1 + self.wire[at]].decode())
            at += 1 + self.wire[at]
        return ".".join(labels)


class Wire:
    """Watches connections to `tcp_port` (but those from `ignored`) and answers from `dns_port` until closed.

    With `requests` also what the DNS server is asked.
    """

    def __init__(self, tcp_port: int, dns_port: int, ignored: str, requests: bool = False) -> None:
        self._ignored = socket.inet_aton(ignored)
        self._tcp_port, self._dns_port = tcp_port, dns_port
        self._attempts: list[Attempt] = []
        self._answers: list[Answer] = []
        self._changed = threading.Condition()  # its lock can be taken again by whoever holds it
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        _attach(self._socket, _filter(tcp_port, dns_port, requests))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("lo", ETH_P_IP))
        self._socket.settimeout(0.2)
        self._is_open = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_open = False
        self._thread.join()
        self._socket.close()

    # What was seen

    def accepted(self, host: str, since: float) -> list[float]:
        """When connections to `host` that began after `since` were accepted."""
        with self._changed:
            return [one.accepted for one in self._attempts if one.host == host and one.began > since and one.accepted]

    def failures(self, host: str, since: float, timeout: float) -> list[float]:
        """When attempts that began after `since` had failed: at the refusal, or without any answer after `timeout`."""
        with self._changed:
            failed = [one for one in self._attempts if one.host == host and one.began > since and not one.accepted]
        return sorted(one.refused or one.began + timeout for one in failed)

    def shown(self, host: str, since: float) -> dict[str, float]:
        """The names that the DNS server has served with the address `host` after `since`, and from when."""
        names: dict[str, float] = {}
        updated: dict[int, float] = {}
        with self._changed:
            for answer in self._answers:
                if answer.at > since and answer.is_update_done:
                    updated[answer.port] = answer.at
                elif answer.at > since and not answer.is_request and answer.carries(host):
                    names.setdefault(answer.name, updated.get(answer.port, answer.at))
        return names

    def wait_shown(self, host: str, since: float, patience: float) -> float:
        """The same for an address that only one name can have."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.shown(host, since), patience):
                raise TimeoutError(f"{host} was not seen in DNS within {patience:g}s")
        return min(self.shown(host, since).values())

    def updated(self, host: str, since: float) -> list[float]:
        """When the DNS server said yes to updates that add `host`: for a client that does not read afterwards."""
        with self._changed:
            seen = [one for one in self._answers if one.at > since]
        asked = {one.exchange for one in seen if one.asks_for(host)}
        return [one.at for one in seen if one.is_update_done and one.exchange in asked]

    def wait_updated(self, host: str, since: float, patience: float) -> float:
        with self._changed:
            if not self._changed.wait_for(lambda: self.updated(host, since), patience):
                raise TimeoutError(f"{host} was not written to DNS within {patience:g}s")
        return self.updated(host, since)[0]

    def wait_accepted(self, host: str, since: float, count: int, patience: float) -> None:
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.accepted(host, since)) >= count, patience)
        if not enough:
            raise TimeoutError(f"{host} was not connected to {count} times within {patience:g}s")

    # Looking

    def _watch(self) -> None:
        while self._is_open:
            try:
                packet, extra, _, _ = self._socket.recvmsg(65536, 64)
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("qq", extra[0][2])
            with self._changed:
                self._take(packet, seconds + nanoseconds / 1e9)
                self._changed.notify_all()

    def _take(self, packet: bytes, at: float) -> None:
        start = (packet[0] & 15) * 4
        source, destination = packet[12:16], packet[16:20]
        from_port, to_port = struct.unpack("!HH", packet[start : start + 4])
        if packet[9] == socket.IPPROTO_UDP:
            self._forget(self._answers, at)
            client = from_port if to_port == self._dns_port else to_port
            self._answers.append(Answer(at, client, packet[start + 8 :]))
        elif to_port == self._tcp_port and source != self._ignored:
            if packet[start + 13] & (SYN | ACK) == SYN:
                self._forget(self._attempts, at)
                self._attempts.append(Attempt(socket.inet_ntoa(destination), from_port, at))
        elif from_port == self._tcp_port and destination != self._ignored:
            self._answered(socket.inet_ntoa(source), to_port, packet[start + 13], at)

    def _answered(self, host: str, port: int, flags: int, at: float) -> None:
        for attempt in reversed(self._attempts):
            if attempt.host == host and attempt.port == port:
                if flags & SYN:
                    attempt.accepted = attempt.accepted or at
                elif flags & RST and not attempt.accepted:
                    attempt.refused = attempt.refused or at
                return

    @staticmethod
    def _forget(seen: list, at: float) -> None:
        while seen and (seen[0].began if isinstance(seen[0], Attempt) else seen[0].at) < at - RECENT_S:
            seen.pop(0)


# The filter in the kernel: without it every packet of the API server would wake us up (bpf(4), <linux/filter.h>).

LD_B_ABS, LD_H_ABS, LD_H_IND, LD_B_IND = 0x30, 0x28, 0x48, 0x50
LDX_IP_HEADER_LENGTH, JEQ, JSET, RETURN = 0xB1, 0x15, 0x45, 0x06


NO_PORT = 0x10000


def _filter(tcp_port: int, dns_port: int, requests: bool) -> list[tuple[int, int, int, int]]:
    """SYN and RST to or from `tcp_port`, and all from UDP `dns_port`, or to it: (code, jump if true, if false, operand)."""
    return [
        (LDX_IP_HEADER_LENGTH, 0, 0, 0),
        (LD_B_ABS, 0, 0, 9),
        (JEQ, 0, 4, socket.IPPROTO_UDP),
        (LD_H_IND, 0, 0, 0),
        (JEQ, 10, 0, dns_port),
        (LD_H_IND, 0, 0, 2),
        (JEQ, 8, 7, dns_port if requests else NO_PORT),
        (JEQ, 0, 6, socket.IPPROTO_TCP),
        (LD_B_IND, 0, 0, 13),
        (JSET, 0, 4, SYN | RST),
        (LD_H_IND, 0, 0, 0),
        (JEQ, 3, 0, tcp_port),
        (LD_H_IND, 0, 0, 2),
        (JEQ, 1, 0, tcp_port),
        (RETURN, 0, 0, 0),
        (RETURN, 0, 0, 65535),
    ]


def _attach(watcher: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = struct.pack("HP", len(program), ctypes.addressof(code))
    watcher.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, header)
