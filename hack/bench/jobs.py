"""What the Job controller and a kubelet do with the Jobs of a namespace, as far as a Job's own API shows it: a bench
has API servers and neither. The API server judges each status that is written here, as it judges the real controller's.

Source: kubernetes.io/docs/concepts/workloads/controllers/job (terminal conditions, suspending, activeDeadlineSeconds)
"""

import datetime
import threading
from collections.abc import Callable

from hack.bench.kube import ApiServer
from hack.bench.rest import ApiError, Object

RUNS, COMPLETES, FAILS = "runs", "completes", "fails"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _conditions(reason: str, message: str, *types: str) -> list[Object]:
    now = _now()
    told = {"status": "True", "reason": reason, "message": message, "lastTransitionTime": now, "lastProbeTime": now}
    return [{"type": kind, **told} for kind in types]


def conditions(job: Object) -> set[str]:
    told = job.get("status", {}).get("conditions", [])
    return {condition["type"] for condition in told if condition["status"] == "True"}


def is_at_work(job: Object) -> bool:
    status = job.get("status", {})
    return bool(status.get("active") or status.get("terminating"))


class JobController(threading.Thread):
    """`outcome` says what becomes of a Job that runs; `is_stubborn` keeps the Pod of one that is to end, as a lost node
    does."""

    def __init__(self, cluster: ApiServer, namespace: str) -> None:
        super().__init__(daemon=True)
        self.outcome = COMPLETES
        self.is_stubborn = False
        self.carry_out: Callable[[Object], None] | None = None  # what the Pod of a Job does before it succeeds
        self.started: list[str] = []  # in this order
        self.overlaps: list[tuple[str, ...]] = []  # Jobs that were at work at one time
        self._cluster, self._namespace = cluster, namespace
        self._ended = threading.Event()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(0.05):
            for job in self.jobs():
                try:
                    self._sync(job)
                except ApiError as error:
                    if error.status not in (404, 409):
                        raise

    def jobs(self) -> list[Object]:
        return self._cluster.admin.list("Job", self._namespace)

    def _write(self, job: Object, **status: object) -> None:
        self._cluster.admin.patch_status("Job", job["metadata"]["name"], status, self._namespace)

    def _sync(self, job: Object) -> None:
        if conditions(job) & {"Complete", "Failed"}:
            return
        active, spec = job.get("status", {}).get("active", 0), job["spec"]
        if spec["parallelism"] == 0:
            self._end(job, active)
        elif spec.get("suspend"):
            if "Suspended" not in conditions(job):
                self._write(job, conditions=_conditions("JobSuspended", "Job suspended", "Suspended"))
        elif not active:
            self._start(job)
        elif self.outcome == COMPLETES:
            if self.carry_out:
                self.carry_out(job)
            reached = "Reached expected number of succeeded pods"
            done = _conditions("CompletionsReached", reached, "SuccessCriteriaMet", "Complete")
            self._write(job, active=0, ready=0, succeeded=1, completionTime=_now(), conditions=done)
        elif self.outcome == FAILS:
            self._fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit")

    def _start(self, job: Object) -> None:
        name = job["metadata"]["name"]
        self.started.append(name)
        self._write(job, startTime=_now(), active=1, ready=0, conditions=[])
        working = tuple(other["metadata"]["name"] for other in self.jobs() if is_at_work(other))
        if len(working) > 1:
            self.overlaps.append(working)

    def _end(self, job: Object, active: int) -> None:
        terminating = job.get("status", {}).get("terminating", 0)
        if active:
            self._write(job, active=0, terminating=1)
        elif not terminating or not self.is_stubborn:
            self._fail(job, "DeadlineExceeded", "Job was active longer than specified deadline")

    def _fail(self, job: Object, reason: str, message: str) -> None:
        started = job.get("status", {}).get("startTime") or _now()
        failed = _conditions(reason, message, "FailureTarget", "Failed")
        self._write(job, startTime=started, active=0, ready=0, terminating=0, failed=1, conditions=failed)
