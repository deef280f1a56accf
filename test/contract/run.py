#!/usr/bin/env python3
"""Run the contract tests of the targets against the real servers: python3 test/contract/run.py <folder of binaries>

A BIND primary and secondary, a signing BIND, Knot and PowerDNS plain and signing (one PowerDNS also with its caches on), the
servers of binds.py, and five Redis servers are started in a scratch folder on free loopback ports, named to the tests by
environment variables, and are gone when this ends, however it ends; only those that one of the programs asks for. The tests of a DNS name are run once more against a stand-in for
Amazon Route 53 (aws/route53.py); what moves a Redis in ElastiCache meets a stand-in for that (aws/elasticache.py).
"""

import argparse
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from hack.bench import dns_config, ports  # noqa: E402
from hack.bench.elasticache import ElastiCache  # noqa: E402
from hack.bench.process import Process, Scratch  # noqa: E402
from hack.bench.route53 import Route53  # noqa: E402
import amazon  # noqa: E402
import binds  # noqa: E402
import sentinels  # noqa: E402
from sentinels import Redis  # noqa: E402

TEST_TIMEOUT = 180
ON_ROUTE53 = ("dns_contract", "dns_servers_contract", "dns_batch_contract")  # run on both drivers
KEYS = {"planekeeper": "hmac-sha256", "sha384": "hmac-sha384", "sha512": "hmac-sha512", "powerless": "hmac-sha256"}
ZONES = {
    "dr.test": "mixed A 192.0.2.1\nmixed MX 10 mail\n*.wild A 192.0.2.9\nloud CNAME Target.Example.NET.\n",
    "frozen.test": "app A 192.0.2.1\n",
}


def output(*command: object) -> str:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True, timeout=30).stdout


class Named(Process):
    """A primary, or with `primary` given, a secondary of it."""

    def __init__(
        self, scratch: Scratch, name: str, keys: dict[str, str], primary: "Named | None" = None, signs: bool = False
    ) -> None:
        super().__init__(scratch, name)
        self.signs = signs
        self.port = ports.lease()
        self.control_port = ports.lease()
        self.primary = primary
        self.secondary: Named | None = None
        self.rndc_key = self.folder / "rndc.key"
        self.rndc_key.write_text(output("tsig-keygen", "-a", "hmac-sha256", "rndc"))
        self.keys = keys
        if primary is not None:
            primary.secondary = self

    def argv(self) -> list[str]:
        notify = "notify no;"
        if self.secondary is not None:
            notify = f"notify explicit; also-notify {{ 127.0.0.1 port {self.secondary.port}; }}; notify-delay 0;"
        (self.folder / "named.conf").write_text(
            f"""options {{
    directory "{self.folder}"; pid-file "{self.folder}/named.pid"; lock-file none;
    session-keyfile "{self.folder}/session.key";
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; minimal-any yes; {notify}
}};
include "{self.rndc_key}";
controls {{ inet 127.0.0.1 port {self.control_port} allow {{ 127.0.0.1; }} keys {{ rndc; }}; }};
"""
            + "".join(self.keys.values())
            + "".join(self.zone_clause(zone, extra) for zone, extra in ZONES.items())
        )
        return ["named", "-f", "-n", "1", "-c", str(self.folder / "named.conf")]

    def zone_clause(self, zone: str, extra: str) -> str:
        if self.primary is not None:
            primaries = f"primaries {{ 127.0.0.1 port {self.primary.port}; }}"
            return f'zone "{zone}" {{ type secondary; {primaries}; file "{zone}.copy"; }};\n'
        (self.folder / f"{zone}.db").write_text(dns_config.zone_text(zone, extra))
        grants = "".join(f"grant {name} zonesub ANY; " for name in self.keys if name != "powerless")
        signing = "dnssec-policy default;" if self.signs else ""
        return f'zone "{zone}" {{ type primary; file "{zone}.db"; {signing} update-policy {{ {grants}}}; }};\n'

    def rndc(self) -> str:
        return f"rndc -s 127.0.0.1 -p {self.control_port} -k {self.rndc_key}"

    def is_ready(self) -> bool:
        return all(output("dig", "@127.0.0.1", "-p", self.port, "+short", "+norec", "SOA", zone) for zone in ZONES)


