"""Why a document has its score where several signals make it: words, meaning, whatever comes.

Each signal ranks documents by values of its own. They are normalised within the query, weighted and
added::

    score = sum of weight * normalized, signal by signal, in their order

A signal may itself be made of others, so an explanation is a tree. Its numbers are computed by what
computes the scores of a search, and equal them to the last bit.
"""

from dataclasses import dataclass
from typing import TypeAlias

from search_system.fusion import Scale
from search_system.retrieval.explanation import Explanation


@dataclass(frozen=True, slots=True)
class SignalExplanation:
    """What one signal adds to a document's score, or why it adds nothing."""

    name: str
    value: float | None
    """The document's value in the signal's own terms, such as a cosine; None if it has none."""
    score: float
    """What is added to the score above: ``weight * normalized``, or the value if not normalised."""
    scale: Scale | None = None
    """How values are normalised within the query; None if they are not."""
    normalized: float | None = None
    """The normalised value; that of a missing document where the ranking lacks this one."""
    weight: float = 1.0
    parts: tuple["SignalExplanation", ...] = ()
    """The signals that make the value: the sum of their scores, added in this order."""
    words: Explanation | None = None
    """Where the value is a score by words: how it comes about, clause by clause."""
    note: str = ""
    """Why the signal's ranking lacks the document; empty if it does not."""


ScoreExplanation: TypeAlias = Explanation | SignalExplanation
"""How a score by words comes about, or one that is made of signals."""
