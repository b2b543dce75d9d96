"""What a report is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_system.evaluation.comparison import Comparison
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.evaluate import Evaluation


@dataclass(frozen=True)
class AblationRow:
    """One stage of a system: how good it is, and what a query costs."""

    name: str
    by_query: Mapping[str, float]
    """nDCG@10 by query id; each row of a report has the same queries."""
    milliseconds: float
    """Mean time of a query."""

    @property
    def quality(self) -> Estimate:
        """The mean over the queries, with its interval."""
        return Estimate.of(list(self.by_query.values()))


@dataclass(frozen=True)
class Baseline:
    """Another run on the same judgments."""

    name: str
    evaluation: Evaluation
    comparisons: Mapping[str, Comparison]
    """By measure, as `compare_evaluations` returns them."""


@dataclass(frozen=True)
class Report:
    """Everything that the page shows."""

    title: str
    evaluation: Evaluation
    queries: Mapping[str, str]
    """The text of each judged query, by id."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """How it was measured, for the end of the page."""
    baseline: Baseline | None = None
    ablation: Sequence[AblationRow] = ()
    """The stages in the order in which they were added."""