class OtherServer(Process):
    """Knot or PowerDNS, by what `configure` makes of the zones."""

    def __init__(
        self, scratch: Scratch, name: str, configure: Callable[..., list[str]], key: str, zones: dict[str, str], **options: object
    ) -> None:
        super().__init__(scratch, name)
        self.port = ports.lease()
        self.configure, self.key, self.zones, self.options = configure, key, zones, options

    def argv(self) -> list[str]:
        return self.configure(self.folder, self.port, self.zones, ("planekeeper", self.key), **self.options)

    def is_ready(self) -> bool:
        return all(output("dig", "@127.0.0.1", "-p", self.port, "+short", "+norec", "SOA", zone) for zone in self.zones)


def make_certificates(folder: pathlib.Path) -> None:
    """An authority and a server certificate for localhost and 127.0.0.1."""
    new_key = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
    authority = [*new_key, "-x509", "-days", "2", "-subj", "/CN=contract CA"]
    output(*authority, "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    output(*new_key, "-subj", "/CN=redis", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    (folder / "names.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signing = ["openssl", "x509", "-req", "-days", "2", "-CAcreateserial", "-extfile", folder / "names.ext"]
    pair = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key"]
    output(*signing, *pair, "-in", folder / "server.csr", "-out", folder / "server.crt")


def named(*servers: tuple[str, Process]) -> str:
    return " ".join(f"{name}=127.0.0.1:{server.port}" for name, server in servers)


def start_dns(scratch: Scratch) -> tuple[dict[str, str], list[Process]]:
    keys = {name: output("tsig-keygen", "-a", algorithm, name) for name, algorithm in KEYS.items()}
    folder = scratch.folder("keys")
    for name, text in keys.items():
        (folder / name).write_text(text)
    (folder / "impostor").write_text(output("tsig-keygen", "-a", "hmac-sha256", "planekeeper"))
    (folder / "stranger").write_text(output("tsig-keygen", "-a", "hmac-sha256", "stranger"))
    primary = Named(scratch, "primary", keys)
    secondary = Named(scratch, "secondary", {}, primary)
    others = [Named(scratch, "bind-signing", keys, signs=True)]
    inside = []  # the zones of binds.py on other servers
    for name, configure in (("knot", dns_config.knot), ("powerdns", dns_config.powerdns)):
        for signs in (False, True):
            readers = {"powerless": keys["powerless"]}
            server = OtherServer(
                scratch, name + "-signing" * signs, configure, keys["planekeeper"], ZONES, signed=signs, readers=readers
            )
            others.append(server)
        inside.append(OtherServer(scratch, f"around-{name}", configure, keys["planekeeper"], binds.AROUND, signed=False))
    caching = OtherServer(scratch, "powerdns-caching", dns_config.powerdns, keys["planekeeper"], ZONES, signed=False, caches=True)
    servers = [primary, secondary, *others, *inside, caching]
    primary.start()
    primary.ready()  # a secondary that finds nobody waits for long before it asks again
    for server in servers[1:]:
        server.start()
    for server in servers:
        server.ready()
    more, around = binds.start(scratch, folder)
    environment = more | {
        "CONTRACT_DNS": f"127.0.0.1:{primary.port}",
        "CONTRACT_DNS_PID": str(primary.pid),
        "CONTRACT_DNS_RNDC": primary.rndc(),
        "CONTRACT_DNS_SECONDARY": f"127.0.0.1:{secondary.port}",
        "CONTRACT_DNS_KEYS": str(folder),
        "CONTRACT_DNS_SERVERS": named(("bind", primary), *((other.name, other) for other in others)),
        "CONTRACT_DNS_CACHING": f"127.0.0.1:{caching.port}",
        "CONTRACT_AROUNDS": named(("bind", around[0]), *((server.name, server) for server in inside)),
    }
    return environment, [*servers, *around]


def start_redis(scratch: Scratch) -> tuple[dict[str, str], list[Process]]:
    certificates = scratch.folder("certificates")
    make_certificates(certificates)
    authority = ("--tls", "--cacert", str(certificates / "ca.crt"))
    plain = Redis(scratch, "redis-plain")
    tls = Redis(
        scratch,
        "redis-tls",
        f"tls-cert-file {certificates}/server.crt",
        f"tls-key-file {certificates}/server.key",
        f"tls-ca-cert-file {certificates}/ca.crt",
        "tls-auth-clients no",
        ready=authority,
    )
    secured = Redis(
        scratch,
        "redis-secured",
        "requirepass open-sesame",
        "user keeper on >keep-it ~* -@all +eval +type +pttl +get +mset +select",
        "user narrow on >narrow-it ~other -@all +eval +type +pttl +get +mset +select",
        "user reader on >read-it ~* -@all +eval +type +pttl +get",
        "user counter on >count-it ~* -@all +eval +type +pttl +get +mset +info",
        ready=("-a", "open-sesame"),
    )
    replica = Redis(scratch, "redis-replica", f"replicaof 127.0.0.1 {plain.port}", "repl-diskless-sync-delay 0")
    # Its bus would be at the port plus 10000, which may be the near end of somebody's connection.
    cluster = Redis(scratch, "redis-cluster", "cluster-enabled yes", f"cluster-port {ports.lease()}")
    servers = [plain, tls, secured, replica, cluster]
    for server in servers:
        server.start()
    for server in servers:
        server.ready()
    environment = {f"CONTRACT_{server.name.upper().replace('-', '_')}": f"127.0.0.1:{server.port}" for server in servers}
    environment["CONTRACT_REDIS_PID"] = str(plain.pid)
    environment["CONTRACT_REDIS_PORTS"] = " ".join(str(ports.lease()) for _ in range(3))  # of servers that a test starts
    environment["CONTRACT_REDIS_FOLDER"] = str(scratch.folder("redis-of-tests"))
    environment["CONTRACT_REDIS_CA"] = str(certificates / "ca.crt")
    return environment, servers


# What a program that needs these servers has in its source.
NEEDS = {
    "dns": ('"dns_hands.h"', "CONTRACT_DNS", "CONTRACT_AROUNDS"),
    "redis": ('"lock_hands.h"', '"redis_hands.h"', "CONTRACT_REDIS"),
    "aws": ("CONTRACT_AWS",),
    "route53": ("CONTRACT_ROUTE53",),
    "sentinel": ('"sentinel_hands.h"',),
    "elasticache": ("CONTRACT_ELASTICACHE",),
}


def is_needed(what: str, binaries: list[pathlib.Path]) -> bool:
    sources = [(ROOT / "test/contract" / f"{binary.name}.c").read_text() for binary in binaries]
    return any(word in source for source in sources for word in NEEDS[what])


def start_route53(scratch: Scratch) -> tuple[dict[str, str], list[Process]]:
    server = Route53(scratch, ("dr.test", "twin.test", "twin.test", "private:dr.test", "private:inner.test"))
    server.start()
    server.ready()
    server.write("dr.test", ("mixed.dr.test", "A", "192.0.2.1"), ("mixed.dr.test", "MX", "10 mail.dr.test."))
    server.write("dr.test", ("*.wild.dr.test", "A", "192.0.2.9"), ("loud.dr.test", "CNAME", "Target.Example.NET."))
    return server.environment(), [server]


def start_sentinel(scratch: Scratch) -> tuple[dict[str, str], list[Process]]:
    certificates = scratch.folder("sentinel-certificates")
    make_certificates(certificates)
    return sentinels.start(scratch, certificates)


def start_elasticache(scratch: Scratch) -> tuple[dict[str, str], list[Process]]:
    server = ElastiCache(scratch, ("eu-west-1", "eu-central-1"))
    server.start()
    server.ready()
    return server.environment(), [server]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    binaries = sorted(parser.parse_args().folder.glob("*_contract"))
    if not binaries:
        print("no *_contract binaries there", file=sys.stderr)
        return 2
    failed = []
    with Scratch() as scratch:
        environment, servers = {**os.environ}, []
        starts = {
            "dns": start_dns,
            "redis": start_redis,
            "aws": amazon.start,
            "route53": start_route53,
            "sentinel": start_sentinel,
            "elasticache": start_elasticache,
        }
        for what, start in starts.items():
            if is_needed(what, binaries) or (what == "route53" and any(binary.name in ON_ROUTE53 for binary in binaries)):
                named, started = start(scratch)
                environment |= named
                servers += started
        route53 = next((server for server in servers if isinstance(server, Route53)), None)
        for binary in binaries:
            for driver in ({}, route53.instead_of_dns()) if binary.name in ON_ROUTE53 else ({},):
                result = subprocess.run([binary.resolve()], env={**environment, **driver}, timeout=TEST_TIMEOUT)
                if result.returncode != 0:
                    failed.append(binary.name + " on Route 53" * bool(driver))
        for judged in servers:
            if isinstance(judged, Route53 | ElastiCache):
                failed += [f"not as AWS's model of {judged.name} has it: {text}" for text in judged.violations()]
        for server in servers:
            if not server.is_alive:
                failed.append(f"{server.name} died:\n{server.log_tail()}")
    for name in failed:
        print(f"contract failed: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
