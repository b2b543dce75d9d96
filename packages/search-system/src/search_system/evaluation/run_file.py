"""Runs in TREC's format, which trec_eval and every evaluation tool read.

::

    QUERY Q0 DOCUMENT RANK SCORE TAG

one line per document found, columns between blanks. As trec_eval does, the reader takes the order
from the scores and ignores the second, fourth and last column.
"""

import math
from pathlib import Path

from search_system.corpus.records import open_text
from search_system.errors import CollectionError, OutputError
from search_system.evaluation.evaluate import Run
from search_system.evaluation.metrics import rank
from search_system.files import write_text


def read_run(path: Path) -> dict[str, dict[str, float]]:
    """Return the scores of a run file, plain or ``.gz``, by query id and document id.

    Raises:
        CollectionError: the file cannot be read or is empty, a line is malformed, or a document
            comes twice for one query, with two scores or with one.
    """
    run: dict[str, dict[str, float]] = {}
    with open_text(path) as file:
        for line, text in enumerate(file, 1):
            columns = text.split()
            if not columns:
                continue
            score = _finite(columns[4]) if len(columns) == 6 else None
            if score is None:
                raise CollectionError(
                    f"{path}:{line}: expected the 6 columns of a run (query, Q0, document, rank, "
                    f"score, tag) with a finite score, found {text.strip()[:80]!r}"
                )
            scores = run.setdefault(columns[0], {})
            if columns[2] in scores:
                raise CollectionError(
                    f"{path}:{line}: query {columns[0]} has document {columns[2]} twice; a run "
                    "ranks each document once"
                )
            scores[columns[2]] = score
    if not run:
        raise CollectionError(f"{path}: expected a run, found an empty file")
    return run


def write_run(path: Path, run: Run, tag: str = "search-system") -> None:
    """Write a run, each query's documents in trec_eval's order, with scores to the last bit.

    Raises:
        OutputError: the file cannot be written, or an id or the tag is empty or holds a blank,
            which would shift the columns.
    """
    for name in (tag, *run, *{doc_id for scores in run.values() for doc_id in scores}):
        if name.split() != [name]:
            raise OutputError(
                f"{path}: a run file has its columns between blanks, so it cannot hold {name!r}; "
                "give documents and queries ids without blanks"
            )
    lines = (
        f"{query_id} Q0 {doc_id} {place} {float(scores[doc_id])!r} {tag}\n"
        for query_id, scores in run.items()
        for place, doc_id in enumerate(rank(scores), 1)
    )
    write_text(path, "".join(lines))


def _finite(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
