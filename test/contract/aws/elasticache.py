#!/usr/bin/env python3
"""A stand-in for the global datastores of Amazon ElastiCache, never the real service: each region has a port of its own, signatures are
verified (sigv4.py), every request and answer is held against the vendor's own model (query_model.py), and a failover changes the roles of
real Redis servers.

    elasticache.py --port 4570 --region eu-west-1=4571 --region eu-central-1=4572 --key AKID:SECRET

At --port there is /standin/: what a test wants, as JSON (World.set), the state, and a hand that works by boto3. Errors, and the states in
which a failover is refused, are those of the API Reference; that ElastiCache looks at rights before parameters is assumed.
"""

import argparse
import datetime
import json
import pathlib
import socket
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402

import kept  # noqa: E402
import sigv4  # noqa: E402
from query_model import Service  # noqa: E402

SERVICE = Service("elasticache")
SILENT_MAX_S = 60
WATCH_S = 0.2
NO_SUCH_ID = "Global Replication group {} is not found"
REFUSALS = {"GlobalReplicationGroupNotFoundFault": 404, "AccessDenied": 403}  # others 400


class Redis:
    """A few commands to one server, in its own protocol."""

    def __init__(self, address: str, password: str) -> None:
        self.host, port = address.rsplit(":", 1)
        self.port, self.password = int(port), password

    def ask(self, *commands: tuple[str, ...]) -> str:
        """All that it answers; "" where it does not."""
        calls = ([("AUTH", self.password)] if self.password else []) + list(commands)
        wire = b"".join(b"*%d\r\n" % len(call) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in call) for call in calls)
        try:
            with socket.create_connection((self.host, self.port), 1.0) as connection:
                connection.sendall(wire)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except OSError:
            return ""

    def is_primary(self) -> bool:
        return "$6\r\nmaster" in self.ask(("ROLE",))

    def promote(self) -> bool:
        return "+OK" in self.ask(("REPLICAOF", "NO", "ONE"))

    def follow(self, other: "Redis") -> None:
        self.ask(("REPLICAOF", other.host, str(other.port)))


class Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


