"""The two resources as a person meets them through kubectl: defaults, refusals, columns, explain. No operator runs."""

import copy
import json
import os
import re

import pytest
import yaml

from hack.bench import tools
from hack.bench.kube import KubectlError
from hack.bench.objects import failover_policy, management_plane, merged

CRDS = tools.ROOT / "crds"
POLICY = {
    "mode": "Automatic",
    "planes": ["eu-west-1", "eu-central-1"],
    "dns": {"name": "gloo-mgmt.mesh.example.com", "rfc2136": {"nameserver": "192.0.2.53", "tsigSecretRef": {"name": "tsig"}}},
}
LOCK = {"address": "redis.example.com:6379", "lock": {"key": "mgmt-active"}}
ELASTICACHE = {"globalReplicationGroupID": "ldgnf-gloo"}
TCP = {"name": "a", "type": "TCP"}
OBJECT = {"namespace": "flux-system", "name": "gloo"}
SENTINEL = {"masterName": "mymaster", "addresses": ["sentinel.example.com:26379"]}
LONG = "a" * 64
INNER = ["localhost", "gloo-mgmt", "mgmt.gloo.svc", "mgmt.gloo.svc.cluster.local", "A.B.svc.Cluster.Local."]
NUMBERS = ["127.0.15618", "127.1", "0", "2130706433", "0x7f000001", "1.2.3.4.", "lb.example.1", "256.0.0.1"]


def dns_name(characters):
    """A name of that many characters."""
    return ".".join(["a" * 59] * 4)[: characters - len(".example.com")] + ".example.com"


@pytest.fixture(scope="module")
def namespace(bench):
    return bench.hub.ensure_namespace(f"schema-{os.getpid()}")


@pytest.fixture(scope="module")
def submit(bench, namespace):
    """Applies an object as kubectl does, without storing it; gives what would be stored."""

    def apply(thing):
        text = bench.hub.kubectl("apply", "--dry-run=server", "-o", "json", "-f", "-", input=json.dumps(thing))
        return json.loads(text)

    def submit(kind, spec, name="x"):
        make = failover_policy if kind == "fop" else management_plane
        return apply(make(name, namespace, spec))

    return submit


def policy(**changes):
    return merged(copy.deepcopy(POLICY), changes)


def check(**fields):
    return {"checks": [{"name": "c", "type": "TCP", **fields}]}


