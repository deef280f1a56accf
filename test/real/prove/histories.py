"""Histories of the three registers, from what the targets' side kept; none of it was written by the operator.

BIND's dnstap, the API server's audit log, and the commands and replies at Redis' end of the wire (MONITOR, or the
append-only file, says that nothing passed beside it).

An operation is a dictionary as hack/judges/porcupine/model.go reads it. Times are of the wall clock, in nanoseconds.
"""

import contextlib
import datetime
import json
import re
import socket
import threading
import time

import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from tap import Frame, is_finished, read_tap
from world import stamp

from hack.bench import wait
from hack.bench.bench import Bench
from hack.bench.bind import ADDRESS_TYPES
from hack.bench.redis_server import RedisServer
from hack.bench.wires import Call, RespFramer, resp_values

Operation = dict
RECORD = "planekeeper.io/record"
REFUSED = {dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}
# BIND stamps by a coarse clock: the true moment of an answer is up to one tick later.
CLOCK_REALTIME_COARSE = 5  # linux/time.h; Python has no name for it
TICK_NS = int(time.clock_getres(CLOCK_REALTIME_COARSE) * 1e9)


def fenced(operation: Operation, stamp_text: str | None) -> Operation:
    """With the epoch that the stamp carries, where it is one of the operator's."""
    seen = stamp(stamp_text)
    return operation | ({"epoch": seen.epoch, "id": seen.id} if seen.epoch else {})


# DNS: one register for each name, its value the addresses and its stamp the TXT record beside it


class DnsRecorder:
    """All that BIND kept, by zone. A zone's part is given out once."""

    def __init__(self, bench: Bench) -> None:
        self._bind = bench.bind
        self._frames: dict[str, list[Frame]] = {}
        self._pieces = 0
        self._lock = threading.Lock()

    def operations(self, zone: str, name: str) -> list[Operation]:
        """Everything that was asked of one name until now."""
        with self._lock:
            self._collect()
            frames = self._frames.pop(zone, [])
        answers: dict[tuple, list[Frame]] = {}
        for frame in frames:
            if frame.is_answer:
                answers.setdefault(frame.key, []).append(frame)
        found = []
        for frame in frames:
            if not frame.is_answer:
                told = answers.get(frame.key)  # one that came twice was answered twice, in turn
                found += dns_operation(name, frame, told.pop(0) if told else None)
        return found

    def _collect(self) -> None:
        """Let BIND write out what it has, and read it: as one rotates a log."""
        self._pieces += 1
        piece = self._bind.tap_path.with_name(f"tap-{self._pieces}")
        self._bind.tap_path.rename(piece)
        self._bind.rndc("dnstap", "-reopen")
        wait.until("the tap is written out", lambda: is_finished(piece), 5.0)
        for frame in read_tap(piece):
            self._frames.setdefault(frame.zone, []).append(frame)
        piece.unlink()


def dns_operation(name: str, question: Frame, answer: Frame | None) -> list[Operation]:
    """The operation that a message is on this register; none where it is about something else."""
    asked = dns.message.from_wire(question.message, keyring=False, ignore_trailing=True)
    said = dns.message.from_wire(answer.message, keyring=False, ignore_trailing=True) if answer else None
    owners = (dns.name.from_text(name), dns.name.from_text(f"_planekeeper.{name}"))
    operation = {
        "register": f"dns {name}",
        "call": question.at_ns,
        "return": answer.at_ns + TICK_NS if answer else None,
    }
    if asked.opcode() == dns.opcode.UPDATE:
        return dns_swap(operation, owners, asked, said)
    return dns_read(operation, owners, asked, said)


def dns_read(operation: Operation, owners, asked, said) -> list[Operation]:
    if said is None or not asked.question or said.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return []
    question = asked.question[0]
    values = rrset_text(question.rdtype, (item for rrset in said.answer for item in rrset))
    if question.name == owners[1] and question.rdtype == dns.rdatatype.TXT:
        return [operation | {"kind": "read", "seenStamp": [values]}]
    if question.name == owners[0] and question.rdtype == dns.rdatatype.A:  # all planes here have an IPv4 address
        return [operation | {"kind": "read", "seenValue": [values]}]
    return []


