"""The ids of a corpus, in memory or in files mapped into memory, behind one interface.

In memory, a batch is one indexed read of overlapping windows. From files it is one slice per row,
which may go on in the next shard; the system keeps in memory what is read again and again. Either
way a slice is a view: it copies nothing.
"""

import hashlib
from bisect import bisect_right
from itertools import accumulate
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nanogpt.data.shards import Prepared


class Tokens(Protocol):
    """A vector of N token ids."""

    def __len__(self) -> int:
        """Return N."""

    def gather(self, starts: npt.NDArray[np.int64], length: int) -> Tensor:
        """Return the windows of ``length`` ids from each of ``starts``, (B, length), int64.

        Args:
            starts: (B,), each from 0 to N - ``length``.
            length: Ids in a window.
        """

    def slice(self, begin: int, end: int) -> Self:
        """Return the ids from ``begin`` up to, not including, ``end``; shares their memory."""

    def tolist(self) -> list[int]:
        """Return all ids."""

    def sha256(self) -> str:
        """Return a checksum that is equal only for equal ids, kept in the same way."""


class MemoryTokens:
    """Ids in memory.

    Args:
        ids: (N,) integers on the CPU.
    """

    def __init__(self, ids: Tensor) -> None:
        self._ids = ids

    def __len__(self) -> int:
        """Return N."""
        return len(self._ids)

    def gather(self, starts: npt.NDArray[np.int64], length: int) -> Tensor:
        """Return the windows of ``length`` ids from each of ``starts``, (B, length), int64."""
        windows = self._ids.unfold(0, length, 1)  # (N - length + 1, length), a view
        return windows[torch.from_numpy(starts)].long()

    def slice(self, begin: int, end: int) -> "MemoryTokens":
        """Return the ids from ``begin`` up to, not including, ``end``."""
        return MemoryTokens(self._ids[begin:end])

    def tolist(self) -> list[int]:
        """Return all ids."""
        ids: list[int] = self._ids.tolist()
        return ids

    def sha256(self) -> str:
        """Return the checksum of the ids as they are in memory."""
        return hashlib.sha256(self._ids.numpy().tobytes()).hexdigest()


class MappedTokens:
    """Ids in the shards of a folder that ``nanogpt prepare`` wrote; `of` opens one."""

    def __init__(self, shards: "_MappedShards", begin: int, end: int) -> None:
        self._shards = shards
        self._begin = begin
        self._end = end

    @classmethod
    def of(cls, prepared: Prepared) -> Self:
        """Return all ids of ``prepared``."""
        return cls(_MappedShards(prepared), 0, prepared.tokens)

    def __len__(self) -> int:
        """Return N."""
        return self._end - self._begin

    def gather(self, starts: npt.NDArray[np.int64], length: int) -> Tensor:
        """Return the windows of ``length`` ids from each of ``starts``, (B, length), int64."""
        windows = np.empty((len(starts), length), dtype=np.int64)
        for row, start in zip(windows, starts.tolist(), strict=True):
            if not 0 <= start <= len(self) - length:
                raise IndexError(f"no window of {length} ids from {start} in {len(self)}")
            self._shards.read(self._begin + start, row)
        return torch.from_numpy(windows)

    def slice(self, begin: int, end: int) -> "MappedTokens":
        """Return the ids from ``begin`` up to, not including, ``end``."""
        begin, end, _ = slice(begin, end).indices(len(self))
        return MappedTokens(self._shards, self._begin + begin, self._begin + max(begin, end))

    def tolist(self) -> list[int]:
        """Return all ids."""
        ids: list[int] = self.gather(np.zeros(1, dtype=np.int64), len(self))[0].tolist()
        return ids

    def sha256(self) -> str:
        """Return the checksum of the folder's checksums, and of the part that this is."""
        part = f"{self._shards.sha256} {self._begin} {self._end}"
        return hashlib.sha256(part.encode()).hexdigest()


class _MappedShards:
    """The shards of a folder, each mapped when it is first read."""

    def __init__(self, prepared: Prepared) -> None:
        self.sha256 = prepared.sha256
        self._dtype = np.dtype(prepared.job.dtype).newbyteorder("<")
        kept = [shard for shard in prepared.shards if shard.tokens]  # nothing maps an empty file
        self._paths = [prepared.folder / shard.file for shard in kept]
        self._offsets = list(accumulate((shard.tokens for shard in kept), initial=0))
        self._maps: dict[int, npt.NDArray[np.unsignedinteger]] = {}

    def read(self, start: int, row: npt.NDArray[np.int64]) -> None:
        """Fill ``row`` with the ids from ``start`` on."""
        filled = 0
        while filled < len(row):
            index = bisect_right(self._offsets, start) - 1
            offset = start - self._offsets[index]
            ids = self._map(index)[offset : offset + len(row) - filled]
            row[filled : filled + len(ids)] = ids
            filled += len(ids)
            start += len(ids)

    def _map(self, index: int) -> npt.NDArray[np.unsignedinteger]:
        if index not in self._maps:
            # As a plain array: slices of a memmap object cost ten times as much.
            mapped = np.memmap(self._paths[index], dtype=self._dtype, mode="r")
            self._maps[index] = np.asarray(mapped)
        return self._maps[index]
