"""From exec to the first completed reconcile, with an API server that is warm and a Lease that is free."""

import http.client
import re
import time

from .figures import Figure, quantile
from .rig import Place, Rig, place

BOUND_MS = 100.0
PATIENCE_S = 10.0
RECONCILED = re.compile(
    rb'^controller_runtime_reconcile_total\{controller="failoverpolicy",result="success"\} (\d+)', re.M
)


def fill(scene: Place) -> None:
    scene.point("gloo", "a", "127.0.4.1")
    for name, host in (("a", "127.0.4.1"), ("b", "127.0.4.2")):
        scene.bench.hub.admin.put(scene.new_plane(name, host, 9900))
    scene.bench.hub.admin.put(scene.new_policy("gloo", ["a", "b"]))


def has_reconciled(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
        connection.request("GET", "/metrics")
        found = RECONCILED.search(connection.getresponse().read())
        connection.close()
    except OSError:
        return False  # it does not listen yet
    return found is not None and int(found[1]) > 0


def measure(rig: Rig, runs: int) -> list[Figure]:
    took_ms = []
    with place(rig) as scene:
        fill(scene)
        operator = scene.operator()
        scene.wait_adopted(1)
        for _ in range(runs):
            operator.stop()  # releases the Lease
            began = time.monotonic()
            operator.start()
            while not has_reconciled(operator.metrics_port):
                if time.monotonic() - began > PATIENCE_S:
                    raise RuntimeError(f"no reconcile within {PATIENCE_S:g}s\n{operator.log_tail()}")
                time.sleep(0.001)
            took_ms.append((time.monotonic() - began) * 1000)
    p50, p99 = quantile(took_ms, 0.5), quantile(took_ms, 0.99)
    return [
        Figure(
            "start to first completed reconcile", p50, "ms", BOUND_MS, runs, p50=p50, p99=p99, note=f"worst {p99:.0f}"
        )
    ]
