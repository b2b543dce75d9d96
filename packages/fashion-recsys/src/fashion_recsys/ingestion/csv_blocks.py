"""Cut a CSV stream into blocks of whole records, so that memory does not grow with the file.

A block ends where a record ends. Quoted values may run over several lines (product descriptions
do), so a line end counts only where the quotes before it are even in number.
"""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from fashion_recsys.errors import InputError
from fashion_recsys.ingestion.sources import RawFile

BLOCK_BYTES = 32 * 2**20
_MAX_HEADER_BYTES = 2**16
_BOM = b"\xef\xbb\xbf"


class CsvBlocks:
    """The checked header of a CSV stream, and its records in blocks.

    Raises:
        InputError: the first line is not the header of the table.
    """

    def __init__(self, raw: RawFile, stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> None:
        self._raw = raw
        self._stream = stream
        self._block_bytes = block_bytes
        first = stream.readline(_MAX_HEADER_BYTES).removeprefix(_BOM)
        self.header = _checked_header(raw, first.rstrip(b"\r\n"))

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Yield (whole records, number of their first line, the header being line 1).

        Raises:
            InputError: a quoted value does not end within a block.
        """
        line = 2
        rest = b""
        for data in self._read_ahead():
            more = bool(data)
            block = rest + data
            end = end_of_records(block) if more else len(block)
            if not end and len(block) > self._block_bytes:
                raise InputError(f"{self._raw}:{line}: a quote opens here and does not close")
            block, rest = block[:end], block[end:]
            if block:
                yield block, line
                line += block.count(b"\n")

    def _read_ahead(self) -> Iterator[bytes]:
        """Yield the bytes in pieces, the last one empty.

        The next piece is decompressed while the caller parses this one: zlib takes two fifths of
        the time and lets other threads run.
        """
        with ThreadPoolExecutor(1) as reader:
            data = self._stream.read(self._block_bytes)
            while data:
                ahead = reader.submit(self._stream.read, self._block_bytes)
                yield data
                data = ahead.result()
            yield data


def end_of_records(block: bytes) -> int:
    """Return the length of the longest prefix that ends where a record ends, 0 if none does."""
    end = block.rfind(b"\n") + 1
    inside_quotes = block.count(b'"', 0, end) % 2 == 1
    while end and inside_quotes:
        before = block.rfind(b"\n", 0, end - 1) + 1
        inside_quotes ^= block.count(b'"', before, end) % 2 == 1
        end = before
    return end


def _checked_header(raw: RawFile, first: bytes) -> list[str]:
    expected = raw.table.schema.names()
    try:
        names = next(csv.reader([first.decode()]), [])
    except (UnicodeDecodeError, csv.Error):
        names = []
    missing = [name for name in expected if name not in names]
    if len(missing) == len(expected):
        found = repr(first[:60].decode(errors="replace")) if first else "nothing"
        raise InputError(
            f"{raw}: expected a CSV file that begins with the header {','.join(expected[:3])},...; "
            f"found {found}"
        )
    if missing:
        raise InputError(
            f"{raw}:1: the header lacks the column {', '.join(missing)}; it has {', '.join(names)}"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{raw}:1: the header has the column {twice} twice")
    return names
