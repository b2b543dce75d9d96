"""Many arrays in one file, mapped as a whole and checked array by array.

::

    "SSARRAY1"                      8 bytes
    array, array, ...               little-endian, each at a multiple of 64 bytes, zeros between
    directory                       JSON: {"arrays": {name: [dtype, offset, count, crc32]}, "meta"}
    offset, size, crc32, "SSARRAY1" 24 bytes: where the directory is, and its checksum

One file, and not one per array, because a segment of ten fields has sixty arrays: a commit of one
document then costs one fsync instead of sixty, an index of many segments opens with one map each,
and a segment appears and vanishes as one name. The price is that arrays which grow side by side, as
in a merge, must wait in temporary files until their turn.

Whoever refers to the file keeps its size and the checksum of the directory (`FileInfo`), and the
directory holds those of the arrays. So opening checks the size and the directory, which takes one
read at the file's end, and still every byte is covered: `ArrayFile.verify` reads them all, and an
array up to 64 KiB is also checked when it is first used.
"""

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from search_system import disk
from search_system.errors import CorruptIndexError

MAGIC = b"SSARRAY1"
_TRAILER = struct.Struct("<QII8s")
_ALIGNMENT = 64
_CHUNK = 1 << 20
_CHECKED_AT_USE = 1 << 16
_SPOOL = 1 << 22
_END = 1 << 14
"""So many bytes hold the directories of most files; a map would read eight times as many."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What an array file must be: its size in bytes, and the CRC-32 of its directory."""

    size: int
    crc32: int


class ArrayStream:
    """An array that is written in pieces, while others of the same file are, too."""

    def __init__(self, folder: Path, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.count = 0
        self.spool = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_SPOOL, dir=str(folder)))  # noqa: SIM115

    def append(self, values: Array) -> None:
        """Write the next values."""
        self.spool.write(_bytes_of(values.astype(self.dtype, copy=False)))
        self.count += len(values)

    def close(self) -> None:
        """Forget the temporary file."""
        self.spool.close()


