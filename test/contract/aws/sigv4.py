"""Who may ask, as AWS judges it: the signature of every request is computed anew by botocore, from what was received.

Keys are long-lived or temporary (with a token and an end), and may lack rights. What is wrong is answered with AWS's own codes and
status, in the form of the service that was asked.
"""

import datetime
import io
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SKEW = datetime.timedelta(minutes=5)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
NAMESPACES = {
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass
class Key:
    secret: str
    token: str | None = None
    expires: datetime.datetime | None = None
    denied: set[str] = field(default_factory=set)  # parts of method and path that it may not use


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message

    def answer(self, service: str, start_response: StartResponse, headers: Iterable[tuple[str, str]] = ()) -> list[bytes]:
        namespace = NAMESPACES.get(service, NAMESPACES["sts"])
        error = f"<Error><Type>Sender</Type><Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message></Error>"
        body = f'<?xml version="1.0"?>\n<ErrorResponse xmlns="{namespace}">{error}<RequestId>stand-in</RequestId></ErrorResponse>'
        reason = {400: "Bad Request", 403: "Forbidden", 404: "Not Found"}.get(self.status, "Error")
        start_response(f"{self.status} {reason}", [("Content-Type", "text/xml"), ("Content-Length", str(len(body))), *headers])
        return [body.encode()]


class Keys:
    """The keys that are known, by their ids. Shared by the threads of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Key] = {}

    def put(self, key_id: str, key: Key) -> None:
        with self._lock:
            self._known[key_id] = key

    def find(self, key_id: str) -> Key | None:
        with self._lock:
            return self._known.get(key_id)

    def expire_temporary(self) -> int:
        """Ends the sessions of all temporary keys; how many there were."""
        now = datetime.datetime.now(datetime.timezone.utc)
        with self._lock:
            ended = [key for key in self._known.values() if key.expires and key.expires > now]
            for key in ended:
                key.expires = now
        return len(ended)


def header(environ: Environ, name: str) -> str:
    plain = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
    return str(environ.get(plain.get(name, "HTTP_" + name.upper().replace("-", "_")), ""))


def read_body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def sent_target(environ: Environ) -> str:
    """Path and query as they stood in the request line."""
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI"))


class SigV4:
    """WSGI middleware in front of the services."""

    def __init__(self, app: Callable[..., Any], keys: Keys, unsigned: Callable[[Environ, bytes], bool]) -> None:
        self.app, self.keys, self.unsigned = app, keys, unsigned

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = read_body(environ)
        if self.unsigned(environ, body):
            return self.app(environ, start_response)
        service = "route53" if environ["PATH_INFO"].startswith("/2013-04-01/") else "sts"
        try:
            self.check(environ, body)
        except Refusal as refusal:
            return refusal.answer(service, start_response)
        return self.app(environ, start_response)

    def check(self, environ: Environ, body: bytes) -> None:
        match = AUTHORIZATION.fullmatch(header(environ, "authorization"))
        if not match:
            raise Refusal(403, "MissingAuthenticationToken", "Missing Authentication Token")
        key_id, date, region, service, signed, signature = match.groups()
        key = self.keys.find(key_id)
        if key is None:
            raise Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        self.check_time(header(environ, "x-amz-date"), date)
        self.check_signed(environ, signed.split(";"))
        wanted = self.sign(environ, body, Credentials(key_id, key.secret, key.token), service, region, signed.split(";"))
        if wanted != signature:
            raise Refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
        if header(environ, "x-amz-security-token") != (key.token or ""):
            raise Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if key.expires and key.expires <= datetime.datetime.now(datetime.timezone.utc):
            raise Refusal(403, "ExpiredToken", "The security token included in the request is expired")
        for part in key.denied:
            if part in f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}":
                raise Refusal(403, "AccessDenied", f"User: arn:aws:iam::123456789012:user/{key_id} is not authorized to perform this action")

    @staticmethod
    def check_time(stamp: str, date: str) -> None:
        try:
            signed_at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            raise Refusal(403, "IncompleteSignature", "Date in Credential scope does not match YYYYMMDD") from None
        now = datetime.datetime.now(datetime.timezone.utc)
        if not stamp.startswith(date):
            raise Refusal(403, "SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date")
        if signed_at < now - SKEW:
            raise Refusal(403, "SignatureDoesNotMatch", f"Signature expired: {stamp} is now earlier than {now - SKEW:%Y%m%dT%H%M%SZ}")
        if signed_at > now + SKEW:
            raise Refusal(403, "SignatureDoesNotMatch", f"Signature not yet current: {stamp} is still later than {now + SKEW:%Y%m%dT%H%M%SZ}")

    @staticmethod
    def check_signed(environ: Environ, signed: list[str]) -> None:
        """What has to be under the signature is, and nothing that was not sent."""
        sent = {name[5:].lower().replace("_", "-") for name in environ if name.startswith("HTTP_")}
        sent |= {"content-type"} if environ.get("CONTENT_TYPE") else set()
        demanded = {name for name in sent if name.startswith("x-amz-") or name in ("host", "content-type")}
        missing, invented = demanded - set(signed), set(signed) - sent
        if missing or invented or signed != sorted(signed):
            raise Refusal(403, "SignatureDoesNotMatch", f"headers that are not signed: {missing}, or not sent: {invented}")

    @staticmethod
    def sign(environ: Environ, body: bytes, credentials: Credentials, service: str, region: str, signed: list[str]) -> str:
        url = f"http://{header(environ, 'host')}{sent_target(environ)}"
        request = AWSRequest(environ["REQUEST_METHOD"], url, data=body)
        for name in signed:
            request.headers[name] = header(environ, name)
        request.context["timestamp"] = header(environ, "x-amz-date")
        signer = SigV4Auth(credentials, service, region)
        to_sign = signer.string_to_sign(request, signer.canonical_request(request))
        return str(signer.signature(to_sign, request))
