"""BIND servers whose answers are about something else than is stored where their updates go.

`around`: zones one inside the other (run.py has the same on Knot and PowerDNS). `views`: keys lead to a view of their own. `origin` and `forwarder`: a primary, and
a secondary that passes updates on to it and hears of them when it is told to.
"""

import pathlib
import subprocess

from hack.bench import ports
from hack.bench.process import Process, Scratch

HEAD = "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n"
AROUND = {
    # lb is what the CNAMEs of the inner zones lead to
    "around.test": "lb A 192.0.2.1\n*.wild A 192.0.2.9\n*.texts.wild TXT stranger\n*.alias.wild CNAME lb\ntwin.wild A 192.0.2.9\n"
    "*.twin.wild A 192.0.2.9\nboth A 192.0.2.1\n_planekeeper.both CNAME lb\nold DNAME new\nalias.wild A 192.0.2.1\n"
    "texts.wild A 192.0.2.1\ncut A 192.0.2.1\nbeat A 192.0.2.1\n",
    "mesh.around.test": "app CNAME lb.around.test.\ndeep.app CNAME lb.around.test.\nfar CNAME lb.far.test.\n",
    "far.test": "lb A 192.0.2.1\n",
    "_planekeeper.cut.around.test": "",
    "_planekeeper-alive.beat.around.test": "",
}


class Bind(Process):
    def __init__(self, scratch: Scratch, name: str, key: str, clauses: str = "") -> None:
        super().__init__(scratch, name)
        self.port, self.control_port = ports.lease(), ports.lease()
        self.key, self.clauses, self.zone = key, clauses, "around.test"
        self.rndc_key = self.folder / "rndc.key"
        self.rndc_key.write_text(
            subprocess.run(["tsig-keygen", "-a", "hmac-sha256", "rndc"], capture_output=True, text=True, check=True).stdout
        )

    def file(self, zone: str, records: str, name: str = "") -> str:
        """Writes a zone file and returns its name."""
        path = self.folder / f"{name or zone}.db"
        path.write_text(HEAD.format(zone=zone) + records)
        return path.name

    def argv(self) -> list[str]:
        (self.folder / "named.conf").write_text(
            f"""options {{
    directory "{self.folder}"; pid-file "{self.folder}/named.pid"; lock-file none;
    session-keyfile "{self.folder}/session.key";
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; notify no;
}};
include "{self.rndc_key}";
controls {{ inet 127.0.0.1 port {self.control_port} allow {{ 127.0.0.1; }} keys {{ rndc; }}; }};
{self.key}
{self.clauses}
"""
        )
        return ["named", "-f", "-n", "1", "-c", str(self.folder / "named.conf")]

    def rndc(self) -> str:
        return f"rndc -s 127.0.0.1 -p {self.control_port} -k {self.rndc_key}"

    def is_ready(self) -> bool:
        asked = ["dig", "@127.0.0.1", "-p", str(self.port), "+short", "+norec", "+time=1", "+tries=1", "SOA", self.zone]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=30)
        return answer.returncode == 0 and bool(answer.stdout.strip())


def primary_clause(server: Bind, zone: str, records: str, name: str = "") -> str:
    file = server.file(zone, records, name)
    return f'zone "{zone}" {{ type primary; file "{file}"; check-names ignore; update-policy {{ grant planekeeper zonesub ANY; }}; }};\n'


def make_views(scratch: Scratch, key: str) -> Bind:
    server = Bind(scratch, "views", key)
    ours = primary_clause(server, "around.test", "app A 192.0.2.1\nsame A 192.0.2.1\n", "ours")
    users = primary_clause(server, "around.test", "app A 192.0.2.2\nsame A 192.0.2.1\n", "users")
    server.clauses = (
        f"view ours {{ match-clients {{ key planekeeper; }};\n{ours}}};\nview users {{ match-clients {{ any; }};\n{users}}};"
    )
    return server


def start(scratch: Scratch, keys: pathlib.Path) -> tuple[dict[str, str], list[Bind]]:
    key = (keys / "planekeeper").read_text()
    around = Bind(scratch, "around", key)
    around.clauses = "".join(primary_clause(around, zone, records) for zone, records in AROUND.items())
    views = make_views(scratch, key)
    origin = Bind(scratch, "origin", key)
    origin.clauses = primary_clause(origin, "around.test", "")
    forwarder = Bind(scratch, "forwarder", key)
    forwarder.clauses = (
        f'zone "around.test" {{ type secondary; primaries {{ 127.0.0.1 port {origin.port}; }}; file "copy"; '
        "allow-update-forwarding { any; }; };"
    )
    servers = [around, views, origin, forwarder]
    for server in servers:
        server.start()
    for server in servers:
        server.ready()
    environment = {f"CONTRACT_{server.name.upper()}": f"127.0.0.1:{server.port}" for server in servers}
    environment["CONTRACT_FORWARDER_RNDC"] = forwarder.rndc()
    return environment, servers
