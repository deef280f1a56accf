"""A hub with an etcd of its own, for tests that replace it or take it back in time: nobody else's objects go with it."""

import contextlib
import copy
from collections.abc import Iterator

from hack.bench.bench import Bench
from hack.bench.kube import ApiServer, Etcd


@contextlib.contextmanager
def own_hub(bench: Bench, name: str) -> Iterator[Bench]:
    """The same bench with such a hub in the place of its own."""
    own = copy.copy(bench)
    own.etcd = Etcd(bench.scratch, fsync=False, name=f"etcd-{name}").run()
    own.hub = ApiServer(bench.scratch, own.etcd, f"hub-{name}", bench.authority).run()
    own.install()
    yield own
    own.hub.kill9()
    own.etcd.kill9()
