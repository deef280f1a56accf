#!/usr/bin/env python3
"""AWS on loopback: moto behind an independent judge of signatures, STS that knows its tokens, and the places that give keys.

    server.py --port P --metadata-port M --folder F

F gets `web-identity-token` and `agent-token`, which a Pod would find in its volumes. A test sets what it needs by POST /_stand_in with
JSON: {"faults": [{"match": "POST /2013", "times": 1, "status": 400, "code": "Throttling", "retry_after": 3}]}, {"metadata": "silent"},
{"valid_s": 4}, {"expire": true}, {"web_identity_token": "…"}; the answer is what happened so far. A fault with "lose" lets the
request through and drops the answer. Of Route 53 there is what moto knows of it: what the real one is
stricter about is judged by route53.py, a server of its own.
"""

import argparse
import datetime
import json
import pathlib
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

from kept import Dropped, Server
from metadata import Metadata
from moto.server import DomainDispatcherApplication, create_backend_app
from sigv4 import Environ, Key, Keys, Refusal, SigV4, StartResponse, read_body
from werkzeug.test import Client

CONTROL = "/_stand_in"
LONG_LIVED = {"AKIDEXAMPLE": Key("secret"), "AKIDDENIED": Key("secret", denied={"POST /2013", "GET /2013"})}


class State:
    def __init__(self, keys: Keys, metadata: Metadata, folder: pathlib.Path) -> None:
        self.lock = threading.Lock()
        self.keys, self.metadata, self.folder = keys, metadata, folder
        self.faults: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.valid_s = 3600.0
        self.web_identity_token = ""

    def control(self, wish: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.faults = wish.get("faults", self.faults)
            self.metadata.mode = wish.get("metadata", self.metadata.mode)
            self.valid_s = self.metadata.valid_s = float(wish.get("valid_s", self.valid_s))
            self.web_identity_token = wish.get("web_identity_token", self.web_identity_token)
            ended = self.keys.expire_temporary() if wish.get("expire") else 0
            seen, self.requests = self.requests, []
        return {"requests": seen, "expired": ended, "given": self.metadata.given}

    def note(self, what: str) -> dict[str, Any] | None:
        """Remembers a request; the fault that it meets."""
        with self.lock:
            self.requests.append(what)
            for fault in self.faults:
                if fault.get("times", 1) > 0 and re.search(fault["match"], what):
                    fault["times"] = fault.get("times", 1) - 1
                    return fault
        return None


class Sts:
    """Web identity as STS has it: the token is looked at, and the keys end when they are to."""

    def __init__(self, app: Callable[..., Any], state: State) -> None:
        self.app, self.state = app, state

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        form = urllib.parse.parse_qs(read_body(environ).decode("ascii", "replace"))
        checks = {"AssumeRoleWithWebIdentity": self.check_token, "AssumeRole": self.check_external_id}
        check = checks.get(form.get("Action", [""])[0])
        if check is None:
            return self.app(environ, start_response)
        try:
            check(form)
            self.check_role(form)
        except Refusal as refusal:
            return refusal.answer("sts", start_response)
        return self.give(environ, start_response)

    def check_external_id(self, form: dict[str, list[str]]) -> None:
        """Who asks has signed; the trust policy of a role of another account names an external ID as well."""
        if form.get("RoleArn", [""])[0].endswith("/of-a-partner") and form.get("ExternalId") != ["our-contract"]:
            raise Refusal(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole")

    def check_token(self, form: dict[str, list[str]]) -> None:
        token = form.get("WebIdentityToken", [""])[0]
        if token != self.state.web_identity_token:
            raise Refusal(400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")

    def check_role(self, form: dict[str, list[str]]) -> None:
        if not re.fullmatch(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+", form.get("RoleArn", [""])[0]):
            raise Refusal(400, "ValidationError", "Request ARN is invalid")
        if form["RoleArn"][0].endswith("/not-trusted"):
            raise Refusal(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", [""])[0]):
            raise Refusal(400, "ValidationError", "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint")

    def give(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """What moto gives, with an end that the test chose."""
        told: list[Any] = []
        text = b"".join(self.app(environ, lambda status, headers, *_: told.extend((status, headers)))).decode()
        values = {name: text.split(f"<{name}>")[1].split("<")[0] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.state.valid_s)
        self.state.keys.put(values["AccessKeyId"], Key(values["SecretAccessKey"], values["SessionToken"], expires))
        body = re.sub("<Expiration>[^<]*<", f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}<", text).encode()
        headers = [(name, value) for name, value in told[1] if name.lower() != "content-length"]
        start_response(told[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]


class Faults:
    """What a test wishes for a request, before anybody judges it."""

    def __init__(self, app: Callable[..., Any], state: State) -> None:
        self.app, self.state = app, state

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == CONTROL:
            body = json.dumps(self.state.control(json.loads(read_body(environ) or b"{}"))).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        service = "sts " if "Action=" in read_body(environ).decode("latin-1") else ""
        fault = self.state.note(f"{service}{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault is None:
            return self.app(environ, start_response)
        if fault.get("delay_s"):
            time.sleep(fault["delay_s"])
        if fault.get("lose"):
            list(self.app(environ, lambda *_: None))
            raise Dropped
        if "status" not in fault:
            return self.app(environ, start_response)
        headers = [("Retry-After", str(fault["retry_after"]))] if "retry_after" in fault else []
        refusal = Refusal(fault["status"], fault.get("code", ""), fault.get("message", ""))
        return refusal.answer("route53", start_response, headers)


def is_unsigned(environ: Environ, body: bytes) -> bool:
    return b"Action=AssumeRoleWithWebIdentity" in body or environ["PATH_INFO"].startswith("/moto-api")


def warm_up(moto: Callable[..., Any]) -> None:
    """moto loads a service at its first request, which may take longer than a test waits."""
    for path, service in (("/2013-04-01/hostedzone", "route53"), ("/?Action=GetCallerIdentity&Version=2011-06-15", "sts")):
        scope = f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        Client(moto).get(path, headers={"Authorization": scope})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--metadata-port", type=int, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    options = parser.parse_args()
    keys = Keys()
    for key_id, key in LONG_LIVED.items():
        keys.put(key_id, key)
    (options.folder / "agent-token").write_text("agent-secret\n")
    (options.folder / "web-identity-token").write_text("header.claims.signature\n")
    metadata = Metadata(options.metadata_port, keys, "agent-secret")
    metadata.start()
    state = State(keys, metadata, options.folder)
    state.web_identity_token = "header.claims.signature"
    moto = DomainDispatcherApplication(create_backend_app)
    warm_up(moto)
    app = Faults(SigV4(Sts(moto, state), keys, is_unsigned), state)
    Server(options.port, app).serve_forever()


if __name__ == "__main__":
    main()
