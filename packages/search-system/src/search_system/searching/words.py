"""The words of an index as people type them: expanding, correcting and completing them.

Prefixes and fuzzy words are looked up among the words before stemming, since "shoes" begins with
"shoe" whatever both became, and the index terms of what is found are searched. Corrections and
completions are words, too: a stem is nothing to show to anybody.

Everything is made at the first use. Frequencies are occurrences and count deleted documents until a
merge drops them, but a word of which no live document has the term is neither searched nor shown.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from search_system.analysis.analyzer import Analyzer, Token
from search_system.analysis.normalize import fold_case, normalize
from search_system.query.ast import Fuzzy, Prefix
from search_system.query.exact import Span, exact_spans
from search_system.query.parser import has_syntax
from search_system.query.spelling import Speller
from search_system.query.values import FieldKind
from search_system.schema import TextField
from search_system.scoring.merging import FieldTerm, Term
from search_system.searching.merged_words import FieldWords, MergedWords, merge_words
from search_system.store.snapshot import Snapshot
from search_system.store.view import SegmentView

MOST_TERMS = 64
"""A prefix or a fuzzy word stands for so many index terms at most."""
_WORD_BEGUN = re.compile(r"""[^\s"()\[\]{}:^~+\-#<>=!&|/\\]+\Z""")

_Found = Iterable[tuple[int, float]]


