"""decisionStore: DNS. Two operators, each inside one of the two planes, with the same manifests; what they share is the TXT record."""

import pytest
from trouble import redis_takes_no_writes
from world import CENTRAL, QUICK_LEASE, WEST

from hack.bench import objects, wait
from hack.bench.bench import PLANES
from hack.bench.relay import Relay
from hack.bench.scene import LOCK_KEY, POLICY
from hack.bench.timeline import Watcher

DNS = {"decisionStore": "DNS"}
BOTH_WRITE_MODES = pytest.mark.parametrize("single_writer", [False, True], ids=["all-clusters", "single-cluster"])


def fields(scene):
    """The record in the TXT record, as a dictionary; {} where there is none."""
    return dict(field.split("=", 1) for field in scene.epoch_record().split())


def decided(scene):
    """Epoch, plane, phase, and the epoch of the addresses."""
    record = fields(scene)
    return int(record.get("e", 0)), record.get("p", ""), record.get("phase", ""), int(record.get("r", 0))


def alive(scene):
    return " ".join(scene.bench.bind.values(f"_planekeeper-alive.{scene.dns_name}", "TXT"))


def wait_all(scene, sites, plane, epoch, single_writer=False, timeout=30.0):
    """DNS, lock, record and the status in every cluster agree."""

    def probe():
        assert decided(scene) == (epoch, plane, "Steady", epoch), scene.epoch_record()
        assert scene.addresses() == {"A": frozenset({PLANES[plane]})}
        if single_writer:
            assert scene.redis.get(LOCK_KEY) == plane
            assert f"e={epoch} " in scene.redis.get(f"{{{LOCK_KEY}}}:planekeeper")
        for site in sites:
            status = site.status()
            assert (status.get("activePlane"), status.get("epoch")) == (plane, epoch), status.get("message")
            assert status["store"] == "DNS"
            assert status["state"] not in ("Switching", "Unseen", "Observing"), status["message"]
        return True

    wait.until(f"all on {plane}, epoch {epoch}", probe, timeout)


def furnish(site, single_writer=False, changes=None, planes=None):
    site.put_planes(**(planes or {}))
    site.put_policy(objects.merged(DNS, changes or {}), single_writer)


def two_sites(scene, single_writer=False, on=WEST):
    scene.point_at(on)
    if single_writer:
        scene.redis.set(LOCK_KEY, on)
    sites = scene.beside(WEST), scene.beside(CENTRAL)
    for site in sites:
        furnish(site, single_writer)
    return sites


def start(site):
    return site.operator(f"inside-{site.cluster.name}", extra_args=QUICK_LEASE)


def two_at_work(scene, single_writer=False):
    """Sites and operators, west's first; west is active under epoch 1, and both could act."""
    sites = two_sites(scene, single_writer)
    operators = tuple(start(site) for site in sites)
    wait_all(scene, sites, WEST, 1, single_writer)
    for site in sites:
        site.wait_condition("FailoverPossible", "True", "Chosen")
        wait_mode(site, "Automatic", "SharedVantage")
    return sites, operators


def wait_mode(site, mode, reason):
    def probe():
        status = site.status()
        assert (status.get("effectiveMode"), status.get("effectiveModeReason")) == (mode, reason), status
        return True

    wait.until(f"mode {mode} {reason}", probe, 20.0)


def deciders(operators, reason="FailoverDecided"):
    return [operator for operator in operators if reason in operator.log_text()]


@BOTH_WRITE_MODES
def test_one_adopts_and_the_other_follows(scene, single_writer):
    sites, operators = two_at_work(scene, single_writer)
    record = fields(scene)
    assert record["s"] == f"dns/{scene.namespace}/{POLICY}"
    assert len(deciders(operators, '"reason":"Adopted"')) == 1
    for site in sites:
        assert site.cluster.admin.find("Lease", f"planekeeper-{POLICY}", scene.namespace) is None
    assert f"p={WEST} " in alive(scene)
    first = alive(scene)
    wait.until("it goes on speaking", lambda: alive(scene) != first)


@BOTH_WRITE_MODES
def test_the_active_dies_and_one_epoch_is_decided(scene, single_writer):
    sites, operators = two_at_work(scene, single_writer)
    with Watcher(lambda: decided(scene)[0]) as epochs, Watcher(lambda: tuple(scene.addresses().items())) as addresses:
        scene.bench.kill_plane(WEST)
        wait_all(scene, sites, CENTRAL, 2, single_writer)
        wait.always("one epoch", lambda: decided(scene)[0] == 2, 3.0)
    assert [change.value for change in epochs.changes] == [1, 2]
    assert len(addresses.changes) == 2, "from one whole set to the other"
    assert len(deciders(operators)) == 1
    for site in sites:
        wait.until("it is in the status", lambda s=site: s.status().get("lastSwitch", {}).get("epoch") == 2)
    wait.until("central speaks now", lambda: f"p={CENTRAL} " in alive(scene))


