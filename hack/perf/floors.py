"""What one request of each kind costs on this machine, from a client that does nothing else: the floor of the rest."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable

import dns.message
import dns.query

from hack.bench.rest import MERGE_PATCH, path_of

from .figures import Figure, quantile
from .rig import Place, Rig, place

POLICY = "floor"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
SILENCE_S = 0.15  # about what passes between the last two probes of an outage in the bench


class Connection:
    """One kept TLS connection to the API server, as bare as Python allows."""

    def __init__(self, scene: Place) -> None:
        hub = scene.bench.hub
        context = ssl.create_default_context(cadata=hub.authority.cert)
        plain = socket.create_connection(("127.0.0.1", hub.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self._head = f"Host: hub\r\nAuthorization: Bearer {hub.admin_token}\r\n"

    def call(self, method: str, path: str, body: object = None, accept: str = "application/json") -> bytes:
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Accept: {accept}\r\nContent-Type: {MERGE_PATCH}\r\n"
        self._socket.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65536)
        status, _, rest = answer.partition(b"\r\n")
        headers, _, content = rest.partition(b"\r\n\r\n")
        if b" 200 " not in status + b" ":
            raise RuntimeError(answer.decode(errors="replace"))
        content = self._whole(headers.lower(), content)
        return content

    def _whole(self, headers: bytes, content: bytes) -> bytes:
        if b"content-length:" in headers:
            length = int(headers.partition(b"content-length:")[2].split()[0])
            while len(content) < length:
                content += self._socket.recv(65536)
        else:  # chunked
            while not content.endswith(b"0\r\n\r\n"):
                content += self._socket.recv(65536)
        return content


def _times_ms(one: Callable[[int], object], runs: int) -> list[float]:
    times = []
    for number in range(runs):
        began = time.perf_counter()
        one(number)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _requests(scene: Place) -> dict[str, Callable[[int], object]]:
    """Lease, policy and status as the operator left them, written and read again."""
    api = Connection(scene)
    policy = path_of("FailoverPolicy", scene.namespace, POLICY)
    lease = path_of("Lease", scene.namespace, f"planekeeper-{POLICY}")
    status = scene.status(POLICY)
    bind, name = scene.bench.bind, scene.name_of(POLICY)
    lock = scene.redis
    script = lock.register_script("return redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], ARGV[2])")
    question = dns.message.make_query(name, "A")

    def update(number: int) -> None:
        change = bind.new_update(name)
        change.replace(f"other.{scene.zone}.", 30, "A", f"127.0.5.{number % 250 + 1}")
        dns.query.udp(change, bind.host, 2.0, bind.port)

    return {
        "Lease PATCH": lambda number: api.call("PATCH", lease, {"metadata": {"annotations": {"bench": str(number)}}}),
        "policy GET": lambda _: api.call("GET", policy, accept=METADATA),
        "status PATCH": lambda number: api.call(
            "PATCH", f"{policy}/status", {"status": {**status, "lastSwitchText": f"{number}m"}}
        ),
        "DNS update with TSIG": update,
        "DNS query": lambda _: dns.query.udp(question, bind.host, 2.0, bind.port),
        "Redis EVALSHA": lambda number: script(keys=["{f}:a", "{f}:b"], args=[number, number]),
    }


@contextlib.contextmanager
def _subject(rig: Rig):
    """A policy that an operator has adopted and left alone."""
    with place(rig) as scene:
        admin = rig.hub.admin
        scene.point(POLICY, "a", "127.0.4.1")
        for name, host in (("a", "127.0.4.1"), ("b", "127.0.4.2")):
            admin.put(scene.new_plane(name, host, 9900))
        admin.put(scene.new_policy(POLICY, ["a", "b"]))
        operator = scene.operator()
        scene.wait_adopted(1)
        time.sleep(2.0)  # its status is of real size now
        operator.stop()
        yield scene


def _figure(what: str, times: list[float]) -> Figure:
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    return Figure(f"floor: {what}", p50, "ms", None, len(times), p50=p50, p99=p99, note=f"p99 {p99:.2f}")


def bare_switch(rig: Rig, runs: int) -> Figure:
    """What a switch asks of the servers, in a row, by a client that has nothing to decide: after a silence, as in an
    outage, because a machine that was idle answers at half the speed of one that is kept busy."""
    times = []
    with _subject(rig) as scene:
        requests = _requests(scene)
        for number in range(runs):
            time.sleep(SILENCE_S)
            began = time.perf_counter()
            for what in ("Lease PATCH", "policy GET", "DNS update with TSIG"):
                requests[what](number)
            times.append((time.perf_counter() - began) * 1000)
    return _figure("the three requests of a switch in a row, after a silence", times)


def measure(rig: Rig, runs: int) -> list[Figure]:
    figures = []
    with _subject(rig) as scene:
        for what, one in _requests(scene).items():
            _times_ms(one, 20)
            figures.append(_figure(what, _times_ms(one, runs)))
    return figures
