"""A multi-stage recommender for fashion: from raw CSV files to a measured ranking.

The names below are the public surface. They are imported when they are first used, since polars
takes half a second to import and the command line answers ``--help`` without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fashion_recsys.errors import (
    CollapseError,
    DatasetError,
    FashionRecsysError,
    InputError,
    NotFittedError,
    OutputError,
    SettingError,
    SplitError,
    StageError,
)

if TYPE_CHECKING:
    from fashion_recsys.ann.index import AnnIndex
    from fashion_recsys.candidates.attributes import Attributes
    from fashion_recsys.candidates.best_sellers import BestSellers
    from fashion_recsys.candidates.bought_together import BoughtTogether
    from fashion_recsys.candidates.budgets import Budgets
    from fashion_recsys.candidates.defaults import default_sources
    from fashion_recsys.candidates.fusion import fuse, in_turn
    from fashion_recsys.candidates.own_purchases import OwnPurchases
    from fashion_recsys.candidates.pool import CandidatePool
    from fashion_recsys.candidates.product_variants import ProductVariants
    from fashion_recsys.candidates.source import CandidateSource
    from fashion_recsys.candidates.taste import TasteBestSellers
    from fashion_recsys.candidates.two_tower import TwoTowerSource
    from fashion_recsys.dataset import Dataset
    from fashion_recsys.evaluation.builder import LedgerBuilder
    from fashion_recsys.evaluation.evaluate import Evaluation, Ranking, Score, evaluate
    from fashion_recsys.evaluation.ledger import Ledger
    from fashion_recsys.evaluation.period import Period
    from fashion_recsys.ingestion.ingest import ingest
    from fashion_recsys.ingestion.report import IngestReport
    from fashion_recsys.ingestion.shop import ingest_log
    from fashion_recsys.ranking.features.builder import FeatureBuilder
    from fashion_recsys.ranking.ranker import Ranker, TrainingPeriod, train_ranker
    from fashion_recsys.ranking.rules import Rules
    from fashion_recsys.ranking.settings import RankerSettings, RuleSettings
    from fashion_recsys.split import TimeSplit
    from fashion_recsys.stages.finished import FinishedRun
    from fashion_recsys.submission.validate import validate_submission
    from fashion_recsys.submission.write import write_submission
    from fashion_recsys.synth.generate import generate
    from fashion_recsys.two_tower.settings import TwoTowerSettings
    from fashion_recsys.two_tower.train import train_two_tower

_HOMES = {
    "AnnIndex": "ann.index",
    "Attributes": "candidates.attributes",
    "BestSellers": "candidates.best_sellers",
    "BoughtTogether": "candidates.bought_together",
    "Budgets": "candidates.budgets",
    "CandidatePool": "candidates.pool",
    "CandidateSource": "candidates.source",
    "Dataset": "dataset",
    "Evaluation": "evaluation.evaluate",
    "FeatureBuilder": "ranking.features.builder",
    "FinishedRun": "stages.finished",
    "IngestReport": "ingestion.report",
    "Ledger": "evaluation.ledger",
    "LedgerBuilder": "evaluation.builder",
    "OwnPurchases": "candidates.own_purchases",
    "Period": "evaluation.period",
    "ProductVariants": "candidates.product_variants",
    "Ranker": "ranking.ranker",
    "RankerSettings": "ranking.settings",
    "Ranking": "evaluation.evaluate",
    "RuleSettings": "ranking.settings",
    "Rules": "ranking.rules",
    "Score": "evaluation.evaluate",
    "TasteBestSellers": "candidates.taste",
    "TimeSplit": "split",
    "TrainingPeriod": "ranking.ranker",
    "TwoTowerSettings": "two_tower.settings",
    "TwoTowerSource": "candidates.two_tower",
    "default_sources": "candidates.defaults",
    "evaluate": "evaluation.evaluate",
    "fuse": "candidates.fusion",
    "generate": "synth.generate",
    "in_turn": "candidates.fusion",
    "ingest": "ingestion.ingest",
    "ingest_log": "ingestion.shop",
    "train_ranker": "ranking.ranker",
    "train_two_tower": "two_tower.train",
    "validate_submission": "submission.validate",
    "write_submission": "submission.write",
}

__all__ = [
    "AnnIndex",
    "Attributes",
    "BestSellers",
    "BoughtTogether",
    "Budgets",
    "CandidatePool",
    "CandidateSource",
    "CollapseError",
    "Dataset",
    "DatasetError",
    "Evaluation",
    "FashionRecsysError",
    "FeatureBuilder",
    "FinishedRun",
    "IngestReport",
    "InputError",
    "Ledger",
    "LedgerBuilder",
    "NotFittedError",
    "OutputError",
    "OwnPurchases",
    "Period",
    "ProductVariants",
    "Ranker",
    "RankerSettings",
    "Ranking",
    "RuleSettings",
    "Rules",
    "Score",
    "SettingError",
    "SplitError",
    "StageError",
    "TasteBestSellers",
    "TimeSplit",
    "TrainingPeriod",
    "TwoTowerSettings",
    "TwoTowerSource",
    "default_sources",
    "evaluate",
    "fuse",
    "generate",
    "in_turn",
    "ingest",
    "ingest_log",
    "train_ranker",
    "train_two_tower",
    "validate_submission",
    "write_submission",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fashion_recsys' has no attribute {name!r}")
    return getattr(import_module(f"fashion_recsys.{_HOMES[name]}"), name)