def test_a_switch_by_hand_at_either_cluster(scene):
    sites, _ = two_at_work(scene)
    sites[1].annotate(switch_to=f"{CENTRAL}/2")
    wait_all(scene, sites, CENTRAL, 2)
    sites[0].annotate(switch_to=f"{WEST}/3")
    wait_all(scene, sites, WEST, 3)


def test_a_region_is_lost_with_its_operator(scene):
    """Server, API server and the operator inside, at once: the other site goes on by itself."""
    sites, operators = two_at_work(scene, single_writer=True)
    operators[0].kill9()
    scene.bench.kill_plane(WEST, with_region=True)
    wait_all(scene, sites[1:], CENTRAL, 2, single_writer=True)


def test_who_starts_after_the_loss_goes_on_all_the_same(scene):
    """The lost plane's address can be found nowhere but in the name itself."""
    sites, operators = two_at_work(scene, single_writer=True)
    for operator in operators:
        operator.kill9()
    scene.bench.kill_plane(WEST, with_region=True)
    operators[1].run()
    wait_all(scene, sites[1:], CENTRAL, 2, single_writer=True)


def far_plane(scene, site, plane, wire_to_server, wire_to_api):
    """`plane` as `site` sees it: the same address in DNS, reached over two wires that can be cut."""
    data = {"value": scene.bench.plane_kubeconfig(plane, f"https://{wire_to_api.address}")}
    site.cluster.admin.put(objects.secret(f"{plane}-kubeconfig", scene.namespace, data))
    return {"checks": [{"name": "path", "type": "TLS", "port": wire_to_server.port}, {"name": "up", "type": "Deployment"}]}


@pytest.mark.parametrize("how", ["refuse", "swallow"])
def test_a_cut_between_two_healthy_sites_moves_nothing(scene, how):
    server, api = scene.bench.servers[WEST], scene.bench.clusters[WEST]
    with Relay(server.address, listen=server.host) as to_server, Relay(f"127.0.0.1:{api.port}") as to_api:
        sites = two_sites(scene)
        patient = {"detection": {"failoverDelay": "6s"}}  # so that a starved machine is not taken for a silent operator
        furnish(sites[0], changes=patient)
        furnish(sites[1], changes=patient, planes={"eu_west_1": far_plane(scene, sites[1], WEST, to_server, to_api)})
        operators = [start(site) for site in sites]
        wait_all(scene, sites, WEST, 1)
        for site in sites:
            site.wait_condition("FailoverPossible", "True", "Chosen")
            wait_mode(site, "Automatic", "SharedVantage")
        for wire in (to_server, to_api):
            getattr(wire, how)()
        sites[1].wait_condition("Ready", "False", "FailoverHeld")
        gates = {gate["name"]: gate for gate in sites[1].status()["lastDecision"]["gates"]}
        assert not gates["Dissent"]["holds"]
        assert f"the operator inside {WEST} says that its checks pass there" in sites[1].status()["message"]
        wait.always("nothing moves", lambda: decided(scene) == (1, WEST, "Steady", 1), 15.0)
        assert scene.active_in_dns() == WEST
        assert not deciders(operators)
        # The same cut, and now the far side is really gone: nobody speaks for it any more.
        operators[0].kill9()
        scene.bench.kill_plane(WEST)
        wait_all(scene, sites[1:], CENTRAL, 2)


def test_alone_inside_a_plane_it_only_advises(scene):
    """Nobody inside the active plane was ever heard: a cut would look like an outage."""
    sites = two_sites(scene)
    start(sites[1])
    wait_mode(sites[1], "Advise", "SingleVantage")
    assert f"_planekeeper-alive.{scene.dns_name}" in sites[1].status()["effectiveModeMessage"]
    scene.bench.kill_plane(WEST)
    sites[1].wait_condition("Ready", "False", "AwaitingHuman")
    wait.always("nothing is written", lambda: scene.epoch_record() == "" and alive(scene) == "", 3.0)
    scene.bench.revive_plane(WEST)
    start(sites[0])
    wait_all(scene, sites, WEST, 1)
    wait_mode(sites[1], "Automatic", "SharedVantage")


