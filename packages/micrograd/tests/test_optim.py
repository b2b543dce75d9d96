import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from micrograd import SGD, Adam, InputError, Value
from micrograd.optim import SCHEDULES, Optimizer

CASES: list[tuple[Callable[..., Optimizer], Callable[..., Any], dict[str, Any]]] = [
    (SGD, torch.optim.SGD, {"lr": 0.002}),
    (SGD, torch.optim.SGD, {"lr": 0.002, "momentum": 0.9}),
    (SGD, torch.optim.SGD, {"lr": 0.002, "momentum": 0.9, "weight_decay": 0.1}),
    (Adam, torch.optim.Adam, {}),
    (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("ours", "theirs", "arguments"), CASES)
def test_thirty_steps_equal_pytorch(
    ours: Callable[..., Optimizer], theirs: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    xs = [Value(1.5), Value(-0.5)]
    ts = [torch.tensor(x.data, dtype=torch.float64, requires_grad=True) for x in xs]
    optimizer, reference = ours(xs, **arguments), theirs(ts, **arguments)
    for _ in range(30):
        for step, (a, b) in ((optimizer, xs), (reference, ts)):
            step.zero_grad()
            ((1 - a) ** 2 + 10 * (b - a**2) ** 2).backward()
            step.step()
        assert [x.data for x in xs] == pytest.approx([t.item() for t in ts], rel=1e-12, abs=1e-12)


def test_schedules_at_their_ends() -> None:
    ends = {name: (schedule(0.0), schedule(1.0)) for name, schedule in SCHEDULES.items()}
    assert ends["constant"] == (1.0, 1.0)
    assert ends["linear"] == (1.0, pytest.approx(0.1))
    assert ends["cosine"] == (1.0, 0.0)
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("arguments", [{"lr": 0.0}, {"lr": -1.0}, {"lr": math.nan}])
def test_a_learning_rate_that_is_not_positive_is_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected lr > 0"):
        SGD([Value(1.0)], **arguments)


def test_negative_weight_decay_is_refused() -> None:
    with pytest.raises(InputError, match="weight_decay >= 0"):
        Adam([Value(1.0)], weight_decay=-1.0)
