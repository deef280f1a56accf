"""Servers that answer 200 only while they are active and 503 as a standby by design, as the principal of argocd-agent does."""

import http.server
import shlex
import threading
import time

import pytest
from world import CENTRAL, WEST, check_world, conditions, dns_stamp, message, record, wait_answer, wait_world

from hack.bench import wait


class Principal:
    """`serves` says whether it answers 200 or 503; while it is not alive nobody listens."""

    def __init__(self, host, serves):
        self.host, self.serves = host, serves
        self.port = 0
        self._server = None
        self.start()

    def start(self):
        principal = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if principal.serves() else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((self.host, self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def checks(self, **as_active):
        serves = {"name": "serves", "type": "HTTP", "port": self.port, "when": "Active", **as_active}
        codes = {"statusCodes": {"min": 200, "max": 503}}
        return [serves, {"name": "stands-by", "type": "HTTP", "port": self.port, "when": "Standby", "http": codes}]


@pytest.fixture
def principals(scene):
    """One at each plane, which is active where the name leads to it."""
    made = {
        name: Principal(host, lambda name=name: scene.active_in_dns() == name) for name, host in scene.planes.items()
    }
    yield made
    for principal in made.values():
        principal.stop()


def steady(scene, principals, detection=None, **as_active):
    scene.point_at(WEST)
    scene.put_planes(
        eu_west_1={"checks": principals[WEST].checks(**as_active)},
        eu_central_1={"checks": principals[CENTRAL].checks(**as_active)},
    )
    scene.put_policy({"detection": detection or {}})
    scene.operator()
    wait_world(scene, WEST, 1)
    scene.wait_condition("Ready", "True", "Steady")


def check_of(scene, plane, name):
    return next(check for check in scene.plane(plane)["status"]["checks"] if check["name"] == name)


def test_a_standby_that_is_unready_by_design_takes_over(scene, principals):
    steady(scene, principals)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    assert "HTTP" in message(scene, "FailoverPossible") and "503" not in message(scene, "FailoverPossible")
    standing = wait.until("told", lambda: (check_of(scene, CENTRAL, "serves") or {}).get("result") == "Fail" and scene.plane(CENTRAL))
    assert "503" in check_of(scene, CENTRAL, "serves")["message"]
    assert check_of(scene, CENTRAL, "serves")["message"].endswith("(does not count while the plane is a standby)")
    assert check_of(scene, CENTRAL, "serves")["when"] == "Active"
    ready = next(item for item in standing["status"]["conditions"] if item["type"] == "Ready")
    assert ready["status"] == "True", ready
    principals[WEST].stop()
    wait_world(scene, CENTRAL, 2)
    scene.wait_condition("Ready", "True", "FailedOver")
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    principals[WEST].start()
    scene.wait_condition("FailoverPossible", "True", "Chosen")  # as a standby, which it is by now
    wait.until(
        "told of the other role",
        lambda: check_of(scene, CENTRAL, "stands-by")["message"].endswith("(does not count while the plane is active)"),
    )
    explained = scene.status()["lastDecision"]["facts"]["planes"]
    assert [(plane["name"], plane["role"]) for plane in explained] == [(WEST, "Active"), (CENTRAL, "Standby")]
    assert explained[1]["checks"][0]["when"] == "Active"
    check_world(scene, CENTRAL, 2)


def test_an_active_plane_that_answers_503_is_down(scene, principals):
    """It would do as a standby, and is active: it is left, and not returned to, because it is a good standby only."""
    steady(scene, principals)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    principals[WEST].serves = lambda: False
    wait_world(scene, CENTRAL, 2)
    scene.wait_condition("Ready", "True", "FailedOver")
    check_world(scene, CENTRAL, 2)


def test_a_new_active_plane_has_time_to_become_ready(scene, principals):
    """Its 503 as a standby are not held against it: with failoverDelay 0s it would be down at once."""
    steady(scene, principals, detection={"interval": "500ms", "timeout": "500ms"})
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    seen = []

    def serves():
        if scene.active_in_dns() != CENTRAL:
            return False
        seen.append(time.monotonic())
        return seen[-1] - seen[0] > 1.0  # of the 1.5 s that it has

    principals[CENTRAL].serves = serves
    principals[WEST].stop()
    wait_world(scene, CENTRAL, 2)
    principals[WEST].start()
    scene.wait_condition("Ready", "True", "FailedOver")
    assert len(seen) > 1
    check_world(scene, CENTRAL, 2)
    assert dns_stamp(scene).epoch == 2


def test_a_new_active_plane_that_never_becomes_ready_is_left(scene, principals):
    """Nobody else is there at first: it is told as an outage of it, and left as soon as there is somebody."""
    steady(scene, principals)
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    principals[CENTRAL].serves = lambda: False
    principals[WEST].stop()
    wait_world(scene, CENTRAL, 2)
    scene.wait_condition("ActiveHealthy", "False")
    assert "503" in message(scene, "ActiveHealthy")
    assert conditions(scene)["Ready"].startswith("False")
    principals[WEST].start()
    wait_world(scene, WEST, 3)
    scene.wait_condition("Ready", "True")
    check_world(scene, WEST, 3)


def test_a_plane_has_its_role_in_each_policy(scene, principals):
    """Active for one, standby for the other: each judges it by its own yardstick, and the plane's row by either."""
    other_name = f"other.{scene.zone}"

    def leads_to(name, host):
        return scene.bench.bind.addresses(name) == {"A": frozenset({host})}

    for plane, host in scene.planes.items():
        principals[plane].serves = lambda host=host: leads_to(scene.dns_name, host)
    steady(scene, principals)
    scene.bench.bind.replace(other_name, "A", scene.planes[CENTRAL], ttl=30)
    scene.put_policy({"dns": {"name": other_name}, "mode": "Advise"}, name="other")
    wait.until(
        "the other policy sees it down",
        lambda: any(
            item["type"] == "ActiveHealthy" and item["status"] == "False" and "503" in item["message"]
            for item in scene.status("other").get("conditions", [])
        ),
    )
    scene.wait_condition("Ready", "True", "Steady")
    scene.wait_condition("FailoverPossible", "True", "Chosen")
    ready = next(item for item in scene.plane(CENTRAL)["status"]["conditions"] if item["type"] == "Ready")
    assert ready["status"] == "True", ready


def test_a_person_moves_to_a_standby_that_is_unready_once_that_was_confirmed(scene, principals):
    """Without a word on roles no standby is fit: the person is told why, and the printed command is carried out."""
    steady(scene, principals, detection={"interval": "500ms", "timeout": "500ms"})
    checks = [{"name": "serves", "type": "HTTP", "port": principals[CENTRAL].port}]
    scene.put_planes(eu_west_1={"checks": [{**checks[0], "port": principals[WEST].port}]}, eu_central_1={"checks": checks})
    scene.wait_condition("FailoverPossible", "False", "NoStandby")
    scene.annotate(switch_to=f"{CENTRAL}/2")
    answer = wait_answer(scene, f"switch-to={CENTRAL}/2", "to move there all the same: kubectl annotate fop")
    assert answer.startswith(f"waiting: gate NoFitStandby blocks: {CENTRAL}: unhealthy (HTTP")
    assert "503" in answer
    check_world(scene, WEST, 1)
    command = shlex.split(answer.split("all the same: ")[1])
    assert command[0] == "kubectl" and command[-1].endswith(f"switch-to={CENTRAL}/2/Unhealthy")
    scene.kubectl(*command[1:])
    wait_world(scene, CENTRAL, 2)
    wait_answer(scene, f"switch-to={CENTRAL}/2/Unhealthy", "accepted: epoch 2")
    scene.wait_condition("Ready", "True")
    check_world(scene, CENTRAL, 2)
    assert record(scene)["reason"] == "SwitchConfirmed"
