"""moto's Route 53 with the rules of the real service where moto has none, so that a compare-and-swap can be judged by it.

moto keeps zones, speaks the wire format and reads requests; what a change batch may do, the order of lists, change ids and what is
served meanwhile are here. Sources: Route 53 API Reference 2013-04-01 (ChangeResourceRecordSets, ListResourceRecordSets,
ListHostedZonesByName, GetChange), and error texts as people quote them from the real service.
"""

import copy
import ipaddress
import re
import threading
import time
import uuid

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53 import models, responses
from moto.route53.exceptions import Route53ClientError

OCTAL = re.compile(r"\\([0-3][0-7][0-7])")
EPOCH = re.compile(r" e=(\d+) ")
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s+|$)')
CHARACTERS_MAX, RECORDS_MAX, CHANGES_MAX, STRING_MAX = 32000, 1000, 1000, 255
ROUTINGS = ("Weight", "Region", "GeoLocation", "GeoProximityLocation", "Failover", "MultiValueAnswer", "CidrRoutingConfig")
Key = tuple[str, str, str]


class RefusedBatch(Route53ClientError):
    def __init__(self, texts: list[str]) -> None:
        super().__init__("InvalidChangeBatch", "[" + ", ".join(texts) + "]")


class NoSuchChange(Route53ClientError):
    def __init__(self, change: str) -> None:
        super().__init__("NoSuchChange", f"Could not find resource with ID: {change}")


def plain(name: str) -> str:
    """Lower case, with the final dot, escapes resolved."""
    return OCTAL.sub(lambda found: chr(int(found[1], 8)), name).lower().rstrip(".") + "."


def escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else f"\\{ord(c):03o}" for c in name)


def reversed_name(name: str) -> str:
    return ".".join(reversed(plain(name).rstrip(".").split("."))) + "."


def key_of(record_set: dict) -> Key:
    return plain(record_set["Name"]), record_set["Type"], record_set.get("SetIdentifier") or ""


def values_of(record_set: dict) -> list[str]:
    return [record["Value"] for record in record_set.get("ResourceRecords") or []]


def told(record_set: dict) -> str:
    return f"[name='{plain(record_set['Name'])}', type='{record_set['Type']}']"


def is_same(one: dict, other: dict) -> bool:
    def content(record_set: dict) -> tuple:
        target = record_set.get("AliasTarget")
        alias = (target["HostedZoneId"], plain(target["DNSName"]), bool(target["EvaluateTargetHealth"])) if target else None
        others = tuple(str(record_set.get(field)) for field in (*ROUTINGS, "HealthCheckId"))
        return int(record_set.get("TTL") or 0), sorted(values_of(record_set)), alias, others

    return content(one) == content(other)


def fault_of_value(kind: str, value: str) -> str | None:
    if kind in ("A", "AAAA"):
        wanted = ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address
        try:
            wanted(value)
        except ValueError:
            word = "ARRDATAIllegalIPv4Address" if kind == "A" else "AAAARRDATAIllegalIPv6Address"
            return f"{word} (Value is not a valid IPv{4 if kind == 'A' else 6} address) encountered with '{value}'"
    if kind == "TXT":
        strings = STRINGS.findall(value)
        if not value.startswith('"') or STRINGS.sub("", value):
            return f"InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '{value}'"
        if any(len(re.sub(r"\\([0-3][0-7]{2}|.)", "x", string)) > STRING_MAX for string in strings):
            return f"CharacterStringTooLong (Value is too long) encountered with '{value}'"
    return None


class Zone:
    """The record sets of one hosted zone, and what its name servers answer, which follows later."""

    def __init__(self, name: str, sets: dict[Key, dict]) -> None:
        self.name, self.sets = plain(name), sets
        self.served = [(0.0, sets)]
        self.versions = [sets]  # all that there ever were, oldest first

    def publish(self, at: float) -> None:
        self.served.append((at, self.sets))
        self.versions.append(self.sets)

    def seen(self) -> dict[Key, dict]:
        """What its name servers answer now."""
        now = time.monotonic()
        while len(self.served) > 1 and self.served[1][0] <= now:
            self.served.pop(0)
        return self.served[0][1]


