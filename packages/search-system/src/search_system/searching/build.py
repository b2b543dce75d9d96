"""Build an index of many documents at once, in place of one that is there.

The new index is made beside the old one and takes its place when it is complete; readers that have
the old one open keep it. Between two renames there is an instant without either; a process killed
just then leaves the old one as ``.NAME.old``.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from search_system import disk
from search_system.corpus.document import Document
from search_system.errors import IndexFolderError
from search_system.schema import IndexSchema
from search_system.store.commit import COMMIT
from search_system.store.config import WriterConfig
from search_system.store.lock import WriterLock
from search_system.store.store import Store


def build_index(
    folder: str | Path,
    documents: Iterable[Document],
    schema: IndexSchema,
    config: WriterConfig | None = None,
) -> int:
    """Index documents in a new index, or in place of an index; return their number.

    Raises:
        CollectionError: a document cannot be indexed; an index that was there is as it was.
        IndexFolderError: the folder holds something else, or cannot be written.
        IndexLockedError: somebody writes to the index that would be replaced.
    """
    folder = Path(folder)
    check_replaceable(folder)
    new = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    with disk.writing(folder), ExitStack() as stack:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stack.callback(shutil.rmtree, new, ignore_errors=True)
        # Nothing of it counts before it is complete, so the log need not reach the disk.
        with Store.open(new, schema, config=config) as store:
            for document in documents:
                store.add(document.fields, document.id)
            store.commit()
            n_docs = len(store.snapshot())
        _take_place(new, folder)
    return n_docs


def check_replaceable(folder: Path) -> None:
    """Raise `IndexFolderError` if there is something that is no index of ours."""
    if folder.exists() and not folder.is_dir():
        raise IndexFolderError(f"{folder}: expected a folder for the index, found a file")
    strangers = [] if (folder / COMMIT).exists() or not folder.exists() else [*folder.iterdir()]
    if strangers:
        raise IndexFolderError(
            f"{folder}: holds {strangers[0].name!r} and no index; name an empty or a new folder"
        )


def _take_place(new: Path, folder: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.old")
    lock = WriterLock(folder)
    try:
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        lock.release()
