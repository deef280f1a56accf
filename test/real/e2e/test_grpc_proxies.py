"""Proxies before a gRPC server that end connections as HTTP/2 lets them: an answered call is an answer, an unhandled one is asked again."""

import contextlib
import socket
import struct
import threading

import pytest
from world import CENTRAL, WEST, arrange, wait_world

from hack.bench import process, wait
from hack.bench.bench import PLANES
from hack.bench.standins import MgmtServer

HOST = PLANES[CENTRAL]
HEADERS, RST_STREAM, SETTINGS, GOAWAY = 1, 3, 4, 7
END_STREAM = 1
REFUSED_STREAM = 7


def frame(kind, payload=b"", stream=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, 0]) + struct.pack(">I", stream) + payload


def goaway(last_stream):
    return frame(GOAWAY, struct.pack(">II", last_stream, 0))


class Proxy:
    """`answer_then_goaway`: the answer and a GOAWAY in one piece, and the connection ends. `refusal`: what every other
    connection is told instead of an answer."""

    def __init__(self, backend, refusal=b""):
        self.backend, self.refusal = backend, refusal
        self.connections = 0
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.connections += 1
                is_refused = self.refusal and self.connections % 2
                work = self._refuse if is_refused else self._answer_then_goaway
                threading.Thread(target=self._one, args=(work, client), daemon=True).start()

    def _one(self, work, client):
        with contextlib.suppress(OSError, ValueError), client:
            client.settimeout(5)
            work(client)

    def _refuse(self, client):
        client.recv(65536)
        client.sendall(frame(SETTINGS) + self.refusal)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass

    def _answer_then_goaway(self, client):
        with socket.create_connection((HOST, self.backend), 5) as server:
            copying = threading.Thread(target=self._copy, args=(client, server), daemon=True)
            copying.start()
            reader, held = server.makefile("rb"), b""
            while head := reader.read(9):
                kind, flags = head[3], head[4]
                held += head + reader.read(int.from_bytes(head[:3], "big"))
                if kind == HEADERS and flags & END_STREAM:
                    client.sendall(held + goaway(1))
                    client.shutdown(socket.SHUT_WR)
                    copying.join(5)  # to close with something unread would reset the connection
                    return
                if HEADERS not in (held[3], kind) and kind != 0:
                    client.sendall(held)
                    held = b""

    def _copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.mark.parametrize(
    "refusal",
    [b"", goaway(0), frame(RST_STREAM, struct.pack(">I", REFUSED_STREAM), 1), goaway(2**31 - 1) + goaway(0)],
    ids=["answered", "goaway", "refused-stream", "graceful"],
)
def test_a_proxy_that_ends_its_connections_is_no_outage(scene, refusal):
    with process.Scratch() as scratch:
        server = MgmtServer(scratch, "behind", HOST)
        server.start()
        wait.until("it serves", lambda: not socket.create_connection((HOST, server.port), 1.0).close(), 15.0)
        with contextlib.closing(Proxy(server.port, refusal)) as proxy:
            arrange(scene)
            check = {"name": "health", "type": "GRPC", "port": proxy.port, "grpc": {"service": "", "plaintext": True}}
            scene.cluster.admin.patch("ManagementPlane", CENTRAL, {"spec": {"checks": [check]}}, scene.namespace)
            scene.operator()
            wait_world(scene, WEST, 1)
            scene.wait_condition("FailoverPossible", "True", "Chosen")

            def passes():
                check = scene.plane(CENTRAL)["status"]["checks"][0]
                assert check["result"] == "Pass", check
                return True

            def results():
                return {each["name"]: each["result"] for each in scene.plane(CENTRAL)["status"]["checks"]}

            wait.until("it is measured", lambda: results()["health"] == "Pass", 15.0)
            before = proxy.connections
            wait.always("it passes", passes, 3.0)
            assert proxy.connections > before
            server.set_serving(False)  # and an outage is seen through it
            wait.until("it is down", lambda: results()["health"] == "Fail", 15.0)
