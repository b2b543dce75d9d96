"""Intervals and tests against SciPy and brute force."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import Estimate, OptionError, compare
from search_system.evaluation import comparison as comparison_module
from search_system.evaluation.comparison import randomisation_p
from search_system.evaluation.student_t import quantile, two_sided_p

differences = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.2, 0.5]) | st.floats(-1, 1))


def by_enumeration(values: list[float]) -> float:
    """Count all sign patterns, as the test is defined."""
    reached = abs(math.fsum(values)) - 1e-9 * math.fsum(map(abs, values))
    sums = [
        abs(math.fsum(sign * value for sign, value in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    return sum(total >= reached for total in sums) / len(sums)


@settings(max_examples=60, deadline=None)
@given(differences.filter(lambda values: len(values) <= 9))
def test_randomisation_is_exact_for_few_queries(values: list[float]) -> None:
    assert randomisation_p(values) == pytest.approx(by_enumeration(values), abs=1e-12)


def test_randomisation_by_hand() -> None:
    assert randomisation_p([]) == 1
    assert randomisation_p([0.0, 0.0]) == 1
    assert randomisation_p([0.3]) == 1
    assert randomisation_p([0.1, 0.2, 0.3, 0.0]) == 2 / 2**3
    assert randomisation_p([-0.1] * 10) == 2 / 2**10


def test_drawn_patterns_agree_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.05 * (place % 7) - 0.11 for place in range(16)]
    exact = randomisation_p(values)
    monkeypatch.setattr(comparison_module, "EXACT_UP_TO", 0)
    monkeypatch.setattr(comparison_module, "_CHUNK_CELLS", 1000)
    drawn = randomisation_p(values, seed=1)
    error = math.sqrt(exact * (1 - exact) / comparison_module.SAMPLES)
    assert drawn == pytest.approx(exact, abs=5 * error)
    assert randomisation_p(values, seed=1) == drawn
    assert randomisation_p(values, seed=2) != drawn
    assert randomisation_p([0.1] * 40) == 1 / (1 + comparison_module.SAMPLES)


def test_is_scipys_permutation_test() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    values = [0.3, -0.1, 0.25, 0.0, 0.4, -0.05, 0.1, 0.2]
    expected = stats.permutation_test(
        (values,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", vectorized=True
    )
    assert randomisation_p(values) == pytest.approx(expected.pvalue, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_is_scipys_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    a = {str(place): round(pair[0], 3) for place, pair in enumerate(pairs)}
    b = {str(place): round(pair[1], 3) for place, pair in enumerate(pairs)}
    if len({round(a[q] - b[q], 3) for q in a}) == 1:
        return  # no spread: SciPy warns, and ours has a test of its own
    ours = compare(a, b)
    theirs = stats.ttest_rel(list(a.values()), list(b.values()))
    assert ours.p_t_test == pytest.approx(theirs.pvalue, rel=1e-9)
    interval = theirs.confidence_interval(0.95)
    assert (ours.gain.low, ours.gain.high) == pytest.approx(tuple(interval), rel=1e-9, abs=1e-12)


def test_t_distribution() -> None:
    # Abramowitz and Stegun, table 26.10.
    table = [(1, 12.706), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980)]
    assert [round(quantile(0.95, df), 3) for df, _ in table] == [t for _, t in table]
    assert two_sided_p(0, 3) == 1
    assert two_sided_p(math.inf, 3) == 0
    for df in (1, 2, 7, 1000):
        assert two_sided_p(quantile(0.9, df), df) == pytest.approx(0.1, abs=1e-12)
    assert two_sided_p(1, 1) == pytest.approx(0.5)  # Cauchy's quartiles are -1 and 1


@given(t=st.floats(0, 60), df=st.integers(1, 5000))
def test_t_distribution_is_scipys(t: float, df: int) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    assert two_sided_p(t, df) == pytest.approx(2 * stats.t.sf(t, df), rel=1e-8, abs=1e-14)


def test_estimates() -> None:
    estimate = Estimate.of([0.0, 1.0])
    assert (estimate.n, estimate.mean) == (2, 0.5)
    assert estimate.standard_error == pytest.approx(math.sqrt(0.5 / 2))
    assert estimate.high == pytest.approx(0.5 + 12.706 * 0.5, abs=1e-3)
    assert Estimate.of([0.3]) == Estimate(1, 0.3, None, None, None)
    assert Estimate.of([0.3] * 3).standard_error == 0


def test_compare_counts_wins_losses_and_ties() -> None:
    ours = compare({"a": 1.0, "b": 0.2, "c": 0.5}, {"c": 0.5 + 1e-12, "b": 0.4, "a": 0.5})
    assert (ours.wins, ours.losses, ours.ties) == (1, 1, 1)
    assert ours.differences == pytest.approx({"a": 0.5, "b": -0.2, "c": 0.0})
    assert ours.gain.mean == pytest.approx(0.1)
    assert ours.baseline_mean == pytest.approx(1.4 / 3)
    same = compare({"a": 1.0, "b": 0.2}, {"a": 1.0, "b": 0.2})
    assert (same.ties, same.p_randomisation, same.p_t_test) == (2, 1, 1)
    assert compare({"a": 1.0, "b": 0.5}, {"a": 0.5, "b": 0.0}).p_t_test == 0
    assert compare({"a": 1.0}, {"a": 0.5}).p_t_test is None


def test_compare_wants_the_same_queries() -> None:
    with pytest.raises(OptionError, match="1 are in one of them only, such as 'b'"):
        compare({"a": 1.0, "b": 1.0}, {"a": 1.0})
    with pytest.raises(OptionError, match="at least one query"):
        compare({}, {})
