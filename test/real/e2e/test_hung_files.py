"""Files that a kubeconfig in a Secret names, on a mount that hangs: only its plane is told, and all else goes on."""

import contextlib

import yaml
from gallery import CENTRAL, GOOD, WEST, Gallery
from test_bad_planes import QUIET, put_plane

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.process import Process

HUNG = ("one", "two", "three")
HANGS = r"Secret \S+/kc-{0} key value: users.0..user.tokenFile: \S+/hung-{0}: not read within 5 s; the mount may hang: mend it, or put the content inline"


class HungMount(Process):
    """strace(1) lets no open(2) of these files return, until it is stopped."""

    def __init__(self, victim, paths):
        super().__init__(victim.scratch, "hung-mount")
        files = [argument for path in paths for argument in ("-P", str(path))]
        delay = ("-e", "trace=openat", "-e", "inject=openat:delay_enter=1000s")
        self._argv = ["strace", "-f", "-o", "/dev/null", *files, *delay, "-p", str(victim.pid)]

    def argv(self):
        return self._argv

    def is_ready(self):
        return "attached" in self.log_text()

    def stop(self):
        if self.is_alive:
            super().stop()


@contextlib.contextmanager
def hung(operator, paths):
    mount = HungMount(operator, paths)
    mount.start()
    try:
        wait.until("attached", mount.is_ready)
        yield
    finally:
        mount.stop()


def with_token_file(bench, path):
    config = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))
    config["users"][0]["user"] = {"tokenFile": str(path)}
    return yaml.safe_dump(config)


def test_a_mount_that_hangs_stops_nothing_else(bench):
    folder = bench.scratch.folder("mount")
    token = yaml.safe_load(bench.plane_kubeconfig(CENTRAL))["users"][0]["user"]["token"]
    files = {name: folder / f"hung-{name}" for name in (*HUNG, "stale", "fine")}
    for path in files.values():
        path.write_text(token)
    files["stale"].write_text("a-token-of-yesterday")
    with Gallery(bench) as gallery:
        gallery.secrets.add(token)
        gallery.scene.put_planes()
        gallery.add(GOOD, QUIET)
        gallery.put_secret("kc-stale", {"value": with_token_file(bench, files["stale"])})
        put_plane(gallery, "stale", "kc-stale")
        operator = gallery.run(extra_args=("--insecure-kubeconfig-files",))
        gallery.wait_good()
        gallery.wait_plane("stale", "Ready", "False", "NoAddress", r"credentials: HTTP 401 .renew the token")
        with hung(operator, [files[name] for name in (*HUNG, "stale")]):
            for name in HUNG:
                gallery.put_secret(f"kc-{name}", {"value": with_token_file(bench, files[name])})
                put_plane(gallery, name, f"kc-{name}")
            for name in HUNG:
                gallery.wait_plane(name, "Ready", "False", "NoAddress", HANGS.format(name), timeout=30.0)
                assert gallery.kstatus("ManagementPlane", name) == "InProgress"  # it ends when the mount comes back
            gallery.wait_condition(f"standby-{HUNG[0]}", "FailoverPossible", "False", "NoStandby", HANGS.format(HUNG[0]))
            gallery.wait_plane("stale", "Ready", "False", "NoAddress", r"401 .*; its token file \S+/hung-stale is not read")
            # Nothing that is not on that mount waits for it.
            gallery.put_secret("kc-fine", {"value": with_token_file(bench, files["fine"])})
            put_plane(gallery, "fine", "kc-fine")
            gallery.wait_plane("fine", "Ready", "True", "ProbesPassed")
            bench.kill_plane(WEST)
            moved = {"A": frozenset({PLANES[CENTRAL]})}
            wait.until("the name follows", lambda: bench.bind.addresses(gallery.dns_name(GOOD)) == moved, 20.0)
            assert operator.get("healthz")[0] == 200
        for name in HUNG:  # the mount is back
            gallery.wait_plane(name, "Ready", "True", "ProbesPassed", timeout=30.0)


def test_a_kubeconfig_that_hangs_is_mended_by_its_secret(bench):
    path = bench.scratch.folder("mount-2") / "hung-mended"
    path.write_text("never read")
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD, QUIET)
        operator = gallery.run(extra_args=("--insecure-kubeconfig-files",))
        with hung(operator, [path]):
            gallery.put_secret("kc-mended", {"value": with_token_file(bench, path)})
            put_plane(gallery, "mended", "kc-mended")
            gallery.wait_plane("mended", "Ready", "False", "NoAddress", HANGS.format("mended"), timeout=30.0)
            gallery.put_secret("kc-mended", {"value": bench.plane_kubeconfig(CENTRAL)})  # inline, as the message says
            gallery.wait_plane("mended", "Ready", "True", "ProbesPassed", timeout=40.0)


def test_a_file_that_comes_later_is_read(bench):
    path = bench.scratch.folder("mount-3") / "late"
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD, QUIET)
        gallery.put_secret("kc-late", {"value": with_token_file(bench, path)})
        put_plane(gallery, "late", "kc-late")
        gallery.run(extra_args=("--insecure-kubeconfig-files",))
        gallery.wait_plane("late", "Ready", "False", "KubeconfigInvalid", r"tokenFile: \S+/late: No such file")
        path.write_text(yaml.safe_load(bench.plane_kubeconfig(CENTRAL))["users"][0]["user"]["token"])
        gallery.wait_plane("late", "Ready", "True", "ProbesPassed", timeout=30.0)
