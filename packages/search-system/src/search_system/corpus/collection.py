"""A test collection in BEIR's layout: documents, queries, and judgments by split.

::

    NAME/corpus.jsonl[.gz]     _id, title, text
    NAME/queries.jsonl[.gz]    _id, text
    NAME/qrels/SPLIT.tsv       query-id, corpus-id, score (TREC's four columns work too)

A single JSONL or CSV file is a collection without queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from search_system.corpus.records import open_text, read_records, record_format
from search_system.errors import CollectionError

Qrels = dict[str, dict[str, int]]
"""Grades by query id and document id."""

TO_MEASURE = ("test", "dev", "train")
"""Which split is meant if none is named."""
TO_LEARN = ("train", "dev", "test")

_GRADE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Collection:
    """Where the parts of a collection lie; nothing is read yet."""

    name: str
    corpus: Path
    queries: Path | None
    qrels: dict[str, Path]

    @classmethod
    def find(cls, path: Path) -> "Collection":
        """Locate the parts of a collection, given as a folder or as a file of documents.

        Raises:
            CollectionError: there is nothing at ``path``, or no documents in it.
        """
        if path.is_file():
            record_format(path)
            return cls(path.name.lstrip(".").split(".")[0], path, None, {})
        if not path.is_dir():
            raise CollectionError(f"{path}: no such file or folder")
        corpus = _plain_or_gz(path / "corpus.jsonl")
        if corpus is None:
            raise CollectionError(
                f"{path}: expected a folder that holds corpus.jsonl or corpus.jsonl.gz; "
                "a JSONL or CSV file of documents can be given by its own path"
            )
        qrels = {file.stem: file for file in sorted((path / "qrels").glob("*.tsv"))}
        return cls(path.resolve().name, corpus, _plain_or_gz(path / "queries.jsonl"), qrels)

    def choose_split(self, split: str | None = None, order: Sequence[str] = TO_MEASURE) -> str:
        """Return ``split`` if it has judgments; without one the first in ``order``, else any.

        Raises:
            CollectionError: the collection has no such judgments.
        """
        if not self.qrels or self.queries is None:
            raise CollectionError(
                f"{self.corpus.parent}: expected queries.jsonl and qrels/*.tsv beside the "
                "documents; without judgments there is nothing to measure"
            )
        if split is None:
            return next((s for s in order if s in self.qrels), next(iter(self.qrels)))
        if split not in self.qrels:
            raise CollectionError(
                f"{self.corpus.parent}: no split '{split}'; it has {', '.join(self.qrels)}"
            )
        return split


def _plain_or_gz(path: Path) -> Path | None:
    return next((p for p in (path, path.with_name(path.name + ".gz")) if p.is_file()), None)


def read_queries(path: Path) -> dict[str, str]:
    """Return the text of each query by its id.

    Raises:
        CollectionError: a row has no id or no text, or gives an id a second, different text.
    """
    queries: dict[str, str] = {}
    for line, row in read_records(path):
        query_id, text = row.get("_id", row.get("id")), row.get("text")
        if not isinstance(query_id, str | int) or not isinstance(text, str):
            raise CollectionError(
                f"{path}:{line}: expected the fields _id and text, found {[*row]}"
            )
        if queries.setdefault(str(query_id), text) != text:
            raise CollectionError(f"{path}:{line}: query {query_id} has two texts")
    return queries


def read_qrels(path: Path) -> Qrels:
    """Return the grades of a TSV file, with or without a header line.

    Raises:
        CollectionError: a row is malformed, or gives a pair a second, different grade.
    """
    qrels: Qrels = {}
    with open_text(path) as file:
        for line, text in enumerate(file, 1):
            # Between tabs an id may hold blanks; TREC's own files have blanks between columns.
            columns = text.strip().split("\t" if "\t" in text else None)
            if columns in ([], [""]) or (line == 1 and not any(map(str.isdigit, columns[-1]))):
                continue
            if len(columns) not in {3, 4} or not _is_integer(columns[-1]):
                raise CollectionError(
                    f"{path}:{line}: expected a query id, a document id and a whole number, "
                    f"found {text.strip()[:80]!r}"
                )
            query_id, doc_id, grade = columns[0], columns[-2], int(columns[-1])
            if qrels.setdefault(query_id, {}).setdefault(doc_id, grade) != grade:
                raise CollectionError(
                    f"{path}:{line}: query {query_id} and document {doc_id} have two grades"
                )
    if not qrels:
        raise CollectionError(f"{path}: expected judgments, found none")
    return qrels


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) <= _GRADE_DIGITS
