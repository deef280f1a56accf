"""The health checks for Argo CD, run by a real Lua on objects as the operator really writes them.

Argo CD calls the script with the object in `obj` and takes status and message of what it returns; a deletion it judges itself.
"""

import json
import subprocess

import pytest
import yaml
from gallery import GOOD, Gallery
from trouble import dns_takes_no_updates, wait_step
from world import CENTRAL, WEST, arrange, wait_world

from hack.bench import tools, wait

FOLDER = tools.ROOT / "manifests" / "argocd"
KEY = "resource.customizations.health.planekeeper.io_{}"
PATCH = yaml.safe_load((FOLDER / "argocd-cm-patch.yaml").read_text())["data"]
HELM = yaml.safe_load((FOLDER / "helm-values.yaml").read_text())["configs"]["cm"]
# Of Lua's libraries Argo CD opens these alone to scripts.
SANDBOX = "io, debug, require, dofile, loadfile, package, string, math, coroutine = nil"


def lua(value) -> str:
    """JSON as a Lua table; null is nil, as Argo CD hands it over."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(key)}] = {lua(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"' if isinstance(value, str) else str(value)


def health(thing: dict) -> tuple[str, str]:
    program = f"""
        local print, write = print, io.write
        obj = {lua(thing)}
        local function check()
            local {SANDBOX}
            {PATCH[KEY.format(thing["kind"])]}
        end
        local hs = check()
        write(hs.status, "\\n", hs.message)
    """
    result = subprocess.run(["lua5.1", "-"], input=program, capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode == 0, f"{result.stderr}\n{json.dumps(thing)}"
    status, _, message = result.stdout.partition("\n")
    return status, message


def wait_health(read, status: str, text: str = "") -> str:
    def probe() -> str:
        found, message = health(read())
        assert found == status and text in message, (found, message)
        return message

    return wait.until(f"{status} {text!r}", probe, 15.0)


def test_one_script_for_both_kinds_and_both_ways_to_install_it():
    assert HELM == PATCH and set(PATCH) == {KEY.format("FailoverPolicy"), KEY.format("ManagementPlane")}
    assert len(set(PATCH.values())) == 1


def test_the_patch_leaves_what_else_is_there(bench):
    bench.hub.ensure_namespace("argocd")
    metadata = {"name": "argocd-cm", "namespace": "argocd"}
    bench.hub.admin.put({"kind": "ConfigMap", "metadata": metadata, "data": {"url": "https://argocd.example.com"}})
    patch = ("--patch-file", str(FOLDER / "argocd-cm-patch.yaml"))
    bench.hub.kubectl("patch", "configmap", "argocd-cm", "-n", "argocd", *patch)
    stored = bench.hub.admin.get("ConfigMap", "argocd-cm", "argocd")["data"]
    assert stored == {"url": "https://argocd.example.com", **PATCH}


@pytest.mark.parametrize("status", [{}, None, {"observedGeneration": 1}, {"observedGeneration": 1, "conditions": []}])
def test_a_status_that_says_nothing_is_no_health(status):
    for kind in ("FailoverPolicy", "ManagementPlane"):
        assert health({"kind": kind, "metadata": {"generation": 1}, "status": status})[0] == "Progressing"


def test_each_moment_of_a_policy(scene):
    arrange(scene, single_writer=True)
    assert health(scene.policy())[0] == "Progressing", "nobody has looked at it"
    operator = scene.operator()
    wait_world(scene, WEST, 1, single_writer=True)
    wait_health(scene.policy, "Healthy")
    scene.put_policy({"suspend": True}, single_writer=True)
    wait_health(scene.policy, "Suspended", "spec.suspend is true")
    scene.put_policy({"suspend": False}, single_writer=True)
    wait_health(scene.policy, "Healthy")

    operator.pause()
    scene.put_policy({"cooldown": "1m"}, single_writer=True)
    assert health(scene.policy())[0] == "Progressing", "the edit is not judged yet"
    operator.resume()
    scene.put_policy(single_writer=True)
    wait_health(scene.policy, "Healthy")

    with dns_takes_no_updates(scene):
        scene.bench.kill_plane(WEST)
        wait_step(scene, "Route")
        wait_health(scene.policy, "Progressing", f"Moving to {CENTRAL}")
    wait_world(scene, CENTRAL, 2, single_writer=True)
    message = wait_health(scene.policy, "Healthy", f"no return to {WEST} now")
    assert f"{CENTRAL} is active" in message and "Degraded: No plane could take over now" in message
    wait_health(lambda: scene.plane(WEST), "Progressing")
    wait_health(lambda: scene.plane(CENTRAL), "Healthy", "agents could be served here")
    scene.bench.kill_plane(CENTRAL)
    wait_health(scene.policy, "Progressing", CENTRAL)


def test_advice_waits_for_a_person(scene):
    arrange(scene, changes={"mode": "Advise"})
    scene.operator()
    wait_health(scene.policy, "Healthy")
    scene.bench.kill_plane(WEST)
    scene.wait_condition("Ready", "False", "AwaitingHuman")
    wait_health(scene.policy, "Progressing")


def test_what_a_person_has_to_mend_is_degraded(bench):
    secret = {"dns": {"rfc2136": {"tsigSecretRef": {"name": "nobody-made-it"}}}}
    with Gallery(bench) as gallery:
        gallery.add(GOOD)
        gallery.add("no-secret", secret)
        gallery.add("suspended-too", {**secret, "suspend": True})
        gallery.scene.put_planes()
        gallery.put_secret("no-kubeconfig", {"value": "nonsense"})
        gallery.run()
        gallery.wait_good()

        def policy(name: str):
            return lambda: bench.hub.admin.get("FailoverPolicy", name, gallery.scene.namespace)

        wait_health(policy(GOOD), "Healthy")
        wait_health(policy("no-secret"), "Degraded", "nobody-made-it")
        wait_health(policy("suspended-too"), "Degraded", "nobody-made-it")
        gallery.scene.put_planes(eu_central_1={"kubeConfig": {"secretRef": {"name": "no-kubeconfig"}}})
        wait_health(lambda: gallery.scene.plane(CENTRAL), "Degraded", "kubeconfig")
