"""A corpus: the documents of a text file, of a folder, of a JSONL file, or of a known name.

Nothing here holds the corpus whole, but for `read_corpus`, which is asked for all of it. A `Corpus`
lists its files; `Corpus.units` cuts them into units of a fixed size, which are read and encoded
apart, in any order and by any number of processes, and together give the ids of the whole. Where a
text has no place to be cut at within 64 KiB (a file without a space, such as base64), the cut falls
between two characters, and only there may a token differ from those of the text encoded at once.

Between two documents stands the tokenizer's end of text; where it has none, a line end.
"""

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nanogpt.data.config import CorpusConfig
from nanogpt.data.cuts import WINDOW, character_border, next_cut
from nanogpt.data.shakespeare import list_plays
from nanogpt.data.shards import is_prepared
from nanogpt.data.sources import PIECE_BYTES, Form, Piece, Span, read_pieces
from nanogpt.data.tiny_shakespeare import tiny_shakespeare
from nanogpt.errors import ConfigError, CorpusError

SHAKESPEARE = "shakespeare"
TINY_SHAKESPEARE = "tiny-shakespeare"
UNIT_BYTES = 1 << 24
DOCUMENT_END = "\n"
"""Stands between two documents where the tokenizer has no end of text."""

Unit = tuple[Span, ...]
"""What is encoded in one go, and becomes one shard: a piece of a file, or several small files."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a corpus."""

    path: Path
    form: Form
    size: int
    """In bytes."""


@dataclass(frozen=True)
class Corpus:
    """The files of a corpus, in order."""

    name: str
    """As given by the user."""
    files: tuple[SourceFile, ...]
    text_field: str
    """The field of a JSONL record that holds its text."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def units(self, unit_bytes: int = UNIT_BYTES) -> Iterator[Unit]:
        """Cut the corpus into units of ``unit_bytes``, or a little more up to the next place."""
        unit: list[Span] = []
        room = unit_bytes
        for file in self.files:
            begin = 0
            while begin < file.size:
                end = _cut(file, begin, room)
                unit.append(Span(file.path, file.form, begin, end))
                room -= end - begin
                begin = end
                if room <= 0:
                    yield tuple(unit)
                    unit, room = [], unit_bytes
        if unit:
            yield tuple(unit)

    def pieces(self, unit: Unit) -> Iterator[Piece]:
        """Yield the text of ``unit``.

        Raises:
            CorpusError: See `read_pieces`.
        """
        for span in unit:
            yield from read_pieces(span, self.text_field)

    def texts(self) -> Iterator[str]:
        """Yield all text in pieces, with a line end between two documents.

        Raises:
            CorpusError: See `read_pieces`.
        """
        pieces = itertools.chain.from_iterable(map(self.pieces, self.units()))
        for index, (text, opens) in enumerate(pieces):
            yield DOCUMENT_END + text if opens and index else text

    def sample(self, max_bytes: int) -> Iterator[str]:
        """Yield pieces of text, evenly spread over the corpus: about ``max_bytes`` at most.

        Raises:
            CorpusError: See `read_pieces`.
        """
        stride = -(-self.size // max_bytes)
        for unit in itertools.islice(self.units(PIECE_BYTES), 0, None, stride):
            for piece in self.pieces(unit):
                yield piece.text


def open_corpus(config: CorpusConfig) -> Corpus:
    """Return the corpus that ``config`` names; reads its beginning only.

    Raises:
        CorpusError: No such file, not readable, or nothing in it.
        ConfigError: A ``file`` is given for a corpus that needs none.
    """
    name = config.corpus
    if config.file is not None and name != TINY_SHAKESPEARE:
        raise ConfigError(
            f"--file is your copy of '{TINY_SHAKESPEARE}'; the corpus is '{name}', give its path "
            "as --corpus alone"
        )
    corpus = Corpus(name, tuple(_files(config)), config.text_field)
    if not any(text.strip() for text in corpus.texts()):
        raise CorpusError(f"{name} holds no text; expected at least a few thousand characters")
    return corpus


def read_corpus(name: str) -> str:
    """Return the text of ``name``: ``shakespeare``, ``tiny-shakespeare``, or else a path.

    Raises:
        CorpusError: No such file, not readable, not UTF-8, or nothing in it.
    """
    return "".join(open_corpus(CorpusConfig(corpus=name)).texts())


def unit_sha256(unit: Unit) -> str:
    """Return the checksum of the bytes of ``unit``, as they are on the disk.

    Raises:
        CorpusError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for span in unit:
        try:
            with span.path.open("rb") as file:
                for begin in range(span.begin, span.end, PIECE_BYTES):
                    file.seek(begin)
                    digest.update(file.read(min(PIECE_BYTES, span.end - begin)))
        except OSError as error:
            raise CorpusError(f"cannot read {span.path}: {error.strerror}") from error
    return digest.hexdigest()


def _files(config: CorpusConfig) -> Iterator[SourceFile]:
    if config.corpus == SHAKESPEARE:
        return map(_play_file, list_plays())
    if config.corpus == TINY_SHAKESPEARE:
        return map(_text_file, [tiny_shakespeare(config.file)])
    path = Path(config.corpus)
    try:
        if path.is_dir():
            return map(_text_file, _files_of_folder(path))
        path.stat()
    except FileNotFoundError as error:
        raise CorpusError(
            f"no file {path}; expected the path of a text file, a .jsonl file or a folder, "
            f"'{TINY_SHAKESPEARE}' or '{SHAKESPEARE}'"
        ) from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    if not path.is_file():
        raise CorpusError(f"{path} is no regular file; write its text to one first")
    return map(_text_file, [path])


def _files_of_folder(folder: Path) -> list[Path]:
    """Return all files in ``folder``, hidden ones left out, by name at every level."""
    if is_prepared(folder):
        raise CorpusError(f"{folder} holds tokens that nanogpt prepare wrote, and no text")
    found = []
    for parent, folders, names in os.walk(folder, onerror=_cannot_list):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return [path for path in found if path.is_file()]


def _cannot_list(error: OSError) -> None:
    raise CorpusError(f"cannot read {error.filename}: {error.strerror}") from error


def _text_file(path: Path) -> SourceFile:
    form: Form = "jsonl" if path.suffix.lower() == ".jsonl" else "text"
    return SourceFile(path, form, path.stat().st_size)


def _play_file(path: Path) -> SourceFile:
    return SourceFile(path, "play", path.stat().st_size)


def _cut(file: SourceFile, begin: int, room: int) -> int:
    """Return the end of a span of about ``room`` bytes from ``begin``."""
    if file.form == "play" or file.size - begin <= room:
        return file.size
    try:
        with file.path.open("rb") as opened:
            if file.form == "jsonl":
                return _line_end(opened, begin + room)
            limit = min(begin + room + WINDOW, file.size)
            place = next_cut(opened, begin + room, limit)
            if place is not None or limit == file.size:
                return place or file.size
            return character_border(opened, limit)
    except OSError as error:
        raise CorpusError(f"cannot read {file.path}: {error.strerror}") from error


def _line_end(file: BinaryIO, start: int) -> int:
    """Return the offset after the line that holds the byte before ``start``."""
    file.seek(start - 1)
    while data := file.read(WINDOW):
        if (place := data.find(b"\n")) >= 0:
            return file.tell() - len(data) + place + 1
    return file.tell()