class ArrayFileWriter:
    """Writes an array file; leaving the block without `finish` removes what was written."""

    def __init__(self, path: Path, *, in_memory: bool = False) -> None:
        """Write to a new file, or only to `content`, as what ``path`` would have."""
        self.path = path
        self._buffer = bytearray(MAGIC)
        self._size = len(MAGIC)
        self._directory: dict[str, tuple[str, int, int, int]] = {}
        self._streams: dict[str, ArrayStream] = {}
        self._finished = False
        self._descriptor = None if in_memory else disk.create(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams.values():
            stream.close()
        if self._descriptor is not None:
            os.close(self._descriptor)
            if not self._finished:
                self.path.unlink(missing_ok=True)

    def add(self, name: str, values: Array) -> None:
        """Write a whole array of one dimension."""
        offset = self._align()
        data = _bytes_of(values)
        self._put(data)
        self._directory[name] = (_name(values.dtype), offset, len(values), zlib.crc32(data))

    def stream(self, name: str, dtype: DTypeLike) -> ArrayStream:
        """Return an array to be written in pieces, until `finish`."""
        stream = self._streams[name] = ArrayStream(self.path.parent, dtype)
        return stream

    def finish(self, meta: dict[str, Any], *, durable: bool) -> FileInfo:
        """Write the streams and the directory, and return what the file now is."""
        for name, stream in self._streams.items():
            self._copy(name, stream)
        offset = self._align()
        directory = json.dumps({"arrays": self._directory, "meta": meta}).encode()
        crc = zlib.crc32(directory)
        self._put(directory + _TRAILER.pack(offset, len(directory), crc, MAGIC))
        self._flush()
        if durable and self._descriptor is not None:
            disk.sync(self._descriptor)
        self._finished = True
        return FileInfo(self._size, crc)

    @property
    def content(self) -> bytes | None:
        """The whole file, if it is in memory."""
        return bytes(self._buffer) if self._descriptor is None else None

    def _copy(self, name: str, stream: ArrayStream) -> None:
        offset, crc = self._align(), 0
        stream.spool.seek(0)
        while chunk := stream.spool.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
            self._put(chunk)
        self._directory[name] = (stream.dtype.name, offset, stream.count, crc)

    def _align(self) -> int:
        self._put(bytes(-self._size % _ALIGNMENT))
        return self._size

    def _put(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        if len(data) < _CHUNK or self._descriptor is None:
            self._buffer += data
            if len(self._buffer) >= _CHUNK:
                self._flush()
        else:
            self._flush()
            disk.write(self._descriptor, data)

    def _flush(self) -> None:
        if self._descriptor is not None:
            disk.write(self._descriptor, self._buffer)
            self._buffer.clear()


class ArrayFile:
    """A mapped array file: arrays by name, read-only; the map lives as long as any of them."""

    def __init__(self, path: Path, expected: FileInfo, content: bytes | None = None) -> None:
        """Map a file; or take its ``content``, which then is in no file."""
        self.path = path
        self.content = content
        self._arrays: dict[str, Array] = {}
        self._map: mmap.mmap | bytes
        self._map, end = _map(path, expected.size) if content is None else (content, content)
        self._read_directory(end, expected)

    def _read_directory(self, end: bytes, expected: FileInfo) -> None:
        """Read the directory from the file's end, or, if it is longer than that, from the map."""
        try:
            offset, size, crc, magic = _TRAILER.unpack(end[-_TRAILER.size :])
        except struct.error as error:
            raise damaged(self.path, "too short to be an array file") from error
        begin = offset - (expected.size - len(end))
        directory = end[begin : begin + size] if begin >= 0 else self._map[offset : offset + size]
        if magic != MAGIC:
            raise damaged(self.path, f"expected an array file of version {MAGIC.decode()}")
        if not zlib.crc32(directory) == crc == expected.crc32:
            raise damaged(self.path, "the checksum of its directory is wrong")
        content = json.loads(directory)
        self._directory: dict[str, tuple[str, int, int, int]] = content["arrays"]
        self.meta: dict[str, Any] = content["meta"]

    def __contains__(self, name: str) -> bool:
        """Return whether there is an array of this name."""
        return name in self._directory

    def __getitem__(self, name: str) -> Array:
        """Return an array by its name."""
        array = self._arrays.get(name)
        if array is None:
            array = self._view(name)
            if array.nbytes <= _CHECKED_AT_USE:
                self._check(name, array)
            self._arrays[name] = array
        return array

    def bytes_at(self, name: str, begin: int, end: int) -> bytes:
        """Return a part of an array of bytes; faster than slicing the array."""
        offset = self._directory[name][1]
        return self._map[offset + begin : offset + end]

    def place(self, name: str) -> tuple[mmap.mmap | bytes, int]:
        """Return the map and where an array begins in it: for whoever reads many small parts."""
        return self._map, self._directory[name][1]

    def verify(self) -> None:
        """Compare every byte with the checksums; raise `CorruptIndexError` at the first array."""
        place = len(MAGIC)
        if self._map[:place] != MAGIC:
            raise damaged(self.path, f"expected {MAGIC.decode()} at its beginning")
        for name, (_, offset, _, _) in self._directory.items():
            array = self._view(name)
            self._check_zeros(place, offset)
            self._check(name, array)
            place = offset + array.nbytes
        self._check_zeros(place, _TRAILER.unpack(self._map[-_TRAILER.size :])[0])

    def _view(self, name: str) -> Array:
        dtype, offset, count, _ = self._directory[name]
        little = np.dtype(np.dtype(dtype).newbyteorder("<").str)  # native, if that is the same
        return np.frombuffer(self._map, little, count, offset)

    def _check(self, name: str, array: Array) -> None:
        if zlib.crc32(_bytes_of(array)) != self._directory[name][3]:
            raise damaged(self.path, f"the checksum of its array '{name}' is wrong")

    def _check_zeros(self, begin: int, end: int) -> None:
        if any(self._map[begin:end]):
            raise damaged(self.path, f"expected zeros between its arrays at byte {begin:,}")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the arrays' names."""
        return iter(self._directory)


def prefetch(path: Path, info: FileInfo) -> None:
    """Have the end of a file read, so that opening several waits for the disk once."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError), path.open("rb", buffering=0) as file:
            begin = max(0, info.size - _END)
            os.posix_fadvise(file.fileno(), begin, _END, os.POSIX_FADV_WILLNEED)


def _map(path: Path, size: int) -> tuple[mmap.mmap, bytes]:
    """Map a file that must have a size; return its end, too."""
    try:
        with path.open("rb", buffering=0) as file:
            found = os.fstat(file.fileno()).st_size
            if found != size:
                raise damaged(path, f"expected {size:,} bytes, found {found:,}")
            end = os.pread(file.fileno(), _END, max(0, size - _END))
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), end
    except FileNotFoundError as error:
        raise damaged(path, "no such file") from error
    except (OSError, ValueError) as error:
        raise damaged(path, f"cannot be read ({error})") from error


def damaged(path: Path, what: str) -> CorruptIndexError:
    """Return the error for a file that is not what was written."""
    return CorruptIndexError(f"{path}: {what}; restore the file or build the index again")


@cache
def _name(dtype: np.dtype[Any]) -> str:
    """Return a type's name, whose making takes as long as writing a small array."""
    return dtype.name


def _bytes_of(values: Array) -> memoryview | bytes:
    """Return an array's bytes, little-endian."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return little.view(np.uint8).data if len(little) else b""
