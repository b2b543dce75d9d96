"""The bootstrap: known variances, pairing, and what a seed promises."""

import numpy as np
import pytest

from fashion_recsys.evaluation.bootstrap import Estimate, resample


def test_the_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 2_000)
    found = resample({"mean": (values, np.ones(2_000))}, seed=0)["mean"].estimate()
    error = values.std() / np.sqrt(2_000)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_numerator_and_denominator_are_resampled_together() -> None:
    # Everybody found half of their purchases, so recall is one half whoever is drawn.
    pairs = np.array([2.0, 40.0, 6.0])
    found = resample({"recall": (pairs / 2, pairs)}, seed=0)["recall"].estimate()
    assert found == Estimate(0.5, 0.5, 0.5)


def test_differences_are_paired() -> None:
    generator = np.random.default_rng(1)
    first = generator.random(500)
    ones = np.ones(500)
    found = resample({"a": (first, ones), "b": (first - 0.01, ones)}, seed=0)
    gain = (found["a"] - found["b"]).estimate()
    assert gain.value == pytest.approx(0.01)
    # Unpaired, the interval would be as wide as that of the two means.
    assert gain.high - gain.low < 1e-9


def test_the_replicates_are_those_of_explicit_weights() -> None:
    top, bottom = np.array([1.0, 0.0, 2.0]), np.array([1.0, 1.0, 3.0])
    found = resample({"ratio": (top, bottom)}, seed=7, replicates=50)["ratio"]
    weights = np.random.default_rng(7).poisson(1.0, (50, 3))
    for weight, replicate in zip(weights, found.replicates, strict=True):
        if (weight * bottom).sum():
            assert replicate == pytest.approx((weight * top).sum() / (weight * bottom).sum())
        else:
            assert np.isnan(replicate)


def test_blocks_of_replicates_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ratios = {"mean": (np.arange(10.0), np.ones(10))}
    whole = resample(ratios, seed=3)["mean"]
    monkeypatch.setattr("fashion_recsys.evaluation.bootstrap._BLOCK", 70)
    np.testing.assert_allclose(resample(ratios, seed=3)["mean"].replicates, whole.replicates)


def test_a_single_customer() -> None:
    found = resample({"map": (np.array([0.25]), np.ones(1))}, seed=0)["map"].estimate()
    assert found == Estimate(0.25, 0.25, 0.25)


def test_another_seed_gives_other_replicates() -> None:
    ratios = {"mean": (np.arange(10.0), np.ones(10))}
    one, two = (resample(ratios, seed=seed)["mean"].replicates for seed in (1, 2))
    assert not np.array_equal(one, two)
