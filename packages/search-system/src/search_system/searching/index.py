"""An index: documents go in, ranked and explained hits come out.

::

    index = Index.open("data/search/mine", schema)   # begun if there is none
    index.add({"title": "Red shoes", "price": 80}, "1")
    index.commit()
    index.search("red shoe").hits
    index.close()                                    # or: with Index.open(...) as index

An index that is only searched needs no lock: it holds the last commit's snapshot, whatever others
write meanwhile, and `refresh` takes the newest. The first `add` or `delete` makes it the index's
one writer until `close`, and shows the last commit. What it adds is found after `refresh` or
`commit`, and lasts after `commit`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Self

from search_system.corpus.collection import Qrels
from search_system.errors import IndexFolderError, OptionError
from search_system.evaluation.evaluate import (
    Evaluation,
    evaluate_run,
    judged_queries,
    run_queries,
)
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.query.lexer import Repair
from search_system.retrieval.filters import filter_query
from search_system.schema import IndexSchema
from search_system.scoring.parameters import BM25F
from search_system.searching.pipeline import RankingPipeline
from search_system.searching.plain_words import search_words
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher
from search_system.searching.semantic import DEPTH, Mode, check_search
from search_system.searching.semantic_ranking import SemanticQuery
from search_system.searching.signal_results import signal_results
from search_system.searching.signals import ScoreExplanation
from search_system.searching.word_results import word_results
from search_system.store.commit import COMMIT, read_commit
from search_system.store.config import FsyncPolicy, WriterConfig
from search_system.store.recovery import check_schema
from search_system.store.snapshot import Snapshot, open_snapshot
from search_system.store.store import Store


class Index:
    """An index in a folder. Searches may run in several threads, beside one that writes."""

    def __init__(self, folder: Path, fsync: FsyncPolicy, config: WriterConfig | None) -> None:
        """Read the last commit of a folder; `open` is the way to make one."""
        self.folder = folder
        self._fsync = fsync
        self._config = config
        self._store: Store | None = None
        self._opening = Lock()
        snapshot = open_snapshot(folder)
        self._parameters = RankingParameters.load(folder, snapshot.schema)
        self._shown = Searcher(snapshot, parameters=self._parameters.bm25f)
        self._pipeline: RankingPipeline | None = None
        self._loading = Lock()
        self._showing = Lock()

    @classmethod
    def open(
        cls,
        folder: str | Path,
        schema: IndexSchema | None = None,
        *,
        fsync: FsyncPolicy = "commit",
        config: WriterConfig | None = None,
    ) -> Self:
        """Open an index, in time independent of its size; with a schema, begin one if need be.

        Args:
            folder: where the index is.
            schema: its fields; None takes those of the index that is there.
            fsync: when written operations are safe from power loss (see `search_system.store`).
            config: memory and merges while writing.

        Raises:
            IndexMissingError: there is no index, and no schema was given.
            IndexLockedError: it has to be begun, and another process does so.
            CorruptIndexError: a file is missing, damaged or of another version; it is named.
            OptionError: the index has another schema.
        """
        folder = Path(folder)
        if schema is not None:
            if (folder / COMMIT).exists():
                check_schema(folder, read_commit(folder), schema)
            else:
                Store.open(folder, schema, fsync, config=config).close()
        return cls(folder, fsync, config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Return the number of documents that are found."""
        return len(self.searcher.snapshot)

    @property
    def schema(self) -> IndexSchema:
        """The fields of the index."""
        return self._shown.schema

    @property
    def parameters(self) -> RankingParameters:
        """How it ranks where a search does not say: as tuned, or by default."""
        return self._parameters

    @property
    def pipeline(self) -> RankingPipeline:
        """What ranks in mode "ranked"; it is made at the first use.

        Raises:
            CorruptIndexError: the model that is stored with the index is damaged.
            OptionError: it needs something that is not installed, or was trained on an index of
                other fields.
        """
        return self._pipeline_of(self.searcher)

    @property
    def searcher(self) -> Searcher:
        """What searches the present snapshot; it stays valid whatever is written.

        The first one after a commit makes the snapshot of what was committed.
        """
        store = self._store
        return self._show(store.snapshot()) if store else self._shown

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        filters: Mapping[str, Any] | None = None,
        sort: Sequence[str] = (),
        cursor: str | None = None,
        facets: Sequence[str] = (),
        mode: Mode = "lexical",
        dense_weight: float | None = None,
        parameters: BM25F | None = None,
        plain: bool = False,
    ) -> Results:
        """Return the k best documents for a query in the language of `search_system.query.parser`.

        Words are optional, and documents with more of them come first; equal scores go by the order
        of indexing. No query string is an error: what is odd is read as well as it can be, and
        `Results.repairs` says how.

        Args:
            query: what someone typed.
            k: how many documents.
            filters: conditions by field, as `search_system.retrieval.filters` has them.
            sort: fields to sort by, not the score; "-price" descends. Missing values come last.
            cursor: `Results.cursor` of the page before this one. Hybrid pages end with the fused
                documents (see `search_system.searching.semantic`).
            facets: keyword fields of which to count the values among all that match.
            mode: lexical: by words; dense: by meaning, which needs a vector field; hybrid: by both;
                ranked: by all that the index has (see `search_system.searching.pipeline`).
            dense_weight: how much meaning counts in hybrid results, from 0 to 1.
            parameters: of the words' scores; by default the tuned ones (`parameters`), or BM25F
                with the schema's weights. Ranked results always have the index's own.
            plain: take the query as words, whatever signs it has; judged queries often are prose.

        Raises:
            OptionError: k is below 1, a field is none for what it is named for, the cursor is none
                of this query, or there are no vectors to search by meaning, or a sort of such.
        """
        check_search(k, mode, dense_weight, sort)
        searcher = self.searcher
        if mode == "lexical" and cursor is None and not (filters or sort or facets):
            words = searcher.plain_words(query, plain=plain)
            if words is not None:
                return search_words(searcher, words, query, k, parameters)
        asked, repairs = self._read(
            searcher, query, mode, filters=filters, dense_weight=dense_weight,
            parameters=parameters, plain=plain,
        )  # fmt: skip
        if mode == "lexical":
            return word_results(
                searcher, query, repairs, asked, k, sort=sort, cursor=cursor, facets=facets
            )
        ranker = self._pipeline_of(searcher) if mode == "ranked" else searcher.semantic
        return signal_results(
            searcher, query, repairs, asked, ranker.page(asked, k, cursor), facets=facets
        )

    def _read(
        self,
        searcher: Searcher,
        query: str,
        mode: Mode,
        *,
        filters: Mapping[str, Any] | None,
        dense_weight: float | None,
        parameters: BM25F | None,
        plain: bool,
    ) -> tuple[SemanticQuery, tuple[Repair, ...]]:
        """Return what a query string asks for, and how it was repaired."""
        tree, repairs = searcher.words_of(query) if plain else searcher.parse(query)
        restriction = filter_query(filters, searcher.schema) if filters else None
        text = query if plain or mode == "lexical" else searcher.meaning_of(query)
        text = text.encode("utf-8", "replace").decode()  # no embedder takes a lone surrogate
        own = self._parameters.dense_weight
        weight = None if mode != "hybrid" else own if dense_weight is None else dense_weight
        return (
            SemanticQuery(text, tree, restriction, searcher.matcher(parameters), weight),
            repairs,
        )

    def _pipeline_of(self, searcher: Searcher) -> RankingPipeline:
        with self._loading:
            known = self._pipeline
            if known is None or known.searcher is not searcher:
                known = RankingPipeline.load(searcher, self._parameters, self.folder)
                self._pipeline = known
            return known

    def did_you_mean(self, query: str) -> str | None:
        """Return a query with its misspelt words corrected, or None if none needs it."""
        return self.searcher.did_you_mean(query)

    def complete(self, text: str, k: int = 10) -> list[str]:
        """Return what someone may be typing: the text with its last word completed, k times."""
        return self.searcher.words.complete(text, k)

    def explain(
        self,
        query: str,
        doc_id: str,
        k: int = 10,
        *,
        filters: Mapping[str, Any] | None = None,
        mode: Mode = "lexical",
        dense_weight: float | None = None,
        parameters: BM25F | None = None,
        plain: bool = False,
    ) -> ScoreExplanation:
        """Return how the score of a document comes about, found or not.

        It equals that of `search` with the same arguments to the last bit: an `Explanation` of the
        clauses by words, else a `SignalExplanation`.

        Raises:
            OptionError: there is no such document, or `search` would raise one.
        """
        check_search(k, mode, dense_weight)
        searcher = self.searcher
        number = searcher.number(doc_id)
        if number is None:
            raise OptionError(f"{self.folder}: no document with the id '{doc_id}'")
        asked, _ = self._read(
            searcher, query, mode, filters=filters, dense_weight=dense_weight,
            parameters=parameters, plain=plain,
        )  # fmt: skip
        if mode == "lexical":
            return asked.matcher.explain(asked.matched, number)
        if mode == "ranked":
            return self._pipeline_of(searcher).rank(asked, k).explain(number)
        return searcher.semantic.rank(asked, max(k, DEPTH)).explain(number)

    def evaluate(
        self,
        queries: Mapping[str, str],
        qrels: Qrels,
        depth: int = 1000,
        *,
        mode: Mode = "lexical",
        dense_weight: float | None = None,
        parameters: BM25F | None = None,
    ) -> Evaluation:
        """Search for every judged query and measure the rankings, as trec_eval does.

        Args:
            queries: their texts by id.
            qrels: grades by query id and document id.
            depth: how many documents to rank.
            mode: by words, by meaning, by both, or by all there is, as in `search`.
            dense_weight: how much meaning counts, as in `search`.
            parameters: of the scores.

        Raises:
            CollectionError: a judged query has no text.
        """
        judged = judged_queries(queries, qrels)

        def search(text: str) -> Results:
            return self.search(
                text, depth, mode=mode, dense_weight=dense_weight, parameters=parameters, plain=True
            )

        return evaluate_run(run_queries(search, judged), qrels)

    def add(self, document: Mapping[str, Any], doc_id: str) -> None:
        """Add a document, in place of the one that has this id, if any.

        Raises:
            CollectionError: the id or a field cannot be indexed; nothing has changed.
            IndexLockedError: another process writes to the index.
            IndexFolderError: it cannot be written.
        """
        self._writer().add(document, doc_id)

    def delete(self, doc_id: str) -> None:
        """Delete the document that has this id; no such document is no error.

        Raises:
            CollectionError: this cannot be an id.
            IndexLockedError: another process writes to the index.
            IndexFolderError: it cannot be written.
        """
        self._writer().delete(doc_id)

    def refresh(self) -> None:
        """Find what was added and deleted so far here, or committed so far elsewhere.

        What was tuned or trained meanwhile counts from now on, too.
        """
        if self._store:
            self._store.refresh()
        parameters = RankingParameters.load(self.folder, self.schema)
        with self._showing, self._loading:
            self._parameters, self._pipeline = parameters, None
            store, shown = self._store, self._shown.snapshot
            self._show(store.snapshot() if store else open_snapshot(self.folder, shown))
            if parameters.bm25f != self._shown.parameters:
                self._shown = Searcher(self._shown.snapshot, self._shown, parameters.bm25f)

    def commit(self) -> None:
        """Make everything so far durable, and let the next search find it.

        Raises:
            IndexFolderError: something cannot be written; the last commit is as it was.
        """
        self._writer().commit()

    def close(self) -> None:
        """Let others write. What was not committed is replayed by the next writer."""
        if store := self._store:
            store.close()
            with self._showing, suppress(IndexFolderError):  # a search has raised it already
                self._show(store.snapshot())
            self._store = None

    def _writer(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = Store.open(self.folder, fsync=self._fsync, config=self._config)
            return self._store

    def _show(self, snapshot: Snapshot) -> Searcher:
        """Return what searches a snapshot; another thread may show another one meanwhile."""
        shown = self._shown
        if snapshot is not shown.snapshot:
            shown = self._shown = Searcher(snapshot, shown, self._parameters.bm25f)
        return shown
