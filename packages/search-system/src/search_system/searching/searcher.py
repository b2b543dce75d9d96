"""Search one state of an index.

A searcher never changes, so what it has computed stays true: matchers of the parameters last used,
with the terms that queries have touched (see `search_system.scoring.terms`), and masks of filters.

A query that is some words goes to the scoring kernels straight from the analyzer; only others are
parsed, which takes ten times as long as analysing them.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.analysis.analyzer import Analyzer
from search_system.fusion import Ranking
from search_system.query.ast import Bool, Query, Term
from search_system.query.lexer import Repair
from search_system.query.parser import has_syntax, parse_query
from search_system.query.plain_words import PlainWords
from search_system.query.rewrite import rewrite
from search_system.query.values import FieldKind
from search_system.retrieval.facets import value_counts
from search_system.retrieval.matcher import Matcher
from search_system.schema import IndexSchema, TextField
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.scoring.scorer import Scorer
from search_system.scoring.segment_source import SegmentSource, index_statistics
from search_system.searching.hit import Hit
from search_system.searching.semantic import Semantic, counting_text
from search_system.searching.words import Words
from search_system.store.config import schema_analyzer
from search_system.store.snapshot import Snapshot

_FACET_VALUES = 10
_MATCHERS = 4
"""Parameters whose prepared terms are kept."""
KINDS: Mapping[str, FieldKind] = MappingProxyType(
    {"text": "text", "keyword": "keyword", "number": "number", "date": "date"}
)
"""What a query can name, by the type of a schema's field."""