def test_other_manifests_freeze_until_they_agree(scene):
    sites, _ = two_at_work(scene)
    furnish(sites[1], changes={"dns": {"recordTTL": 60}})  # central has news of its own, and goes first
    wait_all(scene, sites[1:], WEST, 2)
    sites[0].wait_condition("Stalled", "True", "PlanMismatch")
    told = sites[0].status()["message"]
    assert "compare spec.dns, spec.redis and the address of eu-west-1 in every cluster" in told
    assert f'"A {PLANES[WEST]}" TTL 30s' in told
    scene.bench.kill_plane(CENTRAL)  # nothing that concerns anybody
    wait.always("no war of the manifests", lambda: decided(scene)[0] == 2, 3.0)
    scene.bench.revive_plane(CENTRAL)
    furnish(sites[0], changes={"dns": {"recordTTL": 60}})
    wait_all(scene, sites, WEST, 2)
    sites[0].wait_condition("Ready", "True", "Steady")


def test_who_decided_dies_in_the_middle_and_the_other_cluster_goes_on(scene):
    sites, operators = two_at_work(scene, single_writer=True)
    with Watcher(lambda: decided(scene)[0]) as epochs:
        with redis_takes_no_writes(scene):
            scene.bench.kill_plane(WEST)
            wait.until("Intent", lambda: decided(scene) == (2, CENTRAL, "Switching", 1))
            wait.until("it is told", lambda: deciders(operators))
            first = deciders(operators)[0]
            first.kill9()
        left = [site for site, operator in zip(sites, operators, strict=True) if operator is not first]
        wait_all(scene, left, CENTRAL, 2, single_writer=True)
    assert [change.value for change in epochs.changes] == [1, 2]


def test_two_that_do_not_share_refuse_and_then_share(scene):
    """The same manifests in two clusters with a Lease each: the second keeps its hands off. DNS in both: they share."""
    sites = two_sites(scene)
    hub = scene.bench.hub
    scene.put_planes()
    scene.put_policy()
    first = scene.operator("on-a-lease", extra_args=QUICK_LEASE)
    wait.until("stamped", lambda: decided(scene)[0] == 1)
    sites[1].put_policy({"decisionStore": "Kubernetes"})
    second = start(sites[1])
    wait_mode(sites[1], "Advise", "AutomaticUnsafe")
    sites[1].wait_condition("Ready", "False", "AutomaticUnsafe")
    assert "set spec.decisionStore: DNS in both clusters" in sites[1].status()["message"]
    before = scene.epoch_record()
    wait.always("hands off", lambda: scene.epoch_record() == before, 2.0)
    scene.put_policy(DNS)
    wait.until("taken over", lambda: fields(scene).get("s") == f"dns/{scene.namespace}/{POLICY}")
    share = "set spec.decisionStore: DNS here, too"
    wait.until("it is told", lambda: share in sites[1].status()["effectiveModeMessage"], 45.0)  # its records are read every 30 s
    assert sites[1].status()["effectiveMode"] == "Advise"
    sites[1].put_policy(DNS)
    wait_all(scene, (scene, sites[1]), WEST, 2)
    assert hub is not sites[1].cluster and first.is_alive and second.is_alive


def read_only(scene, *sites):
    """The policy's spec with a key that may read everything and write nothing."""
    text = scene.bench.bind.add_key(f"read-only-{scene.db}", granted=False).text
    for site in sites:
        site.put_secret("read-only", tsig__conf=text)
    return DNS | {"dns": {"rfc2136": {"tsigSecretRef": {"name": "read-only"}}}}


def test_a_key_that_may_not_decide_is_told_what_to_grant(scene):
    """In a third cluster, where nobody has to speak for a plane: the first write is the decision."""
    scene.point_at(WEST)
    scene.put_planes()
    scene.put_policy(read_only(scene, scene))
    operator = scene.operator("outside", extra_args=QUICK_LEASE)
    scene.wait_condition("Stalled", "True", "TargetRefused")
    assert "the server does not let this key write A, AAAA, CNAME and TXT here. BIND: update-policy" in scene.status()["message"]
    wait.always("it stays so", lambda: scene.condition("Stalled")["reason"] == "TargetRefused", 5.0)
    refused = operator.metrics()['planekeeper_target_errors_total{target="dns",error="denied"}']
    assert 2 <= refused <= 8, "it is tried again, and not hammered"
    scene.put_policy(DNS)
    wait_all(scene, (scene,), WEST, 1, timeout=40.0)


def test_a_key_that_may_not_speak_leaves_both_advising(scene):
    sites = two_sites(scene)
    spec = read_only(scene, *sites)
    for site in sites:
        site.put_policy(spec)
        start(site)
    for site in sites:
        wait_mode(site, "Advise", "SingleVantage")
        assert "let its key write that name" in site.status()["effectiveModeMessage"]
    assert alive(scene) == "" and scene.epoch_record() == ""
