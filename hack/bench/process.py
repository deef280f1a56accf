"""Child processes of the bench and the folders they live in.

Two promises: nothing outlives the bench (the kernel kills each child when we die, even by kill -9),
and nothing stays on disk (the scratch folder goes with us; one that a killed run left is swept by the
next). A child is started through setpriv(1) and not with preexec_fn, which is unsafe next to gRPC's threads.
"""

import atexit
import concurrent.futures
import contextlib
import fcntl
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from . import wait

PREFIX = "planekeeper-bench-"

# The kernel sends the death signal when the *thread* that forked the child ends, so all children are
# forked by one thread that lives as long as this process.
_forker = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


class Scratch:
    """One folder for one bench. Closing it kills every process started in it and removes it."""

    def __init__(self) -> None:
        _sweep()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.root / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._processes: list[Process] = []
        self._count = 0
        atexit.register(self.close)

    def folder(self, name: str) -> pathlib.Path:
        """A new folder of its own, also when `name` was used before."""
        self._count += 1
        path = self.root / f"{self._count:02d}-{name}"
        path.mkdir(parents=True)
        return path

    def adopt(self, process: "Process") -> None:
        self._processes.append(process)

    def close(self) -> None:
        """Stop all, the last started first, and remove the folder (kept with PLANEKEEPER_KEEP=1)."""
        atexit.unregister(self.close)
        running = [process for process in reversed(self._processes) if process.is_alive]
        for process in running:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM if process.ends_gracefully else signal.SIGKILL)
        for process in running:
            process.reap(grace=5.0)
        self._processes.clear()
        if os.environ.get("PLANEKEEPER_KEEP"):
            print(f"kept: {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sweep() -> None:
    """Remove the folders of runs that were killed before they could: their lock is free."""
    for lock in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*", ".lock")):
        with contextlib.suppress(OSError), open(lock) as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(os.path.dirname(lock), ignore_errors=True)


class Process:
    """One supervised child: own process group, own folder, output appended to one log file.

    A subclass fills `argv` and `is_ready`. `start` does not wait, so that several can come up at once;
    `ready` does. Starting again after `stop` or `kill9` keeps ports and files.
    """

    ends_gracefully = False  # at the end of a bench: servers with throw-away state are just killed

    def __init__(self, scratch: Scratch, name: str) -> None:
        self.name = name
        self.scratch = scratch
        self.folder = scratch.folder(name)
        self.log_path = self.folder / f"{name}.log"
        self._child: subprocess.Popen | None = None
        self._was_ended = False
        scratch.adopt(self)

    def argv(self) -> list[str]:
        raise NotImplementedError

    def env(self) -> dict[str, str]:
        """What is added to (or, if empty, taken out of) our own environment."""
        return {}

    def is_ready(self) -> bool:
        return True

    ready_timeout = 20.0

    def start(self) -> "Process":
        assert not self.is_alive, f"{self.name} runs already"
        self._was_ended = False
        argv = ["setpriv", "--pdeathsig", "KILL", "--", *(str(part) for part in self.argv())]
        environment = {key: value for key, value in {**os.environ, **self.env()}.items() if value != ""}
        with open(self.log_path, "ab") as log:
            self._child = _forker.submit(
                subprocess.Popen,
                argv,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ).result()
        return self

    def ready(self) -> "Process":
        """Wait until the real thing answers; a child that died instead fails at once with its log."""

        try:
            wait.until(f"{self.name} ready", lambda: not self.is_alive or self.is_ready(), self.ready_timeout)
        except wait.Late as late:
            raise wait.Late(f"{late}\n{self.log_tail()}") from None
        if not self.is_alive:
            raise RuntimeError(f"{self.name} exited with {self.returncode} at start:\n{self.log_tail()}")
        return self

    def run(self) -> "Process":
        self.start()
        return self.ready()

    @property
    def is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return None if self._child is None else self._child.poll()

    @property
    def died_by_itself(self) -> bool:
        """It is gone, and nobody here ended it: a crash, whatever its exit status says."""
        return self._child is not None and not self.is_alive and not self._was_ended

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 25) -> str:
        return "\n".join(f"  {self.name}| {line}" for line in self.log_text().splitlines()[-lines:])

    def signal(self, number: int) -> None:
        """To the whole process group, so that helpers of the child are not left out."""
        if self.is_alive:
            self._was_ended |= number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def is_to_be_ended(self) -> None:
        """Somebody else will end it on our behalf: that is no crash."""
        self._was_ended = True

    def kill9(self) -> None:
        self.signal(signal.SIGKILL)
        self.reap()

    def stop(self, grace: float = 5.0) -> int | None:
        """SIGTERM and wait; SIGKILL after `grace` seconds. Returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.reap(grace)

    def reap(self, grace: float = 5.0) -> int | None:
        if self._child is None:
            return None
        try:
            return self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self._child.wait(5.0)

    def pause(self) -> None:
        """SIGSTOP. The kernel still accepts TCP connections up to the listen backlog, nobody answers."""
        self.signal(signal.SIGSTOP)
        wait.until(f"{self.name} stopped", lambda: self._state() == "T", 5.0)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def restart(self) -> "Process":
        self.kill9()
        return self.run()

    def _state(self) -> str:
        return pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
