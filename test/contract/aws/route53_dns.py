"""The name servers of the stand-in's zones: they answer by UDP and TCP what is in sync, and take DNS UPDATE in the place of a person.

An update is carried out by boto3 against the stand-in's own API, so that what the vendor's SDK writes is what the driver reads.
"""

import socketserver
import struct
import threading
import time
from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig

from route53_strict import STRICT, Zone, plain, values_of

SYNC_MAX_S = 5


def zone_of(name: str) -> Zone | None:
    """Of two of one name the first, which is the public one."""
    zones = [zone for zone in STRICT.zones.values() if name == zone.name or name.endswith("." + zone.name)]
    return max(zones, key=lambda zone: len(zone.name), default=None)


def sets_at(seen: dict, name: str, kinds: tuple[str, ...]) -> list[dns.rrset.RRset]:
    found = []
    for (owner, kind, _), one in seen.items():
        if owner == name and kind in kinds and values_of(one):
            owner_name = dns.name.from_text(owner)
            # A name is a whole one for Route 53, with a final dot or without.
            values = [value.rstrip(".") + "." if kind in ("CNAME", "NS", "MX") else value for value in values_of(one)]
            found.append(dns.rrset.from_text_list(owner_name, one["TTL"], dns.rdataclass.IN, kind, values))
    return found


def answer_of(question: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(question)
    name, kind = plain(question.question[0].name.to_text()), dns.rdatatype.to_text(question.question[0].rdtype)
    zone = zone_of(name)
    if zone is None:
        answer.set_rcode(dns.rcode.REFUSED)
        return answer
    with STRICT.lock:
        seen = zone.seen()
    answer.flags |= dns.flags.AA
    star = "*." + name.split(".", 1)[1]
    exists = any(key[0] == name or key[0].endswith("." + name) for key in seen)
    owner = name if exists else star
    for found in sets_at(seen, owner, (kind, "CNAME")):
        found.name = question.question[0].name
        answer.answer.append(found)
    if not exists and not any(key[0] == star for key in seen):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    if not answer.answer:
        answer.authority += sets_at(seen, zone.name, ("SOA",))
    return answer


def changes_of(update: dns.message.Message, sets: dict) -> list[dict]:
    """What an UPDATE without prerequisites does, as one batch."""
    after = dict(sets)
    for one in update.sections[2]:
        name, kind = plain(one.name.to_text()), dns.rdatatype.to_text(one.rdtype)
        key = (name, kind, "")
        if one.deleting == dns.rdataclass.ANY:
            after = {at: kept for at, kept in after.items() if at[0] != name or kind not in ("ANY", at[1])}
            continue
        texts = [item.to_text() for item in one]
        now = values_of(after[key]) if key in after else []
        left = [value for value in now if value not in texts] if one.deleting else now + [text for text in texts if text not in now]
        after.pop(key, None)
        if left:
            after[key] = {"Name": name, "Type": kind, "TTL": one.ttl, "ResourceRecords": [{"Value": value} for value in left]}
    gone = [{"Action": "DELETE", "ResourceRecordSet": one} for key, one in sets.items() if after.get(key) != one]
    made = [{"Action": "CREATE", "ResourceRecordSet": one} for key, one in after.items() if sets.get(key) != one]
    return gone + made


class Servers:
    """Both transports on one port."""

    def __init__(self, port: int, change: Callable[[str, list[dict]], object]) -> None:
        outer = self
        self.change = change

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                answer = outer.respond(self.request[0], 1232)
                if answer:
                    self.request[1].sendto(answer, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = self.request.recv(2)
                while len(head) == 2:
                    wire = b""
                    while len(wire) < struct.unpack(">H", head)[0]:
                        wire += self.request.recv(65535)
                    answer = outer.respond(wire, 65535)
                    self.request.sendall(struct.pack(">H", len(answer)) + answer)
                    head = self.request.recv(2)

        for kind, handler in ((socketserver.ThreadingUDPServer, Udp), (socketserver.ThreadingTCPServer, Tcp)):
            kind.allow_reuse_address = kind.daemon_threads = True
            server = kind(("127.0.0.1", port), handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def respond(self, wire: bytes, size: int) -> bytes:
        try:
            question = dns.message.from_wire(wire, keyring=False, continue_on_error=True)
        except dns.exception.DNSException:
            return b""
        if question.opcode() == dns.opcode.UPDATE:
            answer = self.updated(question)
        else:
            answer = answer_of(question)
        try:
            return answer.to_wire(max_size=size)
        except dns.exception.TooBig:
            answer.flags |= dns.flags.TC
            answer.answer, answer.authority = [], []
            return answer.to_wire(max_size=size)

    def updated(self, update: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(update)
        zone = zone_of(plain(update.sections[0][0].name.to_text()))
        zone_id = next((zone_id for zone_id, one in STRICT.zones.items() if one is zone), None)
        if zone is None or zone_id is None:
            answer.set_rcode(dns.rcode.NOTAUTH)
            return answer
        changes = changes_of(update, zone.sets)
        if changes:
            self.change(zone_id, changes)
        until = time.monotonic() + SYNC_MAX_S
        while zone.seen() is not zone.sets and time.monotonic() < until:
            time.sleep(0.005)
        return answer
