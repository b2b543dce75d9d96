import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd import InputError, Value, dot, sum_values
from micrograd.checking import Entry, GradcheckReport, gradcheck
from micrograd.operations import OPERATIONS, Operation


@settings(deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6))
def test_a_smooth_function_passes_with_ten_digits(point: list[float]) -> None:
    report = gradcheck(lambda xs: sum_values([x.sin() * x for x in xs]).tanh() + dot(xs, xs), point)
    assert report.passed
    assert report.worst.error < 1e-8
    assert [entry.x for entry in report.entries] == point


def test_a_wrong_derivative_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Operation(lambda x: (math.exp(x), (1.01 * math.exp(x),)), OPERATIONS["exp"].derivatives)
    monkeypatch.setitem(OPERATIONS, "exp", wrong)
    report = gradcheck(lambda xs: xs[0] + xs[1].exp(), [1.0, 2.0])
    assert not report.passed
    assert report.worst.index == 1
    assert "FAILED" in str(report)
    assert "input 1 at 2" in str(report)


def test_nan_never_passes() -> None:
    entries = [Entry(0, 1.0, math.nan, 1.0), Entry(1, 1.0, 1.0, 1.0 + 1e-3)]
    report = GradcheckReport(entries, tolerance=1.0)
    assert report.worst is entries[0]
    assert not report.passed


def test_a_kink_between_the_two_points_fails() -> None:
    assert not gradcheck(lambda xs: xs[0].relu(), [0.0]).passed


def test_nothing_to_check_is_an_error() -> None:
    with pytest.raises(InputError, match="at least one input"):
        gradcheck(lambda _xs: Value(1.0), [])
