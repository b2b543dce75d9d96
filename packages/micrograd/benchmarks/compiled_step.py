"""The demo step, compiled, beside the same step in NumPy written by hand.

The step is that of micrograd's demo: MLP(2, [16, 16, 1]) with relu, 100 moons in one batch, the
SVM's loss plus 1e-4 times the squares of the parameters, backward, and the update. Both sides run
in this process in alternating blocks; a block's time per step is its total divided by its steps,
and the figure is the median over the blocks. The loss of 100 steps is first compared with that of
the eager engine.

    uv run --package micrograd python packages/micrograd/benchmarks/compiled_step.py
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd import MLP, SGD
from micrograd.compiler import FlatParameters, compile  # noqa: A004  # the function's name
from micrograd.datasets import moons
from micrograd.losses import l2, svm_max_margin

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS, BLOCKS, STEPS_OF_A_BLOCK = 100, 60, 200
ALPHA = 1e-4


@compile(batched=("x", "y"))
def demo_loss(model: MLP, x: Any, y: Any) -> Any:
    """Return the loss of one point; the compiled function takes the mean over all."""
    return (1.0 - y * model(x)).relu() + ALPHA * l2(model.parameters())


class ByHand:
    """The demo step as one writes it in NumPy; weights are (outputs, inputs)."""

    def __init__(self, model: MLP, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x.T.copy(), y[None]
        self.weights = [
            np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])
            for layer in model.layers
        ]
        self.biases = [np.array([[n.bias.data] for n in layer.neurons]) for layer in model.layers]

    def step(self, lr: float) -> float:
        """Move the parameters; return the loss before."""
        (w1, w2, w3), (b1, b2, b3) = self.weights, self.biases
        x, y = self.x, self.y
        h1 = np.maximum(w1 @ x + b1, 0.0)
        h2 = np.maximum(w2 @ h1 + b2, 0.0)
        margin = 1.0 - y * (w3 @ h2 + b3)
        parameters = (w1, b1, w2, b2, w3, b3)
        squares = sum(float(np.vdot(p, p)) for p in parameters)
        loss = np.maximum(margin, 0.0).sum() / y.size + ALPHA * squares

        d3 = (margin > 0.0) * (-y / y.size)
        d2 = (w3.T @ d3) * (h2 > 0.0)
        d1 = (w2.T @ d2) * (h1 > 0.0)
        pairs = ((d1, x), (d2, h1), (d3, h2))
        gradients = [g for d, h in pairs for g in (d @ h.T, d.sum(axis=1, keepdims=True))]
        for p, g in zip(parameters, gradients, strict=True):
            p[:] -= lr * (g + 2.0 * ALPHA * p)
        return float(loss)


class Compiled:
    """The same with the compiled function."""

    def __init__(self, model: MLP, x: np.ndarray, y: np.ndarray) -> None:
        self.flat, self.x, self.y = FlatParameters(model), x, y

    def step(self, lr: float) -> float:
        """Move the parameters; return the loss before."""
        loss, gradients = demo_loss.value_and_grad(self.flat, self.x, self.y)
        self.flat.numbers -= lr * gradients["model"]
        return float(loss)


class Eager:
    """The same with the engine."""

    def __init__(self, model: MLP, x: np.ndarray, y: np.ndarray) -> None:
        self.model, self.points, self.signs = model, x.tolist(), y.astype(int).tolist()
        self.optimizer = SGD(model.parameters(), lr=1.0)

    def step(self, lr: float) -> float:
        """Move the parameters; return the loss before."""
        outputs = [self.model(point) for point in self.points]
        loss = svm_max_margin(outputs, self.signs) + ALPHA * l2(self.optimizer.parameters)
        self.optimizer.lr = lr
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.data


def main() -> None:
    """Print the figures."""
    data = moons(100)
    x, y = np.array(data.points), 2.0 * np.array(data.classes) - 1.0
    sides: dict[str, Callable[..., Any]] = {"eager": Eager, "by hand": ByHand, "compiled": Compiled}
    losses = {name: train(side(MLP(2, [16, 16, 1], seed=1), x, y)) for name, side in sides.items()}
    gap = max(abs(a - b) for a, b in zip(losses["eager"], losses["compiled"], strict=True))
    print(f"loss of {STEPS} steps: {losses['eager'][0]:.6f} to {losses['eager'][-1]:.6f};", end=" ")
    print(f"largest difference between eager and compiled {gap:.1e}")

    runs = {
        name: sides[name](MLP(2, [16, 16, 1], seed=1), x, y) for name in ("by hand", "compiled")
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(BLOCKS):
        for name, run in runs.items():
            times[name].append(seconds_per_step(run))
    hand, ours = (statistics.median(times[name]) for name in runs)
    print(f"by hand  {1e3 * hand:.4f} ms per step")
    print(f"compiled {1e3 * ours:.4f} ms per step: {ours / hand:.2f} times by hand")


def train(run: Any) -> list[float]:
    """Return the losses of the demo's schedule: the learning rate falls from 1.0 to 0.1."""
    return [run.step(1.0 - 0.9 * k / STEPS) for k in range(STEPS)]


def seconds_per_step(run: Any) -> float:
    """Return the mean over a block."""
    begin = time.perf_counter()
    for _ in range(STEPS_OF_A_BLOCK):
        run.step(0.1)
    return (time.perf_counter() - begin) / STEPS_OF_A_BLOCK


if __name__ == "__main__":
    main()
