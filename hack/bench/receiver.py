"""A receiver of webhooks: it verifies the signature with Python's own hmac, refuses what is stale or of an older epoch,
and does what a test tells it to, as receivers document it (429 with Retry-After, 500, a redirect, silence, an answer
without end).

Source: www.standardwebhooks.com
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import select
import socket
import ssl
import threading
import time

from hack.bench import ports
from hack.bench.pki import Authority

KEY = "a-signing-key-of-32-bytes-or-so!"
TOLERANCE_S = 300


class Receiver(http.server.ThreadingHTTPServer):
    """`answer` is (status, headers, body), "hang" or "endless"; `accepted` has the documents that were verified, `ids`
    their ids, `refused` why others were not."""

    daemon_threads = True

    def __init__(self, folder: pathlib.Path, is_plain: bool = False) -> None:
        """`is_plain`: without TLS, so that what passes can be seen on the way."""
        host = "127.0.0.1"
        super().__init__((host, ports.lease(host)), Handler)
        self.authority = Authority("receiver's CA")
        files = self.authority.server(host).write(folder, "receiver")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.cert, files.key)
        if not is_plain:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'' if is_plain else 's'}://{host}:{self.server_address[1]}/switch"
        self.answer: object = (204, {}, b"")
        self.accepted: list[dict] = []
        self.ids: list[str] = []
        self.times: list[float] = []
        self.refused: list[str] = []
        self.most_at_once = 0
        self.working: list = []  # connections
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up, or only shakes hands, is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


def fault(headers, body: bytes) -> str:
    """What is wrong with the signature or its time; "" for nothing."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}"):
        return "signature"
    return "" if abs(time.time() - int(headers["webhook-timestamp"])) < TOLERANCE_S else "timestamp"


def is_open(connection: socket.socket) -> bool:
    """Whether its client still waits: one that has hung up leaves something to be read."""
    poll = select.poll()  # select.select() knows no more than 1,024 descriptors, which a run of many benches exceeds
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.server.refused.append("a redirect was followed")
        self._send(200, {}, b"")

    def do_POST(self) -> None:
        receiver = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wrong = fault(self.headers, body)
        with receiver.lock:
            if not wrong and json.loads(body)["epoch"] < max((told["epoch"] for told in receiver.accepted), default=0):
                wrong = "epoch"
            receiver.working.append(self.connection)
            receiver.most_at_once = max(receiver.most_at_once, sum(map(is_open, receiver.working)))
            receiver.times.append(time.monotonic())
            if wrong:
                receiver.refused.append(wrong)
            else:
                receiver.accepted.append(json.loads(body))
                receiver.ids.append(self.headers["webhook-id"])
        try:
            self._reply(wrong)
        finally:
            with receiver.lock:
                receiver.working.remove(self.connection)

    def _reply(self, wrong: str) -> None:
        answer = self.server.answer
        if wrong:
            self._send(409 if wrong == "epoch" else 401, {}, b"")
        elif answer == "hang":
            self.rfile.read(1)  # until the client hangs up
        elif answer == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        else:
            self._send(*answer)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written for a request."""
