"""Choose the best of a list of settings, and say what the choice is worth by cross-validation.

Each setting is evaluated once, on all queries: a setting's scores do not depend on the fold, so
choosing for a fold is a mean over a part of a table. That is all that k1, b, field weights and
fusion need; what trains a model calls `cross_validate` itself.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from search_system.errors import OptionError
from search_system.evaluation.cross_validation import CrossValidation, Fold, cross_validate

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class GridSearch(Generic[S]):
    """What each setting scores on all queries, and the gain to expect from choosing the best."""

    best: S
    """The best on all queries: the setting to use."""
    means: tuple[tuple[S, float], ...]
    """Each setting's mean over all queries. The best of these is too good to be true: it was
    chosen for it. `cross_validation` has the honest figure."""
    cross_validation: CrossValidation[S]


def grid_search(
    settings: Iterable[S],
    evaluate: Callable[[S], Mapping[str, float]],
    folds: int = 5,
    seed: int = 0,
) -> GridSearch[S]:
    """Evaluate settings, the first of which is the baseline; equal means keep the earlier one.

    ``evaluate`` returns one value per query, for the same queries whatever the setting.

    Raises:
        OptionError: there is no setting, the queries differ between settings, or are too few.
    """
    tried: list[S] = list(settings)
    if not tried:
        raise OptionError("expected at least one setting to try, found none")
    table = [dict(evaluate(setting)) for setting in tried]
    for setting, values in zip(tried, table, strict=True):
        if values.keys() != table[0].keys():
            raise OptionError(f"expected the same queries for each setting; {setting} has others")

    def best_on(queries: Sequence[str]) -> int:
        totals = [math.fsum(values[query_id] for query_id in queries) for values in table]
        return totals.index(max(totals))

    chosen = cross_validate(
        table[0], best_on, lambda number, queries: {q: table[number][q] for q in queries},
        folds, seed,
    )  # fmt: skip
    return GridSearch(
        best=tried[best_on(list(table[0]))],
        means=tuple(
            (setting, math.fsum(values.values()) / len(values))
            for setting, values in zip(tried, table, strict=True)
        ),
        cross_validation=_named(chosen, tried),
    )


def _named(chosen: CrossValidation[int], settings: Sequence[S]) -> CrossValidation[S]:
    """Put the settings themselves in the place of their numbers."""
    folds = tuple(Fold(fold.queries, settings[fold.setting]) for fold in chosen.folds)
    return CrossValidation(folds, chosen.by_query, chosen.gain)
