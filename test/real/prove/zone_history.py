"""Every state that a name went through, from the DNS server's own journal (IXFR): none between two looks is missed."""

import dataclasses

import dns.name
import dns.query
import dns.rdatatype

from hack.bench.bind import ADDRESS_TYPES, Bind


@dataclasses.dataclass(frozen=True)
class State:
    """What one version of the zone says of one name."""

    serial: int
    addresses: frozenset[str]  # "A 127.0.0.1"
    stamps: frozenset[str]  # the TXT records at _planekeeper.<name>


def states(bind: Bind, zone: str, name: str, since: int) -> list[State]:
    """All versions after `since`, oldest first; empty where nothing was written."""
    if bind.serial(zone) == since:
        return []
    steps = list(_steps(_transfer(bind, zone, "IXFR", since)))
    last = _transfer(bind, zone, "AXFR")
    assert last[0][3] == steps[-1][0], f"{zone}: somebody still writes"
    content = {record[:3] for record in last}
    found: list[State] = []
    for serial, removed, added in reversed(steps):
        found.append(_state(serial, content, name))
        content = (content - added) | removed
    return found[::-1]


def _transfer(bind: Bind, zone: str, rdtype: str, since: int = 0) -> list[tuple[dns.name.Name, int, str, int]]:
    """The records as they came: owner, type, data, and for an SOA its serial."""
    messages = dns.query.xfr(
        bind.host, zone, port=bind.port, rdtype=rdtype, serial=since, relativize=False, timeout=5.0
    )
    records = []
    for message in messages:
        for rrset in message.answer:
            for data in rrset:
                records.append((rrset.name, rrset.rdtype, data.to_text(), getattr(data, "serial", 0)))
    is_whole = rdtype == "AXFR" or (len(records) > 2 and records[1][1] == dns.rdatatype.SOA)
    assert is_whole, f"{zone}: the journal does not reach back to {since}"
    return records


def _steps(records):
    """(new serial, removed, added) of each version. After the first SOA: old SOA, removed, new SOA, added, …"""
    at = 1
    while at + 1 < len(records):
        removed, at = _until_soa(records, at + 1)
        serial = records[at][3]
        added, at = _until_soa(records, at + 1)
        yield serial, removed, added


def _until_soa(records, at: int):
    content = set()
    while records[at][1] != dns.rdatatype.SOA:
        content.add(records[at][:3])
        at += 1
    return content, at


def _state(serial: int, content: set, name: str) -> State:
    owner, stamp = dns.name.from_text(name), dns.name.from_text(f"_planekeeper.{name}")
    types = {dns.rdatatype.from_text(rdtype): rdtype for rdtype in ADDRESS_TYPES}
    addresses = {f"{types[kind]} {data}" for who, kind, data in content if who == owner and kind in types}
    stamps = {data.strip('"') for who, kind, data in content if who == stamp and kind == dns.rdatatype.TXT}
    return State(serial, frozenset(addresses), frozenset(stamps))
