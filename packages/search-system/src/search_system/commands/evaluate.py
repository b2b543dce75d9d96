"""``search-system evaluate``: the quality of searches, or of a run file, on judged queries."""

import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape
from tyro.conf import Positional

from search_system.commands.evaluation_tables import (
    comparison_table,
    means_table,
    notes,
    to_json,
)
from search_system.commands.index import ANALYZER, choose_schema, with_vectors
from search_system.commands.judgments import Judgments, read_judgments
from search_system.commands.scoring_flags import ScoringFlags
from search_system.commands.search import find_index
from search_system.corpus.collection import Collection, Qrels
from search_system.corpus.documents import read_documents
from search_system.errors import CollectionError, OptionError
from search_system.evaluation.evaluate import (
    Evaluation,
    Run,
    compare_evaluations,
    evaluate_run,
    run_queries,
)
from search_system.evaluation.report.model import Baseline, Report
from search_system.evaluation.report.page import write_report
from search_system.evaluation.run_file import read_run, write_run
from search_system.output import print_json, stderr, stdout, track
from search_system.searching.build import build_index
from search_system.searching.index import Index
from search_system.searching.semantic import Mode

DEPTH = 1000


@dataclass(frozen=True)
class EvaluateConfig:
    """Run a collection's queries and print trec_eval's measures of the rankings.

    The collection is a folder in BEIR's layout: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv. It
    is indexed in a temporary folder unless --index names an index of it. A run file has TREC's six
    columns, as trec_eval reads them: --run-in measures one, from whatever system, and --against
    compares with one, query by query.

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
    depth: int = DEPTH
    """How many documents to rank for each query."""
    run_in: Path | None = None
    """Measure this run file instead of searching."""
    run_out: Path | None = None
    """Write the rankings as a run file."""
    against: Path | None = None
    """Compare with this run file: gains with their intervals, wins and losses, a paired test."""
    report: Path | None = None
    """Write all of it as a page with plots, in one HTML file."""
    schema: Path | None = None
    """A TOML file that says what the documents' fields are, instead of a guess."""
    analyzer: str = ANALYZER
    """What turns text into terms where the fields are guessed: a language, products or code."""
    vectors: str | None = None
    """Add vectors of the texts where the index is built here: wordllama, or minilm."""
    mode: Mode = "lexical"
    """lexical: by words; dense: by meaning; hybrid: by both; ranked: by all the index has."""
    scoring: ScoringFlags = field(default_factory=ScoringFlags)
    json: bool = False
    """Print JSON, with every query's figures, instead of a table."""

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise OptionError(f"expected --depth from 1 up, not {self.depth}")

    def run(self) -> None:
        """Evaluate, print, and write what was asked for."""
        self._check_sources()
        self.scoring.check_mode(self.mode)
        judgments = read_judgments(self.collection, self.split, self.grades)
        collection, queries, qrels = judgments.collection, judgments.queries, judgments.qrels
        other = _read_judged_run(self.against, qrels) if self.against else None
        run = _read_judged_run(self.run_in, qrels) if self.run_in else self._search(judgments)
        if self.run_out:
            write_run(self.run_out, run)
        evaluation = evaluate_run(run, qrels)
        baseline = self._baseline(evaluation, other, qrels)
        settings = {"collection": collection.name, "split": judgments.split, "grades": self.grades}
        if self.report:
            page = Report(
                collection.name, evaluation, queries, settings | self._ranking(), baseline
            )
            write_report(self.report, page)
        self._print(settings, evaluation, baseline)

    def _check_sources(self) -> None:
        fields = (self.schema, self.analyzer, self.vectors)
        if self.index and fields != (None, ANALYZER, None):
            raise OptionError("an index has its own fields; give either --index or their flags")
        searching = (self.index, self.depth, self.mode, self.scoring, *fields)
        if self.run_in and searching != (
            None, DEPTH, "lexical", ScoringFlags(), None, ANALYZER, None
        ):  # fmt: skip
            raise OptionError(
                "a run file holds rankings already; give either --run-in or flags of searching "
                "(--index, --depth, --mode, --dense-weight, --k1, --b, --weights, --schema, "
                "--analyzer, --vectors)"
            )

    def _search(self, judgments: Judgments) -> Run:
        queries = judgments.queries
        with self._index_folder() as folder:
            index = self._open(judgments.collection, Path(folder))
            _warn_of_unknown(index, judgments.qrels)
            _warn_of_tuning(index, judgments, self.mode)
            parameters = self.scoring.parameters(index.parameters.bm25f)
            return run_queries(
                lambda text: index.search(
                    text,
                    self.depth,
                    mode=self.mode,
                    dense_weight=self.scoring.dense_weight,
                    parameters=parameters,
                    plain=True,
                ),
                queries,
                lambda ids: track(ids, "searching", total=len(queries)),
            )

    def _baseline(self, evaluation: Evaluation, other: Run | None, qrels: Qrels) -> Baseline | None:
        if other is None or self.against is None:
            return None
        if not evaluation.positive_queries:
            raise OptionError("no query has a relevant document: --against has nothing to compare")
        there = evaluate_run(other, qrels)
        return Baseline(self.against.name, there, compare_evaluations(evaluation, there))

    def _ranking(self) -> dict[str, str]:
        """Return where the rankings come from, for the report."""
        if self.run_in:
            return {"rankings": f"run file {self.run_in.name}"}
        ranking = f"BM25F{self.scoring}, {self.depth:,} documents deep"
        if self.mode in {"hybrid", "ranked"}:
            ranking = f"{self.mode}, {ranking}"
        elif self.mode == "dense":
            ranking = f"dense, {self.depth:,} documents deep"
        if self.index:
            return {"rankings": ranking, "index": str(self.index)}
        fields = str(self.schema) if self.schema else f"guessed, analyzer {self.analyzer}"
        return {"rankings": ranking, "fields": fields}

    def _print(
        self, settings: dict[str, str], evaluation: Evaluation, baseline: Baseline | None
    ) -> None:
        if self.json:
            figures = to_json(evaluation, baseline.comparisons if baseline else None)
            print_json(settings | figures)
            return
        console = stdout()
        title = ", ".join(f"{k}: {v}" for k, v in settings.items())
        console.print(means_table(evaluation, escape(title)))
        for note in notes(evaluation):
            console.print(note, style="dim", markup=False)
        if baseline:
            console.print()
            n = evaluation.positive_queries
            title = f"against {baseline.name}, {n:,} queries with a relevant document"
            console.print(comparison_table(baseline.comparisons, escape(title)))
        for path in filter(None, (self.run_out, self.report)):
            console.print(escape(f"Written: {path}"), style="dim")

    def _index_folder(self) -> AbstractContextManager[str | Path]:
        if self.index:
            return nullcontext(find_index(self.index))
        return tempfile.TemporaryDirectory(prefix="search-system-")

    def _open(self, collection: Collection, folder: Path) -> Index:
        if not self.index:
            corpus = collection.corpus
            id_field, schema = choose_schema(corpus, None, self.schema, self.analyzer)
            if self.vectors:
                schema = with_vectors(schema, self.vectors)
            documents = track(read_documents(corpus, id_field), "indexing documents")
            build_index(folder, documents, schema)
        return Index.open(folder)