REFUSED = [
    ("fop", policy(mode="Maybe"), 'spec.mode: Unsupported value: "Maybe"'),
    ("fop", policy(mode=None), "spec.mode: Required value"),
    ("fop", policy(planes=[]), "spec.planes: Invalid value: 0"),
    ("fop", policy(planes=list("abcdefghi")), "must have at most 8 items"),
    ("fop", policy(planes=["a", "b", "a"]), "planes names a more than once"),
    (
        "fop",
        policy(detection={"interval": "1s"}),
        "timeout 3s is not between 10ms and interval 1s: probes would overlap",
    ),
    ("fop", policy(detection={"interval": "50ms", "timeout": "20ms"}), "interval 50ms is not between 100ms and 5m"),
    ("fop", policy(detection={"interval": "5x"}), "spec.detection.interval"),
    ("fop", policy(detection={"interval": "1m", "failoverDelay": "30s"}), "failoverDelay 30s would have no effect"),
    ("fop", policy(detection={"failoverDelay": "2h"}), "failoverDelay 2h is above 1h"),
    ("fop", policy(detection={"failureThreshold": 0}), "should be greater than or equal to 1"),
    ("fop", policy(detection={"successThreshold": 21}), "should be less than or equal to 20"),
    ("fop", policy(cooldown="169h"), "cooldown is at most 168h"),
    ("fop", policy(maxSwitches=0), "spec.maxSwitches"),
    ("fop", policy(failback={"stableFor": "1s"}), "stableFor 1s is shorter than detection.interval 5s"),
    ("fop", policy(failback={"stableFor": "169h"}), "stableFor is at most 168h"),
    ("fop", policy(failback={"policy": "Sometimes"}), "spec.failback.policy"),
    ("fop", policy(writeMode="SingleCluster"), "writeMode SingleCluster needs redis.lock"),
    ("fop", policy(writeMode="SingleCluster", redis={"address": "r:1"}), "writeMode SingleCluster needs redis.lock"),
    ("fop", policy(redis={"address": "redis"}), "spec.redis.address"),
    ("fop", policy(redis={}), "redis needs exactly one of address"),
    ("fop", policy(redis={"address": "r:1", "promotion": {"replica": {}}}), "redis needs exactly one of address"),
    ("fop", policy(redis={"promotion": {}}), "promotion needs exactly one way"),
    ("fop", policy(redis={"promotion": {"replica": {}, "sentinel": SENTINEL}}), "promotion needs exactly one way"),
    ("fop", policy(redis={"promotion": {"sentinel": {"masterName": "m"}}}), "spec.redis.promotion.sentinel.addresses: Required"),
    ("fop", policy(redis={"promotion": {"sentinel": {"addresses": ["s:1"]}}}), "spec.redis.promotion.sentinel.masterName: Required"),
    ("fop", policy(redis={"promotion": {"sentinel": {**SENTINEL, "addresses": ["s"]}}}), "spec.redis.promotion.sentinel.addresses[0]"),
    ("fop", policy(redis={"promotion": {"sentinel": {**SENTINEL, "addresses": []}}}), "spec.redis.promotion.sentinel.addresses"),
    ("fop", policy(redis={"promotion": {"replica": {"maxLagSeconds": -1}}}), "spec.redis.promotion.replica.maxLagSeconds"),
    ("fop", policy(redis={"promotion": {"replica": {}, "elastiCacheGlobal": ELASTICACHE}}), "promotion needs exactly one way"),
    ("fop", policy(redis={"promotion": {"elastiCacheGlobal": {}}}), "elastiCacheGlobal.globalReplicationGroupID: Required"),
    ("fop", policy(redis={"promotion": {"elastiCacheGlobal": {"globalReplicationGroupID": "Gloo"}}}), "globalReplicationGroupID"),
    ("fop", policy(redis={"promotion": {"elastiCacheGlobal": {**ELASTICACHE, "roleARN": "me"}}}), "elastiCacheGlobal.roleARN"),
    ("fop", policy(redis={"address": "r:1", "lock": {"key": "k", "value": "{nmae}"}}), "unknown token"),
    ("fop", policy(redis={"address": "r:1", "lock": {"key": "k", "value": "e{epoch}"}}), "the same for every plane"),
    ("fop", policy(dns={"rfc2136": None}), "dns needs exactly one provider: set rfc2136 or route53"),
    ("fop", policy(dns={"route53": {}}), "dns needs exactly one provider: set rfc2136 or route53"),
    ("fop", policy(dns={"rfc2136": None, "route53": {"hostedZoneID": "z1"}}), "spec.dns.route53.hostedZoneID"),
    ("fop", policy(dns={"rfc2136": None, "route53": {"endpoint": "route53.amazonaws.com"}}), "spec.dns.route53.endpoint"),
    ("fop", policy(dns={"rfc2136": None, "route53": {"credentialsSecretRef": {}}}), "spec.dns.route53.credentialsSecretRef.name: Required value"),
    ("fop", policy(dns={"recordTTL": 301}), "recordTTL is at most 300: agents may keep the address of a dead plane"),
    ("fop", policy(dns={"rfc2136": {"tsigSecretRef": None}}), "spec.dns.rfc2136.tsigSecretRef: Required value"),
    ("fop", policy(dns={"recordTTL": 0}), "spec.dns.recordTTL"),
    ("fop", policy(dns={"recordType": "TXT"}), "spec.dns.recordType"),
    ("fop", policy(dns={"recordType": "ALIAS"}), "recordType ALIAS is for route53"),
    ("fop", policy(dns={"name": "not a name"}), "spec.dns.name"),
    ("fop", policy(dns={"rfc2136": {"nameserver": "a b"}}), "spec.dns.rfc2136.nameserver"),
    ("fop", policy(decisionStore="Quorum"), 'supported values: "Kubernetes", "DNS"'),
    ("fop", policy(drift="Ignore"), 'supported values: "Report", "Enforce"'),
    ("fop", policy(sspend=True), 'unknown field "spec.sspend"'),
    (
        "mplane",
        {"server": {"address": "192.0.2.1", "service": {}}},
        "either server.address or server.service, not both",
    ),
    ("mplane", {"server": {"address": "host:9900"}}, "without a port; the port goes into server.port"),
    *(("mplane", {"server": {"address": number}}, "address ends in a number") for number in NUMBERS),
    *(("mplane", {"server": {"address": inner}}, "address is known inside one cluster or machine alone") for inner in INNER),
    *(
        ("fop", policy(redis={"address": f"{number}:6379"}), "address ends in a number: resolvers read it")
        for number in NUMBERS
    ),
    *(
        ("fop", policy(dns={"rfc2136": {"nameserver": number}}), "nameserver ends in a number: resolvers read it")
        for number in [*NUMBERS, "127.1:53"]
    ),
    ("fop", policy(dns={"verify": {"servers": ["127.1"]}}), "server ends in a number: resolvers read it"),
    ("fop", policy(dns={"name": "gloo.127.1"}), "name ends in a number: resolvers read it"),
    ("fop", policy(dns={"name": dns_name(241)}), "name has more than 240 characters"),
    ("fop", policy(decisionStore="DNS", dns={"name": dns_name(240)}), "dns.name has at most 234 characters"),
    ("fop", policy(decisionStore="DNS", dns={"name": dns_name(235)}), "dns.name has at most 234 characters"),
    ("fop", policy(redis={"address": "r:65536"}), "spec.redis.address"),
    ("mplane", {"server": {"address": "2001:db8:::1"}}, "address has colons and is no IPv6 address"),
    ("mplane", {"server": {"address": "::ffff:192.0.2.1"}}, "address has colons and is no IPv6 address"),
    ("mplane", {"server": {"address": "-lb.example.com"}}, "address is neither an IP address nor a host name"),
    ("mplane", {"server": {"address": "lb..example.com"}}, "address is neither an IP address nor a host name"),
    ("mplane", {"server": {"port": 9900}}, "server.port belongs to server.address"),
    ("mplane", {"checks": [TCP, {"name": "b", "type": "Kustomization"}]}, "object is for checks of type Kustomization and Application"),
    ("mplane", {"checks": [{**TCP, "object": OBJECT}]}, "object is for checks of type Kustomization and Application"),
    ("mplane", {"checks": [{"name": "b", "type": "Application", "object": OBJECT}]}, "a plane needs a check of the path that agents use"),
    ("mplane", {"checks": [TCP, {"name": "b", "type": "Application", "object": OBJECT, "port": 1}]}, "has no port"),
    ("mplane", {"server": {"address": "h.example.com"}, "checks": [TCP, {"name": "b", "type": "Application", "object": OBJECT}]}, "asks the plane's API server"),
    ("mplane", {"redis": {"address": "r:1", "elastiCache": {"region": "eu-west-1"}}}, "spec.redis.elastiCache.replicationGroupID: Required"),
    ("mplane", {"server": {"address": "a_b c"}}, "spec.server.address"),
    ("mplane", {"kubeConfig": {}}, "spec.kubeConfig.secretRef: Required value"),
    ("mplane", {"eligible": "no"}, "spec.eligible"),
    ("mplane", {"region": ""}, "spec.region"),
    ("mplane", check(type="UDP"), "spec.checks[0].type"),
    ("mplane", check(type="Deployment"), "a plane needs a check of the path that agents use"),
    ("mplane", {"checks": [check()["checks"][0]] * 2}, "Duplicate value"),
    ("mplane", check(when="active"), "spec.checks[0].when"),
    ("mplane", check(when="Active"), "counts while the plane is a standby; add one with when: Standby, or leave out when"),
    ("mplane", check(when="Standby"), "counts while the plane is active; add one with when: Active, or leave out when"),
    ("mplane", check(http={}), "http is for checks of type HTTP only"),
    ("mplane", check(grpc={}), "grpc is for checks of type GRPC only"),
    ("mplane", check(tls={}), "tls is for checks of type TLS, GRPC, and HTTP with scheme HTTPS"),
    ("mplane", check(type="HTTP", http={"path": "healthz"}), "path begins with / and contains no space"),
    ("mplane", check(type="HTTP", http={"statusCodes": {"min": 300}}), "min is above max: no status could pass"),
    (
        "mplane",
        {"server": {"address": "h.example.com"}, "checks": [{"name": "t", "type": "TCP"}, {"name": "d", "type": "Deployment"}]},
        "asks the plane's API server: set kubeConfig, or server.deployment",
    ),
    (
        "mplane",
        {"checks": [{"name": "t", "type": "TCP"}, {"name": "d", "type": "Deployment", "port": 1}]},
        "a check of type Deployment, Kustomization or Application has no port",
    ),
]


