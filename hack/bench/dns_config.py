"""Knot and PowerDNS as plain processes in a folder: their configuration, and what starts them.

Only the standard library is used, so that the contract tests, which run without a virtual environment, have the same servers.
"""

import pathlib
import re
import shutil
import subprocess

PDNS_SCHEMA = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")


def zone_text(zone: str, extra: str = "") -> str:
    return f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 1\n@ NS ns1\nns1 A 127.0.0.1\n{extra}"


def secret_of(key_text: str) -> str:
    """The secret in what tsig-keygen prints."""
    return re.search(r'secret "([^"]+)"', key_text).group(1)


def knot(
    folder: pathlib.Path, port: int, zones: dict[str, str], key: tuple[str, str], signed: bool, readers: dict[str, str] | None = None
) -> list[str]:
    """`zones` are the records of each beyond its apex, `key` is a name and what tsig-keygen printed. Nothing is kept: no journal, no files written.

    `readers` are further keys, that may ask and not write."""
    more = "".join(f"  - id: {name}\n    algorithm: hmac-sha256\n    secret: {secret_of(text)}\n" for name, text in (readers or {}).items())
    acls = "[" + ", ".join(["keeper", *(f"reads-{name}" for name in readers or {})]) + "]"
    reads = "".join(f"  - id: reads-{name}\n    key: {name}\n    action: [query, transfer]\n" for name in readers or {})
    clauses = ""
    for zone, extra in zones.items():
        (folder / f"{zone}.zone").write_text(zone_text(zone, extra))
        signing = "\n    dnssec-signing: on\n    dnssec-policy: ecdsa" if signed else ""
        clauses += f"  - domain: {zone}\n    file: {folder}/{zone}.zone\n    acl: {acls}\n    zonefile-sync: -1\n    journal-content: none{signing}\n"
    (folder / "knot.conf").write_text(f"""\
server:
    rundir: {folder}
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}
log:
  - target: stderr
    any: info
key:
  - id: {key[0]}
    algorithm: hmac-sha256
    secret: {secret_of(key[1])}
{more}acl:
  - id: keeper
    key: {key[0]}
    action: [update, transfer]
{reads}policy:
  - id: ecdsa
    algorithm: ecdsap256sha256
zone:
{clauses}""")
    return ["knotd", "-c", str(folder / "knot.conf")]


def powerdns(
    folder: pathlib.Path,
    port: int,
    zones: dict[str, str],
    key: tuple[str, str],
    signed: bool,
    caches: bool = False,
    readers: dict[str, str] | None = None,
) -> list[str]:
    """The same; without `caches` it never answers what it no longer holds, with them it is as it comes."""
    database = folder / "zones.db"
    uncached = "cache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0\nzone-cache-refresh-interval=0\n"
    (folder / "pdns.conf").write_text(f"""\
launch=gsqlite3
gsqlite3-database={database}
gsqlite3-dnssec=yes
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
setuid=
setgid=
security-poll-suffix=
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
{"" if caches else uncached}dname-processing=yes
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
""")
    if not database.exists():
        with PDNS_SCHEMA.open() as schema:
            subprocess.run(["sqlite3", str(database)], stdin=schema, check=True, timeout=30)
        util = ["pdnsutil", f"--config-dir={folder}"]
        commands = [["import-tsig-key", key[0], "hmac-sha256", secret_of(key[1])]]
        commands += [["import-tsig-key", name, "hmac-sha256", secret_of(text)] for name, text in (readers or {}).items()]
        for zone, extra in zones.items():
            (folder / f"{zone}.zone").write_text(zone_text(zone, extra))
            commands += [["load-zone", zone, str(folder / f"{zone}.zone")], ["set-meta", zone, "TSIG-ALLOW-DNSUPDATE", key[0]]]
            commands += [["secure-zone", zone]] if signed else []
        for command in commands:
            subprocess.run([*util, *command], check=True, timeout=30, capture_output=True)
    return [shutil.which("pdns_server", path="/usr/sbin:/usr/bin") or "pdns_server", f"--config-dir={folder}"]
