"""What `make run` shows: two regions, a dead management server, and what the operator makes of it."""

import contextlib
import time

import redis
import yaml

from hack.bench import kube, objects, tools, wait
from hack.bench.bench import PLANES, Bench
from hack.bench.operator_process import Operator
from hack.bench.timeline import Watcher, logged

NAMESPACE = kube.OPERATOR_NAMESPACE
HOME, AWAY = PLANES
SAMPLE = tools.ROOT / "manifests" / "samples" / "single-cluster.yaml"
RESTART_AFTER = 30.0  # how long a server that was killed while playing stays dead

# Shorter than the defaults (5s, 30s, 1h), so that nobody has to watch nothing happen.
QUICK = {
    "detection": {"interval": "1s", "timeout": "1s", "failureThreshold": 3, "failoverDelay": "3s"},
    "cooldown": "10s",
    "maxSwitches": 50,
    "failback": {"policy": "Manual", "stableFor": "3s"},
}


def say(text: str = "") -> None:
    print(text, flush=True)


def headline(text: str) -> None:
    say(f"\n== {text}")


class Show:
    """Everything in the namespace of the operator, under the names of the samples."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.resources = self._samples()
        policy = next(thing for thing in self.resources if thing["kind"] == "FailoverPolicy")
        self.policy = policy["metadata"]["name"]
        self.dns_name = policy["spec"]["dns"]["name"]
        self.lock_key = policy["spec"]["redis"]["lock"]["key"]
        self.operators: list[Operator] = []

    def changes(self) -> objects.Object:
        """To the policy of the sample: the addresses and the times of this bench."""
        return {
            "mode": "Automatic",
            **QUICK,
            "dns": {"rfc2136": {"nameserver": self.bench.bind.address}},
            "redis": {"address": self.bench.redis.address},
        }

    def _samples(self) -> list[objects.Object]:
        """The single-writer sample as shipped, switched to Automatic."""
        shipped = list(yaml.safe_load_all(SAMPLE.read_text()))
        for thing in shipped:
            if thing["kind"] == "FailoverPolicy":
                thing["spec"] = objects.merged(thing["spec"], self.changes())
        return shipped

    # The acts

    def open(self) -> None:
        headline(
            "The bench is up. What a person had by hand: a DNS record, a lock, and an agent that follows the record"
        )
        self.bench.bind.replace(self.dns_name, "A", PLANES[HOME])
        self.redis().set(self.lock_key, HOME)
        self.agent = self.bench.new_agent(self.dns_name).run()
        self.agent.wait_connected(PLANES[HOME])
        say(f"{self.dns_name} -> {PLANES[HOME]} ({HOME}), {self.lock_key} = {HOME}; the agent is connected there")

        headline("kubectl apply: two ManagementPlanes and one FailoverPolicy; then two replicas of the operator")
        self.bench.put_secrets(NAMESPACE)
        say(self.bench.hub.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(self.resources)).strip())
        kubeconfig = self.bench.hub.operator_kubeconfig()
        for name in ("planekeeper-0", "planekeeper-1"):
            self.operators.append(Operator(self.bench.scratch, kubeconfig, name))
            self.operators[-1].start()
        for operator in self.operators:
            operator.ready()
        self.kubectl("wait", "--for=condition=Ready", "mplane", "--all", "--timeout=60s")
        self.kubectl("wait", "--for=condition=FailoverPossible", f"fop/{self.policy}", "--timeout=60s")
        self.views()

    def lose(self) -> None:
        self.bench.kill_plane(HOME)

    def repair(self) -> None:
        self.bench.revive_plane(HOME)

    def what_dies(self) -> str:
        return f"The active management server dies: {HOME}, {PLANES[HOME]}:{self.bench.mgmt_port}, kill -9"

    def failover(self) -> bool:
        headline(self.what_dies())
        with Watcher(self.targets) as seen, Watcher(self.further) as more:
            wait.until("a first reading", lambda: seen.changes)
            killed = time.time()
            self.lose()
            done = self.wait_active(AWAY)
            self.report(killed, AWAY, seen, more)
        self.views()
        return done

    def fail_back(self) -> bool:
        headline(f"{HOME} is repaired, and a person asks to go back: one annotation")
        self.repair()
        self.kubectl("wait", "--for=condition=Ready", f"mplane/{HOME}", "--timeout=60s")
        epoch = self.status().get("epoch", 0) + 1
        request = f"planekeeper.io/switch-to={HOME}/{epoch}"
        say(f"kubectl -n {NAMESPACE} annotate fop {self.policy} --overwrite {request}")
        with Watcher(self.targets) as seen, Watcher(self.further) as more:
            wait.until("a first reading", lambda: seen.changes)
            asked = time.time()
            self.kubectl("annotate", "fop", self.policy, "--overwrite", request)
            done = self.wait_active(HOME)
            # A live server keeps its agents, whatever DNS says: a person restarts it so that they move.
            self.bench.servers[AWAY].restart()
            self.report(asked, HOME, seen, more)
        self.views()
        return done

    def play(self) -> None:
        hub, bind = self.bench.hub, self.bench.bind
        host = f"{PLANES[HOME]}:{self.bench.mgmt_port}"
        headline("Everything stays up until Ctrl-C. In another terminal:")
        say(f"""\
