"""The world's edges of the process: whoever reads its log stands still, descriptors are closed, signals come that mean nothing."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess

import pytest
import yaml
from world import CENTRAL, WEST, check_world, steady, wait_world

from hack.bench import objects, operator_process, wait
from hack.bench.api_faults import ApiFaults

# Its stderr is a pipe that is full, and whose reader never reads.
STALLED = ("bash", "-c", 'exec 2> >(exec sleep 600); head -c 65536 /dev/zero >&2; exec "$@"', "--")
CLOSED = ("bash", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "--")


def test_a_reader_of_the_log_that_stands_still_stops_nothing(scene):
    operator = steady(scene, wrapper=STALLED, log_level="debug")
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)
    wait.always("it is alive", lambda: operator.get("healthz")[0] == 200, 1.0)
    assert operator.is_leader()
    assert "planekeeper_log_dropped_total" in operator.metrics()
    assert operator.log_text() == ""
    assert operator.stop() == 0, "and it ends when it is told to"


@contextlib.contextmanager
def hanging_mount(folder):
    """A file system whose server takes every question and answers none; it ends with its descriptor."""
    folder.mkdir()
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    try:
        if libc.mount(b"hanging", str(folder).encode(), b"fuse", 0, options):
            raise OSError(ctypes.get_errno(), "mount")
        yield folder
    finally:
        os.close(device)
        libc.umount2(str(folder).encode(), 2)


def test_a_token_file_on_a_mount_that_hangs_stops_nothing(scene, tmp_path):
    """The API server refuses the token once, as while it is rotated; the file is looked at, and the look never ends."""
    hub = scene.bench.hub
    token = tmp_path / "token"
    token.write_text(hub.operator_token)
    with ApiFaults(hub) as proxy, hanging_mount(tmp_path / "mount") as mount:
        config = yaml.safe_load(proxy.write_kubeconfig("token-file").read_text())
        config["users"][0]["user"] = {"tokenFile": str(token)}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        operator = steady(scene, kubeconfig=kubeconfig)
        token.unlink()
        token.symlink_to(mount / "token")
        refused = proxy.inject("GET", "/configmaps/planekeeper", status=401)
        wait.until("it was refused", lambda: refused.hits, 10.0)
        wait.always("it is alive", lambda: operator.get("healthz")[0] == 200, 2.0)
        scene.bench.kill_plane(WEST)
        wait_world(scene, CENTRAL, 2)
        assert operator.get("healthz")[0] == 200


def test_a_name_server_that_is_silent_stops_nothing(scene, tmp_path):
    """An API server is known by a name, and whoever is asked for it does not answer."""
    resolver = tmp_path / "resolv.conf"
    config = yaml.safe_load(scene.bench.plane_kubeconfig(CENTRAL))
    config["clusters"][0]["cluster"]["server"] = "https://api.central.example.net:6443"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.9.53", 53))
        resolver.write_text("nameserver 127.0.9.53\noptions timeout:30 attempts:3\n")
        wrapper = ("unshare", "-m", "sh", "-c", f'mount --bind {resolver} /etc/resolv.conf && exec "$@"', "--")
        operator = steady(scene, wrapper=wrapper)
        admin = scene.bench.hub.admin
        scene.put_secret("unnamed", value=yaml.safe_dump(config))
        spec = {"kubeConfig": {"secretRef": {"name": "unnamed"}}, "server": {"address": "127.0.1.9"}}
        admin.put(objects.management_plane("unnamed", scene.namespace, spec))
        scene.put_policy({"planes": [WEST, CENTRAL, "unnamed"]})
        wait.until("it was asked", lambda: b"central" in silent.recv(512), 20.0)
        late = operator.metrics().get("planekeeper_loop_late_total", 0)
        wait.always("it is alive", lambda: operator.get("healthz")[0] == 200, 8.0)
        scene.bench.kill_plane(WEST)
        wait_world(scene, CENTRAL, 2)
        assert operator.metrics().get("planekeeper_loop_late_total", 0) <= late + 1, "the loop waited for a look-up"


def test_closed_descriptors_are_not_the_next_sockets(scene):
    """What is logged would be sent to a server, or into the epoll set."""
    operator = steady(scene, wrapper=CLOSED, log_level="debug")
    for fd in (0, 1, 2):
        link = subprocess.run(["readlink", f"/proc/{operator.pid}/fd/{fd}"], capture_output=True, text=True, check=True)
        assert link.stdout.strip() == "/dev/null"
    scene.bench.kill_plane(WEST)
    wait_world(scene, CENTRAL, 2)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGALRM, signal.SIGUSR2, signal.SIGRTMIN])
def test_a_signal_that_means_nothing_ends_nothing(scene, number):
    operator = steady(scene)
    for _ in range(3):
        operator.signal(number)
    wait.always("it leads", operator.is_leader, 1.0)
    assert operator.is_alive
    check_world(scene, WEST, 1)
    assert any(line.get("number") == number for line in operator.logs() if line["level"] == "warn")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_an_end_of_another_name_gives_the_lease_back(scene, number):
    """As by SIGTERM: the terminal was closed, and nobody waits for a Lease to expire."""
    operator = steady(scene)
    operator.is_to_be_ended()
    operator.signal(number)
    assert operator.reap() == 0
    lease = scene.bench.hub.admin.get("Lease", operator.lease_name, scene.namespace)
    assert not lease["spec"].get("holderIdentity")


def refused(*arguments):
    """A command line that is told at once what is wrong with it, and no process that goes on without what was meant."""
    result = subprocess.run(
        [operator_process.binary(), *arguments], capture_output=True, text=True, timeout=20, check=False
    )
    assert result.returncode == 2, result
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--leader-elect", "false"), "--leader-elect=false"),
        (("--standby-probes", "true"), "--standby-probes=true"),
        (("--insecure-kubeconfig-http", "no"), "--insecure-kubeconfig-http=no"),
        (("--metrics-bind-address=here",), "--metrics-bind-address"),
        (("--health-probe-bind-address=127.0.0.1:99999",), "--health-probe-bind-address"),
        (("--leader-election-id=Plane_Keeper",), "--leader-election-id"),
        (("--leader-election-namespace=a/b",), "--leader-election-namespace"),
        (("--namespace=mesh,other",), "--namespace"),
    ],
)
def test_flags_are_checked_at_once(arguments, said):
    assert said in refused(*arguments)
