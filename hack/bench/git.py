"""A bare Git repository in the bench's own folder, written by git itself."""

import os
import pathlib
import subprocess

import yaml

from . import objects
from .process import Scratch

WHO = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.com"}
WHO |= {"GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@example.com"}


class Repository:
    """One branch, main. Each folder of it is what one Application shows."""

    def __init__(self, scratch: Scratch) -> None:
        self.folder = scratch.folder("git")
        self._bare, self._tree = self.folder / "repository.git", self.folder / "tree"
        self.url = f"file://{self._bare}"
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self._bare), where=self.folder)
        self._git("init", "--quiet", "--initial-branch=main", str(self._tree), where=self.folder)

    def commit(self, folder: str, things: list[objects.Object]) -> str:
        """`folder` has `things` from now on, and nothing else; returns the revision."""
        path = self._tree / folder
        path.mkdir(exist_ok=True)
        (path / "all.yaml").write_text(yaml.safe_dump_all(things))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", f"--message={folder}")
        self._git("push", "--quiet", str(self._bare), "main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *args: str, where: pathlib.Path | None = None) -> str:
        env = {**os.environ, **WHO, "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *args]
        done = subprocess.run(command, cwd=where or self._tree, env=env, capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"git {' '.join(args)}: {done.stderr}")
        return done.stdout
