import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from micrograd import MLP, SGD, Module, Value, dot, linear, maximum, sum_values
from micrograd.compiler import FlatParameters
from micrograd.compiler import compile as compile_function
from micrograd.datasets import moons
from micrograd.errors import InputError, ShapeError, TraceError, ValueTypeError
from micrograd.losses import bce_with_logits, cross_entropy, l2, mse, svm_max_margin
from micrograd.nn import Activation

ALPHA = 1e-4


def svm(model: Any, x: Any, y: Any) -> Any:
    return (1.0 - y * model(x)).relu() + ALPHA * l2(model.parameters())


def points() -> tuple[Any, Any]:
    data = moons(40)
    return np.array(data.points), 2.0 * np.array(data.classes) - 1.0


def eager_step(model: MLP, x: Any, y: Any) -> tuple[float, list[float]]:
    outputs = [model(point) for point in x.tolist()]
    loss = svm_max_margin(outputs, y.astype(int).tolist()) + ALPHA * l2(model.parameters())
    model.zero_grad()
    loss.backward()
    return loss.data, [p.grad for p in model.parameters()]


def test_the_demo_takes_the_same_course_as_the_eager_engine() -> None:
    x, y = points()
    loss = compile_function(svm, batched=("x", "y"))
    eager, model, flat = (MLP(2, [16, 16, 1], seed=3) for _ in range(3))
    optimizers = [SGD(m.parameters(), lr=0.5) for m in (eager, model)]
    numbers = FlatParameters(flat)
    for _ in range(100):
        expected, _ = eager_step(eager, x, y)
        optimizers[0].step()
        optimizers[1].zero_grad()
        assert loss.backward(model, x, y) == pytest.approx(expected, rel=1e-12)
        optimizers[1].step()
        value, gradients = loss.value_and_grad(numbers, x, y)
        assert value == pytest.approx(expected, rel=1e-12)
        numbers.numbers -= 0.5 * gradients["model"]
    numbers.store()
    for trained in (model, flat):
        assert list(trained.state_dict().values()) == pytest.approx(
            list(eager.state_dict().values()), rel=1e-11, abs=1e-13
        )


@pytest.mark.parametrize(
    "activation", ["linear", "relu", "leaky_relu", "gelu", "softplus", "tanh", "sigmoid"]
)
def test_every_activation_compiles(activation: Activation) -> None:
    x, y = points()
    model = MLP(2, [5, 4, 1], activation, seed=1)
    expected, slopes = eager_step(model, x, y)
    loss = compile_function(svm, batched=("x", "y"))
    value, gradients = loss.value_and_grad(model, x, y)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradients["model"].tolist() == pytest.approx(slopes, rel=1e-12, abs=1e-15)


def test_a_loop_over_points_becomes_the_same_matrix_products() -> None:
    x, y = points()
    model = MLP(2, [8, 8, 1], seed=1)
    expected, slopes = eager_step(model, x, y)

    @compile_function
    def whole(model: Any) -> Any:
        outputs = [model(point) for point in x.tolist()]
        return svm_max_margin(outputs, y.astype(int).tolist()) + ALPHA * l2(model.parameters())

    value, gradients = whole.value_and_grad(model)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradients["model"].tolist() == pytest.approx(slopes, rel=1e-12, abs=1e-15)
    assert whole.source.count(" @ ") == 8  # forward 3, weights 3, inputs of all but the first 2


def test_every_loss_compiles() -> None:
    data = moons(30)
    losses: list[tuple[int, Callable[[Any], Value]]] = [
        (1, lambda outputs: bce_with_logits(outputs, data.classes)),
        (1, lambda outputs: mse(outputs, [0.5 * k for k in data.classes])),
        (2, lambda outputs: cross_entropy(outputs, data.classes)),
    ]
    for n_out, loss in losses:
        model = MLP(2, [4, n_out], seed=2)
        expected = loss([model(point) for point in data.points])
        expected.backward()

        def whole(m: Any, *, loss: Any = loss) -> Any:
            return loss([m(point) for point in data.points])

        value, gradients = compile_function(whole).value_and_grad(model)
        assert value == pytest.approx(expected.data, rel=1e-12)
        slopes = [p.grad for p in model.parameters()]
        assert gradients["m"].tolist() == pytest.approx(slopes, rel=1e-12, abs=1e-15)


