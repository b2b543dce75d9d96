"""Cross-validation by query: what was tuned, measured on queries that it was not tuned on.

The queries are dealt into folds. For each fold a setting is chosen on all other queries and scored
on the fold, so each query has one value, by a setting that never saw it. Comparing these values
with a baseline's gives a gain that tuning has not made look better than it is.

The folds depend on the seed and on the set of queries, not on its order. They are not stratified:
the measures are continuous and a collection's queries few. The interval treats the chosen settings
as given. It leaves out that other queries would have chosen others, so with few queries look at
`CrossValidation.folds` too: a choice that changes from fold to fold is not to be trusted.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from search_system.errors import OptionError
from search_system.evaluation.comparison import Comparison, compare

S = TypeVar("S")
"""A setting: parameters, weights, or a trained model."""


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """Queries, and the setting chosen without them."""

    queries: tuple[str, ...]
    setting: S


@dataclass(frozen=True, slots=True)
class CrossValidation(Generic[S]):
    """The out-of-fold values of all queries, and their gain over a baseline."""

    folds: tuple[Fold[S], ...]
    by_query: dict[str, float]
    """Each query's value under the setting of its fold."""
    gain: Comparison


def make_folds(queries: Iterable[str], folds: int, seed: int) -> list[tuple[str, ...]]:
    """Deal query ids at random into folds whose sizes differ by one at most.

    Raises:
        OptionError: there are fewer than two folds, or fewer queries than folds.
    """
    ids = sorted(set(queries))
    if not 2 <= folds <= len(ids):
        raise OptionError(
            f"expected from 2 folds to as many as there are queries ({len(ids)}), not {folds}"
        )
    random.Random(seed).shuffle(ids)
    return [tuple(ids[start::folds]) for start in range(folds)]


def cross_validate(
    baseline: Mapping[str, float],
    fit: Callable[[Sequence[str]], S],
    score: Callable[[S, Sequence[str]], Mapping[str, float]],
    folds: int = 5,
    seed: int = 0,
) -> CrossValidation[S]:
    """Choose and score a setting for each fold.

    Args:
        baseline: the value of every query, by id, without tuning; its keys are the queries.
        fit: returns the setting that is best on some queries (it may train a model on them).
        score: returns the values of some queries, by id, under a setting.
        folds: how many times to choose; as many as there are queries leaves out one at a time.
        seed: deals the queries into folds.

    Raises:
        OptionError: the folds do not fit the queries, or ``score`` leaves out a query.
    """
    parts = make_folds(baseline, folds, seed)
    done: list[Fold[S]] = []
    by_query: dict[str, float] = {}
    for part in parts:
        setting = fit([query_id for other in parts if other is not part for query_id in other])
        scores = score(setting, part)
        if missing := [query_id for query_id in part if query_id not in scores]:
            raise OptionError(f"expected a score for each query, found none for '{missing[0]}'")
        by_query |= {query_id: scores[query_id] for query_id in part}
        done.append(Fold(part, setting))
    in_order = {query_id: by_query[query_id] for query_id in baseline}
    return CrossValidation(tuple(done), in_order, compare(in_order, baseline, seed))
