"""What the pages below docs/ print: each object is one that the API server takes, each link leads somewhere, and what they
tell to run runs."""

import datetime
import json
import os
import re
import subprocess
import threading

import pytest
import yaml
from world import CENTRAL, WEST

from hack.bench import objects, wait
from hack.bench.tools import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
TARGET_PAGES = sorted((ROOT / "docs/targets").glob("*.md"))
LEASE, NAMESPACE, SECONDS = "planekeeper-active", objects.MGMT_NAMESPACE, 4


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def examples():
    """Every whole object on a page of a target."""
    for page in TARGET_PAGES:
        for number, block in enumerate(blocks(page, "yaml")):
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("block", list(examples()))
def test_an_example_is_taken_as_it_is_printed(bench, block):
    for thing in yaml.safe_load_all(block):
        bench.hub.ensure_namespace(thing["metadata"].get("namespace", "default"))
        bench.hub.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(thing))


@pytest.mark.parametrize("page", TARGET_PAGES, ids=lambda page: page.stem)
def test_a_page_of_a_target_says_what_it_has_to(page):
    text = page.read_text()
    for heading in ("## Permissions", "## How the swap is fenced", "## By what it was judged"):
        assert heading in text
    assert "weak" in text.lower()
    assert blocks(page, "yaml"), "an example to copy"
    for policy in blocks(page, "json"):
        json.loads(policy)
    assert f"docs/targets/{page.name}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        target, _, anchor = link.partition("#")
        if target.startswith("http"):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def announced_script(file, folder):
    """The sidecar's own command, with its volume in a folder of the test."""
    (deployment,) = yaml.safe_load_all(file.read_text())
    sidecar = deployment["spec"]["template"]["spec"]["containers"][1]
    return [*sidecar["command"], *sidecar["args"][:-1], sidecar["args"][-1].replace("/announced/", f"{folder}/")]


def lease_of(plane):
    """As the operator writes it."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": LEASE, "namespace": NAMESPACE},
        "spec": {"holderIdentity": plane, "renewTime": now, "leaseDurationSeconds": SECONDS},
    }


class Announcer(threading.Thread):
    """Renews the Lease of a cluster as the operator does, until it is told to stop."""

    def __init__(self, cluster, plane):
        super().__init__(daemon=True)
        self.plane = plane
        self._cluster = cluster
        self._ended = threading.Event()

    def run(self):
        while not self._ended.wait(0.5):
            self._cluster.admin.put(lease_of(self.plane))

    def stop(self):
        self._ended.set()
        self.join()


def test_a_sidecar_takes_a_plane_out_that_is_cut_off(scene, tmp_path):
    cluster = scene.bench.clusters[WEST]
    cluster.ensure_namespace(NAMESPACE)
    cluster.admin.put(lease_of(WEST))
    file = tmp_path / "active"
    command = announced_script(ROOT / "manifests/samples/announced-sidecar.yaml", tmp_path)
    sidecar = subprocess.Popen(command, env={**os.environ, "PLANE": WEST, "KUBECONFIG": str(cluster.kubeconfig)})
    try:
        wait.always("a Lease that nobody is seen to renew counts for nothing", lambda: not file.exists(), 3.0)
        announcer = Announcer(cluster, WEST)
        announcer.start()
        wait.until("the plane is announced as active", file.exists, 10.0)
        wait.always("it stays while it is renewed", file.exists, 2.0 * SECONDS)
        announcer.plane = CENTRAL
        wait.until("another plane is active", lambda: not file.exists(), 10.0)
        announcer.plane = WEST
        wait.until("and this one again", file.exists, 10.0)
        announcer.stop()
        wait.until("nobody renews it", lambda: not file.exists(), SECONDS + 10.0)
    finally:
        sidecar.kill()
        sidecar.wait()
