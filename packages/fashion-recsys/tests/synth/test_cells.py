"""Cells draw by the day's shares, and tastes do not bend them."""

import numpy as np
import pytest

from fashion_recsys.synth.cells import Cells

CELL = np.array([1, 0, 1, 3, 0, 1])  # Cell 2 is empty.
SHARE = np.array([0.1, 0.2, 0.0, 0.3, 0.1, 0.3])


def cells(usual: np.ndarray) -> Cells:
    made = Cells(CELL, 4, usual)
    made.update(SHARE)
    return made


def test_shares_of_cells() -> None:
    assert cells(SHARE).share == pytest.approx([0.2 + 0.1, 0.1 + 0.0 + 0.3, 0.0, 0.3])
    assert cells(np.full(6, 1 / 6)).usual == pytest.approx([2 / 6, 3 / 6, 0.0, 1 / 6])


def test_draws_follow_the_shares_inside_the_cell() -> None:
    rng = np.random.default_rng(0)
    drawn = cells(SHARE).draw(np.full(20_000, 1), rng.random(20_000))
    counts = np.bincount(drawn, minlength=6) / 20_000
    assert counts == pytest.approx([0.1 / 0.4, 0, 0.0, 0, 0, 0.3 / 0.4], abs=0.02)
    ends = cells(SHARE).draw(np.array([0, 1, 3]), np.array([0.0, np.nextafter(1.0, 0), 0.5]))
    assert ends.tolist() == [1, 5, 3]


def test_fulfilled_wishes_follow_the_shares_of_the_day() -> None:
    rng = np.random.default_rng(0)
    usual = np.array([0.1, 0.2, 0.1, 0.2, 0.2, 0.2])
    made = cells(usual)
    wished = rng.choice(4, 200_000, p=made.usual)
    fulfilled = wished[made.accept(wished, rng.random(200_000))]
    found = np.bincount(fulfilled, minlength=4) / len(fulfilled)
    # Cell 3 sells 1.5 times as much as usual, the most that is allowed for.
    assert found == pytest.approx(made.share, abs=0.01)


def test_an_empty_cell_is_never_accepted() -> None:
    assert not cells(SHARE).accept(np.array([2, 2]), np.array([0.0, 0.5])).any()