@pytest.mark.parametrize(("kind", "spec", "message"), REFUSED, ids=[message[:40] for _, _, message in REFUSED])
def test_a_mistake_is_refused_with_what_is_wrong(submit, kind, spec, message):
    with pytest.raises(KubectlError) as refused:
        submit(kind, spec)
    assert message in refused.value.stderr
    assert "evaluating rule" not in refused.value.stderr, "a rule must say what is wrong, not that it broke"


@pytest.mark.parametrize("kind", ["fop", "mplane"])
def test_a_name_fits_the_txt_record(submit, kind):
    with pytest.raises(KubectlError, match="at most 63 characters"):
        submit(kind, POLICY if kind == "fop" else {}, name=LONG)


ACCEPTED = [
    ("fop", policy()),
    ("fop", policy(detection={"interval": "200ms", "timeout": "200ms", "failoverDelay": "0s"}, cooldown="0s")),
    ("fop", policy(detection={"interval": "1m", "failoverDelay": "2m"}, cooldown="1h30m", maxSwitches=100)),
    ("fop", policy(writeMode="SingleCluster", redis=LOCK, failback={"policy": "Automatic", "stableFor": "1h"})),
    ("fop", policy(redis={**LOCK, "tls": {}, "lock": {"key": "k", "value": "{clusterName}/{uid} e{epoch}"}})),
    ("fop", policy(dns={"rfc2136": None, "route53": {}})),
    ("fop", policy(dns={"rfc2136": None, "route53": {"hostedZoneID": "/hostedzone/Z2FDTNDATAQYW2", "private": True, "region": "us-east-1"}})),
    ("fop", policy(dns={"name": "_x.example.com.", "rfc2136": {"nameserver": "[2001:db8::53]:5353"}})),
    ("fop", policy(dns={"verify": {"servers": ["192.0.2.54", "ns2.example.com:53", "2001:db8::1"]}})),
    ("fop", policy(dns={"name": dns_name(240)})),
    ("fop", policy(dns={"name": dns_name(240) + "."})),
    ("fop", policy(decisionStore="DNS", dns={"name": dns_name(234)})),
    ("fop", policy(decisionStore="DNS", dns={"name": dns_name(234) + "."})),
    ("mplane", {}),
    *(
        ("mplane", {"server": {"address": address}})
        for address in ("192.0.2.1", "::1", "1:2:3:4:5:6:7::", "2001:db8::a:0:1", "lb.example.com.", "10.lb-1.example", "lb.corp.local")
    ),
    ("mplane", {"server": {"address": "2001:db8::1", "port": 443}}),
    ("mplane", {"server": {"service": {"port": "9900"}}, "kubeConfig": {"secretRef": {"name": "west"}}}),
    ("mplane", {"server": {"address": "h.example.com", "deployment": {}}, "checks": [{"name": "t", "type": "TCP"}]}),
    ("mplane", {"checks": [check(name="a", when="Active")["checks"][0], check(name="s", when="Standby")["checks"][0]]}),
    ("mplane", {"checks": [check(name="a", when="Active")["checks"][0], check(name="t")["checks"][0]]}),
    ("mplane", check(type="HTTP", http={"scheme": "HTTPS", "path": "/healthz?full=1"}, tls={"serverName": "h"})),
    ("mplane", check(type="GRPC", grpc={"service": "relay", "plaintext": True})),
]


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
def test_what_is_meant_is_accepted(submit, kind, spec):
    submit(kind, spec)


