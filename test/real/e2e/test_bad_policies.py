"""Policies that contradict each other or the world, requests that make no sense, and objects of an absurd size."""

import json
import re

import pytest

from gallery import CENTRAL, GOOD, WEST, Gallery
from hack.bench import objects, wait
from hack.bench.bench import PLANES
from hack.bench.kube import KubectlError
from hack.bench.rest import ApiError

NOBODY = "us-east-1"
FAR = 99999999999999999999


@pytest.fixture(scope="module")
def gallery(bench):
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD)
        gallery.add("same-planes")
        gallery.add("unknown-plane", {"planes": [NOBODY, WEST]})
        gallery.add("only-unknown", {"planes": [NOBODY]})
        gallery.add("alone", {"planes": [WEST]})
        gallery.add("swapped", {"planes": [CENTRAL, WEST]})
        gallery.run()
        yield gallery


def test_a_plane_in_two_policies_serves_both(gallery):
    gallery.wait_good()
    gallery.wait_good("same-planes")
    assert gallery.scene.plane(WEST)["status"]["role"] == "Active"


def test_a_policy_of_one_plane_says_that_nothing_could_take_over(gallery):
    gallery.wait_good("alone")
    gallery.wait_condition(
        "alone", "FailoverPossible", "False", "NoStandby", "the policy names no other plane; a failure"
    )


def test_an_unknown_plane_is_named_and_heals_when_it_comes(gallery):
    """Beside it the known one is adopted; alone it is waited for."""
    gallery.wait_condition(
        "unknown-plane", "FailoverPossible", "False", "NoStandby", f"^{NOBODY}: no ManagementPlane of this name"
    )
    gallery.wait_retrying("only-unknown", "PlaneNotFound", f"waiting for ManagementPlane {NOBODY}")
    gallery.assert_untouched("only-unknown")
    spec = gallery.scene.plane_spec(WEST)
    gallery.bench.hub.admin.put(objects.management_plane(NOBODY, gallery.scene.namespace, spec))
    gallery.wait_good("only-unknown")
    gallery.bench.hub.admin.delete("ManagementPlane", NOBODY, gallery.scene.namespace)
    gallery.wait_retrying("only-unknown", "PlaneNotFound", f"no ManagementPlane {NOBODY} in namespace \\S+: create it")


def test_a_second_policy_on_one_name_loses_and_both_say_so(gallery):
    """The owner in the TXT wins, also after the restart that makes everybody forget who came first."""
    gallery.wait_good()
    gallery.put("thief", [{"dns": {"name": gallery.dns_name(GOOD)}, "planes": [CENTRAL, WEST]}])
    gallery.wait_stalled(
        "thief", "DuplicateTarget", f"the older policy .*/{GOOD} has the same DNS name: give this one another"
    )
    gallery.wait_good()
    gallery.operator.stop()
    gallery.operator.run()
    gallery.wait_stalled("thief", "DuplicateTarget")
    gallery.wait_good()
    assert not gallery.bench.hub.admin.find("Lease", "planekeeper-thief", gallery.scene.namespace)
    gallery.bench.hub.admin.delete("FailoverPolicy", "thief", gallery.scene.namespace)


def test_a_name_belongs_to_the_owner_in_its_txt_however_young(gallery):
    """The owner was deleted and made again, so that another is the older one: it still is the owner."""
    gallery.add("owner")
    gallery.wait_good("owner")
    gallery.put("elder", [{"dns": {"name": gallery.dns_name("owner")}}])
    gallery.wait_condition("elder", "Ready", "False", text="has the same DNS name|belongs to another owner")
    before = gallery.traces("owner")
    gallery.bench.hub.admin.delete("FailoverPolicy", "owner", gallery.scene.namespace)
    gallery.wait_stalled("elder", "ForeignOwner", f"{gallery.dns_name('owner')} belongs to another owner")
    gallery.put("owner", [{"dns": {"name": gallery.dns_name("owner")}}])
    gallery.wait_good("owner")
    gallery.wait_condition("elder", "Ready", "False")
    assert gallery.traces("owner") == before
    assert not gallery.bench.hub.admin.find("Lease", "planekeeper-elder", gallery.scene.namespace)


def test_a_second_policy_on_one_lock_loses(gallery):
    gallery.add("holder", lock=True)
    gallery.scene.redis.set("holder", WEST)
    gallery.wait_good("holder")
    gallery.add("second", {"redis": {"lock": {"key": "holder"}}}, lock=True)
    gallery.wait_stalled("second", "DuplicateTarget", "the older policy .*/holder has the same lock")
    assert not gallery.traces("second")["TXT"] and not gallery.traces("second")["Lease"]
    gallery.wait_good("holder")


REQUESTS = [
    ("foo", "not understood: write switch-to=<plane>/<epoch>, now <plane>/2"),
    (f"{CENTRAL}/", "not understood: write switch-to=<plane>/<epoch>"),
    (f"{CENTRAL}/two", "not understood"),
    (f"{CENTRAL}/-2", "not understood"),
    (f"{CENTRAL}/2 ", "not understood"),
    (f"{CENTRAL}/{FAR}", "not understood"),
    ("x" * 5000 + "/2", "not understood"),
    (f"{CENTRAL}/2\n", "not understood"),
    ("foo/bar", "not understood"),
    ("nosuch/2", 'refused: spec.planes does not name "nosuch"'),
    ("/2", 'refused: spec.planes does not name ""'),
    (f"{CENTRAL}/9", f"refused: the next epoch is 2, not 9; to ask again: .*switch-to={CENTRAL}/2"),
    (f"{CENTRAL}/1", f"past: epoch 1 was decided already; to ask again: .*switch-to={CENTRAL}/2"),
    (f"{CENTRAL}/0", "past: epoch 1 was decided already|past: epoch 0"),
    (f"{WEST}/2", f"refused: {WEST} is active already"),
    ("\u00e9\U0001f600/2", "refused: spec.planes does not name"),
]