class Words:
    """The words of one snapshot; safe for use by several threads.

    Args:
        snapshot: the index.
        previous: those of an earlier snapshot, from which as much as possible is taken over.
    """

    def __init__(self, snapshot: Snapshot, previous: "Words | None" = None) -> None:
        self._snapshot = snapshot
        self._views = sorted(snapshot.views, key=lambda view: -view.n_live)
        self._deletions = any(view.n_deleted for view in snapshot.views)
        self._previous = previous.merged if previous else {}
        self._is_live: dict[int, bool] = {}

    @property
    def merged(self) -> dict[bool, MergedWords]:
        """What has been made so far, of this snapshot or of an earlier one."""
        made: dict[bool, MergedWords] = vars(self).get("_merged", self._previous)
        return made

    @cached_property
    def _merged(self) -> dict[bool, MergedWords]:
        """The words of the fields that keep them, and the terms of those that do not."""
        tables: dict[bool, list[FieldWords]] = {True: [], False: []}
        for view in self._snapshot.views:
            for name in self._snapshot.schema.of_type(TextField):
                text = view.segment.text(name)
                tables[text.words is not None].append(FieldWords(name, text))
        merged = {k: merge_words(found, self._previous.get(k)) for k, found in tables.items()}
        self._previous = {}
        return merged

    @property
    def _words(self) -> MergedWords:
        return self._merged[True]

    def expand(self, node: Prefix | Fuzzy) -> list[tuple[Term, float]]:
        """Return the index terms that a prefix or a fuzzy word stands for, with their weights.

        Args:
            node: of a rewritten query, so normalised. Without a field: terms of the fields that the
                schema searches by default, to be looked for in whichever the query searches.

        Returns:
            At most `MOST_TERMS` terms, those of the nearest words first, then those of the most
            frequent. Words that begin with a prefix have weight 1; with a word of m characters at
            distance d from a fuzzy one of n characters comes 1 - d / (1 + max(m, n)).
        """
        schema = self._snapshot.schema
        fields = [node.field] if node.field else list(schema.searched or schema.of_type(TextField))
        terms: dict[str, float] = {}
        for merged in self._merged.values():
            found = (
                _fuzzy(merged, node) if isinstance(node, Fuzzy) else _prefix(merged, node, fields)
            )
            best = self._best_terms(merged, found, fields)
            terms |= {term: max(weight, terms.get(term, 0.0)) for term, weight in best.items()}
        best_first = sorted(terms.items(), key=lambda item: -item[1])[:MOST_TERMS]
        scope = (node.field,) if node.field else None
        return [(FieldTerm(term, scope) if scope else term, weight) for term, weight in best_first]

    def _best_terms(
        self, merged: MergedWords, words: _Found, fields: Sequence[str]
    ) -> dict[str, float]:
        terms: dict[str, float] = {}
        for word, weight in words:
            for field in fields:
                term = merged.term(word, field)
                if term is not None and term not in terms and self._has(field, term):
                    terms[term] = weight
            if len(terms) >= MOST_TERMS:
                break
        return terms

    def did_you_mean(
        self, query: str, analyzer: Analyzer, kinds: Mapping[str, FieldKind]
    ) -> str | None:
        """Return a query with its words corrected, or None if none needs it.

        Args:
            query: as typed; all but the corrected words stays.
            analyzer: that of the fields searched by default.
            kinds: of the fields that a query can name. What a query forbids stays as it is, and so
                does what it looks for in other fields than texts.
        """
        exact = exact_spans(query, kinds) if has_syntax(query) else []
        tokens = (token for token in analyzer.query_tokens(query) if not _lies_in(token, exact))
        return self._speller.did_you_mean(query, tokens)

    @cached_property
    def _speller(self) -> Speller:
        return Speller(self._words.vocabulary, self._is_known, is_shown=self._is_shown)

    def _is_known(self, term: str) -> bool:
        """Return whether a live document has a term in a field that is searched by default."""
        fields = self._snapshot.schema.searched or self._snapshot.schema.of_type(TextField)
        return any(_df(view, field, term) for view in self._views for field in fields)

    def complete(self, text: str, k: int = 10) -> list[str]:
        """Return what someone may be typing: the text with its last word completed.

        The k most frequent words that begin like it come, or fewer; the word itself may be one. No
        word is begun after a blank, so nothing is completed there.
        """
        begun = _WORD_BEGUN.search(text)
        if not begun:
            return []
        for spelled in dict.fromkeys((fold_case(begun[0]), normalize(begun[0]))):
            if found := self._complete_word(spelled, k):
                return [text[: begun.start()] + word for word in found]
        return []

    def _complete_word(self, word: str, k: int) -> list[str]:
        words, wanted = self._words.completer, k
        while True:
            numbers = words.complete(word, wanted)
            shown = [number for number in numbers if self._is_shown(number)]
            if len(shown) >= k or len(numbers) < wanted:
                return [words.entries[number] for number in shown[:k]]
            wanted *= 4

    def _is_shown(self, word: int) -> bool:
        """Return whether to propose a word: a document has it, and it can drive no terminal."""
        if word not in self._is_live:
            self._is_live[word] = self._is_printable_and_live(word)
        return self._is_live[word]

    def _is_printable_and_live(self, word: int) -> bool:
        if not self._words.vocabulary.terms[word].isprintable():
            return False
        terms = [(f, self._words.term(word, f)) for f in self._snapshot.schema.of_type(TextField)]
        found = [(field, term) for field, term in terms if term is not None]
        return not found or any(self._has(field, term) for field, term in found)  # or a stop word

    def _has(self, field: str, term: str) -> bool:
        """Return whether a live document has a term in a field."""
        return not self._deletions or any(_df(view, field, term) for view in self._views)


def _lies_in(token: Token, spans: Iterable[Span]) -> bool:
    return any(start < token.end and token.start < end for start, end in spans)


def _df(view: SegmentView, field: str, term: str) -> int:
    number = view.segment.text(field).terms.find(term)
    return 0 if number is None else view.df(field, number)


def _prefix(merged: MergedWords, node: Prefix, fields: Sequence[str]) -> _Found:
    """Yield the words that begin like this, the most frequent first."""
    found = merged.vocabulary.prefix(node.text)
    numbers = found.start + np.flatnonzero(merged.fields(slice(found.start, found.stop), fields))
    by_rank = np.argsort(-merged.vocabulary.frequencies[numbers], kind="stable")
    return ((number, 1.0) for number in numbers[by_rank].tolist())


def _fuzzy(merged: MergedWords, node: Fuzzy) -> _Found:
    """Yield the words near this one, the nearest first."""
    terms, size = merged.vocabulary.terms, len(node.text)
    for number, distance in merged.vocabulary.fuzzy(node.text, node.edits):
        yield number, 1.0 - distance / (1.0 + max(size, len(terms[number])))