def _read_judged_run(path: Path, qrels: Qrels) -> Run:
    """Read a run file, and say so when it lacks judged queries.

    Raises:
        CollectionError: the file cannot be read, or has none of the queries.
    """
    run = read_run(path)
    missing = [query_id for query_id in qrels if query_id not in run]
    if len(missing) == len(qrels):
        raise CollectionError(
            f"{path}: none of its queries has judgments here; its first query is "
            f"'{next(iter(run))}', the judgments' is '{missing[0]}'"
        )
    if missing:
        stderr().print(
            f"note: {path.name} lacks {len(missing):,} of {len(qrels):,} judged queries; they "
            "count as nothing found.",
            style="yellow",
            soft_wrap=True,
            markup=False,
        )
    return run


def _warn_of_tuning(index: Index, judgments: Judgments, mode: Mode) -> None:
    """Say so when the index has learnt from the queries that it is measured on."""
    learnt = [index.parameters.tuned_on]
    if mode == "ranked" and index.pipeline.model:
        learnt.append(index.pipeline.model.trained_on)
    if judgments.name in learnt:
        stderr().print(
            f"note: the index was tuned on these queries ({judgments.name}): the figures are too "
            "good. tune and train print those of queries that they have not seen.",
            style="yellow",
            soft_wrap=True,
            markup=False,
        )


def _warn_of_unknown(index: Index, qrels: Qrels) -> None:
    """Say so when relevant documents are not in the index: no ranking can find them."""
    relevant = {
        doc_id for judged in qrels.values() for doc_id, grade in judged.items() if grade > 0
    }
    unknown = sum(index.searcher.number(doc_id) is None for doc_id in relevant)
    if unknown:
        stderr().print(
            f"note: {unknown:,} of {len(relevant):,} relevant documents are not in the index; they "
            "count as not found.",
            style="yellow",
            soft_wrap=True,
        )