@pytest.mark.parametrize(("request_", "answer"), REQUESTS, ids=[request[:20] for request, _ in REQUESTS])
@pytest.mark.parametrize("kind", ["switch-to", "adopt"])
def test_a_senseless_request_is_answered_and_does_nothing(gallery, kind, request_, answer):
    if kind == "adopt" and request_ == f"{WEST}/2":
        return  # that one makes sense: it is what the targets show
    gallery.wait_good()
    annotate(gallery, **{kind: request_})
    if kind == "adopt":  # the targets do not show it, so that it would be refused once more
        answer = answer.partition("; to ask again")[0].replace("write switch-to=", "write adopt=")
    answered(gallery, f"{kind}={request_}".replace("\n", "?")[:200], answer)
    gallery.wait_good()
    annotate(gallery, **{kind: None})


def test_adopt_of_what_the_targets_do_not_show_is_refused(gallery):
    annotate(gallery, adopt=f"{CENTRAL}/2")
    answered(gallery, f"adopt={CENTRAL}/2", f'refused: .* shows "A {PLANES[WEST]}", which is not {CENTRAL}')
    annotate(gallery, adopt=None)
    gallery.wait_good()


def test_a_senseless_ack_is_no_ack(gallery):
    for ack in ("yes", str(FAR), "-1", "x" * 5000, "\n"):
        annotate(gallery, ack=ack)
        gallery.wait_good()
    annotate(gallery, ack=None)


def annotate(gallery, **annotations):
    keys = {f"planekeeper.io/{key}": value for key, value in annotations.items()}
    gallery.bench.hub.admin.patch("FailoverPolicy", GOOD, {"metadata": {"annotations": keys}}, gallery.scene.namespace)


def answered(gallery, request, answer):
    def probe():
        last = gallery.scene.status(GOOD).get("lastRequest") or {}
        assert last.get("request", "").startswith(request) and re.search(answer, last["answer"]), last
        return True

    wait.until(f"answer to {request[:60]}", probe)


def test_large_annotations_are_survived(gallery):
    """Just below what the API server takes, on both kinds; the list and each watch event carry them."""
    large = {"metadata": {"annotations": {"example.com/notes": "\u00e9" * 120_000}}}
    gallery.bench.hub.admin.patch("FailoverPolicy", GOOD, large, gallery.scene.namespace)
    gallery.bench.hub.admin.patch("ManagementPlane", WEST, large, gallery.scene.namespace)
    gallery.bench.hub.admin.patch("FailoverPolicy", GOOD, {"spec": {"dns": {"recordTTL": 31}}}, gallery.scene.namespace)
    wait.until("seen", lambda: gallery.scene.status(GOOD)["observedGeneration"] == 2)
    gallery.operator.stop()
    gallery.operator.run()
    gallery.wait_condition(GOOD, "Ready", "True")
    gallery.assert_memory_is_bounded()


REFUSED = [  # through kubectl, with the policy as it runs
    ({"spec": {"planes": [WEST, WEST]}}, f"planes names {WEST} more than once"),
    (
        {"spec": {"detection": {"timeout": "1s"}}},
        "timeout 1s is not between 10ms and interval 200ms: probes would overlap",
    ),
    ({"spec": {"dns": {"rfc2136": None}}}, "dns needs exactly one provider: set rfc2136 or route53"),
    ({"spec": {"writeMode": "SingleCluster"}}, "writeMode SingleCluster needs redis.lock"),
    ({"spec": {"dns": {"name": "\u00e9.example.com"}}}, "spec.dns.name"),
    ({"spec": {"planes": ["x" * 64]}}, "Too long"),
    ({"spec": {"dns": {"recordTTL": 2**40}}}, "spec.dns.recordTTL"),
    ({"metadata": {"annotations": {"example.com/notes": "x" * 300_000}}}, "metadata.annotations: Too long"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_what_one_object_can_say_wrongly_never_gets_in(gallery, change, message):
    with pytest.raises(KubectlError) as refused:
        gallery.scene.kubectl("patch", "fop", GOOD, "--type=merge", "--patch-file=/dev/stdin", input=json.dumps(change))
    assert message in refused.value.stderr


def test_an_object_above_what_the_api_server_stores_changes_nothing(gallery):
    """Etcd refuses what is larger than 1.5 MiB; a policy with a status of that size cannot come about."""
    spec = {"dns": {"name": gallery.dns_name("huge")}, "planes": [WEST]}
    thing = objects.failover_policy("huge", gallery.scene.namespace, objects.merged(gallery.scene.policy_spec(), spec))
    thing["metadata"]["labels"] = {f"example.com/{number}": "x" * 60 for number in range(40_000)}
    with pytest.raises(ApiError):
        gallery.bench.hub.admin.put(thing)
    gallery.wait_condition(GOOD, "Ready", "True")
