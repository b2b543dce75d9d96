"""Write an index: one pass over the documents, then one atomic commit."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from search_system.analysis.analyzer import AnalysisConfig, Analyzer
from search_system.corpus.document import Document
from search_system.corpus.schema import Schema
from search_system.errors import IndexFolderError
from search_system.index.arrays import write_array
from search_system.index.format import (
    MANIFEST,
    SEGMENT_PREFIX,
    FileInfo,
    Manifest,
    write_manifest,
)
from search_system.index.inverter import Inverter, Postings
from search_system.index.store import store_documents
from search_system.index.strings import write_strings

DEFAULT_SCHEMA = Schema("id", "title", ("text",))


def write_index(
    folder: str | Path,
    documents: Iterable[Document],
    analysis: AnalysisConfig | None = None,
    schema: Schema = DEFAULT_SCHEMA,
) -> Manifest:
    """Index documents into ``folder``, replacing the index that is there.

    Title and text are searched as one pooled field. ``schema`` is only recorded: it says where the
    documents' fields came from.

    Raises:
        IndexFolderError: ``folder`` holds something else than an index, or cannot be written.
    """
    folder, analysis = Path(folder), analysis or AnalysisConfig()
    try:
        _check_replaceable(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with _new_segment(folder) as segment:
            postings = _write_segment(segment, documents, Analyzer(analysis))
            manifest = Manifest(
                analysis=analysis,
                schema=schema,
                segment=segment.name,
                documents=len(postings.lengths),
                terms=len(postings.terms),
                tokens=int(postings.lengths.sum(dtype=np.int64)),
                files={file.name: _sync(file) for file in sorted(segment.iterdir())},
            )
            write_manifest(folder, manifest)
    except OSError as error:
        raise IndexFolderError(
            f"{folder}: the index cannot be written ({error.strerror or error})"
        ) from error
    _remove_segments(folder, keep=manifest.segment)
    return manifest


def _check_replaceable(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise IndexFolderError(f"{folder}: expected a folder for the index, found a file")
    if folder.is_dir() and not (folder / MANIFEST).exists():
        strange = [p.name for p in folder.iterdir() if not p.name.startswith(SEGMENT_PREFIX)]
        if strange:
            raise IndexFolderError(
                f"{folder}: holds {strange[0]!r} and no index; name an empty or a new folder "
                "with --out"
            )


@contextmanager
def _new_segment(folder: Path) -> Iterator[Path]:
    """Make a folder for a segment, and remove it again if the block fails."""
    # Not tempfile.mkdtemp: nobody but the user who builds could read an index inside.
    segment = folder / f"{SEGMENT_PREFIX}{secrets.token_hex(4)}"
    segment.mkdir()
    try:
        yield segment
    except BaseException:
        shutil.rmtree(segment, ignore_errors=True)
        raise


def _write_segment(folder: Path, documents: Iterable[Document], analyzer: Analyzer) -> Postings:
    inverter = Inverter(analyzer)
    ids: list[bytes] = []
    for document in store_documents(folder, documents):
        ids.append(document.id.encode("utf-8", "replace"))
        inverter.add(f"{document.title}\n{document.text}")
    postings = inverter.finish()
    write_strings(folder, "ids", ids)
    write_strings(folder, "terms", postings.terms)
    order = sorted(range(len(ids)), key=ids.__getitem__)
    write_array(folder, "id_order", np.array(order, dtype=np.int32))
    write_array(folder, "postings_offsets", postings.offsets)
    write_array(folder, "postings_docs", postings.docs)
    write_array(folder, "postings_tfs", postings.tfs)
    write_array(folder, "lengths", postings.lengths)
    return postings


def _sync(file: Path) -> FileInfo:
    """Make sure that a file is on the disk before the manifest names it."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
    return FileInfo.of(file)


def _remove_segments(folder: Path, keep: str) -> None:
    """Remove the replaced segment, and what killed builds left behind."""
    for old in folder.glob(f"{SEGMENT_PREFIX}*"):
        if old.name != keep:
            shutil.rmtree(old, ignore_errors=True)
