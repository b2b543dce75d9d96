"""A multi-stage recommender for fashion: from raw CSV files to a measured ranking.

The names below are the public surface. They are imported when they are first used, since polars
takes half a second to import and the command line answers ``--help`` without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fashion_recsys.errors import (
    DatasetError,
    FashionRecsysError,
    InputError,
    NotFittedError,
    OutputError,
    SettingError,
    SplitError,
)

if TYPE_CHECKING:
    from fashion_recsys.candidates.best_sellers import BestSellers
    from fashion_recsys.candidates.fusion import in_turn
    from fashion_recsys.candidates.own_purchases import OwnPurchases
    from fashion_recsys.candidates.source import CandidateSource
    from fashion_recsys.dataset import Dataset
    from fashion_recsys.evaluation.evaluate import Evaluation, Ranking, Score, evaluate
    from fashion_recsys.ingestion.ingest import ingest
    from fashion_recsys.ingestion.report import IngestReport
    from fashion_recsys.split import TimeSplit
    from fashion_recsys.synth.generate import generate

_HOMES = {
    "BestSellers": "candidates.best_sellers",
    "CandidateSource": "candidates.source",
    "Dataset": "dataset",
    "Evaluation": "evaluation.evaluate",
    "IngestReport": "ingestion.report",
    "OwnPurchases": "candidates.own_purchases",
    "Ranking": "evaluation.evaluate",
    "Score": "evaluation.evaluate",
    "TimeSplit": "split",
    "evaluate": "evaluation.evaluate",
    "generate": "synth.generate",
    "in_turn": "candidates.fusion",
    "ingest": "ingestion.ingest",
}

__all__ = [
    "BestSellers",
    "CandidateSource",
    "Dataset",
    "DatasetError",
    "Evaluation",
    "FashionRecsysError",
    "IngestReport",
    "InputError",
    "NotFittedError",
    "OutputError",
    "OwnPurchases",
    "Ranking",
    "Score",
    "SettingError",
    "SplitError",
    "TimeSplit",
    "evaluate",
    "generate",
    "in_turn",
    "ingest",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fashion_recsys' has no attribute {name!r}")
    return getattr(import_module(f"fashion_recsys.{_HOMES[name]}"), name)
