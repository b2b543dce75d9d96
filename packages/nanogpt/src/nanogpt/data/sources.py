"""Read a piece of a file: plain text, JSON records, or a play.

The text is UTF-8, checked to the byte; a byte order mark is dropped and Windows line ends become
plain ones, so that no model learns to print a carriage return. No more than `PIECE_BYTES` of a text
are in memory at a time, or one JSON record, however large the file.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from nanogpt.data.cuts import next_cut
from nanogpt.data.shakespeare import to_dialogue
from nanogpt.errors import CorpusError

PIECE_BYTES = 1 << 20
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"

Form = Literal["text", "jsonl", "play"]


@dataclass(frozen=True)
class Span:
    """Consecutive bytes of a file that can be read and encoded apart from the others."""

    path: Path
    form: Form
    begin: int
    """Offset in bytes."""
    end: int


class Piece(NamedTuple):
    """Some text of one document."""

    text: str
    opens: bool
    """Whether a document begins with it."""


def read_pieces(span: Span, text_field: str) -> Iterator[Piece]:
    """Yield the text of ``span``, cut where no token can change.

    Raises:
        CorpusError: Not readable, not UTF-8, or a line that is no JSON object with a string
            ``text_field``; with file and offset or line.
    """
    try:
        match span.form:
            case "text":
                yield from _text_pieces(span)
            case "jsonl":
                yield from _records(span, text_field)
            case "play":
                yield Piece(to_dialogue(span.path.read_text(encoding="utf-8")), opens=True)
    except OSError as error:
        raise CorpusError(f"cannot read {span.path}: {error.strerror}") from error


def _text_pieces(span: Span) -> Iterator[Piece]:
    with span.path.open("rb") as file:
        begin = span.begin
        while begin < span.end:
            end = next_cut(file, begin + PIECE_BYTES, span.end) or span.end
            file.seek(begin)
            yield Piece(_decode(file.read(end - begin), span.path, begin), opens=begin == 0)
            begin = end


def _records(span: Span, text_field: str) -> Iterator[Piece]:
    with span.path.open("rb") as file:
        begin = span.begin
        file.seek(begin)
        while begin < span.end and (raw := file.readline()):
            if line := _decode(raw, span.path, begin).strip():
                try:
                    yield Piece(_text_of_record(line, text_field), opens=True)
                except _BadRecordError as error:
                    number = _lines_before(file, begin) + 1
                    raise CorpusError(
                        f"{span.path} line {number:,}: expected a JSON object whose field "
                        f"'{text_field}' is a string, got {error}"
                    ) from error
            begin += len(raw)


class _BadRecordError(Exception):
    """Says what a line holds instead of a record."""


def _text_of_record(line: str, text_field: str) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise _BadRecordError(f"what is no JSON ({reason})") from error
    if not isinstance(record, dict):
        raise _BadRecordError(f"a value of type {type(record).__name__}")
    if text_field not in record:
        fields = ", ".join(f"'{name}'" for name in list(record)[:10]) or "no field"
        raise _BadRecordError(f"an object with {fields}")
    text = record[text_field]
    if not isinstance(text, str):
        raise _BadRecordError(f"a value of type {type(text).__name__} there")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _BadRecordError(f"the half of a surrogate pair at character {error.start}") from error
    return text.replace("\r\n", "\n")


def _decode(raw: bytes, path: Path, offset: int) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        with path.open("rb") as file:
            line = _lines_before(file, place) + 1
        raise CorpusError(
            f"{path} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {place} "
            f"(line {line}); convert it, for example with 'iconv -f LATIN1 -t UTF-8'"
        ) from error
    return (text.removeprefix(BYTE_ORDER_MARK) if offset == 0 else text).replace("\r\n", "\n")


def _lines_before(file: BinaryIO, offset: int) -> int:
    """Return the number of line ends before ``offset``."""
    file.seek(0)
    count = 0
    while offset > 0:
        data = file.read(min(PIECE_BYTES, offset))
        count += data.count(b"\n")
        offset -= PIECE_BYTES
    return count
