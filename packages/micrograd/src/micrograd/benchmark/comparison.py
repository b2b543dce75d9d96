"""What is compared, one function per group of rows."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from micrograd.benchmark.peer import measure
from micrograd.datasets import moons

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = Path(sys.executable)
_NODES_WEIGHED = 20_000


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

    Each figure is the median of the steps' CPU times. Ours are timed before and after the peer's,
    so that both sides see the same machine. The original as shipped gets slower with every step, as
    its garbage piles up: the fewer `shipped_steps`, the better it looks.
    """
    request = {"steps": steps, "collector": True, **demo_request(seed)}

    def run(python: Path, workload: str, **changes: Any) -> dict[str, Any]:
        result = measure(python, workload, **{**request, **changes})
        advance()
        return result

    ours = [run(OURS, "demo_with_our_library")]
    same = [run(OURS, "demo")]
    shipped: list[float] = []
    off: dict[str, Any] = {}
    if peer is not None:
        shipped = run(peer, "demo", steps=shipped_steps)["ms"]
        off = run(peer, "demo", collector=False)
        ours.append(run(OURS, "demo_with_our_library"))
        same.append(run(OURS, "demo"))
    rows = []
    for name, both in (("demo step", ours), ("demo step, same source", same)):
        ms = median([x for one in both for x in one["ms"]])
        rows.append(Row(name, "ms", ms, median(shipped) if shipped else None))
        if off:
            rows.append(Row(f"{name}, its collector off", "ms", ms, median(off["ms"])))
    return [*rows, Row(f"loss after {steps} steps", "", ours[0]["loss"], off.get("loss"))]


def chain_rows(peer: Path | None, *, length: int, advance: Callable[[], None]) -> list[Row]:
    """Compare depth, time and memory of a chain ``x = x + 1``."""
    ours = measure(OURS, "chain", length=length)
    advance()
    bytes_ours = measure(OURS, "memory", length=_NODES_WEIGHED)["bytes"]
    deepest = bytes_peer = None
    if peer is not None:
        deepest = measure(peer, "deepest_chain", length=10_000)["links"]
        bytes_peer = measure(peer, "memory", length=_NODES_WEIGHED)["bytes"]
    advance()
    return [
        Row(f"chain of {length:,}, forward", "s", ours["forward_s"]),
        Row(f"chain of {length:,}, backward", "s", ours["backward_s"]),
        Row("longest chain backward() survives", "links", length, deepest, more_is_better=True),
        Row("memory of a node", "bytes", bytes_ours, bytes_peer),
    ]
