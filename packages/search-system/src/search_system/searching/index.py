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
from search_system.retrieval.explanation import Explanation
from search_system.retrieval.filters import filter_query, with_filter
from search_system.retrieval.pages import find_page
from search_system.schema import IndexSchema
from search_system.scoring.parameters import BM25F
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher
from search_system.searching.semantic import DENSE_WEIGHT, Mode, check_search
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
        self._shown = Searcher(open_snapshot(folder))

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
        dense_weight: float = DENSE_WEIGHT,
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
            cursor: `Results.cursor` of the page before this one.
            facets: keyword fields of which to count the values among all that match.
            mode: lexical: by words; dense: by meaning, which needs a vector field; hybrid: by both.
            dense_weight: how much meaning counts in hybrid results, from 0 to 1.
            parameters: of the scores; by default BM25F with the schema's weights.
            plain: take the query as words, whatever signs it has; judged queries often are prose.

        Raises:
            OptionError: k is below 1, a field is none for what it is named for, the cursor is none
                of this query, or there are no vectors to search by meaning, or no pages of such.
        """
        check_search(k, mode, sort, cursor)
        searcher = self.searcher
        tree, repairs = searcher.words_of(query) if plain else searcher.parse(query)
        restriction = filter_query(filters, searcher.schema) if filters else None
        matched = with_filter(tree, restriction) if restriction else tree
        matcher = searcher.matcher(parameters)
        following: str | None = None
        if mode != "lexical":
            text = query if plain else searcher.meaning_of(query)
            semantic = searcher.semantic
            ranking = semantic.search(
                text, tree, matcher, k, filters=restriction, mode=mode, weight=dense_weight
            )
            hits = searcher.hits(*ranking)
        elif sort or cursor is not None:
            page = find_page(matcher, matched, k, sort, cursor)
            hits, following = searcher.hits(page.numbers, page.scores), page.cursor
        else:
            found = matcher.search(matched, k)
            hits = searcher.hits(found.numbers, found.scores)
        counts = searcher.facets(matched, facets, matcher)
        full = mode == "lexical" and not sort and cursor is None and len(hits) == k
        return Results(
            query, hits, repairs, counts, matched, matcher, mode == "lexical", following, full
        )

    def did_you_mean(self, query: str) -> str | None:
        """Return a query with its misspelt words corrected, or None if none needs it."""
        searcher = self.searcher
        return searcher.words.did_you_mean(query, searcher.analyzer)

    def complete(self, text: str, k: int = 10) -> list[str]:
        """Return what someone may be typing: the text with its last word completed, k times."""
        return self.searcher.words.complete(text, k)

    def explain(
        self, query: str, doc_id: str, *, parameters: BM25F | None = None, plain: bool = False
    ) -> Explanation:
        """Return how the score of a document by words comes about.

        It equals that of `search` in mode lexical, with the same ``parameters`` and ``plain``, to
        the last bit.

        Raises:
            OptionError: there is no such document.
        """
        searcher = self.searcher
        number = searcher.number(doc_id)
        if number is None:
            raise OptionError(f"{self.folder}: no document with the id '{doc_id}'")
        tree, _ = searcher.words_of(query) if plain else searcher.parse(query)
        return searcher.matcher(parameters).explain(tree, number)

    def evaluate(
        self,
        queries: Mapping[str, str],
        qrels: Qrels,
        depth: int = 1000,
        *,
        mode: Mode = "lexical",
        dense_weight: float = DENSE_WEIGHT,
        parameters: BM25F | None = None,
    ) -> Evaluation:
        """Search for every judged query and measure the rankings, as trec_eval does.

        Args:
            queries: their texts by id.
            qrels: grades by query id and document id.
            depth: how many documents to rank.
            mode: by words, by meaning, or by both, as in `search`.
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
        """Find what was added and deleted so far here, or committed so far elsewhere."""
        if self._store:
            self._show(self._store.refresh())
        else:
            self._show(open_snapshot(self.folder, self._shown.snapshot))

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
            with suppress(IndexFolderError):  # a search has raised it already
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
            shown = self._shown = Searcher(snapshot, shown)
        return shown
