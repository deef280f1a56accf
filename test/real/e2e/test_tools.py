"""Where the API server of the bench comes from: a release whose checksum is right, and else nothing that was not built."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

from hack.bench import tools

PROGRAMS = ("etcd", "kube-apiserver", "kubectl")


class Releases:
    """A copy of hack/ with a release of its own to pin, on a machine that has no Go."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.hack, self.mirror = folder, folder / "hack", folder / "mirror" / "envtest-v9.9.9"
        shutil.copytree(tools.ROOT / "hack" / "servers", self.hack / "servers")
        shutil.copy(tools.ROOT / "hack" / "tools.sh", self.hack)
        install = self.hack / "install.sh"
        install.write_text("#!/bin/sh\necho 'no Go to be had here'\nexit 1\n")
        install.chmod(0o755)
        self.mirror.mkdir(parents=True)
        arch = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
        self.archive = self.mirror / f"envtest-v9.9.9-linux-{arch}.tar.gz"

    def publish(self) -> None:
        stage = self.folder / "stage"
        for program in PROGRAMS:
            path = stage / "controller-tools" / "envtest" / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\necho {program}\n")
            path.chmod(0o755)
        with tarfile.open(self.archive, "w:gz") as tar:
            tar.add(stage / "controller-tools", "controller-tools")
        self.pin(hashlib.sha512(self.archive.read_bytes()).hexdigest())

    def pin(self, checksum: str) -> None:
        (self.hack / "servers" / "envtest.sha512").write_text(f"{checksum}  {self.archive.name}\n")

    def get(self) -> subprocess.CompletedProcess:
        nothing_else = self.folder / "bin"  # of what is in PATH only what is no Go
        nothing_else.mkdir(exist_ok=True)
        for folder in ("/usr/bin", "/bin"):
            for tool in pathlib.Path(folder).iterdir():
                if tool.name != "go" and not (nothing_else / tool.name).exists():
                    (nothing_else / tool.name).symlink_to(tool)
        environment = {
            "PATH": str(nothing_else),
            "HOME": str(self.folder),
            "PLANEKEEPER_CACHE": str(self.folder / "cache"),
            "PLANEKEEPER_ENVTEST_URL": self.mirror.parent.as_uri(),
        }
        command = ["bash", self.hack / "tools.sh", "servers"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path)


def test_a_release_with_the_right_checksum_is_used(releases):
    releases.publish()
    got = releases.get()
    assert got.returncode == 0, got.stderr
    folder = pathlib.Path(got.stdout.strip())
    assert sorted(path.name for path in folder.iterdir()) == sorted(PROGRAMS)
    assert subprocess.check_output([folder / "etcd"], text=True) == "etcd\n"
    releases.archive.unlink()
    assert releases.get().stdout == got.stdout  # from the cache


def test_a_release_with_another_checksum_is_not_unpacked(releases):
    releases.publish()
    releases.pin("0" * 128)
    got = releases.get()
    assert got.returncode != 0
    assert "is not what servers/envtest.sha512 names: not used, building from source" in got.stderr
    assert "Go is needed to build the servers" in got.stderr
    assert not list((releases.folder / "cache").glob("bin-*"))


def test_where_no_release_is_reached_it_is_built(releases):
    releases.pin("0" * 128)
    got = releases.get()
    assert "not to be had" in got.stderr and "building from source" in got.stderr
    assert "Go is needed to build the servers" in got.stderr
