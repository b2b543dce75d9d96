import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from micrograd import InputError, ShapeError, Value
from micrograd.losses import bce_with_logits, cross_entropy, l2, mse, svm_max_margin

numbers = st.floats(-50, 50).map(lambda x: round(x, 6))
rows = st.lists(numbers, min_size=1, max_size=6)


def assert_same(loss: Value, xs: list[Value], theirs: torch.Tensor, ts: torch.Tensor) -> None:
    loss.backward()
    theirs.backward()
    assert loss.data == pytest.approx(theirs.item(), rel=1e-12, abs=1e-12)
    assert [x.grad for x in xs] == pytest.approx(ts.grad.flatten().tolist(), rel=1e-12, abs=1e-12)


def both(numbers: list[float]) -> tuple[list[Value], torch.Tensor]:
    ts = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    return [Value(x) for x in numbers], ts


@settings(deadline=None, max_examples=30)
@given(rows)
def test_svm_max_margin(scores: list[float]) -> None:
    xs, ts = both(scores)
    signs = [1 if i % 3 else -1 for i in range(len(scores))]
    theirs = (1.0 - torch.tensor(signs) * ts).relu().mean()
    assert_same(svm_max_margin(xs, signs), xs, theirs, ts)


@settings(deadline=None, max_examples=30)
@given(rows)
def test_bce_with_logits(logits: list[float]) -> None:
    xs, ts = both(logits)
    targets = [i % 2 for i in range(len(logits))]
    theirs = functional.binary_cross_entropy_with_logits(
        ts, torch.tensor(targets, dtype=torch.float64)
    )
    assert_same(bce_with_logits(xs, targets), xs, theirs, ts)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=5))
def test_cross_entropy(logits: list[tuple[float, float, float]]) -> None:
    classes = [i % 3 for i in range(len(logits))]
    xs = [[Value(x) for x in row] for row in logits]
    ts = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    theirs = functional.cross_entropy(ts, torch.tensor(classes))
    assert_same(cross_entropy(xs, classes), [x for row in xs for x in row], theirs, ts)


@settings(deadline=None, max_examples=30)
@given(rows)
def test_mse(predictions: list[float]) -> None:
    xs, ts = both(predictions)
    targets = [float(i) for i in range(len(predictions))]
    theirs = functional.mse_loss(ts, torch.tensor(targets, dtype=torch.float64))
    assert_same(mse(xs, targets), xs, theirs, ts)


def test_l2_is_the_sum_of_squares() -> None:
    assert l2([Value(3.0), Value(-4.0)]).data == 9.0 + 16.0


def test_losses_of_huge_outputs_stay_exact() -> None:
    assert bce_with_logits([Value(-1e4)], [1]).data == 1e4
    assert cross_entropy([[Value(1e4), Value(0.0)]], [1]).data == 1e4
    assert cross_entropy([[Value(-1e308), Value(0.0)]], [1]).data == 0.0
    assert math.isnan(mse([Value(math.nan)], [0.0]).data)


def test_wrong_targets_are_refused() -> None:
    x = [Value(1.0)]
    with pytest.raises(InputError, match=r"targets must be among \[-1, 1\], got 0"):
        svm_max_margin(x, [0])
    with pytest.raises(InputError, match=r"targets must be among \[0, 1\], got 2"):
        bce_with_logits(x, [2])
    with pytest.raises(InputError, match=r"targets must be among \[0, 1\], got -1"):
        cross_entropy([[Value(1.0), Value(2.0)]], [-1])
    with pytest.raises(ShapeError, match="1 outputs for 2 targets"):
        mse(x, [1.0, 2.0])
    with pytest.raises(ShapeError, match="empty batch"):
        mse([], [])