class Searcher:
    """A snapshot with its analyzers and scorers; safe for use by several threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        previous: "Searcher | None" = None,
        parameters: BM25F | None = None,
    ) -> None:
        """Search ``snapshot``; what stays true of a ``previous`` one is taken over.

        ``parameters`` are those of scores where a search names none, instead of the schema's.
        """
        self.snapshot = snapshot
        self.parameters: BM25F = parameters or default_parameters(snapshot.schema)
        self.sources = [SegmentSource(view) for view in snapshot.views]
        self.statistics = index_statistics(snapshot)
        self._matchers: OrderedDict[tuple[Any, ...], Matcher] = OrderedDict()
        self._lock = Lock()
        self._bases = snapshot.bases
        self._previous_semantic = vars(previous).get("semantic") if previous else None
        self.words: Words = Words(snapshot, previous.words if previous else None)

    @cached_property
    def _ids(self) -> list[Callable[[int], str]]:
        return [view.segment.ids.read for view in self.snapshot.views]

    @property
    def schema(self) -> IndexSchema:
        """The fields of the index."""
        return self.snapshot.schema

    @cached_property
    def analyzers(self) -> Mapping[str, Analyzer]:
        """The analyzer of each text field."""
        return analyzers_of(self.schema)

    @cached_property
    def analyzer(self) -> Analyzer:
        """The analyzer of words that name no field."""
        fields = self.schema.searched or self.schema.of_type(TextField)
        return self.analyzers[next(iter(fields))]

    @cached_property
    def semantic(self) -> Semantic:
        """The search by meaning; raise `OptionError` if the index has no vectors."""
        return Semantic.of(self.snapshot, self._previous_semantic)

    @cached_property
    def kinds(self) -> dict[str, FieldKind]:
        """The kind of each field that a query can name."""
        fields = self.schema.fields.items()
        return {name: KINDS[field.type] for name, field in fields if field.type in KINDS}

    def parse(self, text: str) -> tuple[Query, tuple[Repair, ...]]:
        """Return the meaning of a query string, with index terms as its leaves, and its repairs."""
        if not has_syntax(text) and not self.analyzer.config.synonyms:
            return self.words_of(text)
        parsed = parse_query(text, self.kinds)
        analyzers: dict[str | None, Analyzer] = dict(self.analyzers.items())
        analyzers[None] = self.analyzer
        return rewrite(parsed.query, analyzers), parsed.repairs

    def meaning_of(self, text: str) -> str:
        """Return what of a query string is to be embedded: its words, without its signs."""
        return counting_text(parse_query(text, self.kinds).query) if has_syntax(text) else text

    def did_you_mean(self, text: str) -> str | None:
        """Return a query with its misspelt words corrected, or None if none needs it."""
        return self.words.did_you_mean(text, self.analyzer, self.kinds)

    def plain_words(self, text: str, *, plain: bool) -> PlainWords | None:
        """Return the terms of a query string that has nothing but words, or is taken so (plain)."""
        analyzer = self.analyzer
        if plain or not (analyzer.config.synonyms or has_syntax(text)):
            return PlainWords(analyzer.query_terms(text))
        return None

    def words_of(self, text: str) -> tuple[Query, tuple[Repair, ...]]:
        """Return the query for any of a text's words, which are not parsed."""
        return Bool(should=tuple(map(Term, self.analyzer.query_terms(text)))), ()

    def matcher(self, parameters: BM25F | None = None) -> Matcher:
        """Return what runs queries with some parameters, by default those of the index."""
        return self._matcher_of(parameters) if parameters else self._default_matcher

    @cached_property
    def _default_matcher(self) -> Matcher:
        return self._matcher_of(self.parameters)

    def _matcher_of(self, parameters: BM25F) -> Matcher:
        key = parameters.k1, *parameters.fields.items()
        with self._lock:
            if key not in self._matchers:
                scorer = Scorer(self.sources, self.statistics, parameters)
                self._matchers[key] = Matcher(self.snapshot, scorer, self.words.expand)
                if len(self._matchers) > _MATCHERS:
                    self._matchers.popitem(last=False)
            self._matchers.move_to_end(key)
            return self._matchers[key]

    def scorer(self, parameters: BM25F | None = None) -> Scorer:
        """Return what scores terms with some parameters, by default those of the index."""
        return self.matcher(parameters).scorer

    def hits(self, numbers: NDArray[np.int64], scores: NDArray[np.float64] | None) -> list[Hit]:
        """Return documents as hits, given their numbers, and their scores if they have some."""
        values = [0.0] * len(numbers) if scores is None else scores.tolist()
        bases, ids, read = self._bases, self._ids, self.document
        hits = []
        for number, score in zip(numbers.tolist(), values, strict=True):
            place = bisect_right(bases, number) - 1
            hits.append(Hit(ids[place](number - bases[place]), score, number, read))
        return hits

    def run(self, ranking: Ranking, depth: int) -> dict[str, float]:
        """Return the scores of a ranking's first documents by their ids, as they are measured."""
        numbers, scores = ranking
        pairs = zip(numbers[:depth].tolist(), scores[:depth].tolist(), strict=True)
        return {self.doc_id(number): score for number, score in pairs}

    def facets(
        self, query: Query, fields: Sequence[str], matcher: Matcher
    ) -> dict[str, list[tuple[str, int]]]:
        """Return the most frequent values of keyword fields among the documents that match.

        Raises:
            OptionError: a field has no keywords.
        """
        masks = matcher.matches(query) if fields else []
        return {name: value_counts(matcher.ranks[name], masks, _FACET_VALUES) for name in fields}

    def locate(self, number: int) -> tuple[int, int]:
        """Return the place of a document's segment, and its number in it."""
        place = bisect_right(self._bases, number) - 1
        return place, number - self._bases[place]

    def doc_id(self, number: int) -> str:
        """Return the id of a document by its number."""
        place, doc = self.locate(number)
        return self._ids[place](doc)

    def document(self, number: int) -> dict[str, Any]:
        """Return a document, as it was added, by its number."""
        place, doc = self.locate(number)
        return self.snapshot.views[place].segment.document(doc)

    def number(self, doc_id: str) -> int | None:
        """Return the number of the document with an id, or None."""
        for base, view in zip(self.snapshot.bases, self.snapshot.views, strict=True):
            if (doc := view.find(doc_id)) is not None:
                return base + doc
        return None


def analyzers_of(schema: IndexSchema) -> dict[str, Analyzer]:
    """Return the analyzer of each text field; fields that name the same one share it."""
    texts = schema.of_type(TextField)
    by_name = {name: schema_analyzer(schema, name) for name in {f.analyzer for f in texts.values()}}
    return {name: by_name[text.analyzer] for name, text in texts.items()}


def default_parameters(schema: IndexSchema) -> BM25F:
    """Return BM25F with the fields and weights of a schema; fields of weight 0 are not searched."""
    texts = schema.of_type(TextField)
    return BM25F({name: FieldParameters(weight=text.weight) for name, text in texts.items()})
