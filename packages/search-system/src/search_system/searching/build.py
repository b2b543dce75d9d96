"""Build an index of many documents at once, in place of one that is there.

The new index is made beside the old one and takes its place when it is complete; readers that have
the old one open keep it, and its writer's lock is held all the while. Between two renames there is
an instant without either: a process killed just then leaves the old one as ``.NAME.old``, which the
next build puts back first. What else lies in the folder is never touched: a folder with files that
are not the index's is refused. Parameters and models that were learnt on the old index move to the
new one if it has the same schema.
"""

import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search_system import disk
from search_system.corpus.document import Document
from search_system.errors import (
    CorruptIndexError,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
)
from search_system.learning_to_rank.model import MODEL_FILE
from search_system.learning_to_rank.parameters_file import PARAMETERS_FILE
from search_system.schema import IndexSchema
from search_system.store.commit import COMMIT, read_commit
from search_system.store.config import WriterConfig
from search_system.store.lock import LOCK, WriterLock
from search_system.store.recovery import is_store_file
from search_system.store.store import Store

_MODELS = (MODEL_FILE, PARAMETERS_FILE)


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
    folder = Path(folder).resolve()
    with disk.writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clean_up(folder)
        check_replaceable(folder)
        with _locked(folder), _beside(folder) as new:
            try:
                n_docs = _fill(new, documents, schema, config)
            except IndexFolderError as error:
                if isinstance(error.__cause__, OSError):  # not of a folder nobody has heard of
                    raise disk.unwritable(folder, error.__cause__) from error
                raise
            _take_place(new, folder)
    return n_docs


def _fill(
    folder: Path, documents: Iterable[Document], schema: IndexSchema, config: WriterConfig | None
) -> int:
    with Store.open(folder, schema, config=config) as store:
        for document in documents:
            store.add(document.fields, document.id)
        store.commit()
        return len(store.snapshot())


def check_replaceable(folder: Path) -> None:
    """Raise `IndexFolderError` if there is something that is no index of ours, or more than one."""
    if folder.exists() and not folder.is_dir():
        raise IndexFolderError(f"{folder}: expected a folder for the index, found a file")
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    ours = {COMMIT, LOCK, *_MODELS}
    strangers = [name for name in names if name not in ours and not is_store_file(name)]
    if not strangers and COMMIT in names:
        with suppress(CorruptIndexError):  # a damaged one may be replaced
            read_commit(folder)
            return
        strangers = [] if LOCK in names else [COMMIT]
    if strangers:
        raise IndexFolderError(
            f"{folder}: holds {strangers[0]!r}, which is no part of an index; name an empty or a "
            "new folder"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep writers out of the index that will be replaced, if there is one."""
    lock = WriterLock(folder) if (folder / COMMIT).exists() else None
    try:
        yield
    finally:
        if lock:
            lock.release()


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Make a folder of its own for a build; what is still there at the end is removed."""
    new = folder.with_name(f".{folder.name}.new-{secrets.token_hex(4)}")
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _take_place(new: Path, folder: Path) -> None:
    check_replaceable(folder)  # somebody may have put something there meanwhile
    for name in _MODELS if _same_schema(new, folder) else ():
        if (folder / name).exists():
            shutil.copy2(folder / name, new / name)
    if not folder.exists():
        new.rename(folder)
        return
    old = _old(folder)
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _same_schema(new: Path, folder: Path) -> bool:
    """Return whether what was tuned and trained on an old index can serve the new one."""
    with suppress(CorruptIndexError, IndexMissingError):
        return read_commit(new).schema == read_commit(folder).schema
    return False


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _clean_up(folder: Path) -> None:
    """Put back the index that a killed build moved away, and remove what killed builds left."""
    old = _old(folder)
    if old.exists():
        if folder.exists():
            shutil.rmtree(old)
        else:
            old.rename(folder)
    for left in folder.parent.glob(f".{folder.name}.new-*"):
        with suppress(IndexLockedError, OSError):  # of a build that is still running
            WriterLock(left).release()
            shutil.rmtree(left)
