"""A real BIND: dynamic zones, TSIG keys as tsig-keygen writes them, optionally a second server that follows.

The answers are read at the server itself by dnspython, without recursion: what it says with the
authoritative bit is what an agent would get once caches are empty.
"""

import contextlib
import copy
import pathlib
import re
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.tsig
import dns.update

from . import ports, wait
from .process import Process, Scratch
from .relay import Relay

ADDRESS_TYPES = ("A", "AAAA", "CNAME")
TIMEOUT = 2.0


def _value(item: dns.rdata.Rdata) -> str:
    return b"".join(item.strings).decode(errors="backslashreplace") if item.rdtype == dns.rdatatype.TXT else item.to_text()


class TsigKey:
    """One key. `text` is exactly what tsig-keygen prints, and what goes into the Secret."""

    def __init__(self, name: str, algorithm: str = "hmac-sha256") -> None:
        self.name = name
        self.algorithm = algorithm
        self.text = _output("tsig-keygen", "-a", algorithm, name)
        self.secret = re.search(r'secret "([^"]+)"', self.text).group(1)

    def for_dnspython(self) -> dns.tsig.Key:
        return dns.tsig.Key(self.name, self.secret, self.algorithm)


class Bind(Process):
    """A primary for `zones`, or with `primary` given, a secondary that is told of every change."""

    def __init__(
        self,
        scratch: Scratch,
        zones: tuple[str, ...] = ("mesh.example.com",),
        key_name: str = "planekeeper",
        name: str = "named",
        primary: "Bind | None" = None,
        taps: bool = False,
    ) -> None:
        """With `taps` the server keeps every query, update and answer in `tap_path` (dnstap), as it saw them."""
        super().__init__(scratch, name)
        self.host = "127.0.0.1"  # named listens on addresses of interfaces only, so no other 127.x will do
        self.port = ports.lease()
        self._control_port = ports.lease()
        self.zones = list(zones if primary is None else primary.zones)
        self.primary = primary
        self.secondaries: list[Bind] = []
        self.tap_path = self.folder / "tap"
        self._taps = taps
        self.keys = {key_name: TsigKey(key_name)}
        self.key = self.keys[key_name]
        (self.folder / "rndc.key").write_text(_output("tsig-keygen", "-a", "hmac-sha256", "rndc"))
        if primary is not None:
            primary.secondaries.append(self)
        else:
            for zone in self.zones:
                self._write_zone_file(zone)

    @property
    def address(self) -> str:
        """host:port, as the field nameserver takes it."""
        return f"{self.host}:{self.port}"

    def argv(self) -> list[str]:
        self._write_config()
        for added in self.folder.glob("_default.nz*"):
            added.unlink()  # what addzone remembered is in the configuration by now
        return ["named", "-f", "-n", "1", "-c", str(self.folder / "named.conf")]

    def is_ready(self) -> bool:
        return all(self.serial(zone) for zone in self.zones)

    # Configuration

    def _write_config(self) -> None:
        (self.folder / "keys.conf").write_text("".join(key.text for key in self.keys.values()))
        followers = "".join(f"{follower.host} port {follower.port}; " for follower in self.secondaries)
        notify = f"notify explicit; also-notify {{ {followers}}}; notify-delay 0;" if followers else "notify no;"
        self_made = "".join(f"zone {self._zone_clause(zone)}\n" for zone in self.zones)
        (self.folder / "named.conf").write_text(f"""\
options {{
    directory "{self.folder}";
    pid-file "{self.folder}/named.pid"; lock-file none; session-keyfile "{self.folder}/session.key";
    listen-on port {self.port} {{ {self.host}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; minimal-responses yes;
    allow-transfer {{ any; }}; allow-new-zones yes; {notify}
    max-journal-size unlimited; max-ixfr-ratio unlimited;
    {f'dnstap {{ all; }}; dnstap-output file "{self.tap_path}";' if self._taps else ""}
}};
logging {{ category default {{ default_stderr; }}; category update {{ default_stderr; }}; }};
include "{self.folder}/rndc.key";
include "{self.folder}/keys.conf";
controls {{ inet 127.0.0.1 port {self._control_port} allow {{ 127.0.0.1; }} keys {{ rndc; }}; }};
{self_made}""")

    def _zone_clause(self, zone: str) -> str:
        if self.primary is not None:
            source = f"{self.primary.host} port {self.primary.port}"
            return f'"{zone}" {{ type secondary; primaries {{ {source}; }}; file "{zone}.copy"; }};'
        grants = "".join(f'grant "{name}" zonesub ANY; ' for name in self.keys)
        return f'"{zone}" {{ type primary; file "{zone}.db"; update-policy {{ {grants}}}; }};'

    def _write_zone_file(self, zone: str) -> None:
        (self.folder / f"{zone}.db").write_text(
            f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 1\n@ NS ns1\nns1 A {self.host}\n"
        )

    # Control

    def rndc(self, *args: str) -> str:
        return _output(
            "rndc", "-s", "127.0.0.1", "-p", str(self._control_port), "-k", str(self.folder / "rndc.key"), *args
        )

    def add_zone(self, zone: str) -> str:
        """One more dynamic zone, without a restart: how a test gets one of its own."""
        self._write_zone_file(zone)
        self.zones.append(zone)
        self.rndc("addzone", *self._zone_clause(zone).split(" ", 1))
        wait.until(f"zone {zone}", lambda: self.serial(zone))
        return zone

    def add_key(self, name: str, algorithm: str = "hmac-sha256", granted: bool = True) -> TsigKey:
        """One more key; `granted=False` is a key the server knows and lets do nothing.

        Zones made by add_zone keep the keys they were made with.
        """
        key = TsigKey(name, algorithm)
        with open(self.folder / "keys.conf", "a") as keys:
            keys.write(key.text)
        if granted:
            self.keys[name] = key
            self._write_config()
        self.rndc("reconfig")
        return key

    def freeze(self, zone: str = "mesh.example.com") -> None:
        """Updates are REFUSED, in signed answers, until thaw."""
        self.rndc("freeze", zone)

    def thaw(self, zone: str = "mesh.example.com") -> None:
        self.rndc("thaw", zone)

    # Reading

    def query(self, name: str, rdtype: str) -> dns.message.Message:
        question = dns.message.make_query(name, rdtype)
        question.flags &= ~dns.flags.RD
        return dns.query.udp_with_fallback(question, self.host, TIMEOUT, self.port)[0]

    def values(self, name: str, rdtype: str) -> frozenset[str]:
        """The authoritative values of one type; empty where there are none. The strings of a TXT record are one text."""
        answer = self.query(name, rdtype)
        assert answer.flags & dns.flags.AA, f"{self.name} is not authoritative for {name}: {answer}"
        wanted = dns.rdatatype.from_text(rdtype)
        return frozenset(
            _value(item) for rrset in answer.answer if rrset.rdtype == wanted for item in rrset
        )

    def addresses(self, name: str) -> dict[str, frozenset[str]]:
        """What the name points at, by type, of A, AAAA and CNAME. A CNAME hides the others, as in DNS."""
        found = {rdtype: self.values(name, rdtype) for rdtype in ADDRESS_TYPES}
        return {rdtype: values for rdtype, values in found.items() if values}

    def ttl(self, name: str, rdtype: str) -> int | None:
        answer = self.query(name, rdtype)
        return answer.answer[0].ttl if answer.answer else None

    def serial(self, zone: str) -> int:
        """The SOA serial: equal before and after means that nothing wrote to the zone. 0 if there is none."""
        with contextlib.suppress(IndexError):
            return self.query(zone, "SOA").answer[0][0].serial
        return 0

    def through(self, relay: Relay) -> "Bind":
        """The same server seen through a relay: for reading, not for starting or stopping."""
        seen = copy.copy(self)
        seen.host, seen.port = relay.host, relay.port
        return seen

    # Writing by hand, as a person or another tool would

    def replace(self, name: str, rdtype: str, *values: str, ttl: int = 30, key: TsigKey | None = None) -> None:
        """Replace all addresses of the name by these; for TXT only the TXT records."""
        update = self.new_update(name, key)
        for old in ADDRESS_TYPES if rdtype in ADDRESS_TYPES else (rdtype,):
            update.delete(_absolute(name), old)
        for value in values:
            update.add(_absolute(name), ttl, rdtype, f'"{value}"' if rdtype == "TXT" else value)
        self.send(update)

    def remove(self, name: str, rdtype: str = "ANY") -> None:
        update = self.new_update(name)
        update.delete(_absolute(name), *(() if rdtype == "ANY" else (rdtype,)))
        self.send(update)

    def new_update(self, name: str, key: TsigKey | None = None) -> dns.update.UpdateMessage:
        """A signed, empty update for the zone that holds `name`."""
        signer = key or self.key
        return dns.update.UpdateMessage(
            self.zone_of(name), keyring=signer.for_dnspython(), keyalgorithm=signer.algorithm
        )

    def send(self, update: dns.update.UpdateMessage) -> None:
        answer = dns.query.tcp(update, self.host, TIMEOUT, self.port)
        if answer.rcode() != dns.rcode.NOERROR:
            raise RuntimeError(f"{self.name} refused the update: {dns.rcode.to_text(answer.rcode())}")

    def zone_of(self, name: str) -> str:
        fitting = [zone for zone in self.zones if name == zone or name.endswith("." + zone)]
        assert fitting, f"no zone of {self.zones} holds {name}"
        return max(fitting, key=len)


def _absolute(name: str) -> str:
    return name.rstrip(".") + "."


def _output(*command: str | pathlib.Path) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stderr}")
    return result.stdout