def dns_swap(operation: Operation, owners, asked, said) -> list[Operation]:
    """RFC 2136: prerequisites in the first section, changes in the second."""
    address, txt = owners
    if not any(rrset.name in owners for rrset in asked.update):
        return []
    swap = operation | {"kind": "swap"}
    needed = {rrset.rdtype: rrset for rrset in asked.prerequisite if rrset.name == address and len(rrset)}
    if any(rrset.name == address for rrset in asked.prerequisite):
        swap["expectValue"] = [addresses_text(needed)]
    stamps = [rrset for rrset in asked.prerequisite if rrset.name == txt]
    if stamps:
        swap["expectStamp"] = [rrset_text(dns.rdatatype.TXT, (item for rrset in stamps for item in rrset))]
    added = [rrset for rrset in asked.update if not rrset.deleting]  # dnspython gives all of them the zone's class
    if any(rrset.name == address for rrset in asked.update):
        swap["setValue"] = [addresses_text({rrset.rdtype: rrset for rrset in added if rrset.name == address})]
    if any(rrset.name == txt for rrset in asked.update):
        text = rrset_text(dns.rdatatype.TXT, (item for rrset in added if rrset.name == txt for item in rrset))
        swap["setStamp"] = [text]
        swap = fenced(swap, text)
    if said is not None and said.rcode() in {dns.rcode.NOERROR, *REFUSED}:
        return [swap | {"applied": said.rcode() == dns.rcode.NOERROR}]
    return [swap | {"return": None}]


def addresses_text(rrsets: dict) -> str | None:
    parts = [
        rrset_text(kind, rrset)
        for kind, rrset in sorted(rrsets.items())
        if dns.rdatatype.to_text(kind) in ADDRESS_TYPES
    ]
    return " + ".join(part for part in parts if part) or None


def rrset_text(kind: int, items) -> str | None:
    """The data as one text; None where there is none."""
    data = sorted(item.to_text().strip('"') for item in items if item.rdtype == kind)
    if not data:
        return None
    return " ".join(data) if kind == dns.rdatatype.TXT else f"{dns.rdatatype.to_text(kind)} {' '.join(data)}"


# The record: one register for each Lease, its value the record and its stamp the resourceVersion


class LeaseRecorder:
    """What the API server has logged, by namespace. A namespace's part is given out once."""

    def __init__(self, bench: Bench, name: str = "planekeeper-gloo") -> None:
        self._path, self._name = bench.hub.audit_path, name
        self._read = 0
        self._entries: dict[str, list[dict]] = {}
        self._lock = threading.Lock()

    def operations(self, namespace: str) -> list[Operation]:
        """Everything that was asked of its record until now."""
        with self._lock:
            self._collect()
            entries = self._entries.pop(namespace, [])
        operations = [found for entry in entries for found in lease_operation(namespace, self._name, entry)]
        for operation in operations:
            if operation["kind"] == "swap" and operation["return"] is None:
                operation |= version_left_by(operation, operations)
        return operations

    def _collect(self) -> None:
        with open(self._path, "rb") as log:
            log.seek(self._read)
            whole, _, _ = log.read().rpartition(b"\n")
        self._read += len(whole) + bool(whole)
        for line in whole.splitlines():
            entry = json.loads(line)
            self._entries.setdefault(entry["objectRef"].get("namespace", ""), []).append(entry)


# All others but 409 leave open what was done: also what is logged of a client that died before its answer.
REFUSALS = (400, 401, 403, 404, 405, 413, 415, 422, 429)


def lease_operation(namespace: str, name: str, entry: dict) -> list[Operation]:
    asked, said = entry.get("requestObject") or {}, entry.get("responseObject") or {}
    code = entry["responseStatus"]["code"]
    if (entry["objectRef"].get("name") or asked.get("metadata", {}).get("name")) != name:
        return []
    operation = {
        "register": f"record {namespace}",
        "call": nanoseconds(entry["requestReceivedTimestamp"]),
        "return": nanoseconds(entry["stageTimestamp"]),
    }
    if entry["verb"] == "get":
        if code not in (200, 404):
            return []
        record, version = lease_text(said) if code == 200 else (None, None)
        return [operation | {"kind": "read", "seenValue": [record], "seenStamp": [version]}]
    if entry["verb"] not in ("create", "patch", "update") or code in REFUSALS:
        return []  # for a reason that says nothing of the register
    return [lease_swap(operation, asked, said, code)]


def lease_swap(operation: Operation, asked: dict, said: dict, code: int) -> Operation:
    metadata = asked.get("metadata", {})
    record = metadata.get("annotations", {}).get(RECORD)
    decided = json.loads(record) if record else {}
    swap = operation | {
        "kind": "swap",
        "expectStamp": [metadata.get("resourceVersion")],
        "setValue": [record],
        "epoch": decided.get("epoch", 0),
        "id": str(decided.get("id", "")),
    }
    if code < 300:
        return swap | {"applied": True, "setStamp": [lease_text(said)[1]]}
    if code == 409:
        return swap | {"applied": False}
    return swap | {"return": None}


