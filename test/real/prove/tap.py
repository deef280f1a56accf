"""Reads dnstap files: frame streams of protocol buffers, as far as BIND writes them. https://dnstap.info"""

import dataclasses
import pathlib
import struct
from collections.abc import Iterator

QUESTIONS, ANSWERS = {1, 5, 13}, {2, 6, 14}  # AUTH, CLIENT and UPDATE, each with its query and its response
MESSAGE = 14  # the field of a Dnstap that holds a Message
TYPE, CLIENT_PORT, ASKED_S, ASKED_NS, ASKED, SAID_S, SAID_NS, SAID = 1, 6, 8, 9, 10, 12, 13, 14  # fields of a Message

FINISH = struct.pack(">III", 0, 4, 3)  # a control frame of the kind "finish" of one that is only written: STOP


@dataclasses.dataclass(frozen=True)
class Frame:
    """One message as the server saw it. `key` is the same for a question and its answer."""

    is_answer: bool
    key: tuple[int, bytes]
    at_ns: int
    message: bytes

    @property
    def zone(self) -> str:
        """The last three labels of the name in its question: here each zone has three."""
        labels, at = [], 12
        while at < len(self.message) and (length := self.message[at]):
            labels.append(self.message[at + 1 : at + 1 + length].decode(errors="replace").lower())
            at += 1 + length
        return ".".join(labels[-3:])


def is_finished(path: pathlib.Path) -> bool:
    """Its writer has closed it: the last frame says so."""
    return path.read_bytes()[-12:] == FINISH


def read_tap(path: pathlib.Path) -> list[Frame]:
    frames = (_frame(dict(_fields(dict(_fields(data))[MESSAGE]))) for data in _data_frames(path.read_bytes()))
    return [frame for frame in frames if frame is not None]


def _frame(fields: dict) -> Frame | None:
    kind = fields[TYPE]
    if kind not in QUESTIONS | ANSWERS:
        return None
    is_answer = kind in ANSWERS
    message = fields[SAID] if is_answer else fields[ASKED]
    seconds, rest = (fields[SAID_S], fields[SAID_NS]) if is_answer else (fields[ASKED_S], fields[ASKED_NS])
    return Frame(is_answer, (fields[CLIENT_PORT], message[:2]), seconds * 1_000_000_000 + rest, message)


def _data_frames(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        at += 4
        if length == 0:  # a control frame: its length follows
            (length,) = struct.unpack_from(">I", data, at)
            at += 4 + length
        else:
            yield data[at : at + length]
            at += length


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size = {1: 8, 5: 4}[wire]
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        yield number, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
