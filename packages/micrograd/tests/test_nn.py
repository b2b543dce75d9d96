import json
import random
from pathlib import Path
from typing import get_args

import pytest
import torch

from micrograd import MLP, InputError, Layer, Module, ShapeError, Value
from micrograd.nn import Activation


def test_parameters_are_named_by_their_path() -> None:
    names = [name for name, _ in MLP(2, [2, 1]).named_parameters()]
    assert names == [
        *(
            "layers.0.neurons.0.weights.0",
            "layers.0.neurons.0.weights.1",
            "layers.0.neurons.0.bias",
        ),
        *(
            "layers.0.neurons.1.weights.0",
            "layers.0.neurons.1.weights.1",
            "layers.0.neurons.1.bias",
        ),
        *(
            "layers.1.neurons.0.weights.0",
            "layers.1.neurons.0.weights.1",
            "layers.1.neurons.0.bias",
        ),
    ]


def test_a_module_of_ones_own_is_walked_through_lists_and_dicts() -> None:
    class Mine(Module):
        def __init__(self) -> None:
            self.scale = Value(2.0)
            self.parts = [MLP(1, [1]), {"b": Value(3.0)}]
            self.name = "no parameter"

    assert Mine().state_dict().keys() == {
        "scale",
        "parts.0.layers.0.neurons.0.weights.0",
        "parts.0.layers.0.neurons.0.bias",
        "parts.1.b",
    }


@pytest.mark.parametrize("activation", get_args(Activation))
def test_an_mlp_equals_the_same_network_in_pytorch(activation: Activation) -> None:
    model = MLP(3, [4, 2], [activation, "linear"], seed=1)
    x = [0.3, -0.7, 1.1]
    outputs = model(x)
    (outputs[0] * 2 - outputs[1]).backward()

    functions = {"linear": lambda t: t, "gelu": torch.nn.functional.gelu}
    named = getattr(torch.nn.functional, activation, None)
    h = torch.tensor(x, dtype=torch.float64)
    tensors = []
    for i, layer in enumerate(model.layers):
        rows = [[w.data for w in n.weights] for n in layer.neurons]
        weight = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        tensors.append(weight)
        h = weight @ h + torch.tensor([n.bias.data for n in layer.neurons], dtype=torch.float64)
        h = functions.get(activation, named)(h) if i == 0 else h
    assert [y.data for y in outputs] == pytest.approx(h.tolist(), rel=1e-12)
    (h[0] * 2 - h[1]).backward()
    for layer, weight in zip(model.layers, tensors, strict=True):
        ours = [[w.grad for w in n.weights] for n in layer.neurons]
        assert torch.allclose(torch.tensor(ours, dtype=torch.float64), weight.grad, rtol=1e-12)


def test_initial_weights_keep_the_spread_of_the_signal() -> None:
    model = MLP(64, [64] * 6, "relu", seed=0)
    rng = random.Random(0)
    squares = []
    for _ in range(10):
        outputs = model([rng.gauss(0.0, 1.0) for _ in range(64)])
        squares += [y.data**2 for y in outputs]
    # The last layer is linear: its gain is 1, while relu halves the squares that reach it.
    assert 0.2 < sum(squares) / len(squares) < 1.2


def test_the_seed_decides_the_weights() -> None:
    assert MLP(2, [3, 1], seed=5).state_dict() == MLP(2, [3, 1], seed=5).state_dict()
    assert MLP(2, [3, 1], seed=5).state_dict() != MLP(2, [3, 1], seed=6).state_dict()


def test_zero_grad_clears_every_parameter() -> None:
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_save_and_load_give_the_same_model(tmp_path: Path) -> None:
    model = MLP(2, [3, 4, 2], ["tanh", "gelu", "linear"], seed=3)
    model.save(tmp_path / "model.json")
    loaded = MLP.load(tmp_path / "model.json")
    assert repr(loaded) == repr(model) == "MLP[3 x tanh(2), 4 x gelu(3), 2 x linear(4)]"
    assert loaded.state_dict() == model.state_dict()
    assert [y.data for y in loaded([0.1, 0.2])] == [y.data for y in model([0.1, 0.2])]


def test_a_state_of_another_shape_is_refused_and_changes_nothing() -> None:
    model = MLP(2, [3, 1])
    before = model.state_dict()
    missing = {name: 1.0 for name in before if name != "layers.1.neurons.0.bias"}
    with pytest.raises(ShapeError, match=r"'layers.1.neurons.0.bias' is missing in the state"):
        model.load_state_dict(missing)
    with pytest.raises(ShapeError, match=r"'layers\.2\.x' is missing in the module"):
        model.load_state_dict({**before, "layers.2.x": 1.0})
    with pytest.raises(InputError, match="must be a number, got 'x'"):
        model.load_state_dict({**dict.fromkeys(before, 9.0), "layers.0.neurons.0.bias": "x"})  # type: ignore[dict-item]
    assert model.state_dict() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"[]",
        b"{}",
        b'{"mlp": {}, "state": {}}',
        b'{"mlp": {"n_in": 2, "n_outs": [1], "activation": ["linear"]}, "state": {}}',
        b'{"mlp": {"n_in": "2", "n_outs": [1]}, "state": {}}',
        b'{"mlp": {"n_in": 2, "n_outs": [1], "activation": ["sinus"]}, "state": {}}',
        b'{"mlp": {"n_in": 2, "n_outs": [1]}, "state": [1, 2]}',
    ],
)
def test_a_file_that_holds_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.json"):
        MLP.load(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            MLP.load(path)


def test_saving_over_a_model_fails_without_losing_it(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model = MLP(1, [1])
    model.save(path)
    before = path.read_text(encoding="utf-8")
    model.layers[0].neurons[0].bias.data = object()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        model.save(path)
    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]
    assert json.loads(before)["mlp"]["n_in"] == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(2, []), "at least 1 layer"),
        (lambda: MLP(0, [1]), "at least 1 input"),
        (lambda: MLP(2, [0]), "at least 1 neuron"),
        (lambda: MLP(2, [3, 1], ["relu"]), "one activation each"),
        (lambda: MLP(2, [1], "sinus"), "unknown activation"),
        (lambda: MLP(2, [1, 1], "sinus"), "unknown activation 'sinus'"),
        (lambda: Layer(2, -1, rng=random.Random(0)), "at least 1 neuron"),
    ],
)
def test_impossible_networks_are_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
