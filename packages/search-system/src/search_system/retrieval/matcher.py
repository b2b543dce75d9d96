"""Run rewritten queries over a snapshot.

A query is planned once (`search_system.retrieval.plan`) and then run in one of two ways:

- by the scoring kernels, which skip what cannot be among the k best, if all that scores are terms:
  conditions become a mask, and those from filters are kept, so that a filter costs almost nothing
  when it comes again;
- else densely: every segment gets a mask and an array of scores, added up with NumPy in some
  nanoseconds per posting and per document: phrases, ranges that score, pages after the first.

Both give the same scores to the last bit. A plain list of words does not even need a plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.query import ast
from search_system.query.ast import Query
from search_system.retrieval.evaluation import Evaluation, Mask, Scores
from search_system.retrieval.explanation import Explainer, Explanation
from search_system.retrieval.keyword_ranks import RankTables
from search_system.retrieval.masks import MaskCache
from search_system.retrieval.plan import (
    AnyOf,
    Expand,
    Group,
    Node,
    Planner,
    ScoredTerm,
)
from search_system.scoring.kernels.dense import offer_all
from search_system.scoring.kernels.heap import sort_best
from search_system.scoring.merging import Term
from search_system.scoring.scorer import Scorer
from search_system.store.snapshot import Snapshot


class Found(NamedTuple):
    """The best documents of a query."""

    numbers: NDArray[np.int64]
    """Best first; equal scores go by number, ascending. Numbers count through the segments."""
    scores: NDArray[np.float64]
    total: int | None
    """How many documents match; None if the kernels skipped some, as `Matcher.count` does not."""


@dataclass(frozen=True, slots=True)
class _Kernel:
    """A plan that the scoring kernels can run: terms of which one must match, and conditions."""

    terms: Mapping[Term, float]
    required: tuple[Node, ...]
    excluded: tuple[Node, ...]


class Matcher:
    """Queries over one snapshot; safe for use by several threads.

    Args:
        snapshot: the index at one moment.
        scorer: over the snapshot's segments in their order.
        expand: what prefixes and fuzzy words of text fields stand for.
    """

    def __init__(self, snapshot: Snapshot, scorer: Scorer, expand: Expand) -> None:
        self.snapshot = snapshot
        self.scorer = scorer
        self._planner = Planner(snapshot.schema, scorer.parameters, expand)
        self.ranks = RankTables(snapshot)
        """The values of keyword fields in order, for sorting and counting."""
        self._kept = MaskCache()

    def matches(self, query: Query) -> list[Mask]:
        """Return which documents match, a mask (n_docs,) per segment, without deleted ones."""
        plan = self._planner.plan(query)
        return [self._live(e, e.mask(plan)) for e in self._evaluations()]

    def scores(self, query: Query) -> tuple[list[Mask], list[Scores]]:
        """Return which documents match and their scores, per segment; 0 where none matches."""
        return self._dense(self._planner.plan(query))

    def search(
        self,
        query: Query,
        k: int,
        after: tuple[float, int] | None = None,
    ) -> Found:
        """Return the k best documents.

        Args:
            query: its leaves are index terms.
            k: how many documents, at least 1.
            after: score and number of a document; only those that come behind it are returned.

        Raises:
            OptionError: k is below 1, or the query asks for fields that there are not.
        """
        if k < 1:
            raise OptionError(f"k must be a whole number from 1 up, not {k}")
        if after is None and (terms := _plain_words(query)) is not None:
            return self._best(_Kernel(terms, (), ()), k)
        plan = self._planner.plan(query)
        kernel = _kernel(plan) if after is None else None
        if kernel is None:
            return self._best_densely(plan, k, after)
        return self._best(kernel, k)

    def count(self, query: Query) -> int:
        """Return how many documents match; that reads all postings, which `search` need not."""
        return sum(int(np.count_nonzero(mask)) for mask in self.matches(query))

    def explain(self, query: Query, number: int) -> Explanation:
        """Return how a document's score comes about; it equals `search`'s to the last bit.

        Raises:
            OptionError: there is no such document.
        """
        bases = self.scorer.bases
        if not 0 <= number < bases[-1]:
            raise OptionError(f"no document number {number}; there are {bases[-1]}")
        place = int(np.searchsorted(bases, number, side="right")) - 1
        evaluation = self._evaluations()[place]
        plan = self._planner.plan(query)
        return Explainer(self.scorer, evaluation, number - bases[place], number)(plan)

    def _evaluations(self) -> list[Evaluation]:
        schema = self.snapshot.schema
        return [
            Evaluation(view.segment, place, schema, self.scorer, self._kept)
            for place, view in enumerate(self.snapshot.views)
        ]

    def _live(self, evaluation: Evaluation, mask: Mask) -> Mask:
        deleted = self.snapshot.views[evaluation.place].deleted
        return mask.copy() if deleted is None else mask & ~deleted

    def _dense(self, plan: Group) -> tuple[list[Mask], list[Scores]]:
        evaluations = self._evaluations()
        masks = [self._live(e, e.mask(plan)) for e in evaluations]
        scores = [e.scores(plan) for e in evaluations]
        for its_scores, mask, view in zip(scores, masks, self.snapshot.views, strict=True):
            if view.n_deleted:
                np.multiply(its_scores, mask, out=its_scores)
        return masks, scores

    def _best(self, kernel: _Kernel, k: int) -> Found:
        allowed = None
        if kernel.required or kernel.excluded:
            evaluations = self._evaluations()
            allowed = [e.all_of(kernel.required, kernel.excluded) for e in evaluations]
        numbers, scores = self.scorer.search(kernel.terms, k, allowed)
        return Found(numbers, scores, len(numbers) if len(numbers) < k else None)

    def _best_densely(self, plan: Group, k: int, after: tuple[float, int] | None) -> Found:
        masks, scores = self._dense(plan)
        total = sum(int(np.count_nonzero(mask)) for mask in masks)
        k = min(k, total)
        best, numbers, size = np.empty(k), np.empty(k, np.int64), 0
        behind = after or (np.inf, -1)
        for mask, its_scores, base in zip(masks, scores, self.scorer.bases, strict=False):
            if k:
                size = offer_all(mask, its_scores, base, *behind, best, numbers, size)
        sort_best(best, numbers, size)
        return Found(numbers[:size], best[:size], total)


def _plain_words(query: Query) -> dict[Term, float] | None:
    """Return the terms of a query that is a plain list of words, with their weights, or None.

    It says what `Planner.plan` would, in a microsecond.
    """
    if isinstance(query, ast.Term):
        return None if query.field else {query.text: 1.0}
    if not isinstance(query, ast.Bool) or query.must or query.must_not or query.filter:
        return None
    terms: dict[Term, float] = {}
    for clause in query.should:
        if not isinstance(clause, ast.Term) or clause.field:
            return None
        terms[clause.text] = terms.get(clause.text, 0.0) + 1.0
    return terms


def _kernel(plan: Group) -> _Kernel | None:
    """Return what the scoring kernels need to run a plan, or None if they cannot.

    They find documents with at least one of the terms. So each match must have one: some condition
    has to ask for terms that all count. If it asks for any of all, they fulfil it by themselves.
    """
    if plan.others or not plan.terms:
        return None
    asked = [(node, _terms_of(node)) for node in plan.required]
    if not any(terms and terms <= plan.terms.keys() for _, terms in asked):
        return None
    required = tuple(node for node, terms in asked if terms != plan.terms.keys())
    return _Kernel(plan.terms, required, plan.excluded)


def _terms_of(node: Node) -> set[Term]:
    """Return the terms of a condition that asks for one of some terms; of others, none."""
    members = node.members if isinstance(node, AnyOf) else (node,)
    terms = [member.term for member in members if isinstance(member, ScoredTerm)]
    return set(terms) if len(terms) == len(members) else set()
