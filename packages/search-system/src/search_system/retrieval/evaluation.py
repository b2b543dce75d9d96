"""Evaluate a plan densely over one segment: a mask and a score for each of its documents.

Parts are added in one order, that of the plan: first a group's terms, then its other clauses. So
scores are reproducible even where sums of float64 are no longer exact (from 2^13 up), and they are
what `search_system.retrieval.explanation` adds up.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from search_system.retrieval.columns import leaf_mask
from search_system.retrieval.masks import MaskCache
from search_system.retrieval.phrases import phrase_docs
from search_system.retrieval.plan import (
    AnyOf,
    Condition,
    Constant,
    Group,
    Node,
    ScoredPhrase,
    ScoredTerm,
)
from search_system.schema import IndexSchema
from search_system.scoring.kernels.dense import add_parts, mark
from search_system.scoring.scorer import Scorer
from search_system.segments.reader import Segment

Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One query in one segment. Masks may have deleted documents, and are not to be written to."""

    segment: Segment
    place: int
    """Of the segment in the snapshot."""
    schema: IndexSchema
    scorer: Scorer
    kept: MaskCache
    _masks: dict[int, Mask] = field(default_factory=dict)
    """Of this query's nodes by identity: a group's mask is needed for its score, too."""

    def mask(self, node: Node) -> Mask:
        """Return which documents match a node, shape (n_docs,)."""
        found = self._masks.get(id(node))
        if found is None:
            found = self._masks[id(node)] = self._make_mask(node)
        return found

    def _make_mask(self, node: Node) -> Mask:
        match node:
            case ScoredTerm():
                return self.any_of((node,))
            case AnyOf(members):
                return self.any_of(members)
            case Group():
                return self.all_of(node.required, node.excluded)
            case Condition(inner):
                return self.kept.get((self.place, node), lambda: self.mask(inner))
            case Constant(leaf):
                key = self.place, leaf
                return self.kept.get(key, lambda: leaf_mask(self.segment, self.schema, leaf))
            case ScoredPhrase(phrase):
                return self.kept.get((self.place, phrase), lambda: self._phrase_mask(node))

    def any_of(self, nodes: tuple[Node, ...]) -> Mask:
        """Return which documents match at least one of some nodes."""
        mask = np.zeros(self.segment.n_docs, np.bool_)
        for node in nodes:
            if isinstance(node, ScoredTerm):
                mark(self.scorer.postings(node.term, node.weight)[self.place][0], mask)
            else:
                mask |= self.mask(node)
        return mask

    def all_of(self, required: tuple[Node, ...], excluded: tuple[Node, ...]) -> Mask:
        """Return which documents match all of the first nodes and none of the second."""
        if len(required) == 1 and not excluded:
            return self.mask(required[0])
        mask = np.ones(self.segment.n_docs, np.bool_)
        for node in required:
            mask &= self.mask(node)
        for node in excluded:
            mask &= ~self.mask(node)
        return mask

    def _phrase_mask(self, node: ScoredPhrase) -> Mask:
        mask = np.zeros(self.segment.n_docs, np.bool_)
        for name in node.fields:
            mask[phrase_docs(self.segment.text(name), node.query)] = True
        return mask

    def scores(self, node: Node) -> Scores:
        """Return the scores of the documents that match a node, shape (n_docs,); 0 elsewhere."""
        scores: Scores = np.zeros(self.segment.n_docs)
        if isinstance(node, Constant):
            scores += node.score
        if isinstance(node, Group | ScoredPhrase):
            for term, weight in node.terms.items():
                docs, parts = self.scorer.postings(term, weight)[self.place]
                add_parts(docs, parts, scores)
        if isinstance(node, Group):
            for clause in node.others:
                scores += self.scores(clause)
        scores *= self.mask(node)
        return scores
