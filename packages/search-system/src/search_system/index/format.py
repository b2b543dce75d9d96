"""The on-disk format: which files an index has, and how its manifest is written and checked.

::

    INDEX/index.json                  the manifest: format version, analysis, schema, segments
    INDEX/segment-XXXXXXXX/           immutable once the manifest names it
        terms, terms_offsets          uint8, int64: sorted UTF-8 terms, and where each begins
        postings_offsets              int64 [terms + 1]: where each term's postings begin
        postings_docs                 int32 [postings]: document numbers, ascending within a term
        postings_tfs                  uint8, 16 or 32 [postings]: term frequencies
        lengths                       int32 [documents]: terms per document
        ids, ids_offsets              uint8, int64: document ids, by document number
        id_order                      int32 [documents]: document numbers in the order of their ids
        store, store_offsets          uint8, int64: documents as compressed blocks of JSON lines

Each array is a file of its name with its type as the suffix (see `search_system.index.arrays`).
A build writes a new segment beside the old one and then replaces the manifest, which is one atomic
rename: readers see the old index or the new one, and a build that dies leaves the old one as it
was.

Checks, in two depths. Opening compares the manifest with its own checksum and every file with its
recorded size: it costs microseconds however large the index is, and finds what usually goes wrong
(a copy that was cut, a file that is missing, another version). Reading every byte would make
opening a large index take seconds, so the CRC-32 of every file is compared by
``search-system verify`` and ``Index.open(path, verify=True)``. In between, what a query reads is
checked for sense: postings for their range, stored documents by zlib's own checksum.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_system.analysis.analyzer import AnalysisConfig
from search_system.corpus.schema import Schema
from search_system.errors import CorruptIndexError, IndexMissingError, SearchSystemError

FORMAT = "search-system index"
VERSION = 1
MANIFEST = "index.json"
SEGMENT_PREFIX = "segment-"
STORE_BLOCK = 32
"""Documents per compressed block: larger blocks take less disk and longer to read one document."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a file of a segment must be."""

    size: int
    crc32: int

    @classmethod
    def of(cls, path: Path) -> "FileInfo":
        """Read a file and return its size in bytes and its checksum."""
        crc = 0
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                crc = zlib.crc32(chunk, crc)
            return cls(file.tell(), crc)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index holds, and how its text was analysed."""

    analysis: AnalysisConfig
    schema: Schema
    segment: str
    documents: int
    terms: int
    tokens: int
    files: dict[str, FileInfo]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make ``manifest`` the index's, in one atomic step."""
    body = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    body["checksum"] = _checksum(body)
    temporary = folder / f".{MANIFEST}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(body, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of an index, checked against itself and its files' sizes.

    Raises:
        IndexMissingError: ``folder`` is no index.
        CorruptIndexError: it is one, but damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissingError(
            f"{folder}: no index here; 'search-system index COLLECTION --out FOLDER' builds one"
        ) from error
    except OSError as error:
        raise CorruptIndexError(f"{path}: cannot be read ({error.strerror or error})") from error
    manifest = _parse(text, path)
    for name, expected in manifest.files.items():
        file = folder / manifest.segment / name
        size = file.stat().st_size if file.is_file() else None
        if size != expected.size:
            found = "no such file" if size is None else f"{size:,}"
            raise CorruptIndexError(
                f"{file}: expected {expected.size:,} bytes, found {found}; build the index again"
            )
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compare every byte of an index with its checksums; raise `CorruptIndexError` at the first."""
    for name, expected in manifest.files.items():
        file = folder / manifest.segment / name
        if FileInfo.of(file) != expected:
            raise CorruptIndexError(
                f"{file}: its checksum is not what was written; build the index again"
            )


def _parse(text: bytes, path: Path) -> Manifest:
    try:
        body: dict[str, Any] = json.loads(text)
        if body["format"] != FORMAT:
            raise IndexMissingError(f"{path}: not a {FORMAT} but {body['format']!r}")
        if body["version"] != VERSION:
            raise CorruptIndexError(
                f"{path}: expected format version {VERSION}, found {body['version']}; "
                "build the index again with this version of search-system"
            )
        if body.pop("checksum") != _checksum(body):
            raise CorruptIndexError(f"{path}: its checksum is wrong; build the index again")
        del body["format"], body["version"]
        schema = body["schema"] | {"text": tuple(body["schema"]["text"])}
        return Manifest(
            **body
            | {
                "analysis": AnalysisConfig(**body["analysis"]),
                "schema": Schema(**schema),
                "files": {name: FileInfo(**info) for name, info in body["files"].items()},
            }
        )
    except SearchSystemError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptIndexError(
            f"{path}: not a manifest of an index ({error}); build the index again"
        ) from error


def _checksum(body: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())
