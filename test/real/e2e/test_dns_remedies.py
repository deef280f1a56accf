"""What a refusal tells to do makes it work: each remedy is carried out on the server that refused, BIND, Knot and PowerDNS."""

import subprocess

import pytest
from test_dns_servers import ON_EACH, ZonesBind, at, use_key, wait_on
from world import WEST, conditions, message

from hack.bench import wait
from hack.bench.bench import PLANES
from hack.bench.bind import TsigKey
from hack.bench.other_dns import OtherDns

pytestmark = pytest.mark.timeout(240)
MENDED = 75.0  # a server that refuses is asked again once a minute at the latest


class WrongBind(ZonesBind):
    """With `wrong` set it is configured so."""

    wrong = ""

    def _zone_clause(self, zone):
        clause = super()._zone_clause(zone)
        policy = clause[clause.index("update-policy") : clause.index("};") + 2]
        instead = {"no-right": "update-policy { grant other zonesub ANY; };", "updates-off": ""}
        return clause.replace(policy, instead[self.wrong]) if self.wrong in instead else clause


class WrongOther(OtherDns):
    wrong = ""

    def argv(self):
        argv = super().argv()
        if self.name == "knot":
            self._spoil("knot.conf", {"no-right": ("[update, transfer]", "[transfer]"), "updates-off": ("    acl: [keeper]\n", "")})
        else:
            self._spoil("pdns.conf", {"updates-off": ("dnsupdate=yes", "dnsupdate=no")})
            allowed = "somebody-else" if self.wrong == "no-right" else self.key.name
            util = ["pdnsutil", f"--config-dir={self.folder}"]
            meta = ["set-meta", self.zones[0], "TSIG-ALLOW-DNSUPDATE", allowed]
            subprocess.run([*util, *meta], check=True, timeout=30, capture_output=True)
        return argv

    def _spoil(self, file, changes):
        path, change = self.folder / file, changes.get(self.wrong)
        if change:
            assert change[0] in path.read_text()
            path.write_text(path.read_text().replace(*change))


def serve(scene, scratch, kind, wrong=""):
    zones = {scene.zone: f"{scene.dns_name}. 30 A {PLANES[WEST]}\n"}
    server = WrongBind(scratch, zones) if kind == "bind" else WrongOther(scratch, kind, zones)
    server.wrong = wrong
    return server.run()


def begin(scene, server):
    scene.put_planes()
    scene.put_policy(at(server))
    scene.operator()


def told(scene, *words):
    """The reason, with each of these words, and that a person has to do something."""

    def probe():
        text = message(scene, "Ready")
        assert conditions(scene).get("Stalled") == "True TargetRefused", f"{conditions(scene)} {text}"
        missing = [word for word in words if word not in text]
        assert not missing, f"{missing} not in {text}"
        return text

    return wait.until("it is told", probe, 45.0)


# What its own message names of the setting that was wrong.
RIGHTS = {
    "bind": {"no-right": ("BIND", "update-policy"), "updates-off": ("BIND", "update-policy")},
    "knot": {"no-right": ("Knot", "acl"), "updates-off": ("Knot", "acl")},
    "powerdns": {"no-right": ("PowerDNS", "TSIG-ALLOW-DNSUPDATE"), "updates-off": ("PowerDNS", "dnsupdate=yes")},
}


@ON_EACH
@pytest.mark.parametrize("wrong", ["no-right", "updates-off"])
def test_a_right_that_is_lacking_is_granted_at_the_server(scene, scratch, kind, wrong):
    server = serve(scene, scratch, kind, wrong)
    use_key(scene, server)
    begin(scene, server)
    told(scene, *RIGHTS[kind][wrong])
    assert not server.values(f"_planekeeper.{scene.dns_name}", "TXT")
    server.stop()
    server.wrong = ""
    server.run()
    wait.until("the next try", lambda: server.values(f"_planekeeper.{scene.dns_name}", "TXT"), MENDED)
    wait_on(scene, server, {"A": {PLANES[WEST]}})


def secrets(server, kind):
    """case -> the Secret with it wrong, and words of the remedy that says which of its keys to look at. PowerDNS does not
    say what is wrong, and signs nothing."""
    stranger, right = TsigKey("stranger"), server.key
    cases = {
        "name": (stranger.text, ("BADKEY", '"stranger."', "check name and algorithm of the TSIG Secret")),
        "algorithm": (right.text.replace("hmac-sha256", "hmac-sha512"), ("of hmac-sha512", "check name and algorithm")),
        "secret": (right.text.replace(right.secret, stranger.secret), ("BADSIG", "check key of the TSIG Secret")),
    }
    silent = ("NOTAUTH without a signature", "check the TSIG Secret")
    return {case: (text, silent if kind == "powerdns" else words) for case, (text, words) in cases.items()}


@ON_EACH
@pytest.mark.parametrize("wrong", ["name", "algorithm", "secret"])
def test_a_wrong_key_is_mended_in_its_secret(scene, scratch, kind, wrong):
    server = serve(scene, scratch, kind)
    text, words = secrets(server, kind)[wrong]
    scene.put_secret("tsig", tsig__conf=text)
    begin(scene, server)
    told(scene, *words)
    use_key(scene, server)  # a Secret in use is read again within half a minute
    wait.until("the next try", lambda: server.values(f"_planekeeper.{scene.dns_name}", "TXT"), MENDED)
    wait_on(scene, server, {"A": {PLANES[WEST]}})