class Strict:
    """All zones, and the faults that are wanted of the service."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.zones: dict[str, Zone] = {}
        self.changes: dict[str, float] = {}  # when they will be in sync
        self.moved: dict[int, dict[str, float]] = {}  # when each name first carried an epoch, by the wall clock
        self.pending_s = 0.0
        self.name_server = ""  # that answers for all public zones, in the place of four of Amazon's

    def zone(self, backend: models.Route53Backend, zone_id: str) -> Zone:
        made = backend.get_hosted_zone(zone_id)
        if made.id not in self.zones:
            sets = {}
            for record in made.rrsets:
                values = [{"Value": value["Value"] if isinstance(value, dict) else value} for value in record.records]
                values = [{"Value": value["Value"]["Value"]} if isinstance(value["Value"], dict) else value for value in values]
                one = {"Name": plain(record.name), "Type": record.type, "TTL": int(record.ttl), "ResourceRecords": values}
                sets[key_of(one)] = one
            self.zones[made.id] = Zone(made.name, sets)
            if self.name_server and made.delegation_set:
                made.delegation_set.name_servers = [self.name_server]
        return self.zones[made.id]

    def history(self, zone_id: str, names: list[str]) -> list[list[dict]]:
        """What each version of the zone said of these names."""
        wanted = {plain(name) for name in names}
        with self.lock:
            versions = next(list(zone.versions) for known, zone in self.zones.items() if known.endswith(zone_id))
        return [[one for key, one in sets.items() if key[0] in wanted] for sets in versions]

    def change(self, backend: models.Route53Backend, zone_id: str, changes: list[dict]) -> str:
        with self.lock:
            zone = self.zone(backend, zone_id)
            sets, refusals = dict(zone.sets), []
            count = sum(len(values_of(change["ResourceRecordSet"])) for change in changes)
            characters = sum(len(value) for change in changes for value in values_of(change["ResourceRecordSet"]))
            if len(changes) > CHANGES_MAX or count > RECORDS_MAX or characters > CHARACTERS_MAX:
                raise RefusedBatch(["Number of records limit of 1000 exceeded."])
            deleted = set()
            for change in changes:
                refusal = self.apply(zone, sets, change["Action"], change["ResourceRecordSet"], deleted)
                refusals += [refusal] if refusal else []
            refusals += self.conflicts(zone, sets) if not refusals else []
            if refusals:
                raise RefusedBatch(refusals)
            zone.sets = sets
            self.note_epochs(changes)
            insync = time.monotonic() + self.pending_s
            zone.publish(insync)
            change_id = "C" + uuid.uuid4().hex[:20].upper()
            self.changes[change_id] = insync
            return change_id

    def note_epochs(self, changes: list[dict]) -> None:
        now = time.time()
        for change in changes:
            name = plain(change["ResourceRecordSet"]["Name"])
            found = EPOCH.search(" ".join(values_of(change["ResourceRecordSet"])))
            if change["Action"] != "DELETE" and name.startswith("_planekeeper.") and found:
                self.moved.setdefault(int(found[1]), {}).setdefault(name.removeprefix("_planekeeper."), now)

    def apply(self, zone: Zone, sets: dict, action: str, record_set: dict, deleted: set[Key]) -> str | None:
        key = key_of(record_set)
        if not key[0].endswith("." + zone.name) and key[0] != zone.name:
            return f"RRSet with DNS name {key[0]} is not permitted in zone {zone.name}"
        if action == "DELETE":
            if key in deleted:
                return f"The request contains an invalid set of changes for a resource record set '{key[1]} {key[0]}'"
            if key not in sets:
                return f"Tried to delete resource record set {told(record_set)} but it was not found"
            if not is_same(sets[key], record_set):
                return f"Tried to delete resource record set {told(record_set)} but the values provided do not match the current values"
            deleted.add(key)
            del sets[key]
            return None
        if action == "CREATE" and key in sets:
            return f"Tried to create resource record set {told(record_set)} but it already exists"
        for value in values_of(record_set):
            fault = fault_of_value(key[1], value)
            if fault:
                return f"Invalid Resource Record: FATAL problem: {fault}"
        kept = copy.deepcopy(record_set)
        kept["Name"] = key[0]
        if "TTL" in kept:
            kept["TTL"] = int(kept["TTL"])
        sets[key] = kept
        return None

    def conflicts(self, zone: Zone, sets: dict[Key, dict]) -> list[str]:
        refusals = []
        names: dict[str, set[str]] = {}
        for name, kind, _ in sets:
            names.setdefault(name, set()).add(kind)
        for name, kinds in names.items():
            if "CNAME" not in kinds:
                continue
            if name == zone.name:
                refusals.append(f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone.name}")
            elif len(kinds) > 1:
                refusals.append(
                    f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other "
                    f"records with the same DNS name in zone {zone.name}"
                )
        alike: dict[tuple[str, str], list[Key]] = {}
        for key in sets:
            alike.setdefault(key[:2], []).append(key)
        for key in sets:
            others = alike[key[:2]]
            if len(others) > 1 and any(not one[2] for one in others):
                refusals.append(f"RRSet with DNS name {key[0]}, type {key[1]} cannot be created as other RRSets exist with it")
        return refusals

    def listed(self, zone: Zone, start_name: str | None, start_type: str | None, start_id: str | None) -> list[dict]:
        start = (reversed_name(start_name), start_type or "", start_id or "") if start_name else ("", "", "")
        ordered = sorted(zone.sets.items(), key=lambda item: (reversed_name(item[0][0]), *item[0][1:]))
        return [dict(one, Name=escaped(key[0])) for key, one in ordered if (reversed_name(key[0]), *key[1:]) >= start]


STRICT = Strict()


def change_resource_record_sets(self: responses.Route53) -> ActionResult:
    change_id = STRICT.change(self.backend, self._get_param("HostedZoneId"), self._get_param("ChangeBatch.Changes"))
    info = {"Id": f"/change/{change_id}", "Status": "PENDING", "SubmittedAt": utcnow()}
    return ActionResult({"ChangeInfo": info})


def get_change(self: responses.Route53) -> ActionResult:
    change = self._get_param("Id").removeprefix("/change/")
    if change not in STRICT.changes:
        raise NoSuchChange(change)
    status = "INSYNC" if STRICT.changes[change] <= time.monotonic() else "PENDING"
    return ActionResult({"ChangeInfo": {"Id": f"/change/{change}", "Status": status, "SubmittedAt": utcnow()}})


def list_resource_record_sets(self: responses.Route53) -> ActionResult:
    most = min(self._get_int_param("MaxItems", 300), 300)
    with STRICT.lock:
        zone = STRICT.zone(self.backend, self._get_param("HostedZoneId"))
        start = [self._get_param(name) for name in ("StartRecordName", "StartRecordType", "StartRecordIdentifier")]
        listed = STRICT.listed(zone, *start)
    result = {"ResourceRecordSets": listed[:most], "IsTruncated": len(listed) > most, "MaxItems": most}
    if len(listed) > most:
        result |= {"NextRecordName": listed[most]["Name"], "NextRecordType": listed[most]["Type"]}
        if listed[most].get("SetIdentifier"):
            result["NextRecordIdentifier"] = listed[most]["SetIdentifier"]
    return ActionResult(result)


def list_hosted_zones_by_name(self: responses.Route53) -> ActionResult:
    most = min(self._get_int_param("MaxItems", 100), 100)
    name, zone_id = self._get_param("DNSName"), self._get_param("HostedZoneId")
    start = (reversed_name(name), zone_id or "") if name else ("", "")
    zones = sorted(self.backend.zones.values(), key=lambda zone: (reversed_name(zone.name), zone.id))
    zones = [zone for zone in zones if (reversed_name(zone.name), zone.id.removeprefix("/hostedzone/")) >= start]
    result = {"HostedZones": zones[:most], "IsTruncated": len(zones) > most, "MaxItems": most}
    if name:
        result["DNSName"] = name
    if len(zones) > most:
        result |= {"NextDNSName": zones[most].name, "NextHostedZoneId": zones[most].id.removeprefix("/hostedzone/")}
    return ActionResult(result)


for function in (change_resource_record_sets, get_change, list_resource_record_sets, list_hosted_zones_by_name):
    setattr(responses.Route53, function.__name__, function)
