"""What the report shows, as plain data: a pipeline makes it from saved JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import Ledger


@dataclass(frozen=True)
class FeatureGain:
    """A feature of the ranker and its share (0 to 1) of the gain of all splits."""

    name: str
    share: float


@dataclass(frozen=True)
class Ablation:
    """MAP@12 lost by a ranker that was trained without a group of features."""

    features: str
    loss: Estimate


@dataclass(frozen=True)
class StageCost:
    """What a stage of the pipeline needed."""

    stage: str
    seconds: float
    peak_mib: float | None = None
    rows: int | None = None
    """Rows that it made or ranked."""


@dataclass(frozen=True)
class Report:
    """Everything on the page; what is empty is left out."""

    title: str
    ledgers: Sequence[Ledger]
    """One per test period, at least one; the latest one is the headline."""
    importance: Sequence[FeatureGain] = ()
    ablations: Sequence[Ablation] = ()
    costs: Sequence[StageCost] = ()
    notes: Sequence[str] = ()
    """Lines on how this was made, such as the command and the data."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: the page's figures for programs."""
        return asdict(self) | {"ledgers": [ledger.as_dict() for ledger in self.ledgers]}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Report":
        """Return the report of ``as_dict``, also after a round trip through JSON."""
        return cls(
            title=plain["title"],
            ledgers=[Ledger.from_dict(ledger) for ledger in plain["ledgers"]],
            importance=[FeatureGain(**row) for row in plain["importance"]],
            ablations=[
                Ablation(row["features"], Estimate(**row["loss"])) for row in plain["ablations"]
            ],
            costs=[StageCost(**row) for row in plain["costs"]],
            notes=plain["notes"],
        )

    @property
    def periods(self) -> list[Ledger]:
        """The ledgers in the order of their days."""
        return sorted(self.ledgers, key=lambda ledger: ledger.as_of)

    @property
    def latest(self) -> Ledger:
        """The ledger of the last test period."""
        return self.periods[-1]
