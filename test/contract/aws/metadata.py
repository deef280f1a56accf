"""Where keys come from without a Secret: a stand-in for the EKS Pod Identity agent, the one of ECS, and the instance metadata, version 2.

The errors are those that AWS documents: 401 without or with a wrong token, 404 where no role is attached, and silence where a packet
would have to make one hop too many.
"""

import datetime
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sigv4 import Key, Keys

ROLE = "node-role"


class Metadata(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, keys: Keys, agent_token: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.keys, self.agent_token = keys, agent_token
        self.tokens: set[str] = set()
        self.mode = ""  # "silent", "no-role", "broken": what the next requests meet
        self.valid_s = 3600.0
        self.given = 0

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def new_keys(self) -> dict[str, str]:
        self.given += 1
        key_id, secret, token = f"ASIAMETA{self.given:08d}", secrets.token_urlsafe(30), secrets.token_urlsafe(200) + "=="
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.valid_s)
        self.keys.put(key_id, Key(secret, token, expires))
        stamp = f"{expires:%Y-%m-%dT%H:%M:%SZ}"
        return {"AccessKeyId": key_id, "SecretAccessKey": secret, "Token": token, "Expiration": stamp}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Metadata

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self) -> None:
        if self.server.mode == "silent":
            time.sleep(30)  # as long as nothing comes back, whatever the client's patience
            return
        lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token" or not lifetime.isdigit() or not 1 <= int(lifetime) <= 21600:
            self.answer(400, "")
            return
        token = secrets.token_urlsafe(40)
        self.server.tokens.add(token)
        self.answer(200, token)

    def do_GET(self) -> None:
        if self.server.mode == "silent":
            time.sleep(30)
        elif self.server.mode == "broken":
            self.answer(500, "")
        elif self.path.startswith("/latest/"):
            self.instance()
        elif self.path.startswith("/v1/credentials"):
            self.agent()
        else:
            self.answer(404, "")

    def agent(self) -> None:
        if self.headers.get("Authorization") != self.server.agent_token:
            self.answer(401, "")
        elif self.server.mode == "no-role":
            self.answer(404, "")
        else:
            self.answer(200, json.dumps(self.server.new_keys() | {"AccountId": "123456789012"}))

    def instance(self) -> None:
        folder = "/latest/meta-data/iam/security-credentials/"
        if self.headers.get("X-aws-ec2-metadata-token") not in self.server.tokens:
            self.answer(401, "")
        elif self.server.mode == "no-role" or self.path not in (folder, folder + ROLE):
            self.answer(404, "")
        elif self.path == folder:
            self.answer(200, ROLE)
        else:
            facts = {"Code": "Success", "LastUpdated": "2026-11-29T00:00:00Z", "Type": "AWS-HMAC"}
            self.answer(200, json.dumps(facts | self.server.new_keys()))
