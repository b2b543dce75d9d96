"""``search-system evaluate``: the quality of BM25 on a collection with judgments."""

import tempfile
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional

from search_system.analysis.analyzer import AnalysisConfig
from search_system.commands.search import find_index
from search_system.corpus.collection import Collection, Qrels, read_qrels, read_queries
from search_system.corpus.schema import choose_schema, read_documents
from search_system.engine import Index
from search_system.errors import OptionError
from search_system.evaluation.evaluate import (
    Evaluation,
    evaluate_run,
    judged_queries,
    run_queries,
)
from search_system.evaluation.grades import GradeReading
from search_system.index.writer import write_index
from search_system.output import print_json, stderr, stdout, track
from search_system.ranking.bm25 import BM25

NAMES = {
    "ndcg_at_10": "nDCG@10",
    "average_precision": "MAP",
    "reciprocal_rank": "MRR",
    "recall_at_100": "recall@100",
    "judged_at_10": "judged@10",
}


@dataclass(frozen=True)
class EvaluateConfig:
    """Run a collection's queries and print trec_eval's measures of the rankings.

    The collection is a folder in BEIR's layout: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv. It
    is indexed in a temporary folder unless --index names an index of it.

    Example: search-system evaluate cranfield --grades 1=4,2=3,3=2,4=1,-1=0
    """

    collection: Positional[Path]
    """The collection's folder."""
    split: str | None = None
    """The judgments to use: test if there are any, else dev, else train."""
    grades: str = "raw"
    """How the judgments' numbers are read: raw (they are the gains), binary (over 0 is relevant),
    or a mapping of codes to gains, such as Cranfield's 1=4,2=3,3=2,4=1,-1=0: its 1 is the best."""
    index: Path | None = None
    """Evaluate this index; it must hold the collection's documents."""
    depth: int = 1000
    """How many documents to rank for each query."""
    bm25: BM25 = field(default_factory=BM25)
    analysis: AnalysisConfig = field(default_factory=AnalysisConfig)
    json: bool = False
    """Print JSON, with every query's figures, instead of a table."""

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise OptionError(f"expected --depth from 1 up, not {self.depth}")

    def run(self) -> None:
        """Evaluate and print."""
        if self.index and self.analysis != AnalysisConfig():
            raise OptionError("an index has its own analysis; give either --index or its flags")
        collection = Collection.find(self.collection)
        split = collection.choose_split(self.split)
        qrels = self._read_qrels(collection.qrels[split])
        assert collection.queries is not None, "choose_split has made sure"
        queries = judged_queries(read_queries(collection.queries), qrels)
        with self._index_folder() as folder:
            index = self._open(collection, Path(folder))
            _warn_of_unknown(index, qrels)
            run = run_queries(
                index, queries, self.depth, self.bm25,
                lambda ids: track(ids, "searching", total=len(queries)),
            )  # fmt: skip
        evaluation = evaluate_run(run, qrels)
        settings = {"collection": collection.name, "split": split, "grades": self.grades}
        if self.json:
            print_json(settings | to_json(evaluation))
        else:
            title = ", ".join(f"{k}: {v}" for k, v in settings.items())
            stdout().print(table(evaluation, escape(title)))

    def _read_qrels(self, path: Path) -> Qrels:
        codes = read_qrels(path)
        negative = Counter(c for judged in codes.values() for c in judged.values() if c < 0)
        if negative and self.grades == "raw":
            stderr().print(
                f"note: {path.name} holds negative grades, which count as 0. If its numbers are "
                "codes and not gains (Cranfield's best is 1), say what they mean with --grades.",
                style="yellow",
                soft_wrap=True,
            )
        return GradeReading.parse(self.grades).apply(codes)

    def _index_folder(self) -> AbstractContextManager[str | Path]:
        if self.index:
            return nullcontext(find_index(self.index))
        return tempfile.TemporaryDirectory(prefix="search-system-")

    def _open(self, collection: Collection, folder: Path) -> Index:
        if not self.index:
            schema = choose_schema(collection.corpus)
            documents = track(read_documents(collection.corpus, schema), "indexing documents")
            write_index(folder, documents, self.analysis, schema)
        return Index.open(folder)


def _warn_of_unknown(index: Index, qrels: Qrels) -> None:
    """Say so when relevant documents are not in the index: no ranking can find them."""
    relevant = {
        doc_id for judged in qrels.values() for doc_id, grade in judged.items() if grade > 0
    }
    unknown = sum(index.segment.find_document(doc_id) is None for doc_id in relevant)
    if unknown:
        stderr().print(
            f"note: {unknown:,} of {len(relevant):,} relevant documents are not in the index; they "
            "count as not found.",
            style="yellow",
            soft_wrap=True,
        )


def table(evaluation: Evaluation, title: str) -> Table:
    """Return the two means side by side."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False)
    result.add_column("measure")
    result.add_column(f"all {evaluation.queries:,} judged queries", justify="right")
    result.add_column(f"{evaluation.positive_queries:,} with a relevant document", justify="right")
    for name, label in NAMES.items():
        columns = (evaluation.all_judged, evaluation.with_positive)
        result.add_row(label, *(f"{getattr(m, name):.4f}" if m else "-" for m in columns))
    return result


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON values."""
    return asdict(evaluation)
