"""A network namespace with one cable to the outside, which can be unplugged: then nothing reaches who lives in it."""

import itertools
import os
import subprocess

_numbers = itertools.count(1)


class Net:
    """Needs root, as ip(8) does. `outside`: addresses of ours that it can reach; `wrapper` runs a command in it."""

    def __init__(self, addresses: int) -> None:
        number = next(_numbers)
        self.name = f"pk-{os.getpid()}-{number}"
        self._near, self._far = f"pkn{os.getpid() % 100000}-{number}", f"pkf{os.getpid() % 100000}-{number}"
        self.outside = [f"10.213.{number}.{last}" for last in range(2, 2 + addresses)]
        _ip("netns", "add", self.name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        for address in self.outside:
            _ip("address", "add", f"{address}/24", "dev", self._near)
        _ip("link", "set", self._near, "up")
        self._inside("link", "set", "lo", "up")
        self._inside("address", "add", f"10.213.{number}.1/24", "dev", self._far)
        self._inside("link", "set", self._far, "up")

    @property
    def wrapper(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def _inside(self, *args: str) -> None:
        _ip("-n", self.name, *args)

    def unplug(self) -> None:
        _ip("link", "set", self._near, "down")

    def plug_in(self) -> None:
        _ip("link", "set", self._near, "up")

    def close(self) -> None:
        _ip("netns", "delete", self.name)  # its cable goes with it

    def __enter__(self) -> "Net":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ip(*args: str) -> None:
    result = subprocess.run(("ip", *args), capture_output=True, text=True, timeout=10)
    if result.returncode != 0:
        raise RuntimeError(f"ip {' '.join(args)}: exit {result.returncode}\n{result.stderr}")