def test_the_source_shows_layers_as_matrix_products() -> None:
    x, y = points()
    loss = compile_function(svm, batched=("x", "y"))
    loss(MLP(2, [16, 16, 1]), x, y)
    assert "layer2 = maximum(W2 @ layer1 + b2, 0.0)" in loss.source
    assert "d_layer1 = W2.T @ d_layer2" in loss.source
    assert len(loss.source.splitlines()) < 50


def test_tracing_leaves_nothing_in_the_module() -> None:
    x, y = points()
    model = MLP(2, [3, 1])
    before = [(id(p), p.data, p.grad, type(p)) for p in model.parameters()]
    compile_function(svm, batched=("x", "y"))(model, x, y)
    assert [(id(p), p.data, p.grad, type(p)) for p in model.parameters()] == before


def test_another_module_is_traced_again_even_of_the_same_shape() -> None:
    x, y = points()
    loss = compile_function(svm, batched=("x", "y"))
    for activation in ("relu", "tanh", "relu"):
        model = MLP(2, [3, 1], activation, seed=5)
        assert loss(model, x, y) == pytest.approx(eager_step(model, x, y)[0], rel=1e-12)


def test_tied_parameters_take_both_gradients() -> None:
    class Tied(Module):
        def __init__(self) -> None:
            self.a = Value(3.0)
            self.b = self.a

    model = Tied()
    square = compile_function(lambda model: model.a * model.b)
    value, gradients = square.value_and_grad(model)
    assert (value, gradients["model"].tolist()) == (9.0, [6.0])
    square.backward(model)
    assert model.a.grad == 6.0


@pytest.mark.parametrize(
    ("reduce", "value", "by_w"),
    [
        ("mean", (4 + 8) / 2, [(1 + 3) / 2 + 1, (2 + 4) / 2]),
        ("sum", 4 + 8, [1 + 3 + 2, 2 + 4]),
        ("none", [4, 8], [1 + 3 + 2, 2 + 4]),
    ],
)
def test_reductions(reduce: Any, value: Any, by_w: list[float]) -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    f = compile_function(lambda w, x: dot(w, x) + w[0], batched="x", reduce=reduce)
    ours, gradients = f.value_and_grad([Value(1.0), Value(1.0)], x)
    assert np.array_equal(ours, np.array(value))
    assert gradients["w"].tolist() == by_w


@pytest.mark.parametrize(("reduce", "value"), [("mean", 6.0), ("sum", 18.0), ("none", [6.0] * 3)])
def test_a_value_that_does_not_depend_on_the_batch(reduce: Any, value: Any) -> None:
    f = compile_function(lambda w, x: w * 2.0, batched="x", reduce=reduce)  # noqa: ARG005  # on purpose
    ours, gradients = f.value_and_grad(3.0, np.ones(3))
    assert np.array_equal(ours, np.array(value))
    assert gradients["w"] == (2.0 if reduce == "mean" else 6.0)


def test_gradients_have_the_shapes_of_the_arguments() -> None:
    f = compile_function(
        lambda a, b, c, x: a * b[1] * c[0][1] * x[1][0],
        batched="x",
        wrt=("a", "b", "c", "x"),
        reduce="none",
    )
    x = np.arange(12.0).reshape(3, 2, 2)
    value, gradients = f.value_and_grad(2.0, (1.0, Value(3.0)), np.ones((2, 2)), x)
    assert value.tolist() == (6.0 * x[:, 1, 0]).tolist()
    assert gradients["a"] == 3.0 * x[:, 1, 0].sum()
    assert gradients["b"].tolist() == [0.0, 2.0 * x[:, 1, 0].sum()]
    assert gradients["c"].tolist() == [[0.0, 6.0 * x[:, 1, 0].sum()], [0.0, 0.0]]
    assert gradients["x"].tolist() == [[[0.0, 0.0], [6.0, 0.0]]] * 3