class World:
    """One global datastore, and what is to go wrong."""

    def __init__(self, keys: dict[str, dict]) -> None:
        self.lock = threading.RLock()
        self.keys = keys
        self.requests: list[str] = []
        self.violations: list[str] = []
        self.id, self.password, self.members, self.status = "", "", [], "available"
        self.set({})
        threading.Thread(target=self.watch, daemon=True).start()

    def set(self, wanted: dict) -> dict:
        """"datastore": {"id", "password", "members": [{"region", "id", "redis", "role"}]}; all else is a fault, and off unless named."""
        with self.lock:
            if "datastore" in wanted:
                made = wanted["datastore"]
                self.id, self.password, self.status = made["id"], made.get("password", ""), "available"
                self.members = [{"status": "associated", **member} for member in made["members"]]
                self.is_cluster = bool(made.get("cluster", False))
                self.requests = []
            self.status = wanted.get("status", self.status)
            self.lost = list(wanted.get("lost", []))  # regions whose API ends each connection
            self.silent = list(wanted.get("silent", []))  # regions whose API takes each request and answers none
            self.modifying_s = float(wanted.get("modifying_s", 0.3))
            self.refuse = list(wanted.get("refuse", []))  # [[code, message, status, call], ...]: one a request
            self.lose_reply = int(wanted.get("lose_reply", 0))  # failovers that are made and not answered
            self.stays_secondary = bool(wanted.get("stays_secondary", False))  # told as primary, and the Redis is a replica still
            self.body = wanted.get("body")  # of every answer
        return self.state()

    def state(self) -> dict:
        with self.lock:
            return {"status": self.status, "members": self.members, "requests": self.requests, "violations": self.violations}

    def redis(self, member: dict) -> Redis:
        return Redis(member["redis"], self.password)

    def primary(self) -> dict | None:
        return next((member for member in self.members if member["role"] == "PRIMARY"), None)

    def watch(self) -> None:
        """A region that comes back is a secondary of the one that is the primary now."""
        while True:
            time.sleep(WATCH_S)
            with self.lock:
                primary, ready = self.primary(), self.status == "available" and not self.stays_secondary
                others = [member for member in self.members if member is not primary and not member.get("stays")]
            if not primary or not ready:
                continue
            for member in others:
                if member["region"] not in self.lost and self.redis(member).is_primary():
                    self.redis(member).follow(self.redis(primary))

    # the calls

    def describe(self, form: dict[str, str]) -> str:
        if form.get("GlobalReplicationGroupId") != self.id:
            raise Refused("GlobalReplicationGroupNotFoundFault", NO_SUCH_ID.format(form.get("GlobalReplicationGroupId")))
        return f"<GlobalReplicationGroups>{self.xml(form.get('ShowMemberInfo') == 'true')}</GlobalReplicationGroups>"

    def failover(self, form: dict[str, str]) -> str:
        if form["GlobalReplicationGroupId"] != self.id:
            raise Refused("GlobalReplicationGroupNotFoundFault", NO_SUCH_ID.format(form["GlobalReplicationGroupId"]))
        if self.status != "available":
            raise Refused("InvalidGlobalReplicationGroupState", f"Global Datastore {self.id} is not in available state")
        wanted = (form["PrimaryRegion"], form["PrimaryReplicationGroupId"])
        to = next((member for member in self.members if (member["region"], member["id"]) == wanted), None)
        if to is None or to["role"] == "PRIMARY":
            raise Refused("InvalidParameterValue", f"{wanted[1]} in {wanted[0]} is not a secondary of {self.id}")
        self.status = "modifying"
        threading.Thread(target=self.carry_out, args=(to,), daemon=True).start()
        return self.xml(True)

    def carry_out(self, to: dict) -> None:
        time.sleep(self.modifying_s)
        if not self.stays_secondary:
            self.redis(to).promote()
        with self.lock:
            for member in self.members:
                member["role"] = "PRIMARY" if member is to else "SECONDARY"
            others = [member for member in self.members if member is not to]
        for member in others:
            if not self.stays_secondary:
                self.redis(member).follow(self.redis(to))
        with self.lock:
            self.status = "available"

    def xml(self, has_members: bool) -> str:
        def member(one: dict) -> str:
            values = {
                "ReplicationGroupId": one["id"],
                "ReplicationGroupRegion": one["region"],
                "Role": one["role"],
                "AutomaticFailover": "enabled",
                "Status": one["status"],
            }
            return f"<GlobalReplicationGroupMember>{tags(values)}</GlobalReplicationGroupMember>"

        values = {
            "GlobalReplicationGroupId": self.id,
            "GlobalReplicationGroupDescription": "of two regions",
            "Status": self.status,
            "CacheNodeType": "cache.r7g.large",
            "Engine": "redis",
            "EngineVersion": "7.1",
            "ClusterEnabled": "true" if self.is_cluster else "false",
            "AuthTokenEnabled": "true",
            "TransitEncryptionEnabled": "true",
            "AtRestEncryptionEnabled": "true",
            "ARN": f"arn:aws:elasticache::123456789012:globalreplicationgroup:{self.id}",
        }
        members = f"<Members>{''.join(map(member, self.members))}</Members>" if has_members else ""
        return f"<GlobalReplicationGroup>{tags(values)}{members}</GlobalReplicationGroup>"


