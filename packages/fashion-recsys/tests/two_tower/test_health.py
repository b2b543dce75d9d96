"""The alarm for collapse."""

import numpy as np
import pytest

from fashion_recsys.errors import CollapseError
from fashion_recsys.two_tower.health import alarm, check_collapse, measure_spread


def units(n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_spread_is_the_deviation_of_cosines() -> None:
    customers, articles = units(5, 0), units(7, 1)
    cosines = np.array([[float(c @ a) for a in articles] for c in customers])
    spread = measure_spread(customers, articles)
    assert spread.mean == pytest.approx(cosines.mean())
    assert spread.over_customers == pytest.approx(np.mean([c.std() for c in cosines.T]), rel=1e-5)
    assert spread.over_articles == pytest.approx(np.mean([c.std() for c in cosines]), rel=1e-5)
    assert not spread.collapsed
    check_collapse(spread)
    assert alarm(spread, loss=5.0, popularity_loss=6.0) is None


@pytest.mark.parametrize("side", ["customers", "articles"])
def test_one_side_of_equal_vectors_raises(side: str) -> None:
    sides = {"customers": units(5, 0), "articles": units(7, 1)}
    sides[side][:] = sides[side][0] + 1e-3 * units(len(sides[side]), 3)
    spread = measure_spread(**sides)
    assert spread.collapsed
    with pytest.raises(CollapseError, match=r"collapsed: cosines vary by .* lower --learning-rate"):
        check_collapse(spread)
    assert "collapsed" in str(alarm(spread, loss=5.0, popularity_loss=6.0))


@pytest.mark.parametrize("loss", [6.0, 6.1, float("nan")])
def test_a_loss_no_lower_than_popularity_is_told(loss: float) -> None:
    found = alarm(measure_spread(units(5, 0), units(7, 1)), loss, 6.0)
    assert found == "the loss is not below that of popularity alone"


def test_a_single_customer_is_no_collapse() -> None:
    assert not measure_spread(units(1, 0), units(7, 1)).collapsed