def test_results_are_nobody_elses_memory() -> None:
    x = np.array([1.0, 2.0])
    f = compile_function(lambda x: x, batched="x", reduce="none")
    value, gradients = f.value_and_grad(x)
    value[:] = gradients["x"][:] = 7.0
    again, slopes = f.value_and_grad(x)
    assert (x.tolist(), again.tolist(), slopes["x"].tolist()) == ([1, 2], [1, 2], [1, 1])


def test_an_output_that_is_a_constant() -> None:
    f = compile_function(lambda w: Value(2.0) * 3.0)  # noqa: ARG005  # on purpose
    assert f.value_and_grad([1.0, 2.0])[0] == 6.0
    assert f.value_and_grad([1.0, 2.0])[1]["w"].tolist() == [0.0, 0.0]


def test_detach_stops_the_gradient() -> None:
    f = compile_function(lambda w: w * w.detach())
    assert f.value_and_grad(3.0) == (9.0, {"w": 3.0})


def test_float32_lists_and_integers_are_converted() -> None:
    f = compile_function(lambda w, x: w * x, batched="x")
    for x in (np.array([1, 2], np.float32), np.array([1, 2]), [1, 2], (True, 2.0)):
        value, gradients = f.value_and_grad(np.float32(0.5), x)
        assert (value, gradients["w"]) == (0.75, 1.5)


def test_keywords_and_defaults() -> None:
    def f(w: Any, scale: Any = 2.0) -> Any:
        return w * scale

    compiled = compile_function(f)
    assert compiled(scale=3.0, w=4.0) == 12.0
    assert compiled(4.0) == 8.0


def test_a_partial_function_sets_what_is_no_number() -> None:
    def f(w: Any, name: str) -> Any:
        return getattr(w, name)()

    assert compile_function(functools.partial(f, name="exp"))(0.0) == 1.0


def test_empty_sums_and_products() -> None:
    f = compile_function(lambda w: sum_values([]) + dot([], [], w) + w)
    assert f.value_and_grad(2.0) == (4.0, {"w": 2.0})


def test_threads_share_a_function() -> None:
    f = compile_function(lambda w, x: (w * x).exp(), batched="x")
    results: list[tuple[int, float]] = []

    def work(k: int) -> None:
        results.extend((k, f(0.1 * k, np.full(50, 0.5))) for _ in range(50))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 200
    for k, value in results:
        assert value == pytest.approx(np.exp(0.05 * k), rel=1e-14)


def test_a_cut_off_neuron_passes_nothing_on_even_where_its_input_is_infinite() -> None:
    f = compile_function(
        lambda w, x: sum_values(linear([((w[0],), None), ((w[1],), None)], [x], relu=True)),
        batched="x",
        wrt=("w", "x"),
        reduce="none",
    )
    value, gradients = f.value_and_grad([-1.0, -2.0], [np.inf, -3.0])
    assert value.tolist() == [0.0, 3.0 + 6.0]
    assert gradients["w"].tolist() == [-3.0, -3.0]
    assert gradients["x"].tolist() == [0.0, -1.0 - 2.0]


# --- branches ------------------------------------------------------------------------------------


def test_rows_that_would_take_another_branch_are_refused() -> None:
    def f(w: Any, x: Any) -> Any:
        if x[0] > 0.5:
            return w * x[1]
        return w

    compiled = compile_function(f, batched="x")
    assert compiled(2.0, [[1.0, 3.0], [0.75, 5.0]]) == 8.0
    with pytest.raises(TraceError, match=r"in row 1: `if x\[0\] > 0.5:` .*0.25 > 0.5, which was T"):
        compiled(2.0, [[1.0, 3.0], [0.25, 5.0]])
    with pytest.raises(TraceError, match=r"in row 0.*nan > 0.5"):
        compiled(2.0, [[np.nan, 3.0]])


