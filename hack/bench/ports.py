"""Free loopback ports that two benches on one machine never share.

Asking the kernel for port 0 and closing the socket is a race: another run may get the number before
the server binds it. A port is leased here, below the kernel's ephemeral range, by binding an abstract
Unix socket named after it, which the kernel frees with this process and which leaves no file.
"""

import random
import socket

FIRST, LAST = 20000, 31999

_leases: dict[int, socket.socket] = {}


def lease(*hosts: str) -> int:
    """A port that is free for TCP and UDP on each of `hosts` (default 127.0.0.1), ours until we exit."""
    hosts = hosts or ("127.0.0.1",)
    start = random.randrange(FIRST, LAST + 1)
    for number in (*range(start, LAST + 1), *range(FIRST, start)):
        if try_lease(number, *hosts):
            return number
    raise RuntimeError(f"no free port in {FIRST}-{LAST}")


def try_lease(number: int, *hosts: str) -> bool:
    """Lease exactly `number` if nobody holds it and it is free on all `hosts`."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0planekeeper-bench-port-{number}")
    except OSError:
        claim.close()
        return False
    if not all(is_free(host, number) for host in hosts):
        claim.close()
        return False
    _leases[number] = claim
    return True


def is_free(host: str, number: int) -> bool:
    """Whether nobody listens there now: no promise that it stays so."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, number))
            except OSError:
                return False
    return True
