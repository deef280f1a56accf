"""The image is unpacked once, as a container runtime unpacks it."""

import json
import pathlib
import subprocess

import pytest

from hack.bench.process import Scratch

ARCHIVE = pathlib.Path(__file__).resolve().parents[3] / "build" / "image.tar"


@pytest.fixture(scope="session")
def scratch():
    with Scratch() as folder:
        yield folder


def _of(archive: pathlib.Path, member: str) -> bytes:
    return subprocess.run(["tar", "-xOf", archive, member], check=True, capture_output=True).stdout


@pytest.fixture(scope="session")
def manifest():
    """What `docker load` reads first."""
    assert ARCHIVE.exists(), f"{ARCHIVE} is missing: hack/image.sh"
    (only,) = json.loads(_of(ARCHIVE, "manifest.json"))
    return only


@pytest.fixture(scope="session")
def config(manifest):
    """What a container runtime starts by: user, entry point, environment."""
    return json.loads(_of(ARCHIVE, manifest["Config"]))["config"]


@pytest.fixture(scope="session")
def root(scratch, manifest):
    """The image's root file system: its layers, one over the other."""
    folder = scratch.folder("image")
    for layer in manifest["Layers"]:
        subprocess.run(["tar", "-xpf", "-", "-C", folder], input=_of(ARCHIVE, layer), check=True)
    return folder