export KUBECONFIG={hub.kubeconfig}
alias kubectl={tools.server("kubectl")}
kubectl -n {NAMESPACE} get fop,mplane
kubectl -n {NAMESPACE} describe fop {self.policy}
dig +short @{bind.host} -p {bind.port} {self.dns_name}
{self.redis_cli()} get {self.lock_key}
tail -f {self.agent.log_path}
tail -f {self.operators[0].log_path}
curl -s http://127.0.0.1:{self.operators[0].metrics_port}/metrics | grep planekeeper_
pkill -9 -f 'mgmt_server.py --address {host}'      # it comes back after {RESTART_AFTER:.0f} s, as the standby""")
        died: dict[str, float] = {}
        while True:
            for plane, server in self.bench.servers.items():
                if server.is_alive:
                    died.pop(plane, None)
                elif plane not in died:
                    died[plane] = time.monotonic()
                    say(f"{plane}: its server is gone; its Deployment says 0/3")
                    self.bench.set_replicas(plane, 0)
                elif time.monotonic() - died[plane] > RESTART_AFTER:
                    say(f"{plane}: its server is started again")
                    self.bench.revive_plane(plane)
            time.sleep(0.2)  # the pace of a kubelet that nobody waits for

    def redis_cli(self) -> str:
        server = self.bench.redis
        return f"redis-cli -p {server.port} -a {server.password} --no-auth-warning"

    def explain(self) -> None:
        """Why it did not happen, in the words of the operator."""
        say(self.kubectl("describe", "fop,mplane"))
        for operator in self.operators:
            say(f"\n{operator.name}, exit status {operator.returncode}:\n{operator.log_tail()}")

    # Seeing it

    def addresses(self) -> str:
        return ",".join(sorted(self.bench.bind.values(self.dns_name, "A")))

    def redis(self) -> redis.Redis:
        """Where the lock is."""
        return self.bench.redis.client()

    def lock(self) -> str:
        return self.redis().get(self.lock_key) or ""

    def targets(self) -> tuple[str, str]:
        """DNS first: the lock moves before it, so a reading with the new address shows the new lock as well."""
        return self.addresses(), self.lock()

    def further(self) -> tuple[tuple[str, str, str], ...]:
        """What else moves, each as its name, the plane where it is, and what is said of it."""
        return ()

    def status(self) -> objects.Object:
        return self.bench.hub.admin.get("FailoverPolicy", self.policy, NAMESPACE).get("status", {})

    def kubectl(self, *args: str) -> str:
        return self.bench.hub.kubectl("-n", NAMESPACE, *args, timeout=90.0)

    def views(self) -> None:
        for kind in ("mplane", "fop"):
            say(f"\n$ kubectl get {kind} -n {NAMESPACE}\n{self.kubectl('get', kind).rstrip()}")

    def wait_active(self, plane: str) -> bool:
        """DNS, Redis and status all name the plane; False (and why) if one does not in time."""
        try:
            wait.until("DNS", lambda: self.addresses() == PLANES[plane], 60.0)
            wait.until("lock", lambda: plane in self.lock(), 10.0)
            wait.until("status", lambda: self.status().get("activePlane") == plane, 10.0)
            wait.until("the rest", lambda: all(where == plane for _, where, _ in self.further()), 30.0)
        except wait.Late as late:
            say(f"NOT SWITCHED: {late}")
            return False
        return True

    def report(self, start: float, plane: str, seen: Watcher, more: Watcher) -> None:
        """The timeline: stamps of the operator's log for what it thought, our own readings for what it did."""
        rows: list[tuple[float, str, str]] = []
        detected = logged(self.operators, ("ActiveUnhealthy",), start)
        decided = logged(self.operators, ("FailoverDecided",), start)
        for what, found in (("detected", detected), ("decided", decided)):
            if found is not None:
                rows.append((found[0], what, found[1].get("msg", "")))
        readings = [(change.at, *change.value) for change in seen.changes if change.at >= start]
        locked = next(((at, lock) for at, _, lock in readings if plane in lock), None)
        if locked is not None:
            rows.append((locked[0], "lock", f"{self.lock_key} = {locked[1]}"))
        routed = next((at for at, addresses, _ in readings if addresses == PLANES[plane]), None)
        if routed is not None:
            rows.append((routed, "DNS", f"{self.dns_name} -> {PLANES[plane]}"))
        for what, _, _ in self.further():
            with contextlib.suppress(wait.Late):
                arrived = wait.until(what, lambda what=what: _arrival(more, what, plane, start), 5.0)
                rows.append(arrived)
        try:
            self.agent.wait_connected(PLANES[plane], 30.0)
            outage = next(gap for gap in reversed(self.agent.outages()) if gap.address == PLANES[plane])
            rows.append(
                (outage.back, "agent", f"reconnected to {outage.address}; its outage: {outage.milliseconds:.0f} ms")
            )
        except (wait.Late, StopIteration):
            rows.append((time.time(), "agent", "NOT RECONNECTED"))
        say()
        for at, what, text in sorted(rows, key=lambda row: row[0]):
            say(f"  {at - start:+8.3f}s  {what:<9} {text}")


def _arrival(more: Watcher, what: str, plane: str, start: float) -> tuple[float, str, str] | None:
    """When it was first seen on that plane since the start."""
    return next(
        (
            (change.at, what, text)
            for change in list(more.changes)
            for name, where, text in change.value
            if change.at >= start and (name, where) == (what, plane)
        ),
        None,
    )
