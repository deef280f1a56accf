"""/metrics of an operator at work: the names that dashboards ask for, with their labels, and a linter that others wrote."""

import re

import pytest
import yaml
from trouble import redis_takes_no_writes
from world import CENTRAL, WEST, steady, wait_world

from hack.bench import judges, tools, wait
from hack.bench.bench import PLANES

CONTROLLER = {"controller": "failoverpolicy"}
BUCKET, PART = {"le"}, re.compile(r"_(bucket|sum|count)$")
QUEUE = {"name", "controller"}
POLICY = {"namespace", "policy"}

# What the dashboards of kubebuilder and Flux read, of what applies to a program that is not written in Go.
DASHBOARDS = {
    "controller_runtime_reconcile_total": {"controller", "result"},
    "controller_runtime_reconcile_errors_total": {"controller"},
    "controller_runtime_reconcile_time_seconds_bucket": {"controller"} | BUCKET,
    "controller_runtime_reconcile_time_seconds_count": {"controller"},
    "controller_runtime_active_workers": {"controller"},
    "controller_runtime_max_concurrent_reconciles": {"controller"},
    "workqueue_depth": QUEUE,
    "workqueue_adds_total": QUEUE,
    "workqueue_retries_total": QUEUE,
    "workqueue_unfinished_work_seconds": QUEUE,
    "workqueue_longest_running_processor_seconds": QUEUE,
    "workqueue_queue_duration_seconds_bucket": QUEUE | BUCKET,
    "workqueue_work_duration_seconds_bucket": QUEUE | BUCKET,
    "workqueue_work_duration_seconds_count": QUEUE,
    "rest_client_requests_total": {"code", "host", "method"},
    "leader_election_master_status": {"name"},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_virtual_memory_bytes": set(),
    "process_start_time_seconds": set(),
    "process_open_fds": set(),
    "process_max_fds": set(),
}
OWN = {
    "planekeeper_policy_ready": POLICY,
    "planekeeper_policy_epoch": POLICY,
    "planekeeper_policy_failover_possible": POLICY,
    "planekeeper_active_plane": POLICY | {"plane"},
    "planekeeper_decisions_total": POLICY | {"reason"},
    "planekeeper_switch_duration_seconds_bucket": BUCKET,
    "planekeeper_step_duration_seconds_bucket": {"step"} | BUCKET,
    "planekeeper_probe_duration_seconds_bucket": {"kind", "result"} | BUCKET,
    "planekeeper_check_up": {"namespace", "plane", "check"},
    "planekeeper_target_errors_total": {"target", "error"},
}
BUCKETS = {
    "controller_runtime_reconcile_time_seconds": (40, 0.005, 60),
    "workqueue_queue_duration_seconds": (12, 1e-8, 1000),
    "workqueue_work_duration_seconds": (12, 1e-8, 1000),
}
SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
NAME = re.compile(r"\b(?:planekeeper|process|workqueue|controller_runtime|leader_election|rest_client)_\w+")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Page:
    """What one scrape gave: samples as (name, labels, value), and the type of each family."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        for line in text.splitlines():
            if not line.startswith("#"):
                found = SAMPLE.match(line)
                assert found, f"not a sample: {line}"
                self.samples.append((found["name"], dict(LABEL.findall(found["labels"] or "")), float(found["value"])))

    def of(self, name, **labels):
        """label set -> value of the samples that have these labels"""
        return [(has, value) for found, has, value in self.samples if found == name and labels.items() <= has.items()]

    def value(self, name, **labels):
        ((_, value),) = self.of(name, **labels)
        return value


@pytest.fixture
def page(scene):
    """After a failover that met a Redis that refused for a moment: every family has something to tell."""
    operator = steady(scene, single_writer=True)
    with redis_takes_no_writes(scene):
        scene.bench.kill_plane(WEST)
        wait.until("an error was counted", lambda: "planekeeper_target_errors_total{" in operator.metrics_text())
    wait_world(scene, CENTRAL, 2, single_writer=True)
    scene.wait_condition("Ready", "True", "FailedOver")
    counted = lambda: "planekeeper_switch_duration_seconds_count 1" in operator.metrics_text()
    wait.until("the switch was counted", counted)
    return Page(operator.metrics_text())


def test_dashboards_and_alerts_find_what_they_ask_for(scene, page):
    names = {name for name, _, _ in page.samples}
    for name, labels in {**DASHBOARDS, **OWN}.items():
        assert name in names, f"{name} is missing"
        for has, _ in page.of(name):
            assert set(has) == labels, f"{name} has {sorted(has)}, expected {sorted(labels)}"
    check_buckets(page)
    check_values(scene, page)
    rules = yaml.safe_load((tools.ROOT / "manifests/components/prometheus/prometheus_rule.yaml").read_text())
    expressions = [rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    asked = {name for expression in expressions for name in NAME.findall(expression)}
    assert asked and asked <= names, asked - names


def check_buckets(page):
    """controller-runtime's own, so that the quantiles of a dashboard mean the same."""
    for name, (count, first, last) in BUCKETS.items():
        for controller in {has["controller"] for has, _ in page.of(f"{name}_count")}:
            bounds = [float(has["le"]) for has, _ in page.of(f"{name}_bucket", controller=controller)]
            assert (len(bounds), bounds[0], *bounds[-2:]) == (count + 1, first, last, float("inf")), name


def check_values(scene, page):
    """They say what became of the world."""
    here = {"namespace": scene.namespace, "policy": "gloo"}
    assert page.value("planekeeper_policy_epoch", **here) == 2
    assert page.value("planekeeper_policy_ready", **here) == 1
    assert page.value("planekeeper_policy_failover_possible", **here) == 0
    assert {has["plane"]: value for has, value in page.of("planekeeper_active_plane", **here)} == {WEST: 0, CENTRAL: 1}
    assert page.value("planekeeper_decisions_total", reason="ThresholdReached", **here) == 1
    assert {has["step"] for has, _ in page.of("planekeeper_step_duration_seconds_count")} == {"Lock", "Route"}
    checks = {(has["plane"], value) for has, value in page.of("planekeeper_check_up", namespace=scene.namespace)}
    assert checks == {(WEST, 0), (CENTRAL, 1)}
    assert {has["result"] for has, _ in page.of("controller_runtime_reconcile_total", **CONTROLLER)} == {
        "success",
        "error",
        "requeue",
        "requeue_after",
    }
    assert page.value("controller_runtime_reconcile_total", result="success", **CONTROLLER) > 5
    assert page.value("leader_election_master_status") == 1
    assert {has["controller"] for has, _ in page.of("workqueue_depth")} == {"failoverpolicy", "managementplane"}
    hosts = {f"127.0.0.1:{server.port}" for server in scene.bench.api_servers}
    assert {has["host"] for has, _ in page.of("rest_client_requests_total")} == hosts
    assert page.value("process_resident_memory_bytes") > 1e6
    assert len(PLANES) == len(page.of("planekeeper_active_plane"))


def test_promtool_finds_nothing_to_mend(page):
    """Names, units, types and HELP by the linter of Prometheus itself; each family is declared once."""
    judges.promtool("check", "metrics", input=page.text)
    heads = re.findall(r"^# HELP (\S+)", page.text, re.MULTILINE)
    assert len(heads) == len(set(heads))
    assert set(heads) == set(page.types)
    for name, _, _ in page.samples:
        assert name in page.types or page.types[PART.sub("", name)] == "histogram", name
    for name, kind in page.types.items():
        assert (kind == "counter") == name.endswith("_total"), f"{name} is a {kind}"
