"""An API server with bad days: a TLS proxy before a real one that answers some requests itself, wrongly.

For what a restart or a cut wire cannot show: 410 and 429 and 500, a line broken in the middle, a body
without end, bytes that are not UTF-8.
"""

import contextlib
import dataclasses
import http.client
import http.server
import json
import pathlib
import ssl
import threading
import time
from collections.abc import Callable

from . import ports
from .kube import ApiServer
from .trap import AFTER_ANSWER, AFTER_SEND, BEFORE_SEND, Trap

CHUNK = 65536


@dataclasses.dataclass
class Fault:
    """One wrong answer for requests whose "METHOD path?query" contains every one of `words`.

    status      answer with this code (and a Status object, as the API server does) instead of passing it on
    headers     added to that answer, such as Retry-After
    body        this text or these bytes instead of the Status object
    cut_after   pass it on, but break the connection after that many bytes of the body
    per_second  pass it on, but no faster than that many bytes a second
    endless     200, and a body that never ends
    late        pass it on that many seconds later
    rewrite     pass it on as this makes it; it is given a whole answer, or a whole line of a watch
    times       how often; then everything is as before
    """

    words: tuple[str, ...]
    status: int = 0
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: str | bytes = ""
    cut_after: int = -1
    per_second: int = 0
    endless: bool = False
    late: float = 0.0
    rewrite: Callable[[bytes], bytes] | None = None
    times: int = 1
    hits: int = 0

    def fits(self, request: str) -> bool:
        return self.hits < self.times and all(word in request for word in self.words)


class ApiFaults:
    """`write_kubeconfig` gives a way to the cluster that leads through here."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.port = ports.lease()
        self.url = f"https://127.0.0.1:{self.port}"
        self.requests: list[str] = []  # all that came, as "METHOD path?query", oldest first
        self.faults: list[Fault] = []
        self.trap: Trap | None = None
        self.lock = threading.Lock()
        self.upstream = ssl.create_default_context(cadata=server.authority.cert)
        files = server.authority.server("127.0.0.1", "localhost").write(server.scratch.folder("api-faults"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.cert, files.key)
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._http = _Server(("127.0.0.1", self.port), handler, context)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def inject(self, *words: str, **what) -> Fault:
        """inject("GET", "watch=true", status=410); the Fault that is returned counts its hits."""
        fault = Fault(words, **what)
        with self.lock:
            self.faults.append(fault)
        return fault

    def set_trap(self, boundary: str, fits: Callable[[bytes], bool]) -> Trap:
        """`fits` sees "METHOD path?query", a line's end, and the body."""
        self.trap = Trap(boundary, fits)
        return self.trap

    def heal(self) -> None:
        with self.lock:
            self.faults.clear()

    def take(self, request: str) -> Fault | None:
        with self.lock:
            self.requests.append(request)
            fault = next((fault for fault in self.faults if fault.fits(request)), None)
            if fault is not None:
                fault.hits += 1
            return fault

    def write_kubeconfig(self, name: str, token: str = "") -> pathlib.Path:
        """As the operator, unless another token is given."""
        return self.server.write_kubeconfig(f"faults-{name}", token=token or self.server.operator_token, url=self.url)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> "ApiFaults":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(address, handler)

    def finish_request(self, request, client_address) -> None:
        """The handshake belongs into the connection's own thread: a slow client must not stop the others."""
        request.settimeout(600)
        super().finish_request(self._context.wrap_socket(request, server_side=True), client_address)

    def handle_error(self, request, client_address) -> None:
        """Clients break off all the time here; that is the point."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: ApiFaults
    _kept: http.client.HTTPSConnection | None = None  # to the server, for the next request of this client

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        request = f"{self.command} {self.path}"
        fault = self.proxy.take(request) or Fault(())
        trap = self.proxy.trap
        time.sleep(fault.late)
        if trap is not None and trap.take(f"{request}\n".encode() + (body or b"")):
            self._pass_trap(body, trap)
        elif fault.endless:
            self._answer_endlessly()
        elif fault.status:
            self._answer_wrongly(fault)
        else:
            self._pass_on(body, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

    def log_message(self, *_: object) -> None:
        """Nothing on stderr; `requests` has it all."""

    def _answer_wrongly(self, fault: Fault) -> None:
        reasons = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status}
        status |= {"reason": reasons.get(fault.status, ""), "message": f"injected {fault.status}"}
        body = fault.body or json.dumps(status)
        payload = body.encode() if isinstance(body, str) else body
        self.send_response(fault.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def _answer_endlessly(self) -> None:
        self._start_chunked(200, "application/json")
        self._chunk(b'{"kind":"List","items":["')
        while True:  # until the client has had enough
            self._chunk(b"x" * CHUNK)

    def _ask_kept(self, body: bytes | None) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
        """On the connection that is kept, where there is one; a read goes on a new one if that has ended meanwhile."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                return kept, self._ask_upstream(kept, body)
            except (OSError, http.client.HTTPException):
                kept.close()
                if self.command != "GET":
                    raise
        upstream = self._new_upstream()
        try:
            return upstream, self._ask_upstream(upstream, body)
        except OSError:
            upstream.close()
            raise

    def _ask_upstream(self, upstream: http.client.HTTPSConnection, body: bytes | None) -> http.client.HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        headers["Accept-Encoding"] = "identity"
        upstream.request(self.command, self.path, body, headers)
        return upstream.getresponse()

    def _new_upstream(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.proxy.server.port, context=self.proxy.upstream, timeout=600
        )

    def _pass_trap(self, body: bytes | None, trap: Trap) -> None:
        """The server's answer is read whole before it goes on: it has answered, whoever hears of it."""
        answers: list[tuple[int, str, bytes]] = []
        for _ in range(trap.at(BEFORE_SEND)):
            with contextlib.closing(self._new_upstream()) as upstream:
                answer = self._ask_upstream(upstream, body)
                answers.append((answer.status, answer.getheader("Content-Type", ""), answer.read()))
        if trap.boundary == BEFORE_SEND:
            trap.went_on()
        self.close_connection = True
        if not answers or not trap.at(AFTER_SEND):
            return
        try:
            self._answer_whole(*answers[0])
        except OSError:
            """Whoever asked is gone; it was answered all the same."""
        if trap.boundary == AFTER_SEND:
            trap.went_on()
        trap.at(AFTER_ANSWER)

    def _answer_whole(self, status: int, content_type: str, payload: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(payload)

    def _pass_on(self, body: bytes | None, fault: Fault) -> None:
        try:
            upstream, answer = self._ask_kept(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        try:
            self._copy(answer, fault)
            if answer.isclosed() and not answer.will_close:
                self._kept = upstream
        except OSError:
            self.close_connection = True
        finally:
            if self._kept is None:
                upstream.close()

    def _copy(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        extra = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("content-type", "content-length", "transfer-encoding", "connection")
        }
        self._start_chunked(answer.status, answer.getheader("Content-Type", "application/json"), extra)
        if fault.rewrite:
            lines = iter(answer.readline, b"") if "watch=true" in self.path else [answer.read()]
            for line in lines:
                self._chunk(fault.rewrite(line))
            self._chunk(b"")
            return
        left = fault.cut_after
        while piece := answer.read1(fault.per_second or CHUNK):
            if fault.cut_after >= 0:
                piece, left = piece[:left], left - len(piece)
            self._chunk(piece)
            if fault.cut_after >= 0 and left <= 0:
                self.close_connection = True
                return
            if fault.per_second:
                time.sleep(len(piece) / fault.per_second)  # the slowness itself
        self._chunk(b"")

    def _start_chunked(self, status: int, content_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()
