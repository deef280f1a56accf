"""Free loopback ports that two benches on one machine never share.

Asking the kernel for port 0 and closing the socket is a race: another run may get the number before
the server binds it. A port is leased here by an flock on a file named after it, held for the life of
this process, in a range below the kernel's ephemeral one.
"""

import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 20000, 31999

_leases: dict[int, int] = {}


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
    if number in _leases:
        return False
    folder = os.path.join(tempfile.gettempdir(), f"planekeeper-ports-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    descriptor = os.open(os.path.join(folder, str(number)), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    if not all(_is_free(host, number) for host in hosts):
        os.close(descriptor)
        return False
    _leases[number] = descriptor
    return True


def _is_free(host: str, number: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, number))
            except OSError:
                return False
    return True