def version_left_by(swap: Operation, operations: list[Operation]) -> Operation:
    """A write whose writer was gone has no answer that names its resourceVersion. Its record is like no other, so the
    version is the one that a read shows beside it, or else the one that a later write took for granted and nobody gave.
    """
    for operation in operations:
        if operation.get("seenValue") == swap["setValue"]:
            return {"setStamp": operation["seenStamp"]}
    given = [operation["setStamp"] for operation in operations if "setStamp" in operation]
    taken = [operation["expectStamp"] for operation in operations if operation.get("applied")]
    unknown = [stamps for stamps in taken if stamps not in given and stamps != [None]]
    return {"setStamp": unknown[0]} if len(unknown) == 1 else {}


def lease_text(lease: dict) -> tuple[str | None, str]:
    metadata = lease["metadata"]
    return metadata.get("annotations", {}).get(RECORD), metadata["resourceVersion"]


def nanoseconds(stamp_text: str) -> int:
    moment = datetime.datetime.fromisoformat(stamp_text.replace("Z", "+00:00"))
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000


# The lock: one register, its value and its stamp in two keys


def lock_operations(calls: list[Call], register: str, at_start: str) -> list[Operation]:
    """`at_start`: what a person had put there before the first call."""
    first = {"register": register, "kind": "swap", "call": 0, "return": 1, "setValue": [at_start], "applied": True}
    return [first, *(operation for call in calls for operation in lock_operation(register, call))]


def lock_operation(register: str, call: Call) -> list[Operation]:
    # EVAL script 2 key stamp-key verb [is-expected expected expected-stamp want want-stamp epoch]
    argv = resp_values(call.request)
    reply = resp_values(call.reply) if call.reply else None
    operation = {"register": register, "call": call.sent_ns, "return": call.answered_ns}
    is_answer = reply is not None and len(reply) == 3
    if argv[5] == "read":
        shown = {"kind": "read", "seenValue": [reply[1]], "seenStamp": [reply[2]]} if is_answer else None
        return [operation | shown] if shown else []
    if len(argv) <= 10:  # what the user may do is asked by a script that touches no key
        return []
    expected = argv[7] if argv[6] == "1" else None
    swap = operation | {
        "kind": "swap",
        "expectValue": [expected, argv[9]],
        "expectStamp": [argv[8] or None],
        "setValue": [argv[9]],
        "setStamp": [argv[10]],
        "checksEpoch": True,
        "repeats": True,
    }
    swap = fenced(swap, argv[10])
    if not is_answer:
        return [swap | {"return": None}] if reply is None else []  # an error reply: the script did not run
    return [swap | {"applied": reply[0] == "done"}]


# MONITOR: what Redis itself says was executed, beside the wire

WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')


class RedisMonitor:
    """The lines of MONITOR of one server, from now on."""

    def __init__(self, server: RedisServer) -> None:
        self._socket = socket.create_connection((server.host, server.port), 5.0)
        self._lines: list[str] = []
        if server.password:
            self._socket.sendall(f"AUTH {server.password}\r\n".encode())
        self._socket.sendall(b"MONITOR\r\n")
        self._socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._socket.makefile(errors="replace") as lines:
            for line in lines:
                if " lua] " in line:
                    self._lines.append(line)

    def stamps(self, db: int, key: str) -> list[str]:
        """The stamps that scripts have put, in the order of their execution."""
        found = []
        for line in list(self._lines):
            words = WORDS.findall(line)
            if f"[{db} lua]" in line and words[0].upper() == "MSET" and words[1] == key:
                found.append(words[4])
        return found

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def file_stamps(server: RedisServer, key: str) -> list[str]:
    """The same from the append-only file of a server that has it, which a kill -9 does not end."""
    files = sorted((server.folder / "appendonlydir").glob("*.incr.aof"))
    commands = (resp_values(command) for path in files for command in RespFramer()(path.read_bytes()))
    return [words[4] for words in commands if words[0] == "MSET" and words[1] == key]


def check_executed(operations: list[Operation], stamps: list[str]) -> None:
    """The wire has seen all that Redis did: nobody wrote beside it, and nothing that was answered was left undone."""
    swaps = [operation for operation in operations if operation["kind"] == "swap" and operation.get("epoch")]
    asked = {operation["setStamp"][0] for operation in swaps}
    answered = {operation["setStamp"][0] for operation in swaps if operation.get("applied")}
    assert set(stamps) <= asked, f"Redis executed what never passed: {set(stamps) - asked}"
    assert answered <= set(stamps), f"answered and not executed: {answered - set(stamps)}"
    epochs = [stamp(text).epoch for text in stamps]
    assert epochs == sorted(set(epochs)), f"an epoch fell, or came twice: {epochs}"
