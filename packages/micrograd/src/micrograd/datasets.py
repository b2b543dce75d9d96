"""Small two-dimensional classification problems, with scikit-learn's geometry.

Every generator makes its points without noise first, class after class, and `_finish` adds the
noise and shuffles. `classes` are 0, 1, ..., and points are pairs of floats, roughly within [-2, 2].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from micrograd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Name = Literal["moons", "circles", "spirals", "blobs", "xor"]


@dataclass(frozen=True)
class Dataset:
    """Points of a plane, and the class of each."""

    points: list[tuple[float, float]]
    classes: list[int]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return max(self.classes) + 1

    def take(self, rows: list[int]) -> Dataset:
        """Return the given rows, in their order."""
        return Dataset([self.points[i] for i in rows], [self.classes[i] for i in rows])

    def split(self, share: float, *, seed: int) -> tuple[Dataset, Dataset]:
        """Return (rest, held out), where about `share` of the rows, drawn at random, is held out.

        Raises:
            InputError: One of the two would be empty.
        """
        held_out = round(share * len(self)) if 0.0 < share < 1.0 else 0
        if not 0 < held_out < len(self):
            raise InputError(f"a share of {share} of {len(self)} points leaves one part empty")
        order = np.random.default_rng(seed).permutation(len(self)).tolist()
        return self.take(order[held_out:]), self.take(order[:held_out])

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[Dataset]:
        """Yield all rows once, shuffled, in batches of `size`; the last may be smaller."""
        order = rng.permutation(len(self)).tolist()
        for start in range(0, len(order), size):
            yield self.take(order[start : start + size])


def moons(n: int, *, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles of radius 1 that reach into one another."""
    upper, lower = (np.linspace(0.0, math.pi, part) for part in (n // 2, n - n // 2))
    first = np.stack([np.cos(upper), np.sin(upper)], axis=1)
    second = np.stack([1.0 - np.cos(lower), 0.5 - np.sin(lower)], axis=1)
    return _finish([first, second], noise, seed)


def circles(n: int, *, noise: float = 0.05, seed: int = 0, factor: float = 0.5) -> Dataset:
    """A circle of radius 1 around one of radius `factor`."""
    outer, inner = (
        np.linspace(0.0, 2.0 * math.pi, part, endpoint=False) for part in (n // 2, n - n // 2)
    )
    first = np.stack([np.cos(outer), np.sin(outer)], axis=1)
    second = factor * np.stack([np.cos(inner), np.sin(inner)], axis=1)
    return _finish([first, second], noise, seed)


def spirals(n: int, *, noise: float = 0.05, seed: int = 0, arms: int = 2) -> Dataset:
    """Arms that wind once around the centre, from radius 0.1 to 1.5."""
    parts = []
    for arm, part in enumerate(_parts(n, arms)):
        way = np.linspace(0.0, 1.0, part)
        angle = 2.0 * math.pi * (way + arm / arms)
        radius = 0.1 + 1.4 * way
        parts.append(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return _finish(parts, noise, seed)


def blobs(n: int, *, noise: float = 0.3, seed: int = 0, centers: int = 3) -> Dataset:
    """Round clouds, normally distributed with deviation `noise`, on a circle of radius 1.5."""
    angles = [2.0 * math.pi * k / centers for k in range(centers)]
    parts = [
        np.tile([1.5 * math.cos(angle), 1.5 * math.sin(angle)], (part, 1))
        for angle, part in zip(angles, _parts(n, centers), strict=True)
    ]
    return _finish(parts, noise, seed)


def xor(n: int, *, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Clouds on the corners of a square, opposite corners in one class."""
    corners = [[(-1.0, -1.0), (1.0, 1.0)], [(-1.0, 1.0), (1.0, -1.0)]]
    parts = [
        np.array([corners[k][i % 2] for i in range(part)]) for k, part in enumerate(_parts(n, 2))
    ]
    return _finish(parts, noise, seed)


DATASETS: dict[Name, Callable[..., Dataset]] = {
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "blobs": blobs,
    "xor": xor,
}


def _parts(n: int, k: int) -> list[int]:
    """Split n into k parts that differ by one at most, the smaller first."""
    return [n // k + (i >= k - n % k) for i in range(k)]


def _finish(parts: list[np.ndarray], noise: float, seed: int) -> Dataset:
    if min(map(len, parts)) < 1:
        raise InputError(f"expected at least one point per class ({len(parts)} classes)")
    if not 0.0 <= noise < math.inf:
        raise InputError(f"noise is a standard deviation: expected 0 or more, got {noise}")
    if seed < 0:
        raise InputError(f"a seed cannot be negative, got {seed}")
    rng = np.random.default_rng(seed)
    points = np.concatenate(parts)
    points += noise * rng.standard_normal(points.shape)
    classes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = rng.permutation(len(points))
    return Dataset([(x, y) for x, y in points[order].tolist()], classes[order].tolist())
