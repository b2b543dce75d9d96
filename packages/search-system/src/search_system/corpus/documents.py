"""The documents of a file: rows, each with an id.

The id's field is named by the user or guessed by the usual names; where there is none, rows are
numbered.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from search_system.corpus.document import Document
from search_system.corpus.records import Row, read_records
from search_system.errors import CollectionError

_ID_NAMES = ("_id", "id", "doc_id", "docid", "document_id", "docno", "uid", "uuid", "sku", "asin")
_SAMPLE_ROWS = 1000


def sample_rows(path: Path) -> list[dict[str, Any]]:
    """Return the first rows of a file, to guess its fields from.

    Raises:
        CollectionError: the file has no rows, or cannot be read.
    """
    rows = [row for _, row in islice(read_records(path), _SAMPLE_ROWS)]
    if not rows:
        raise CollectionError(f"{path}: expected documents, found no row")
    return rows


def choose_id_field(
    path: Path, rows: Iterable[dict[str, Any]], named: str | None = None
) -> str | None:
    """Return the field that holds the ids: the one named, or a usual one; None: rows are numbered.

    Raises:
        CollectionError: no row has the named field.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    if named is not None and named not in names:
        raise CollectionError(f"{path}: no field '{named}'; its fields are {sorted(names)}")
    by_lower = {name.lower(): name for name in reversed(names)}
    return named or next((by_lower[name] for name in _ID_NAMES if name in by_lower), None)


def read_documents(path: Path, id_field: str | None) -> Iterator[Document]:
    """Yield the documents of a file, in its order; without an id field, numbered from 1.

    Raises:
        CollectionError: a row cannot be read or has no id, or two rows have the same.
    """
    first_line: dict[str, int] = {}
    for number, row in enumerate(read_records(path), 1):
        document = _document(row, id_field, number, path)
        line = first_line.setdefault(document.id, row[0])
        if line != row[0]:
            raise CollectionError(
                f"{path}:{row[0]}: document id '{document.id}' was already used in line {line}; "
                "ids must be unique (name another field with --id-field)"
            )
        yield document
    if not first_line:
        raise CollectionError(f"{path}: expected documents, found no row")


def _document(row: Row, id_field: str | None, number: int, path: Path) -> Document:
    line, values = row
    identifier = as_text(values.get(id_field)).strip() if id_field else str(number)
    if not identifier:
        raise CollectionError(f"{path}:{line}: field '{id_field}', the document's id, is empty")
    # Half a surrogate pair, which JSON allows, has no UTF-8 form to store.
    identifier = identifier.encode("utf-8", "replace").decode()
    return Document(identifier, {k: v for k, v in values.items() if k != id_field})


def as_text(value: object) -> str:
    """Return the words of a JSON value: nothing for null, the members of a list or an object."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(as_text(member) for member in value)
    if isinstance(value, dict):
        return " ".join(as_text(member) for member in value.values())
    return str(value)