def tags(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


CALLS = {"DescribeGlobalReplicationGroups": World.describe, "FailoverGlobalReplicationGroup": World.failover}


class Region:
    """The API of one region as WSGI."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name

    def __call__(self, environ, start_response):
        world, body = self.world, sigv4.read_body(environ)
        form = dict(urllib.parse.parse_qsl(body.decode()))
        action = form.get("Action", "")
        with world.lock:
            world.requests.append(f"{self.name} {action}")
        if self.name in world.lost:
            raise kept.Dropped
        if self.name in world.silent:
            time.sleep(SILENT_MAX_S)
            raise kept.Dropped
        with world.lock:
            fault = SERVICE.fault_of_request(environ["REQUEST_METHOD"], environ.get("CONTENT_TYPE", ""), body)
            world.violations += [fault] if fault else []
        status, answer = self.answer(environ, body, action, form)
        if action in CALLS and world.body is None:
            fault = SERVICE.fault_of_answer(action, status, answer)
            with world.lock:
                world.violations += [fault] if fault else []
        if action == "FailoverGlobalReplicationGroup" and status == 200 and world.lose_reply > 0:
            world.lose_reply -= 1
            raise kept.Dropped
        start_response(f"{status} As told", [("Content-Type", "text/xml"), ("x-amzn-RequestId", "b25f48e8")])
        return [answer]

    def answer(self, environ, body: bytes, action: str, form: dict[str, str]) -> tuple[int, bytes]:
        world = self.world
        if world.body is not None:
            return 200, world.body.encode()
        try:
            self.check(environ, body, action, form)
            with world.lock:
                refusal = next((one for one in world.refuse if one[3] == action), None)
                if refusal:
                    world.refuse.remove(refusal)
                    return refusal[2], error(*refusal[:2])
                inner = CALLS[action](world, form)
        except sigv4.Refusal as refusal:
            return refusal.status, error(refusal.code, refusal.message)
        except Refused as refused:
            return REFUSALS.get(refused.code, 400), error(refused.code, refused.message)
        metadata = "<ResponseMetadata><RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ResponseMetadata>"
        result = f"<{action}Result>{inner}</{action}Result>"
        return 200, f'<{action}Response xmlns="{SERVICE.namespace}">{result}{metadata}</{action}Response>'.encode()

    def check(self, environ, body: bytes, action: str, form: dict[str, str]) -> None:
        """The signature, for this service in this region, and the rights."""
        known = sigv4.Keys()
        for key_id, key in self.world.keys.items():
            ended = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) if key.get("expired") else None
            known.put(key_id, sigv4.Key(key["secret"], key.get("token") or None, ended))
        sigv4.SigV4(None, known, lambda *_: False).check(environ, body)
        key_id, _, region, service = environ["HTTP_AUTHORIZATION"].split("Credential=")[1].split("/")[:4]
        if (region, service) != (self.name, "elasticache"):
            raise sigv4.Refusal(403, "SignatureDoesNotMatch", f"Credential should be scoped to {self.name}/elasticache, not {region}/{service}")
        key = self.world.keys[key_id]
        arn = f"arn:aws:elasticache::123456789012:globalreplicationgroup:{form.get('GlobalReplicationGroupId')}"
        group = form.get("PrimaryReplicationGroupId", "")
        if group and group not in key.get("groups", [group]):
            action, arn = "FailoverGlobalReplicationGroup", f"arn:aws:elasticache:{self.name}:123456789012:replicationgroup:{group}"
        elif action not in key.get("denied", []):
            return
        user = "arn:aws:sts::123456789012:assumed-role/planekeeper/1"
        raise Refused("AccessDenied", f"User: {user} is not authorized to perform: elasticache:{action} on resource: {arn}")


def error(code: str, message: str) -> bytes:
    inner = f"<Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    return f'<ErrorResponse xmlns="{SERVICE.namespace}">{inner}<RequestId>b25f48e8</RequestId></ErrorResponse>'.encode()


class Control:
    """/standin/<verb> as WSGI."""

    def __init__(self, world: World, ports: dict[str, int], key: tuple[str, str]) -> None:
        self.world, self.ports, self.key = world, ports, key

    def __call__(self, environ, start_response):
        wanted = json.loads(sigv4.read_body(environ) or b"{}")
        answer = {
            "set": lambda: self.world.set(wanted),
            "keys": lambda: self.world.keys.update(wanted),
            "state": self.world.state,
            "boto": lambda: self.boto(**wanted),
        }[environ["PATH_INFO"].removeprefix("/standin/")]()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer or {}, default=str).encode()]

    def boto(self, region: str, operation: str, parameters: dict) -> dict:
        """Somebody with the AWS SDK."""
        client = boto3.client(
            "elasticache",
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self.ports[region]}",
            aws_access_key_id=self.key[0],
            aws_secret_access_key=self.key[1],
            config=botocore.config.Config(retries={"max_attempts": 0}),
        )
        try:
            return getattr(client, operation)(**parameters)
        except botocore.exceptions.ClientError as refused:
            return {"error": refused.response["Error"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", action="append", default=[], help="name=port")
    parser.add_argument("--key", required=True, help="id:secret")
    options = parser.parse_args()
    key_id, secret = options.key.split(":")
    hand = ("AKIAHAND0000000000HD", "the-hand")
    world = World({key_id: {"secret": secret}, hand[0]: {"secret": hand[1]}})
    ports = {name: int(port) for name, port in (text.split("=") for text in options.region)}
    servers = [kept.Server(port, Region(world, name)) for name, port in ports.items()]
    servers.append(kept.Server(options.port, Control(world, ports, hand)))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
