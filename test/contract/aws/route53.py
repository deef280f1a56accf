#!/usr/bin/env python3
"""A stand-in for Amazon Route 53: moto made strict (route53_strict.py), signatures verified (sigv4.py), every request and answer held
against the vendor's own model (route53_model.py), its zones served by DNS (route53_dns.py). Never the real service.

    route53.py --port 4566 --dns-port 5353 --zone dr.test --zone "private:dr.test" --key AKID:SECRET[:TOKEN]

Beside the API there is /standin/: what a test wants to happen, as JSON (Faults), and a hand that works by boto3.
"""

import argparse
import datetime
import json
import pathlib
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402
import libcloud  # noqa: E402
import moto.core  # noqa: E402,F401
from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: E402

import kept  # noqa: E402
import route53_dns  # noqa: E402
import route53_model  # noqa: E402
import sigv4  # noqa: E402
from route53_strict import STRICT  # noqa: E402

HOLD_MAX_S = 60
REQUESTS_TOLD = 200  # the latest
# Answers that libcloud's authors recorded of the real service.
RECORDED = pathlib.Path(libcloud.__file__).parent / "test/dns/fixtures/route53"
FILES = {"GetHostedZone": "get_zone", "ListHostedZonesByName": "list_zones", "ListResourceRecordSets": "list_records"}
ERROR = (
    '<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type>'
    "<Code>{code}</Code><Message>{message}</Message></Error><RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ErrorResponse>"
)


