"""Cells of the crash matrix whose name is in Amazon Route 53: a strict stand-in of it, and never the real service."""

import contextlib
import re
import time
import xml.etree.ElementTree

from corner import Corner, check_laws, open_corner
from court import Stage
from crash import COMMIT, INTENT, ROUTE, SideCell, Wires
from histories import DnsRecorder, Operation, fenced
from world import WEST
from zone_history import State

from hack.bench import objects
from hack.bench.bind import ADDRESS_TYPES
from hack.bench.route53 import Route53
from hack.bench.trap import Trap
from hack.bench.wires import Call, HttpWire

SPACE = {"": "https://route53.amazonaws.com/doc/2013-04-01/"}
CHANGE_OF_A_SWITCH = re.compile(rb"v=pk1 e=([2-9]|[0-9]{2,}) ")


class CloudCorner(Corner):
    """The name is in a hosted zone; everything else is as in any corner."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.bench, stage.farm, single_writer=False)
        self.route53: Route53 = stage.route53()
        self.route53.add_zone(self.zone)
        key, secret = Route53.KEY.split(":")
        self.put_secret("aws", aws_access_key_id=key, aws_secret_access_key=secret)
        self.wire = HttpWire(f"127.0.0.1:{self.route53.port}")  # closed with the other wires
        self.written: Operation = {}

    def arrange(self, changes: objects.Object | None = None) -> None:
        call = time.time_ns()
        self.route53.write(self.zone, (self.dns_name, "A", self.planes[WEST]))
        self.written = {
            "register": f"dns {self.dns_name}",
            "call": call,
            "return": time.time_ns(),
            "kind": "swap",
            "setValue": [f"A {self.planes[WEST]}"],
            "applied": True,
        }
        self.put_planes()
        self.put_policy(changes)

    def versions(self) -> list[list[dict]]:
        return self.route53.history(self.zone, self.dns_name, f"_planekeeper.{self.dns_name}")

    def addresses(self) -> dict[str, frozenset[str]]:
        sets = [one for one in self.versions()[-1] if one["Type"] in ADDRESS_TYPES]
        return {one["Type"]: frozenset(values(one)) for one in sets}

    def epoch_record(self) -> str:
        return " ".join(text for one in self.versions()[-1] if one["Type"] == "TXT" for text in values(one))

    def name_operations(self, recorder: DnsRecorder) -> list[Operation]:
        found = [operation for call in self.wire.calls for operation in operations_of(self.dns_name, call)]
        return [self.written, *found]

    def check_laws(self) -> int:
        found = [state_of(number, sets) for number, sets in enumerate(self.versions()) if sets]
        assert self.route53.violations() == []
        return check_laws(self, found)


def values(record_set: dict) -> list[str]:
    return sorted(record["Value"].strip('"') for record in record_set["ResourceRecords"])


def state_of(serial: int, sets: list[dict]) -> State:
    addresses = {f"{one['Type']} {value}" for one in sets if one["Type"] in ADDRESS_TYPES for value in values(one)}
    stamps = {value for one in sets if one["Type"] == "TXT" for value in values(one)}
    return State(serial, frozenset(addresses), frozenset(stamps))


# One register for the name: what a batch deletes is what it expects, what it creates is what it puts there


def operations_of(name: str, call: Call) -> list[Operation]:
    head, _, body = call.request.partition(b"\r\n\r\n")
    operation = {"register": f"dns {name}", "call": call.sent_ns, "return": call.answered_ns}
    if head.startswith(b"POST "):
        return swap_of(operation, name, body, call.reply)
    if head.startswith(b"GET ") and b"/rrset?" in head.partition(b"\r\n")[0] and call.reply:
        return read_of(operation, name, call.reply)
    return []


def sets_of(root: xml.etree.ElementTree.Element, name: str, owner: str) -> dict[str, str | None]:
    """"value" and "stamp" of what is listed there; None where it is not."""
    found: dict[str, str | None] = {"value": None, "stamp": None}
    for one in root.iterfind(f".//{owner}", SPACE):
        at, kind = one.findtext("Name", "", SPACE).rstrip("."), one.findtext("Type", "", SPACE)
        texts = " ".join(sorted(value.text.strip('"') for value in one.iterfind(".//Value", SPACE)))
        if at == name and kind in ADDRESS_TYPES:
            found["value"] = f"{kind} {texts}"
        elif at.replace("\\137", "_") == f"_planekeeper.{name}" and kind == "TXT":
            found["stamp"] = texts
    return found


def swap_of(operation: Operation, name: str, body: bytes, reply: bytes | None) -> list[Operation]:
    root = xml.etree.ElementTree.fromstring(body)
    gone, made = xml.etree.ElementTree.Element("gone"), xml.etree.ElementTree.Element("made")
    for change in root.iterfind(".//Change", SPACE):
        (gone if change.findtext("Action", "", SPACE) == "DELETE" else made).append(change)
    before, after = (sets_of(part, name, "ResourceRecordSet") for part in (gone, made))
    swap = operation | {"kind": "swap"}
    for what, key in (("value", "Value"), ("stamp", "Stamp")):
        if before[what] or after[what]:
            swap |= {f"expect{key}": [before[what]], f"set{key}": [after[what]]}
    swap = fenced(swap, after["stamp"])
    status = reply.split(b" ", 2)[1] if reply else b""
    if status in (b"200", b"400"):
        return [swap | {"applied": status == b"200"}]
    return [swap | {"return": None}]


def read_of(operation: Operation, name: str, reply: bytes) -> list[Operation]:
    head, _, body = reply.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        return []
    seen = sets_of(xml.etree.ElementTree.fromstring(body), name, "ResourceRecordSet")
    return [operation | {"kind": "read", f"seen{key}": [seen[what]]} for what, key in SEEN if seen[what]]


SEEN = (("value", "Value"), ("stamp", "Stamp"))


class CloudWires(Wires):
    """The way to Route 53 has the trap of step Route."""

    def __init__(self, corner: CloudCorner) -> None:
        super().__init__(corner)
        self.cloud = corner.wire

    def spec(self, single_writer: bool) -> dict:
        provider = {"endpoint": f"http://{self.cloud.address}", "credentialsSecretRef": {"name": "aws"}}
        return {"dns": {"rfc2136": None, "route53": provider}}

    def all(self) -> tuple:
        return (*super().all(), self.cloud)

    def set_trap(self, step: str, boundary: str) -> Trap:
        if step == ROUTE:
            return self.cloud.set_trap(boundary, lambda request: CHANGE_OF_A_SWITCH.search(request) is not None)
        return super().set_trap(step, boundary)


class CloudCell(SideCell):
    steps = {"AllClusters": (INTENT, ROUTE, COMMIT)}

    def __str__(self) -> str:
        return f"route53-{super().__str__()}"

    def open(self, stage: Stage) -> contextlib.AbstractContextManager[Corner]:
        return open_corner(CloudCorner(stage))

    def wires(self, corner: Corner) -> Wires:
        return CloudWires(corner)
