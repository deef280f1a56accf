"""Stand-in for a management server: grpc.health.v1 on one address, as a process of its own.

SIGUSR1 makes it NOT_SERVING, SIGUSR2 SERVING again. Everything else is done to it from outside:
kill -9, SIGSTOP, a full backlog (see standins.MgmtServer).
"""

import argparse
import concurrent.futures
import json
import pathlib
import signal
import sys
import time

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

OPTIONS = [
    ("grpc.so_reuseport", 0),  # two servers on one port would be a bench that lies
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 100),  # the agent's pings notice a black hole
    ("grpc.http2.max_ping_strikes", 0),
]


def log(event: str, **fields: object) -> None:
    print(json.dumps({"t": round(time.time(), 6), "event": event, **fields}), flush=True)


class LoggingHealth(health.HealthServicer):
    """The library's service; it only says which agent came."""

    def Watch(self, request, context, *args):
        log("watch", peer=context.peer())
        return super().Watch(request, context, *args)


def credentials(args: argparse.Namespace) -> grpc.ServerCredentials:
    pair = (pathlib.Path(args.key).read_bytes(), pathlib.Path(args.cert).read_bytes())
    client_ca = pathlib.Path(args.client_ca).read_bytes() if args.client_ca else None
    return grpc.ssl_server_credentials([pair], client_ca, require_client_auth=bool(args.client_ca))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="host:port to listen on")
    parser.add_argument("--cert", help="certificate file; without it the server speaks plain HTTP/2")
    parser.add_argument("--key", help="key file")
    parser.add_argument("--client-ca", help="CA file: clients must show a certificate of it")
    parser.add_argument("--service", action="append", default=[], help="a service name besides the server itself")
    args = parser.parse_args()

    servicer = LoggingHealth(
        experimental_non_blocking=True, experimental_thread_pool=concurrent.futures.ThreadPoolExecutor(4)
    )
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=OPTIONS)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if args.cert:
        server.add_secure_port(args.address, credentials(args))
    else:
        server.add_insecure_port(args.address)

    def set_status(status: int) -> None:
        for service in ("", *args.service):
            servicer.set(service, status)
        log("status", status=health_pb2.HealthCheckResponse.ServingStatus.Name(status))

    set_status(health_pb2.HealthCheckResponse.SERVING)
    server.start()
    log("listening", address=args.address)
    signals = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT}
    while True:
        number = signal.sigwait(signals)
        if number == signal.SIGUSR1:
            set_status(health_pb2.HealthCheckResponse.NOT_SERVING)
        elif number == signal.SIGUSR2:
            set_status(health_pb2.HealthCheckResponse.SERVING)
        else:
            server.stop(grace=0).wait(2)
            log("stopped")
            sys.exit(0)


if __name__ == "__main__":
    # Blocked before gRPC starts its threads, which inherit the mask, so that only sigwait takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT})
    main()
