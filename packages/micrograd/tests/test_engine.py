"""The engine's own promises: what a node keeps, what backward does, what is left behind."""

import contextlib
import copy
import gc
import math
import pickle
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd import (
    Value,
    ValueTypeError,
    dot,
    grad,
    hessian_vector,
    linear,
    maximum,
    no_grad,
    sum_values,
)
from micrograd.engine import graph_nodes


def test_a_node_shows_its_operation_operands_and_local_gradients() -> None:
    a, b = Value(2.0), Value(5.0)
    y = a * b
    assert (y.op, y.operands, y.local_gradients) == ("*", (a, b), (5.0, 2.0))
    assert (a.op, a.operands, a.local_gradients) == ("", (), ())


def test_a_neuron_shows_weights_inputs_and_bias() -> None:
    w, x, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], Value(5.0)
    y = dot(w, x, b)
    assert (y.op, y.data) == ("dot", 1 * 3 + 2 * 4 + 5)
    assert all(p is q for p, q in zip(y.operands, (*w, *x, b), strict=True))
    assert y.local_gradients == (3.0, 4.0, 1.0, 2.0, 1.0)
    assert dot(w, x).local_gradients == (3.0, 4.0, 1.0, 2.0)


def test_weights_given_as_a_list_may_change_later() -> None:
    weights, x = [Value(2.0)], Value(3.0)
    (y,) = linear([(weights, None)], [x])
    (w,) = weights
    weights.clear()
    y.backward()
    assert (w.grad, x.grad) == (3.0, 2.0)


def test_a_neuron_that_relu_cut_off_passes_nothing_not_even_nan() -> None:
    w, x, b = Value(1.0), Value(-2.0), Value(0.5)
    (y,) = linear([((w,), b)], [x], relu=True)
    z = y.log()
    z.backward()
    assert (z.data, y.grad) == (-math.inf, math.inf)
    assert (w.grad, x.grad, b.grad) == (0.0, 0.0, 0.0)


def test_an_exponent_that_is_a_number_takes_no_gradient() -> None:
    y = Value(-2.0) ** 2
    y.backward()
    assert y.operands[1].data == 2.0
    assert y.operands[1].grad == 0.0


def test_gradients_sum_over_all_paths() -> None:
    x = Value(3.0)
    y = x + x + x * x
    y.backward()
    assert x.grad == 1 + 1 + 2 * 3.0


def test_backward_on_a_leaf_adds_one() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_zero_grad_clears_the_whole_graph() -> None:
    x, w = Value(3.0), Value(2.0)
    y = dot([w], [x]).tanh()
    y.backward()
    y.zero_grad()
    assert [node.grad for node in graph_nodes(y)] == [0.0] * 4


def test_setting_data_changes_no_node_that_was_made() -> None:
    w, x = Value(2.0), Value(3.0)
    y = dot([w], [x])
    w.data = 100.0
    y.backward()
    assert (y.data, x.grad) == (6.0, 2.0)


def test_graph_nodes_come_newest_first_and_once() -> None:
    x = Value(1.0)
    a, b = x.exp(), x.sin()
    y = a * b
    order = graph_nodes(y)
    assert order[0] is y
    assert order[-1] is x
    assert len(order) == 4


def test_no_grad_makes_leaves_and_ends_with_its_block() -> None:
    x = Value(2.0)
    with no_grad():
        y = x * 3
    assert (y.data, y.operands) == (6.0, ())
    with contextlib.suppress(KeyError), no_grad():
        raise KeyError
    assert (x * 3).operands[0] is x


def test_no_grad_is_a_matter_of_one_thread() -> None:
    made: list[Value] = []
    with no_grad():
        thread = threading.Thread(target=lambda: made.append(Value(1.0) * 2))
        thread.start()
        thread.join()
    assert made[0].op == "*"


def test_detach_stops_the_gradient() -> None:
    x = Value(3.0, "x")
    y = x * x.detach()
    y.backward()
    assert x.grad == 3.0