def test_defaults_of_the_smallest_policy(submit):
    spec = submit("fop", POLICY)["spec"]
    assert spec == {
        **POLICY,
        "dns": {**POLICY["dns"], "recordTTL": 30},
        "suspend": False,
        "writeMode": "AllClusters",
        "detection": {"interval": "5s", "timeout": "3s", "failureThreshold": 3, "successThreshold": 3},
        "cooldown": "1h",
        "maxSwitches": 2,
        "failback": {"policy": "Manual", "stableFor": "10m"},
        "decisionStore": "Kubernetes",
        "drift": "Report",
    }


def test_defaults_of_parts(submit):
    spec = submit("fop", policy(redis=LOCK, detection={"interval": "4s"}))["spec"]
    assert spec["redis"] == {**LOCK, "db": 0, "lock": {"key": "mgmt-active", "value": "{clusterName}", "waitReplicas": 1}}
    assert spec["detection"] == {"interval": "4s", "timeout": "3s", "failureThreshold": 3, "successThreshold": 3}
    plane = submit("mplane", {"server": {"service": {}}, "kubeConfig": {"secretRef": {"name": "west"}}})["spec"]
    assert plane == {
        "eligible": True,
        "kubeConfig": {"secretRef": {"name": "west", "key": "value"}},
        "server": {"service": {"namespace": "gloo-mesh", "name": "gloo-mesh-mgmt-server", "port": "grpc"}},
        "tls": {"serverName": "gloo-mesh-mgmt-server.gloo-mesh"},
    }
    http = submit("mplane", check(type="HTTP", http={}))["spec"]["checks"][0]["http"]
    assert http == {"scheme": "HTTP", "method": "GET", "path": "/", "statusCodes": {"min": 200, "max": 299}}