@pytest.mark.parametrize(
    ("branch", "other"),
    [
        (lambda v: v * 2.0 if v else v, 0.0),
        (lambda v: v * 2.0 if not v < 1.0 else v, 0.5),
        (lambda v: v * 2.0 if v == 3.0 else v, 4.0),
        (lambda v: v * 2.0 if v != 4.0 else v, 4.0),
        (lambda v: v * 2.0 if v >= 3.0 else v, 2.0),
        (lambda v: v * 2.0 if Value(5.0) > v else v, 6.0),
        (lambda v: v * 2.0 if v * 0.5 <= v else v, -1.0),
        (lambda v: max(v * 2.0, v + 1.0), 0.5),
    ],
)
def test_every_comparison_is_a_branch(branch: Callable[[Any], Any], other: float) -> None:
    compiled = compile_function(branch)
    assert compiled(3.0) == 6.0
    with pytest.raises(TraceError, match="another branch with these numbers"):
        compiled(other)


def test_kinks_are_no_branches() -> None:
    compiled = compile_function(lambda x: maximum(x, 0.0) + x.relu(), batched="x", reduce="none")
    assert compiled([-1.0, 2.0]).tolist() == [0.0, 4.0]


SCALE = Value(2.0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda v: v * v.data, r"reading \.data"),
        (lambda v: v * float(v), r"float\(\)"),
        (lambda v: v * SCALE, "not among its arguments"),
        (lambda v: v * (SCALE * 2.0), "not among its arguments"),
        (lambda v: (v, v), "must return one Value"),
        (lambda v: (v * v).backward(), "taking a gradient"),
        (lambda v: setattr(v, "data", 3.0), r"setting \.data"),
    ],
)
def test_what_would_freeze_a_number_is_refused(function: Any, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        compile_function(function)(3.0)


def test_no_grad_and_grad_are_refused() -> None:
    from micrograd import grad, no_grad

    def frozen(v: Any) -> Any:
        with no_grad():
            half = v * 0.5
        return v * half

    with pytest.raises(TraceError, match=r"under no_grad\(\).*half = v \* 0.5"):
        compile_function(frozen)(3.0)
    with pytest.raises(TraceError, match="taking a gradient"):
        compile_function(lambda v: grad(v.exp(), [v], create_graph=True)[0])(3.0)


# --- bad arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((0, 2)), ShapeError, "at least one row"),
        (1.0, ShapeError, "one row per sample"),
        ([[1.0, 2.0], [3.0]], ShapeError, "rows of one length"),
        ([["a", "b"]], ValueTypeError, "array of numbers"),
        (np.zeros((4, 3)), ShapeError, "expected 2 inputs, one per weight, got 3"),
        (np.zeros((4, 2)), ShapeError, "differ in their number of rows: {'x': 4, 'y': 5}"),
    ],
)
def test_bad_batches(x: Any, error: type[Exception], message: str) -> None:
    loss = compile_function(svm, batched=("x", "y"))
    y = np.ones(4 if "one per weight" in message else 5)
    y = y[:0] if message == "at least one row" else y
    with pytest.raises(error, match=message.replace("{", r"\{")):
        loss(MLP(2, [3, 1]), x, y)


def test_bad_flat_parameters() -> None:
    loss = compile_function(lambda model: l2(model.parameters()))
    flat = FlatParameters(MLP(2, [3, 1]))
    flat.numbers = flat.numbers[1:]
    with pytest.raises(ShapeError, match=r"expected shape \(13,\), got \(12,\)"):
        loss(flat)


def test_bad_settings() -> None:
    with pytest.raises(InputError, match="no argument 'z'; it has model, x, y"):
        compile_function(svm, batched="z")
    with pytest.raises(InputError, match="mean, sum or none"):
        compile_function(svm, reduce="max")  # type: ignore[call-overload]  # what a user may pass
    with pytest.raises(InputError, match=r"\*xs"):
        compile_function(lambda *xs: xs[0])
    with pytest.raises(ValueTypeError, match=r"functools\.partial"):
        compile_function(svm)(MLP(2, [1]), [1.0, 2.0], "relu")
    with pytest.raises(TraceError, match="when it is first called"):
        _ = compile_function(svm).source
    with pytest.raises(TypeError):
        compile_function(svm)(MLP(2, [1]))
