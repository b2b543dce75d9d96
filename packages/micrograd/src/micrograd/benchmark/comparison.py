"""What is compared, one function per group of rows."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd.benchmark.peer import measure
from micrograd.datasets import moons

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = Path(sys.executable)


@dataclass(frozen=True)
class Row:
    """One figure, ours beside the original's, and by what factor ours is better."""

    what: str
    unit: str
    ours: float
    original: float | None = None
    more_is_better: bool = False

    @property
    def factor(self) -> float | None:
        """How many times better ours is; None without an original."""
        if self.original is None:
            return None
        return (self.ours / self.original) if self.more_is_better else (self.original / self.ours)


def demo_request(seed: int) -> dict[str, Any]:
    """Return 100 moons, and weights as the original draws them: uniform in [-1, 1], biases 0."""
    rng = random.Random(seed)
    data = moons(100, seed=seed)
    neurons = [2] * 16 + [16] * 16 + [16]
    weights = [x for n in neurons for x in (*(rng.uniform(-1.0, 1.0) for _ in range(n)), 0.0)]
    signs = [2 * k - 1 for k in data.classes]
    return {"points": data.points, "signs": signs, "weights": weights}


def demo_rows(
    peer: Path | None, *, steps: int, shipped_steps: int, seed: int, advance: Callable[[], None]
) -> list[Row]:
    """Compare the demo step: as shipped, with the collector off, and the loss after all steps.

    The original as shipped gets slower with every step, as its garbage piles up: the fewer
    `shipped_steps`, the better it looks.
    """
    request = demo_request(seed)
    ours = measure(OURS, "demo_with_our_library", steps=steps, collector=True, **request)
    advance()
    same = measure(OURS, "demo", steps=steps, collector=True, **request)
    advance()
    shipped: dict[str, float] = {}
    off: dict[str, float] = {}
    if peer is not None:
        shipped = measure(peer, "demo", steps=shipped_steps, collector=True, **request)
        advance()
        off = measure(peer, "demo", steps=steps, collector=False, **request)
        advance()
    rows = []
    for name, ms in (("demo step", ours["ms"]), ("demo step, same source", same["ms"])):
        rows.append(Row(name, "ms", ms, shipped.get("ms")))
        if off:
            rows.append(Row(f"{name}, its collector off", "ms", ms, off["ms"]))
    return [*rows, Row(f"loss after {steps} steps", "", ours["loss"], off.get("loss"))]


def chain_rows(peer: Path | None, *, length: int, advance: Callable[[], None]) -> list[Row]:
    """Compare depth, time and memory of a chain ``x = x + 1``."""
    ours = measure(OURS, "chain", length=length)
    advance()
    bytes_ours = measure(OURS, "memory", length=100_000)["bytes"]
    deepest = bytes_peer = None
    if peer is not None:
        deepest = measure(peer, "deepest_chain", length=10_000)["links"]
        bytes_peer = measure(peer, "memory", length=100_000)["bytes"]
    advance()
    return [
        Row(f"chain of {length:,}, forward", "s", ours["forward_s"]),
        Row(f"chain of {length:,}, backward", "s", ours["backward_s"]),
        Row("longest chain backward() survives", "links", length, deepest, more_is_better=True),
        Row("memory of a node", "bytes", bytes_ours, bytes_peer),
    ]
