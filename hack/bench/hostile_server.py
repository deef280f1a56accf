"""An HTTP server, plain or TLS, that behaves as its path says: for checks that must survive any answer.

/ok            200                              /huge      200 and a body without end
/status/503    that status                      /slow      200 and a byte a second
/redirect      to itself                        /silent    the request is read, nothing is said
/garbage       bytes that are not HTTP          /headers   a header without end
"""

import argparse
import http.server
import ssl
import threading

FOREVER = threading.Event()  # never set: waiting on it is what a stalled server does


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        first, *rest = self.path.strip("/").split("/")
        deed = getattr(self, f"_{first}", None)
        try:
            if deed is None:
                self._status("404")
            else:
                deed(*rest)
        except OSError:
            self.close_connection = True  # the client had enough

    do_HEAD = do_POST = do_GET

    def _ok(self) -> None:
        self._status("200")

    def _status(self, code: str) -> None:
        body = f"{code}\n".encode()
        self.send_response(int(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self) -> None:
        self.send_response(200)
        self.end_headers()

    def _huge(self) -> None:
        self._begin()
        while True:
            self.wfile.write(b"x" * 65536)

    def _slow(self) -> None:
        self._begin()
        while True:
            self.wfile.write(b"x")
            FOREVER.wait(1.0)

    def _silent(self) -> None:
        FOREVER.wait(600.0)

    def _garbage(self) -> None:
        self.wfile.write(bytes(range(256)) * 64)
        self.close_connection = True

    def _headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while True:
            self.wfile.write(b"x" * 65536)

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        """TLS in the connection's own thread, so that one slow handshake stops nobody else."""
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address) -> None:
        """Clients break off here all the time; that is the point."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="host:port to listen on")
    parser.add_argument("--cert", help="certificate file; without it plain HTTP")
    parser.add_argument("--key", help="key file")
    args = parser.parse_args()
    host, port = args.address.rsplit(":", 1)
    server = Server((host, int(port)), Handler)
    if args.cert:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(args.cert, args.key)
    server.serve_forever()


if __name__ == "__main__":
    main()