def rows(text):
    """Header and rows of kubectl's table; no cell may be blank."""
    header, *lines = text.splitlines()
    starts = [header.index(word) for word in header.split()]
    cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines]
    assert all(cell and "<" not in cell for row in cells for cell in row), text
    return header.split(), cells


@pytest.fixture(scope="module")
def unseen(bench, namespace):
    """The smallest of each, stored, with no operator to look at them."""
    bench.hub.admin.put(management_plane("eu-central-1", namespace, {"server": {"address": "198.51.100.7"}}))
    bench.hub.admin.put(failover_policy("gloo", namespace, POLICY))
    yield
    bench.hub.kubectl("delete", "planekeeper", "--all", "-n", namespace)


def test_columns_before_an_operator_looked(bench, namespace, unseen):
    header, cells = rows(bench.hub.kubectl("get", "mplane", "-n", namespace))
    assert header == ["NAME", "REGION", "ROLE", "READY", "ELIGIBLE", "REPLICAS", "CERT", "ADDRESS", "AGE"]
    assert cells[0][:-1] == ["eu-central-1", "-", "Unknown", "Unknown", "Unknown", "-", "-", "-"]
    header, cells = rows(bench.hub.kubectl("get", "fop", "-n", namespace))
    assert header == ["NAME", "MODE", "READY", "ARMED", "STATUS", "ACTIVE", "STANDBY", "EPOCH", "LAST-SWITCH", "AGE"]
    assert cells[0][:-1] == ["gloo", "Unknown", "Unknown", "Unknown", "Unseen", "-", "-", "0", "Never"]
    header, cells = rows(bench.hub.kubectl("get", "fop", "-n", namespace, "-o", "wide"))
    assert header[-6:] == ["STEP", "FAILOVER", "RTO-LAST", "STORE", "JUDGED", "MESSAGE"]
    assert cells[0][-6:-2] == ["-", "Unknown", "-", "-"]
    assert re.fullmatch(r"\d\dy", cells[0][-2]) and cells[0][-1] == "No operator has looked at this yet."


