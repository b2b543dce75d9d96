"""The queries and judgments of a collection, for the commands that measure and learn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from search_system.corpus.collection import (
    TO_MEASURE,
    Collection,
    Qrels,
    read_qrels,
    read_queries,
)
from search_system.evaluation.evaluate import judged_queries
from search_system.evaluation.grades import GradeReading
from search_system.output import stderr


@dataclass(frozen=True, slots=True)
class Judgments:
    """The judged queries of a split."""

    collection: Collection
    split: str
    queries: dict[str, str]
    """The texts of the judged queries."""
    qrels: Qrels

    @property
    def name(self) -> str:
        """Return what to call them where figures are told."""
        return f"{self.collection.name}, {self.split}"


def read_judgments(
    folder: Path, split: str | None, grades: str, order: Sequence[str] = TO_MEASURE
) -> Judgments:
    """Read the judgments of a collection.

    Args:
        folder: in BEIR's layout.
        split: which of them; None: the first there is in ``order``.
        grades: how their numbers are read (`search_system.evaluation.grades`).
        order: which split is meant if none is named.

    Raises:
        CollectionError: there are no such judgments, or they cannot be read.
        OptionError: the grades are no reading.
    """
    collection = Collection.find(folder)
    split = collection.choose_split(split, order)
    qrels = _read_graded(collection.qrels[split], grades)
    assert collection.queries is not None, "choose_split has made sure"
    queries = judged_queries(read_queries(collection.queries), qrels)
    return Judgments(collection, split, queries, qrels)


def _read_graded(path: Path, grades: str) -> Qrels:
    codes = read_qrels(path)
    negative = Counter(c for judged in codes.values() for c in judged.values() if c < 0)
    if negative and grades == "raw":
        stderr().print(
            f"note: {path.name} holds negative grades, which count as 0. If its numbers are "
            "codes and not gains (Cranfield's best is 1), say what they mean with --grades.",
            style="yellow",
            soft_wrap=True,
        )
    return GradeReading.parse(grades).apply(codes)
