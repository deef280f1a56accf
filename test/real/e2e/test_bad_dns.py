"""A DNS server, a zone, a key or a name that is not as the policy says: each is named, none is guessed at."""

import base64

import pytest

from gallery import GOOD, WEST, Gallery
from hack.bench import objects, operator_process, ports, process, wait
from hack.bench.bench import PLANES
from hack.bench.bind import TsigKey
from hack.bench.standins import MgmtServer

FIELDS = {"name": "planekeeper", "algorithm": "hmac-sha256"}


def key_file(key, old, new):
    assert old in key.text
    return {"tsig.conf": key.text.replace(old, new)}


def secrets_by_case(bench):
    """case -> (data of its Secret, what Ready says)."""
    key, other = bench.bind.key, TsigKey("planekeeper")
    stranger = TsigKey("stranger")
    stronger = TsigKey("planekeeper", "hmac-sha512")
    return {
        "wrong-key": ({"tsig.conf": other.text}, r'BADSIG: the server\'s key "planekeeper\." has another secret'),
        "unknown-key": ({"tsig.conf": stranger.text}, r'BADKEY: the server has no key "stranger\." of hmac-sha256'),
        "other-algorithm": (
            {"tsig.conf": stronger.text},
            r'BADKEY: the server has no key "planekeeper\." of hmac-sha512',
        ),
        "no-key-clause": ({"tsig.conf": "options { };"}, r'does not begin with key "name" \{; store what tsig-keygen'),
        "cut-off": ({"tsig.conf": key.text[: len(key.text) // 2]}, r"the key file('s \w+ is not| ends before)"),
        "odd-field": (key_file(key, "algorithm", "algorythm"), "has a field that is neither algorithm nor secret"),
        "md5": (key_file(key, "hmac-sha256", "hmac-md5"), 'refusing the weak "hmac-md5"; make a key with tsig-keygen'),
        "sha1": (key_file(key, "hmac-sha256", "hmac-sha1"), 'refusing the weak "hmac-sha1"'),
        "odd-algorithm": (key_file(key, "hmac-sha256", "rot13"), 'unknown "rot13"'),
        "no-secret": ({"tsig.conf": 'key "planekeeper" { algorithm hmac-sha256; };'}, "field key: missing"),
        "not-base64": ({**FIELDS, "key": "this is not base64!"}, "field key: not base64"),
        "no-name": (
            {"algorithm": "hmac-sha256", "key": key.secret},
            "field name: missing; its keys: algorithm, key; expected: the output of tsig-keygen under any key, or the keys "
            "name, key and algorithm",
        ),
        "bad-name": ({**FIELDS, "name": "no such name", "key": key.secret}, "field name: not a key name"),
        "empty-field": ({**FIELDS, "key": ""}, "field key: missing"),
        "other-fields": ({"username": "planekeeper", "password": "not-a-tsig-key"}, "field key: missing; its keys: password, username"),
        "no-data": ({}, "no TSIG key; its keys: none; expected: the output of tsig-keygen"),
        "twice-base64": ({**FIELDS, "key": base64.b64encode(key.secret.encode()).decode()}, "BADSIG"),
    }


BAD_SECRETS = [
    *(
        "wrong-key",
        "unknown-key",
        "other-algorithm",
        "no-key-clause",
        "cut-off",
        "odd-field",
        "md5",
        "sha1",
        "odd-algorithm",
    ),
    *("no-secret", "not-base64", "no-name", "bad-name", "empty-field", "other-fields", "no-data", "twice-base64"),
]
ASKED = ("wrong-key", "unknown-key", "other-algorithm", "twice-base64")  # well-formed: only a server can tell


@pytest.fixture(scope="module")
def gallery(bench):
    with Gallery(bench) as gallery:
        gallery.cases = secrets_by_case(bench)
        gallery.scene.put_planes()
        gallery.add(GOOD)
        for case, (data, _) in gallery.cases.items():
            gallery.put_secret(case, data)
            gallery.add(case, {"dns": {"rfc2136": {"tsigSecretRef": {"name": case}}}})
        gallery.add("late-secret", {"dns": {"rfc2136": {"tsigSecretRef": {"name": "later"}}}})
        gallery.add("dead-port", {"dns": {"rfc2136": {"nameserver": f"127.0.0.1:{ports.lease()}"}}})
        gallery.add("no-such-host", {"dns": {"rfc2136": {"nameserver": "ns.nowhere.invalid"}}})
        gallery.add("foreign-zone", {"dns": {"name": "gloo-mgmt.example.org"}})
        bench.bind.replace(
            f"_planekeeper.{gallery.dns_name('foreign-owner')}",
            "TXT",
            "v=pk1 e=7 id=00000000000000aa p=west s=k8s/other/ns/x",
        )
        gallery.add("foreign-owner")
        bench.bind.replace(f"_planekeeper.{gallery.dns_name('foreign-text')}", "TXT", "heritage=external-dns")
        gallery.add("foreign-text")
        bench.bind.replace(f"_planekeeper.{gallery.dns_name('odd-bytes')}", "TXT", r"\255\254v=pk1 e=1")
        gallery.add("odd-bytes")
        gallery.add("unknown-address")
        bench.bind.replace(gallery.dns_name("unknown-address"), "A", "192.0.2.99")
        gallery.add("no-record")
        bench.bind.remove(gallery.dns_name("no-record"))
        gallery.add("both-planes")
        bench.bind.replace(gallery.dns_name("both-planes"), "A", *PLANES.values())
        gallery.add("may-not-write", {"dns": {"rfc2136": {"tsigSecretRef": {"name": "read-only"}}}})
        gallery.put_secret("read-only", {"tsig.conf": bench.bind.add_key("read-only", granted=False).text})
        gallery.run()
        yield gallery


@pytest.mark.parametrize("case", BAD_SECRETS)
def test_a_bad_key_is_named(gallery, case):
    is_asked = case in ASKED  # else no server was, and none is blamed
    message = gallery.wait_stalled(case, "TargetRefused" if is_asked else "CredentialsInvalid", gallery.cases[case][1])
    assert (gallery.bench.bind.address in message) == is_asked
    said = f"Secret {gallery.scene.namespace}/{case}, which spec.dns.rfc2136.tsigSecretRef names, cannot be used: "
    assert is_asked or said in message
    gallery.assert_untouched(case)


def test_all_bad_keys_are_tried(gallery):
    assert set(BAD_SECRETS) == set(gallery.cases)


STALLED = {
    "late-secret": ("CredentialsInvalid", r"Secret \S+/later, which spec.dns.rfc2136.tsigSecretRef names, is not found: create it"),
    "foreign-zone": ("TargetRefused", r"REFUSED for gloo-mgmt.example.org.: the server has no zone for the name"),
    "foreign-owner": (
        "ForeignOwner",
        r'belongs to another owner: "v=pk1 e=7 id=00000000000000aa p=west s=k8s/other/ns/x"',
    ),
    "foreign-text": ("ForeignOwner", r'belongs to another owner: "heritage=external-dns"'),
    "odd-bytes": ("ForeignOwner", r'belongs to another owner: "\?\?v=pk1'),
    "unknown-address": (
        "UnknownTarget",
        r'shows "A 192.0.2.99", .* eu-west-1 is "A 127.0.1.1", .*switch-to=eu-west-1/1',
    ),
    "no-record": ("UnknownTarget", r'shows "nothing", which is not exactly one plane\'s address'),
    "both-planes": ("UnknownTarget", r'shows "A 127.0.1.1,127.0.1.2", which is not exactly one plane\'s address'),
}


@pytest.mark.parametrize("case", STALLED)
def test_what_needs_a_person_stalls(gallery, case):
    gallery.wait_stalled(case, *STALLED[case])
    gallery.assert_untouched(case)


RETRYING = {
    "dead-port": "Connection refused",
    "no-such-host": "ns.nowhere.invalid:53: cannot resolve the name",
}


@pytest.mark.parametrize("case", RETRYING)
def test_a_server_that_does_not_answer_is_retried(gallery, case):
    gallery.wait_retrying(case, "TargetUnavailable", RETRYING[case])
    gallery.assert_untouched(case)


def test_a_key_that_may_not_write_is_told_what_to_grant(gallery):
    """Only the write tells: the adoption is recorded, the name stays as it was."""
    remedy = "the server does not let this key write .* BIND: update-policy .* not be frozen; Knot: .* PowerDNS: dnsupdate"
    gallery.wait_stalled("may-not-write", "TargetRefused", f"REFUSED for .*{remedy}")
    traces = gallery.traces("may-not-write")
    assert not traces["TXT"] and traces["addresses"] == {"A": {PLANES[WEST]}}


def test_the_good_one_is_not_disturbed(gallery):
    gallery.wait_good()
    gallery.assert_memory_is_bounded()


def test_a_key_that_comes_later_heals(gallery):
    gallery.put_secret("later", {"tsig.conf": gallery.bench.bind.key.text})
    gallery.put_secret("wrong-key", {"tsig.conf": gallery.bench.bind.key.text})
    gallery.wait_good("late-secret")
    gallery.wait_good("wrong-key")


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_is_wrong_is_named(bench, ahead):
    """The signature is right and the time in it is not: that is told apart from a wrong key."""
    with Gallery(bench) as gallery:
        gallery.scene.put_planes()
        gallery.add(GOOD)
        gallery.run(extra_env=operator_process.wrong_clock(ahead))
        side = "behind" if ahead > 0 else "ahead of"
        text = rf"BADTIME: its clock is 3[56]\d\d s {side} the operator's and 300 s is allowed; set the clocks right"
        gallery.wait_stalled(GOOD, "TargetRefused", text, timeout=30.0)
        gallery.assert_untouched(GOOD)


def test_a_name_with_other_records_never_becomes_a_cname(bench):
    """The server would drop the CNAME in silence, and the name would be left without an address."""
    with Gallery(bench) as gallery, process.Scratch() as scratch:
        MgmtServer(scratch, "local", "127.0.0.1", bench.mgmt_port, bench.authority).run()
        gallery.scene.put_planes()
        host = f"lb.{gallery.scene.zone}"
        bench.bind.replace(host, "A", "127.0.0.1")
        spec = {
            "server": {"address": host, "port": bench.mgmt_port},
            "tls": {"caSecretRef": {"name": "relay-ca"}},
        }
        gallery.bench.hub.admin.put(objects.management_plane("by-name", gallery.scene.namespace, spec))
        gallery.add("mail", {"planes": [WEST, "by-name"], "cooldown": "0s"})
        update = bench.bind.new_update(gallery.dns_name("mail"))
        update.add(gallery.dns_name("mail") + ".", 300, "MX", "10 mail.example.com.")
        bench.bind.send(update)
        gallery.add(GOOD, {"planes": [WEST, "by-name"]})
        gallery.run(extra_args=(f"--resolver={bench.bind.address}",))
        for name in ("mail", GOOD):
            gallery.wait_good(name)
            gallery.wait_condition(name, "FailoverPossible", "True", "Chosen", "^by-name")
            note = {"metadata": {"annotations": {"planekeeper.io/switch-to": "by-name/2"}}}
            bench.hub.admin.patch("FailoverPolicy", name, note, gallery.scene.namespace)
        wait.until("CNAME", lambda: bench.bind.values(gallery.dns_name(GOOD), "CNAME") == {f"{host}."}, 15.0)
        text = (
            "blocked at Route since .*the name also holds MX records, so it cannot become a CNAME; remove them or use A"
        )
        gallery.wait_retrying("mail", "DNSRefused", text)
        assert gallery.traces("mail")["addresses"] == {"A": {PLANES[WEST]}}
        update = bench.bind.new_update(gallery.dns_name("mail"))
        update.delete(gallery.dns_name("mail") + ".", "MX")
        bench.bind.send(update)
        wait.until("CNAME", lambda: bench.bind.values(gallery.dns_name("mail"), "CNAME") == {f"{host}."}, 20.0)
