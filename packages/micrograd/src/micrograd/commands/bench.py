"""``micrograd bench``: the engine beside the original micrograd, measured in the same run."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass

from micrograd.benchmark.comparison import Row, chain_rows, demo_rows
from micrograd.benchmark.peer import PEER, peer_environment
from micrograd.console import print_json, print_table, progress
from micrograd.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure this package beside micrograd 0.1.0, which is installed into a temporary environment.

    The demo step is one forward pass, backward pass and update of MLP(2, [16, 16, 1]) on all of 100
    moons, with the max-margin loss. Times are CPU times, of steps the median.
    Example: micrograd bench --no-peer
    """

    steps: int = 100
    """Demo steps, of ours and of the original with the cycle collector off."""
    shipped_steps: int = 5
    """Demo steps of the original as shipped, about a second each, and more with every step."""
    chain: int = 1_000_000
    """Length of the chain x = x + 1."""
    peer: bool = True
    """Measure the original too, which needs access to PyPI."""
    seed: int = 0
    """Of the data and the initial weights."""
    json: bool = False
    """Print one JSON object instead of the table."""

    def __post_init__(self) -> None:
        if min(self.steps, self.shipped_steps, self.chain) < 1:
            raise InputError(
                "steps, shipped steps and chain must be at least 1, got "
                f"{self.steps}, {self.shipped_steps} and {self.chain}"
            )


def run(config: Bench) -> int:
    """Measure, and print one row per figure."""
    with (
        progress("measuring", 8 if config.peer else 4) as advance,
        peer_environment() if config.peer else nullcontext() as peer,
    ):
        rows = demo_rows(
            peer,
            steps=config.steps,
            shipped_steps=config.shipped_steps,
            seed=config.seed,
            advance=advance,
        )
        rows += chain_rows(peer, length=config.chain, advance=advance)
    if config.json:
        print_json({"rows": [{**asdict(row), "factor": row.factor} for row in rows]})
    else:
        print_table(["", "unit", "ours", PEER.replace("==", " "), "factor"], [*map(_texts, rows)])
    return 0


def _texts(row: Row) -> list[str]:
    digits = {"": ".15f", "links": ",.0f", "bytes": ",.0f"}.get(row.unit, ".2f")
    ours = [row.what, row.unit, f"{row.ours:{digits}}"]
    if row.original is None or row.factor is None:
        return [*ours, "", ""]
    difference = f"differ by {abs(row.ours - row.original):.1e}"
    return [*ours, f"{row.original:{digits}}", f"{row.factor:,.1f}x" if row.unit else difference]
