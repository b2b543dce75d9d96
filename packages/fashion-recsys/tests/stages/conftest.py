"""A small shop and one finished run on it, shared by the tests of the stages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_recsys import generate
from fashion_recsys.cli import main

QUICK = [
    "--test-days", "3",
    "--test-periods", "1",
    "--train-periods", "1",
    "--two-tower.dim", "16",
    "--two-tower.epochs", "1",
    "--two-tower.max-examples", "3000",
    "--two-tower.uniform-negatives", "256",
    "--ranker.models", "1",
    "--ranker.min-data-in-leaf", "20",
    "--budgets.best-sellers-by-taste", "30",
    "--budgets.bought-together", "30",
    "--budgets.two-tower", "30",
]  # fmt: skip


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the raw files of a shop of 6,000 customers."""
    out = tmp_path_factory.mktemp("small-shop") / "raw"
    generate(out, customers=6_000, articles=1_500, days=21, seed=3)
    return out


@pytest.fixture(scope="session")
def run_command(small_shop: Path) -> Callable[[Path], list[str]]:
    """Return a function that makes the arguments of a quick run into a folder."""

    def command(out: Path) -> list[str]:
        return ["run", "--data", str(small_shop), "--out", str(out), *QUICK]

    return command


@pytest.fixture(scope="session")
def finished_run(
    run_command: Callable[[Path], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the folder of a finished run."""
    out = tmp_path_factory.mktemp("finished") / "run"
    main(run_command(out))
    return out
