"""Why a document has its score, clause by clause, as a tree whose parts add up exactly."""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

from search_system.query.text import to_text
from search_system.retrieval.evaluation import Evaluation
from search_system.retrieval.plan import AnyOf, Condition, Constant, Group, Node, ScoredPhrase
from search_system.scoring.explanation import TermExplanation
from search_system.scoring.merging import Term
from search_system.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Explanation:
    """A clause's part of a document's score, or why the document does not match it."""

    clause: str
    """As a query string; index terms, not words."""
    matches: bool
    score: float
    """The sum of the parts, added in their order; 0 if the document does not match."""
    parts: tuple["Explanation", ...] = ()
    """The clauses that add to the score. Of a clause that does not match: what it lacks."""
    term: TermExplanation | None = None
    """The factors, where the clause is one term."""


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains the score of one document."""

    scorer: Scorer
    evaluation: Evaluation
    doc: int
    """In its segment."""
    number: int
    """In the snapshot."""

    def __call__(self, plan: Group) -> Explanation:
        """Explain a whole query."""
        live = self.scorer.sources[self.evaluation.place].live
        if live is not None and not live[self.doc]:
            return Explanation(_clause(plan), matches=False, score=0.0)
        return self._node(plan)

    def _matches(self, node: Node) -> bool:
        return bool(self.evaluation.mask(node)[self.doc])

    def _node(self, node: Node) -> Explanation:
        clause = _clause(node)
        if not self._matches(node):
            lacks = tuple(self._lacks(node)) if isinstance(node, Group) else ()
            return Explanation(clause, matches=False, score=0.0, parts=lacks)
        if isinstance(node, Constant):
            return Explanation(clause, matches=True, score=node.score)
        parts: tuple[Explanation, ...] = ()
        if isinstance(node, Group | ScoredPhrase):
            parts += tuple(self._terms(node.terms))
        if isinstance(node, Group):
            parts += tuple(self._node(other) for other in node.others if self._matches(other))
        # Not sum(): from Python 3.12 on it compensates rounding, which NumPy's additions do not.
        score = reduce(operator.add, (part.score for part in parts), 0.0)
        return Explanation(clause, matches=True, score=score, parts=parts)

    def _terms(self, terms: Mapping[Term, float]) -> Iterator[Explanation]:
        for term, weight in terms.items():
            for found in self.scorer.explain({term: weight}, self.number).terms:
                yield Explanation(_term_text(term), matches=True, score=found.part, term=found)

    def _lacks(self, group: Group) -> Iterator[Explanation]:
        """Yield the conditions that a document does not meet."""
        for node in group.required:
            if not self._matches(node):
                yield Explanation(_clause(node), matches=False, score=0.0)
        for node in group.excluded:
            if self._matches(node):
                yield Explanation(f"-({_clause(node)})", matches=False, score=0.0)


def _clause(node: Node) -> str:
    match node:
        case Group(query) | Constant(query) | ScoredPhrase(query):
            return to_text(query)
        case Condition(inner):
            return _clause(inner)
        case AnyOf(members):
            return " ".join(_clause(member) for member in members)
        case _:
            return _term_text(node.term)


def _term_text(term: Term) -> str:
    return term if isinstance(term, str) else f"{','.join(term.fields)}:{term.term}"