def test_nothing_counts_as_ready_before_an_operator_looked(bench, namespace, unseen):
    for kind, name in (("fop", "gloo"), ("mplane", "eu-central-1")):
        status = bench.hub.kubectl_json("get", kind, name, "-n", namespace)["status"]
        assert status["observedGeneration"] == -1
        assert {c["type"]: c["status"] for c in status["conditions"]} == {"Ready": "Unknown", "Reconciling": "True"}
        with pytest.raises(KubectlError, match="timed out"):
            bench.hub.kubectl("wait", "--for=condition=Ready", kind, name, "-n", namespace, "--timeout=1s")


def test_status_is_a_subresource_and_keeps_its_defaults(bench, namespace, unseen):
    patched = bench.hub.admin.patch_status("FailoverPolicy", "gloo", {"epoch": 2, "nonsense": 1}, namespace)
    assert patched["status"]["epoch"] == 2
    assert "nonsense" not in patched["status"]
    assert patched["status"]["lastSwitchText"] == "Never", "a status in part must not blank a column"
    accounts = [entry["fieldsV1"] for entry in patched["metadata"]["managedFields"] if entry.get("subresource") == "status"]
    assert accounts == [{"f:status": {}}], "every write would pay for an account of each field, of which one owner writes all"
    unchanged = bench.hub.admin.patch("FailoverPolicy", "gloo", {"status": {"epoch": 9}}, namespace)
    assert unchanged["status"]["epoch"] == 2


def fields(schema, path):
    """Every field under a schema with its path."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


@pytest.mark.parametrize("crd", sorted(CRDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_field_is_described_with_its_default(crd):
    version = yaml.safe_load(crd.read_text())["spec"]["versions"][0]
    for path, field in fields(version["schema"]["openAPIV3Schema"], ""):
        if path == ".metadata":
            continue
        assert field.get("description"), f"{path} has no description"
        default = field.get("default")
        if path.startswith(".spec") and isinstance(default, str | int) and not isinstance(default, bool):
            text = str(default) or "empty"
            assert f"Default {text}" in field["description"], f"{path}: the description does not say the default {text}"


def test_explain_reads_like_documentation(bench):
    text = bench.hub.kubectl("explain", "fop.spec.detection.failoverDelay")
    assert "30s" in text and "60s where" in text and "regions" in text
    text = bench.hub.kubectl("explain", "mplane", "--recursive")
    assert "clientCertificateSecretRef" in text
    assert "planekeeper.io/switch-to=<plane>/<epoch>" in bench.hub.kubectl("explain", "fop")


def test_short_names_and_category(bench):
    listed = bench.hub.kubectl("api-resources", "--categories=planekeeper", "--no-headers")
    assert [line.split()[:2] for line in listed.splitlines()] == [
        ["failoverpolicies", "fop"],
        ["managementplanes", "mplane"],
    ]
