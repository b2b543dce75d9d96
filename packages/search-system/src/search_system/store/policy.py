"""Which segments to merge: neighbours of about the same size, ten at a time.

A segment's tier is the power of ten that its live documents reach, and all up to a hundred are in
the lowest. Ten neighbours of one tier become one of the next, smaller ones between them included.
So a document is copied about once per tier, and an index that only grows has at most 9 segments per
tier: 45 for a million documents, and half of that on average. Only neighbours are merged, as
documents then stay in the order in which they were added, whatever the merges: equal scores rank by
it.

A segment that has lost a third of its documents is written anew by itself.
"""

from collections.abc import Sequence

_SMALLEST_TIER = 100
_MOST_DELETED = 1 / 3


def plan_merges(
    sizes: Sequence[int], deleted: Sequence[int] | None = None, factor: int = 10
) -> list[range]:
    """Return groups of neighbouring segments to merge, the smallest tier first; none overlap.

    Args:
        sizes: documents per segment, deleted ones included.
        deleted: how many of them are deleted; none by default.
        factor: how many segments of a tier are merged at once, from 2 up.
    """
    deleted = deleted or [0] * len(sizes)
    tiers = [_tier(size - dead, factor) for size, dead in zip(sizes, deleted, strict=True)]
    free = [True] * len(sizes)
    groups: list[range] = []
    for tier in sorted(set(tiers)):
        for window in _windows(tiers, free, tier):
            for begin in range(window.start, window.stop - factor + 1, factor):
                groups.append(range(begin, begin + factor))
                free[begin : begin + factor] = [False] * factor
    for i, (size, dead) in enumerate(zip(sizes, deleted, strict=True)):
        if free[i] and dead > size * _MOST_DELETED:
            groups.append(range(i, i + 1))
    return groups


def _windows(tiers: Sequence[int], free: Sequence[bool], tier: int) -> list[range]:
    """Return the spans from a tier's first to its last segment between any of higher tiers."""
    windows: list[range] = []
    first = None
    for i, other in enumerate(tiers):
        if not free[i] or other > tier:
            first = None
        elif other == tier and first is None:
            first = i
            windows.append(range(i, i + 1))
        elif other == tier and first is not None:
            windows[-1] = range(first, i + 1)
    return windows


def _tier(size: int, factor: int) -> int:
    tier, limit = 0, _SMALLEST_TIER
    while size > limit:
        tier, limit = tier + 1, limit * factor
    return tier
