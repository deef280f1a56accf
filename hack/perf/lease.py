"""Who leads, as the API server tells everybody."""

import dataclasses
import datetime
import os
import subprocess
import threading
import time

from hack.bench import tools, wait
from hack.bench.operator_process import LEASE_NAME

from .rig import Place

COLUMNS = r'jsonpath={.spec.holderIdentity}{" "}{.spec.renewTime}{"\n"}'


@dataclasses.dataclass(frozen=True)
class Sight:
    at: float  # when we were told; wall clock
    holder: str  # "" while nobody holds it
    renewed: float  # by the holder's wall clock


class LeaseWatch:
    """A kubectl watch on the Lease of a scene; `sights` grows by itself."""

    def __init__(self, scene: Place) -> None:
        self.sights: list[Sight] = []
        command = ["setpriv", "--pdeathsig", "KILL", "--", str(tools.server("kubectl")), "-n", scene.namespace]
        command += ["get", "lease", LEASE_NAME, "--watch", "-o", COLUMNS]
        environment = {**os.environ, "KUBECONFIG": str(scene.bench.hub.kubeconfig)}
        self._child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        wait.until("the Lease is held", lambda: self.holder)

    def _read(self) -> None:
        for line in self._child.stdout:
            holder, _, renewed = line.strip().rpartition(" ")
            if renewed:
                self.sights.append(Sight(time.time(), holder, datetime.datetime.fromisoformat(renewed).timestamp()))

    def close(self) -> None:
        self._child.kill()
        self._child.wait()

    @property
    def holder(self) -> str:
        return self.sights[-1].holder if self.sights else ""

    def wait_holder_after(self, former: str, since: float, timeout: float) -> float:
        """When somebody else than `former` was first seen holding it after `since`."""

        def found() -> float:
            return next((one.at for one in self.sights if one.at > since and one.holder not in ("", former)), 0.0)

        return wait.until(f"the Lease of {former} taken over", found, timeout, poll=0.005)

    def longest_gap(self, since: float) -> float:
        """The longest time between two renewals after `since`."""
        renewed = [one.renewed for one in self.sights if one.at > since]
        return max((later - earlier for earlier, later in zip(renewed, renewed[1:])), default=0.0)

    def holders(self, since: float) -> set[str]:
        return {one.holder for one in self.sights if one.at > since}