class Faults:
    """What is to go wrong; all off unless a test asks for it by POST /standin/faults."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held = threading.Event()
        self.requests: list[str] = []
        self.violations: list[str] = []
        self.last_change: tuple[str, dict[str, str], bytes] | None = None
        self.tokens, self.filled_at = 0.0, time.monotonic()
        self.set({})

    def set(self, wanted: dict) -> None:
        self.refuse = list(wanted.get("refuse", []))  # [[code, message, status], ...]: one a request
        self.refuse_changes = list(wanted.get("refuse_changes", []))
        self.lose_reply = int(wanted.get("lose_reply", 0))  # changes that are made and not answered
        self.lose_request = int(wanted.get("lose_request", 0))  # changes that nobody gets to see
        self.hold_changes = bool(wanted.get("hold_changes", False))  # until it is set anew: then they are made
        self.body: str | None = wanted.get("body")  # of every 200
        self.flood = bool(wanted.get("flood", False))
        self.recorded = bool(wanted.get("recorded", False))  # recorded answers instead of moto's; changes are refused
        self.rate = float(wanted.get("rate", 0))  # requests a second; 0: any
        self.slow_lists_s = float(wanted.get("slow_lists_s", 0))  # each page of a whole zone
        self.batch_root = bool(wanted.get("batch_root", False))  # the older document of a refused batch
        STRICT.pending_s = float(wanted.get("pending_s", 0))
        self.tokens, self.filled_at = self.rate, time.monotonic()
        if not self.hold_changes:
            self.held.set()
        else:
            self.held.clear()

    def refusal(self, is_change: bool) -> list | None:
        with self.lock:
            if self.rate:
                now = time.monotonic()
                self.tokens = min(self.rate, self.tokens + (now - self.filled_at) * self.rate)
                self.filled_at = now
                if self.tokens < 1:
                    return ["Throttling", "Rate exceeded", 400]
                self.tokens -= 1
            if self.refuse:
                return self.refuse.pop(0)
            return self.refuse_changes.pop(0) if is_change and self.refuse_changes else None

    def take(self, name: str) -> bool:
        with self.lock:
            left = getattr(self, name)
            setattr(self, name, max(0, left - 1))
            return left > 0


class Signatures:
    """Who may do what. @keys: {id: {"secret": ..., "token": ..., "expired": bool, "denied": [actions]}}."""

    def __init__(self, keys: dict[str, dict]) -> None:
        self.know(keys)

    def know(self, keys: dict[str, dict]) -> None:
        self.denied = {key_id: key.get("denied", []) for key_id, key in keys.items()}
        known = sigv4.Keys()
        for key_id, key in keys.items():
            ended = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) if key.get("expired") else None
            known.put(key_id, sigv4.Key(key["secret"], key.get("token") or None, ended))
        self.judge = sigv4.SigV4(None, known, lambda *_: False)

    def fault(self, environ: dict, body: bytes) -> list | None:
        """The code, text and status of a refusal; None: it is right."""
        try:
            self.judge.check(environ, body)
        except sigv4.Refusal as refusal:
            return [refusal.code, refusal.message, refusal.status]
        action = route53_model.operation(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        key_id = environ["HTTP_AUTHORIZATION"].split("Credential=")[1].split("/")[0]
        if action not in self.denied[key_id]:
            return None
        path = environ["PATH_INFO"]
        zone = path.split("/hostedzone/")[1].split("/")[0] if "/hostedzone/" in path else "*"
        user = "arn:aws:sts::123456789012:assumed-role/planekeeper/1"
        text = f"User: {user} is not authorized to perform: route53:{action} on resource: arn:aws:route53:::hostedzone/{zone}"
        return ["AccessDenied", text, 403]


class Judged:
    """The API as WSGI: signature, faults, model, moto."""

    def __init__(self, app, faults: Faults, verifier: "Signatures", hand) -> None:
        self.app, self.faults, self.verifier, self.hand = app, faults, verifier, hand

    def __call__(self, environ, start_response):
        body = sigv4.read_body(environ)
        path = environ["PATH_INFO"]
        if path.startswith("/standin/"):
            return self.answer(start_response, 200, json.dumps(self.control(path, body)).encode(), "application/json")
        is_change = environ["REQUEST_METHOD"] == "POST" and path.endswith("/rrset/")
        with self.faults.lock:
            self.faults.requests.append(f"{environ['REQUEST_METHOD']} {sigv4.sent_target(environ)}")
        refusal = self.verifier.fault(environ, body) or self.faults.refusal(is_change)
        if refusal:
            code, message, status = refusal
            return self.answer(start_response, status, ERROR.format(code=code, message=message).encode())
        if is_change:
            headers = {"Authorization": environ["HTTP_AUTHORIZATION"], "Content-Type": environ.get("CONTENT_TYPE", "")}
            headers |= {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_X_AMZ")}
            self.faults.last_change = (sigv4.sent_target(environ), headers, body)
            if self.faults.take("lose_request"):
                raise kept.Dropped
            self.faults.held.wait(HOLD_MAX_S)
        if "maxitems=300" in environ.get("QUERY_STRING", ""):
            time.sleep(self.faults.slow_lists_s)
        return self.judged(environ, start_response, body, is_change)

    def judged(self, environ, start_response, body: bytes, is_change: bool):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if self.faults.recorded:
            name = FILES.get(route53_model.operation(method, path) or "", "invalid_change_batch")
            return self.answer(start_response, 400 if "invalid" in name else 200, (RECORDED / f"{name}.xml").read_bytes())
        said: dict = {}

        def keep(status, headers, exc_info=None):
            said.update(status=int(status.split()[0]), headers=dict(headers))

        answer = b"".join(self.app(environ, keep))
        faults = [
            route53_model.fault_of_request(method, path, body),
            route53_model.fault_of_answer(method, path, said["status"], said["headers"], answer),
        ]
        with self.faults.lock:
            self.faults.violations += [fault for fault in faults if fault]
        if is_change and self.faults.take("lose_reply"):
            raise kept.Dropped
        if self.faults.batch_root and b"<Code>InvalidChangeBatch" in answer:
            text = answer.decode().split("<Message>")[1].split("</Message>")[0]
            answer = f'<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>{text}</Message></Messages></InvalidChangeBatch>'.encode()
        if said["status"] == 200 and self.faults.body is not None:
            answer = self.faults.body.encode()
        if self.faults.flood:
            answer = b"<a>" + b" " * (4 * 1024 * 1024)
        return self.answer(start_response, said["status"], answer)

    @staticmethod
    def answer(start_response, status: int, body: bytes, kind: str = "text/xml"):
        start_response(f"{status} X", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def control(self, path: str, body: bytes):
        wanted = json.loads(body or b"{}")
        verb = path.removeprefix("/standin/")
        if verb == "faults":
            self.faults.set(wanted)
        elif verb == "keys":
            self.verifier.know(wanted)
        elif verb == "boto":
            return self.hand.do(wanted["operation"], wanted["parameters"])
        elif verb == "replay":
            return self.replay()
        elif verb == "moved":
            return {"moved": dict(STRICT.moved.get(wanted["epoch"], {}))}
        elif verb == "history":
            return {"versions": STRICT.history(wanted["zone"], wanted["names"])}
        elif verb == "state":
            with self.faults.lock:
                latest = self.faults.requests[-REQUESTS_TOLD:]
                return {"asked": len(self.faults.requests), "requests": latest, "violations": self.faults.violations}
        return {}

    def replay(self) -> dict:
        """The last change once more, as it was sent."""
        url, headers, body = self.faults.last_change
        request = urllib.request.Request(self.hand.endpoint + url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request) as answer:
                return {"status": answer.status, "body": answer.read().decode()}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "body": error.read().decode()}


class Hand:
    """Somebody with the AWS SDK."""

    def __init__(self, port: int, key: str, secret: str) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        config = botocore.config.Config(retries={"max_attempts": 0})
        self.client = boto3.client(
            "route53", region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id=key, aws_secret_access_key=secret, config=config
        )

    def do(self, operation: str, parameters: dict) -> dict:
        try:
            answer = getattr(self.client, operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            return {"error": error.response["Error"]}
        return json.loads(json.dumps(answer, default=str))

    def change(self, zone_id: str, changes: list[dict]) -> dict:
        return self.do("change_resource_record_sets", {"HostedZoneId": zone_id, "ChangeBatch": {"Changes": changes}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dns-port", type=int)
    parser.add_argument("--zone", action="append", default=[], help="name, or private:name")
    parser.add_argument("--key", action="append", default=[], help="id:secret[:token]")
    options = parser.parse_args()
    STRICT.name_server = f"127.0.0.1:{options.dns_port}" if options.dns_port else ""
    keys = {}
    for text in options.key:
        key, secret, *token = text.split(":", 2)
        keys[key] = {"secret": secret, "token": token[0] if token else ""}
    keys["AKIAHAND0000000000HD"] = {"secret": "the-hand", "token": ""}
    hand = Hand(options.port, "AKIAHAND0000000000HD", "the-hand")
    app = Judged(DomainDispatcherApplication(create_backend_app), Faults(), Signatures(keys), hand)
    server = kept.Server(options.port, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for number, zone in enumerate(sorted(options.zone, key=lambda zone: ":" in zone)):
        private = zone.startswith("private:")
        network = {"VPC": {"VPCRegion": "eu-west-1", "VPCId": "vpc-0a"}, "HostedZoneConfig": {"PrivateZone": True}} if private else {}
        made = hand.do("create_hosted_zone", {"Name": zone.removeprefix("private:"), "CallerReference": f"zone-{number}", **network})
        if "error" in made:
            sys.exit(f"{zone}: {made['error']}")
        hand.do("list_resource_record_sets", {"HostedZoneId": made["HostedZone"]["Id"]})
        print(zone, made["HostedZone"]["Id"].removeprefix("/hostedzone/"), flush=True)
    if options.dns_port:
        route53_dns.Servers(options.dns_port, hand.change)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
