"""Networks: a `Module` is a tree of Values and other modules.

Parameters are found by walking a module's attributes. The path that leads to one is its name, such
as ``layers.0.neurons.3.bias``. So a module needs no registration, and two modules have the same
names exactly when they have the same shape.
"""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING, Any, Literal, get_args

from micrograd.engine import Value
from micrograd.errors import InputError, ShapeError
from micrograd.files import read_json, write_text
from micrograd.functions import linear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Activation = Literal["linear", "relu", "leaky_relu", "gelu", "softplus", "tanh", "sigmoid"]
# Factors that keep the spread of a signal through a layer (He et al. 2015 for the relu family,
# Glorot and Bengio 2010 for the others).
_GAINS = {"relu": math.sqrt(2), "leaky_relu": math.sqrt(2), "gelu": math.sqrt(2)}


class Module:
    """Base of everything that has parameters."""

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield (path, parameter) in the order of definition."""
        return _walk("", self)

    def parameters(self) -> list[Value]:
        """Return all parameters in the order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """Return the number of every parameter by its path."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every parameter from a `state_dict`; on an error none is changed.

        Raises:
            ShapeError: `state` does not hold exactly this module's parameters.
            InputError: An entry is no number.
        """
        parameters = dict(self.named_parameters())
        for name in [*parameters, *state]:
            if name not in state or name not in parameters:
                where = "the state" if name in parameters else "the module"
                raise ShapeError(
                    f"the module has {len(parameters)} parameters, the state {len(state)}; "
                    f"{name!r} is missing in {where}: build the module with the saved sizes"
                )
        for name, number in state.items():
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise InputError(f"parameter {name!r} must be a number, got {number!r}")
        for name, parameter in parameters.items():
            parameter.data = float(state[name])


class Neuron(Module):
    """``activation(w · x + b)``; one node of the graph, or two where the activation is not relu."""

    def __init__(self, n_in: int, activation: Activation = "relu", *, rng: random.Random) -> None:
        if n_in < 1:
            raise InputError(f"a neuron needs at least 1 input, got {n_in}")
        bound = _GAINS.get(activation, 1.0) * math.sqrt(3.0 / n_in)
        self.weights = tuple(Value(rng.uniform(-bound, bound)) for _ in range(n_in))
        self.bias = Value(0.0)
        self.activation: Activation = activation

    def __call__(self, inputs: Sequence[Value | float]) -> Value:
        """Map n_in numbers to one."""
        return _activate([self], inputs, self.activation)[0]

    def __repr__(self) -> str:
        return f"{self.activation}({len(self.weights)})"


class Layer(Module):
    """`n_out` neurons that look at the same `n_in` inputs."""

    def __init__(
        self, n_in: int, n_out: int, activation: Activation = "relu", *, rng: random.Random
    ) -> None:
        if n_out < 1:
            raise InputError(f"a layer needs at least 1 neuron, got {n_out}")
        self.neurons = tuple(Neuron(n_in, activation, rng=rng) for _ in range(n_out))
        self.activation: Activation = activation

    def __call__(self, inputs: Sequence[Value | float]) -> tuple[Value, ...]:
        """Map n_in numbers to n_out; a layer of one neuron gives a tuple of one."""
        return _activate(self.neurons, inputs, self.activation)

    def __repr__(self) -> str:
        return f"{len(self.neurons)} x {self.neurons[0]}"


class MLP(Module):
    """A stack of layers, each fed with the outputs of the one before.

    Args:
        n_in: Number of inputs.
        n_outs: Number of neurons of each layer.
        activation: Of the hidden layers, the last one being linear; or one name per layer.
        seed: Weights are uniform, with a spread that suits the activation; biases are 0.

    Raises:
        InputError: A size below 1, an unknown activation, or not one activation per layer.
    """

    def __init__(
        self,
        n_in: int,
        n_outs: Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        *,
        seed: int = 0,
    ) -> None:
        if not n_outs:
            raise InputError("an MLP needs at least 1 layer")
        activations = _per_layer(activation, len(n_outs))
        rng = random.Random(seed)
        sizes = [n_in, *n_outs]
        self.layers = tuple(
            Layer(a, b, act, rng=rng)
            for a, b, act in zip(sizes, sizes[1:], activations, strict=False)
        )

    def __call__(self, inputs: Sequence[Value | float]) -> Any:
        """Map n_in numbers to one Value, or to a tuple where the last layer has several neurons."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs[0] if len(inputs) == 1 else inputs

    def __repr__(self) -> str:
        return f"MLP[{', '.join(map(repr, self.layers))}]"

    def save(self, path: Path) -> None:
        """Write sizes, activations and parameters as JSON."""
        shape = {
            "n_in": len(self.layers[0].neurons[0].weights),
            "n_outs": [len(layer.neurons) for layer in self.layers],
            "activation": [layer.activation for layer in self.layers],
        }
        write_text(path, json.dumps({"mlp": shape, "state": self.state_dict()}, indent=1))

    @classmethod
    def load(cls, path: Path) -> MLP:
        """Read what `save` wrote.

        Raises:
            InputError: The file is missing, or holds something else.
        """
        saved = read_json(path)
        try:
            model = cls(**saved["mlp"])
            model.load_state_dict(saved["state"])
        except (KeyError, TypeError, AttributeError, InputError) as error:
            raise InputError(f"{path} holds no saved MLP: {error}") from error
        return model


def _activate(
    neurons: Sequence[Neuron], inputs: Sequence[Value | float], activation: Activation
) -> tuple[Value, ...]:
    sums = linear([(n.weights, n.bias) for n in neurons], inputs, relu=activation == "relu")
    if activation in {"linear", "relu"}:
        return sums
    return tuple([getattr(x, activation)() for x in sums])


def _per_layer(activation: Activation | Sequence[Activation], n_layers: int) -> list[Activation]:
    names = [activation] * n_layers if isinstance(activation, str) else list(activation)
    for name in names:
        if name not in get_args(Activation):
            known = ", ".join(get_args(Activation))
            raise InputError(f"unknown activation {name!r}; known: {known}")
    if len(names) != n_layers:
        raise InputError(f"{n_layers} layers need one activation each, got {len(names)}")
    return [*names[:-1], "linear"] if isinstance(activation, str) else names


def _walk(path: str, item: object) -> Iterator[tuple[str, Value]]:
    if isinstance(item, Value):
        yield path, item
    elif isinstance(item, (Module, list, tuple, dict)):
        children = vars(item) if isinstance(item, Module) else item
        pairs = children.items() if isinstance(children, dict) else enumerate(children)
        for name, child in pairs:
            yield from _walk(f"{path}.{name}" if path else str(name), child)
