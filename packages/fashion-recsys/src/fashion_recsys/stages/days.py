"""Splits in the parameters of stages, which hold what JSON can hold."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fashion_recsys.split import TimeSplit


def split_params(split: TimeSplit) -> dict[str, str]:
    """Return a split as parameters."""
    return {
        "train_start": split.train_start.isoformat(),
        "as_of": split.as_of.isoformat(),
        "test_end": split.test_end.isoformat(),
    }


def split_of(params: Mapping[str, Any]) -> TimeSplit:
    """Return the split that ``split_params`` wrote."""
    days = (params[name] for name in ("train_start", "as_of", "test_end"))
    return TimeSplit(*map(date.fromisoformat, days))
