"""Stand-in for a relay agent: finds the server by its one DNS name, keeps a stream, comes back when it breaks.

It asks the authoritative server directly, so the outages it logs are what the switch costs, without the
caches a real resolver adds on top (at most the TTL). One JSON line per fact on stdout.
"""

import argparse
import json
import pathlib
import queue
import random
import time

import dns.message
import dns.query
import dns.rdatatype
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

BACKOFF_FIRST, BACKOFF_MOST = 0.02, 0.25
CONNECT_TIMEOUT = 1.0
OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),  # a new channel is a new connection, never a remembered back-off
    ("grpc.keepalive_time_ms", 1000),
    ("grpc.keepalive_timeout_ms", 1000),
    ("grpc.http2.ping_timeout_ms", 1000),  # the keepalive ping obeys this one, and its default is a minute
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
]


class Lost(Exception):
    """The server is not reachable or does not serve; the text says how it was noticed."""


def log(event: str, **fields: object) -> None:
    print(json.dumps({"t": round(time.time(), 6), "event": event, **fields}), flush=True)


def resolve(name: str, nameserver: str) -> str:
    """One address for `name`, following CNAMEs, from the authoritative server and nobody else."""
    host, port = nameserver.rsplit(":", 1)
    for _ in range(8):
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                answer = dns.query.udp(dns.message.make_query(name, rdtype), host, 1.0, int(port))
            except Exception as error:
                raise Lost(f"DNS: {type(error).__name__}") from error
            for rrset in answer.answer:
                if rrset.rdtype == rdtype:
                    return random.choice(list(rrset)).address
        targets = [rrset[0].target for rrset in answer.answer if rrset.rdtype == dns.rdatatype.CNAME]
        if not targets:
            break
        name = targets[0].to_text()
    raise Lost(f"DNS: {name} has no address")


class Agent:
    """Counts an outage from the moment the stream broke to the first answer of a serving server."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._credentials = None
        if args.ca:
            key = pathlib.Path(args.key).read_bytes() if args.key else None
            cert = pathlib.Path(args.cert).read_bytes() if args.cert else None
            self._credentials = grpc.ssl_channel_credentials(pathlib.Path(args.ca).read_bytes(), key, cert)
        self._was_connected = False
        self._lost_at: float | None = None

    def run(self) -> None:
        backoff = BACKOFF_FIRST
        while True:
            try:
                address = resolve(self._args.name, self._args.nameserver)
                self._stream(address)
            except Lost as lost:
                cause = str(lost)
            if self._was_connected and self._lost_at is None:
                self._lost_at = time.monotonic()
                log("lost", cause=cause)
                backoff = BACKOFF_FIRST
            time.sleep(backoff * random.uniform(0.8, 1.2))  # the pause of a back-off, not a synchronisation
            backoff = min(backoff * 2, BACKOFF_MOST)

    def _stream(self, address: str) -> None:
        """Stay on one server until it is lost; never returns normally."""
        target = f"[{address}]:{self._args.port}" if ":" in address else f"{address}:{self._args.port}"
        with self._open(target) as channel:
            self._connect(channel, address)
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                for answer in stub.Watch(health_pb2.HealthCheckRequest(service=self._args.service)):
                    if answer.status != health_pb2.HealthCheckResponse.SERVING:
                        raise Lost(f"{address}: not serving")
                    self._connected(address)
            except grpc.RpcError as error:
                raise Lost(f"{address}: {error.code().name}") from None
        raise Lost(f"{address}: stream ended")

    @staticmethod
    def _connect(channel: grpc.Channel, address: str) -> None:
        """Ready, or Lost: at once where the connection is refused, after CONNECT_TIMEOUT where nothing answers."""
        states: queue.SimpleQueue[grpc.ChannelConnectivity] = queue.SimpleQueue()
        channel.subscribe(states.put, try_to_connect=True)
        deadline = time.monotonic() + CONNECT_TIMEOUT
        try:
            while True:
                state = states.get(timeout=max(deadline - time.monotonic(), 0.001))
                if state is grpc.ChannelConnectivity.READY:
                    return
                if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                    raise Lost(f"{address}: refused")
        except queue.Empty:
            raise Lost(f"{address}: no connection") from None
        finally:
            channel.unsubscribe(states.put)

    def _open(self, target: str) -> grpc.Channel:
        if self._credentials is None:
            return grpc.insecure_channel(target, OPTIONS)
        options = [*OPTIONS, ("grpc.ssl_target_name_override", self._args.server_name)]
        return grpc.secure_channel(target, self._credentials, options)

    def _connected(self, address: str) -> None:
        if self._lost_at is not None:
            outage_ms = round((time.monotonic() - self._lost_at) * 1000, 1)
            log("connected", address=address, outage_ms=outage_ms)
        elif not self._was_connected:
            log("connected", address=address)
        self._was_connected, self._lost_at = True, None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="the one DNS name of the management plane")
    parser.add_argument("--nameserver", required=True, help="host:port of the authoritative server")
    parser.add_argument("--port", type=int, default=9900)
    parser.add_argument("--service", default="", help="service name of the health Watch")
    parser.add_argument("--server-name", default="gloo-mesh-mgmt-server.gloo-mesh", help="name in the certificate")
    parser.add_argument("--ca", help="CA file; without it the agent speaks plain HTTP/2")
    parser.add_argument("--cert", help="client certificate file")
    parser.add_argument("--key", help="client key file")
    Agent(parser.parse_args()).run()


if __name__ == "__main__":
    main()