def test_a_step_leaves_nothing_for_the_cycle_collector() -> None:
    xs = [Value(0.5) for _ in range(20)]
    gc.collect()
    gc.disable()
    try:
        y = sum_values(linear([(tuple(xs), xs[0])] * 5, xs, relu=True)) ** 2
        y = maximum(y, 1) / 3 + y.gelu()
        y.backward()
        (slope,) = grad(y, xs[:1], create_graph=True)
        slope.backward()
        del y, slope
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_comparisons_and_truth_are_those_of_the_numbers() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert a <= 1
    assert b > 1.5
    assert b >= a
    assert a == 1
    assert a != b
    assert not Value(0.0)
    assert max(a, b) is b
    assert len({Value(1.0), Value(1.0)}) == 2
    assert float(b) == 2.0
    assert not Value(math.nan) <= Value(math.nan)
    assert a != "1"


@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), Fraction(2)])
def test_any_real_number_mixes_with_values(number: Any) -> None:
    x = Value(3.0)
    for y, expected in [
        (x + number, 5.0),
        (number - x, -1.0),
        (number * x, 6.0),
        (x / number, 1.5),
    ]:
        assert isinstance(y, Value)
        assert y.data == expected
    assert (number**x).data == 8.0
    assert Value(number).data.__class__ is float


@pytest.mark.parametrize("wrong", ["1", None, 1j, [1.0], np.ones(2)])
def test_what_is_no_real_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueTypeError, match="expected a real number, got"):
        Value(wrong)
    for mix in (lambda a, b: a + b, lambda a, b: b * a, lambda a, b: a**b, lambda a, b: a < b):
        with pytest.raises(TypeError):
            mix(Value(1.0), wrong)


def test_sums_of_nothing_and_of_numbers() -> None:
    assert sum_values([]).data == 0.0
    assert sum_values([1, Value(2.0)]).data == 3.0
    assert dot([], []).data == 0.0
    assert sum([Value(1.0), Value(2.0)]).data == 3.0


def test_a_deep_graph_can_be_pickled_and_copied_and_shares_what_was_shared() -> None:
    first = x = Value(0.0)
    for _ in range(20_000):
        x = x + 1
    first2, x2 = pickle.loads(pickle.dumps((first, x)))
    first3, x3 = copy.deepcopy((first, x))
    for start, end in ((first2, x2), (first3, x3)):
        (end * 2).backward()
        assert (start.grad, end.data) == (2.0, 20_000.0)
    assert first.grad == 0.0


def test_pickling_keeps_neurons_whole() -> None:
    w, x = Value(2.0), Value(3.0)
    y = pickle.loads(pickle.dumps(dot([w], [x])))
    assert (y.op, y.local_gradients, [v.data for v in y.operands]) == (
        "dot",
        (3.0, 2.0),
        [2.0, 3.0],
    )


def test_grad_touches_no_grad_attribute_and_is_zero_where_nothing_depends() -> None:
    x, other = Value(3.0), Value(4.0)
    y = x * x
    assert [g.data for g in grad(y, [x, other, y])] == [6.0, 0.0, 1.0]
    assert (x.grad, y.grad) == (0.0, 0.0)
    assert grad(y, [x])[0].operands == ()


def test_gradients_of_gradients_to_the_fifth_order() -> None:
    x = y = Value(1.5)
    y = x**5
    for expected in (5 * 1.5**4, 20 * 1.5**3, 60 * 1.5**2, 120 * 1.5, 120.0):
        (y,) = grad(y, [x], create_graph=True)
        assert y.data == pytest.approx(expected, rel=1e-14)


def test_hessian_times_vector() -> None:
    x, y = Value(2.0), Value(3.0)
    # f = x**2 * y has the Hessian [[2y, 2x], [2x, 0]].
    assert hessian_vector(x**2 * y, [x, y], [1.0, 10.0]) == [2 * 3 + 10 * 2 * 2, 2 * 2]
