"""The write-ahead log: every operation since the last commit, in order.

::

    "SSLOG001"                                   8 bytes
    record, record, ...
        payload size, payload crc32, header crc32    12 bytes; the last one covers the first eight
        operation                                    1 byte: A (add) or D (delete)
        id size, id, document                        uint32, UTF-8, JSON (none for a delete)

A process that is killed, or a machine that loses power, can leave a torn record at the end: it was
never acknowledged, so it is cut off and reported. A damaged record with a whole one behind it is no
torn tail but a changed file, and an error.

With ``sync_always`` an append returns when its record is on the disk. Otherwise records are handed
to the operating system a mebibyte at a time: nothing is acknowledged before the next commit then,
and the log only spares work after a crash.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from search_system import disk
from search_system.errors import CorruptIndexError, IndexFolderError

MAGIC = b"SSLOG001"
_HEADER = struct.Struct("<III")
_ID_SIZE = struct.Struct("<I")
_BUFFER = 1 << 20
_LONGEST = 1 << 30
ADD, DELETE = b"A", b"D"


class Operation(NamedTuple):
    """One logged operation."""

    id: str
    line: bytes | None
    """The document's JSON; None for a delete."""

    def encode(self) -> bytes:
        """Return the operation as a record."""
        encoded = self.id.encode()
        kind = DELETE if self.line is None else ADD
        payload = b"".join((kind, _ID_SIZE.pack(len(encoded)), encoded, self.line or b""))
        if len(payload) > _LONGEST:
            raise IndexFolderError(
                f"document '{self.id}': {len(payload):,} bytes, expected at most {_LONGEST:,}"
            )
        sizes = struct.pack("<II", len(payload), zlib.crc32(payload))
        return sizes + struct.pack("<I", zlib.crc32(sizes)) + payload

    @classmethod
    def decode(cls, payload: bytes) -> "Operation":
        """Return the operation of a record's payload, whose checksum was right."""
        (size,) = _ID_SIZE.unpack_from(payload, 1)
        begin = 1 + _ID_SIZE.size
        line = None if payload[:1] == DELETE else payload[begin + size :]
        return cls(payload[begin : begin + size].decode(), line)


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a log has."""

    operations: int
    size: int
    """How many bytes of the file are sound."""
    cut: int
    """How many bytes behind them are a torn record."""


def check_log(path: Path) -> LogSummary:
    """Read a log up to a torn tail.

    Raises:
        CorruptIndexError: the file is missing, or damaged before its last record.
    """
    with _mapped(path) as data:
        if MAGIC.startswith(data[: len(MAGIC)]) and len(data) <= len(MAGIC):
            # Its writer was killed, or lost power, before the first operation.
            return LogSummary(0, 0, len(data) % len(MAGIC))
        if data[: len(MAGIC)] != MAGIC:
            raise CorruptIndexError(f"{path}: expected a log of version {MAGIC.decode()}")
        count, place = 0, len(MAGIC)
        for payload in _payloads(data, place):
            count += 1
            place += _HEADER.size + len(payload)
        if place < len(data) and (later := _next_record(data, place)) is not None:
            raise CorruptIndexError(
                f"{path}: damaged at byte {place:,}, with sound records from byte {later:,}; "
                "restore the file, or remove what follows the last commit with discard_log"
            )
        return LogSummary(count, place, len(data) - place)


def read_operations(path: Path) -> Iterator[Operation]:
    """Yield the operations of a log that `check_log` found sound, one in memory at a time."""
    with _mapped(path) as data:
        for payload in _payloads(data, len(MAGIC)):
            yield Operation.decode(payload)


@contextmanager
def _mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    try:
        with path.open("rb") as file:
            empty = os.fstat(file.fileno()).st_size == 0  # nothing cannot be mapped
            data = None if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise CorruptIndexError(f"{path}: no such file; the last commit names it") from error
    except OSError as error:
        raise CorruptIndexError(f"{path}: cannot be read ({error.strerror or error})") from error
    if data is None:
        yield b""
    else:
        with data:
            yield data


def _payloads(data: bytes | mmap.mmap, place: int) -> Iterator[bytes]:
    while (payload := _payload(data, place)) is not None:
        yield payload
        place += _HEADER.size + len(payload)


def _payload(data: bytes | mmap.mmap, place: int) -> bytes | None:
    """Return the payload of the record at a place, or None if there is no sound one."""
    if place + _HEADER.size > len(data):
        return None
    size, crc, header_crc = _HEADER.unpack_from(data, place)
    if zlib.crc32(data[place : place + 8]) != header_crc:
        return None
    begin = place + _HEADER.size
    payload = data[begin : begin + size]
    return payload if len(payload) == size and zlib.crc32(payload) == crc else None


def _next_record(data: bytes | mmap.mmap, place: int) -> int | None:
    """Return where the next sound record behind a damaged one begins, or None."""
    places = range(place + 1, len(data) - _HEADER.size)
    return next((p for p in places if _payload(data, p) is not None), None)


class Log:
    """A log that is open for appending."""

    def __init__(self, path: Path, *, sync_always: bool) -> None:
        """Create an empty log."""
        self.path = path
        self.is_empty = True
        self._sync_always = sync_always
        self._buffer = bytearray()
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
        )

    @classmethod
    def create(cls, path: Path, *, sync_always: bool) -> "Log":
        """Create a log without operations."""
        log = cls(path, sync_always=sync_always)
        os.ftruncate(log._descriptor, 0)
        disk.write(log._descriptor, MAGIC)
        return log

    @classmethod
    def reopen(cls, path: Path, summary: LogSummary, *, sync_always: bool) -> "Log":
        """Go on with a log that was checked, and cut its torn tail off."""
        if not summary.size:
            return cls.create(path, sync_always=sync_always)
        log = cls(path, sync_always=sync_always)
        log.is_empty = not summary.operations
        os.ftruncate(log._descriptor, summary.size)
        return log

    def append(self, operation: Operation) -> None:
        """Append an operation; return when it is as safe as the policy says."""
        self._buffer += operation.encode()
        self.is_empty = False
        if self._sync_always:
            self.flush()
            disk.sync(self._descriptor)
        elif len(self._buffer) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand everything appended to the operating system."""
        disk.write(self._descriptor, self._buffer)
        self._buffer.clear()

    def close(self) -> None:
        """Close the file; what was not flushed is dropped."""
        os.close(self._descriptor)
