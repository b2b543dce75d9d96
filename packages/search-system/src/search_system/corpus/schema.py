"""Which fields of a row are the id, the title and the text: named by the user, or guessed.

The guess goes by the usual names first. Where no name tells the text, it is the field with the
longest values; where none tells the id, rows are numbered.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from search_system.corpus.document import Document
from search_system.corpus.records import Row, read_records
from search_system.errors import CollectionError

_ID_NAMES = ("_id", "id", "doc_id", "docid", "document_id", "docno", "uid", "uuid", "sku", "asin")
_TITLE_NAMES = ("title", "name", "headline", "subject", "heading", "product_title", "product_name")
_TEXT_NAMES = (
    *("text", "body", "content", "contents", "description", "abstract", "summary", "review"),
    *("review_text", "product_description", "article", "passage", "document", "comment", "message"),
)
_SAMPLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of a row that make a `Document`; all others are stored with it."""

    id: str | None
    """None: documents are numbered from 1, in the file's order."""
    title: str | None
    text: tuple[str, ...]

    def __str__(self) -> str:
        """Return the fields in one line, for people."""
        text = " + ".join(self.text) or "none"
        return f"id: {self.id or 'row number'}, title: {self.title or 'none'}, text: {text}"


def guess_schema(rows: Sequence[dict[str, Any]]) -> Schema:
    """Return the most likely schema of some rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    by_lower = {name.lower(): name for name in reversed(names)}
    id_field = next((by_lower[n] for n in _ID_NAMES if n in by_lower), None)
    title = next((by_lower[n] for n in _TITLE_NAMES if n in by_lower), None)
    text = tuple(by_lower[n] for n in _TEXT_NAMES if n in by_lower)
    if not text:
        rest = [name for name in names if name not in {id_field, title}]
        sizes = {name: _words(rows, name) for name in rest}
        longest = max(rest, key=lambda name: sizes[name], default=None)
        text = (longest,) if longest is not None and sizes[longest] else ()
    return Schema(id_field, title, text)


def _words(rows: Iterable[dict[str, Any]], name: str) -> int:
    return sum(
        len(as_text(row.get(name)).split()) for row in rows if isinstance(row.get(name), str)
    )


def choose_schema(
    path: Path,
    id_field: str | None = None,
    title_field: str | None = None,
    text_fields: Sequence[str] = (),
) -> Schema:
    """Return the schema of a file: what the arguments name, and a guess for the rest.

    Raises:
        CollectionError: the file has no rows, lacks a named field, or has nothing to search.
    """
    rows = [row for _, row in islice(read_records(path), _SAMPLE_ROWS)]
    if not rows:
        raise CollectionError(f"{path}: expected documents, found no row")
    names = {name for row in rows for name in row}
    for name in filter(None, (id_field, title_field, *text_fields)):
        if name not in names:
            raise CollectionError(f"{path}: no field '{name}'; its fields are {sorted(names)}")
    guess = guess_schema(rows)
    schema = Schema(
        id_field or guess.id,
        title_field or guess.title,
        tuple(text_fields) or tuple(n for n in guess.text if n not in {id_field, title_field}),
    )
    if schema.title is None and not schema.text:
        raise CollectionError(
            f"{path}: found no field with text among {sorted(names)}; name it with --text-fields"
        )
    return schema


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


def read_documents(path: Path, schema: Schema) -> Iterator[Document]:
    """Yield the documents of a file, in its order.

    Raises:
        CollectionError: a row cannot be read or has no id, or two rows have the same.
    """
    first_line: dict[str, int] = {}
    for number, row in enumerate(read_records(path), 1):
        document = _document(row, schema, number, path)
        line = first_line.setdefault(document.id, row[0])
        if line != row[0]:
            raise CollectionError(
                f"{path}:{row[0]}: document id '{document.id}' was already used in line {line}; "
                "ids must be unique (name another field with --id-field)"
            )
        yield document
    if not first_line:
        raise CollectionError(f"{path}: expected documents, found no row")


def _document(row: Row, schema: Schema, number: int, path: Path) -> Document:
    line, values = row
    identifier = as_text(values.get(schema.id)).strip() if schema.id else str(number)
    if not identifier:
        raise CollectionError(f"{path}:{line}: field '{schema.id}', the document's id, is empty")
    return Document(
        # Half a surrogate pair, which JSON allows, has no UTF-8 form to store.
        id=identifier.encode("utf-8", "replace").decode(),
        title=as_text(values.get(schema.title)) if schema.title else "",
        text="\n".join(filter(None, (as_text(values.get(name)) for name in schema.text))),
        extra={k: v for k, v in values.items() if k not in {schema.id, schema.title, *schema.text}},
    )
