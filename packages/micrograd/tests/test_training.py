import pytest
import torch

from micrograd import MLP, InputError
from micrograd.datasets import Dataset, blobs, circles, moons
from micrograd.training import Recipe, accuracy, choose_loss, fit, predict


def test_the_demo_gives_pytorchs_losses() -> None:
    data = moons(60, seed=2)
    model = MLP(2, [8, 8, 1], seed=2)
    tensors = []
    for layer in model.layers:
        weights = [[w.data for w in n.weights] for n in layer.neurons]
        tensors.append(torch.tensor(weights, dtype=torch.float64, requires_grad=True))
        biases = [n.bias.data for n in layer.neurons]
        tensors.append(torch.tensor(biases, dtype=torch.float64, requires_grad=True))
    losses = fit(model, data, Recipe(steps=30)).losses

    points = torch.tensor(data.points, dtype=torch.float64)
    signs = torch.tensor(data.classes) * 2 - 1
    for k in range(30):
        h = points
        for i in (0, 2, 4):
            h = h @ tensors[i].T + tensors[i + 1]
            h = h.relu() if i < 4 else h
        loss = (1 - signs * h[:, 0]).relu().mean() + 1e-4 * sum((t**2).sum() for t in tensors)
        gradients = torch.autograd.grad(loss, tensors)
        with torch.no_grad():
            for t, g in zip(tensors, gradients, strict=True):
                t.sub_((1.0 - 0.9 * k / 30) * g)
        assert losses[k] == pytest.approx(loss.item(), rel=1e-12)


@pytest.mark.parametrize(
    ("data", "recipe", "hidden"),
    [
        (moons(40), Recipe(steps=60), [12, 12]),
        (circles(40), Recipe(loss="bce", steps=80), [12, 12]),
        (blobs(60), Recipe(steps=40), [8]),
        (moons(60), Recipe(loss="cross_entropy", optimizer="adam", lr=0.05, steps=80), [12, 12]),
        (moons(60), Recipe(batch_size=20, lr=0.3, momentum=0.9, schedule="cosine"), [16, 16]),
    ],
)
def test_classes_are_learned(data: Dataset, recipe: Recipe, hidden: list[int]) -> None:
    n_outputs = data.n_classes if choose_loss(recipe.loss, data) == "cross_entropy" else 1
    model = MLP(2, [*hidden, n_outputs])
    steps: list[int] = []
    history = fit(model, data, recipe, lambda step, _history: steps.append(step))
    assert accuracy(model, data) == 1.0
    assert predict(model, data.points) == data.classes
    assert len(history.losses) == len(history.accuracies) == recipe.steps == len(steps)


def test_one_hidden_neuron_cannot_separate_the_moons() -> None:
    data = moons(100)
    model = MLP(2, [1, 1])
    fit(model, data, Recipe())
    assert 0.8 < accuracy(model, data) < 0.95


def test_a_loss_that_explodes_is_an_error_not_a_result() -> None:
    with pytest.raises(InputError, match=r"the loss is (inf|nan) at step \d+"):
        fit(MLP(2, [16, 16, 1]), moons(40), Recipe(lr=1e9))


@pytest.mark.parametrize(
    "arguments", [{"steps": 0}, {"batch_size": 0}, {"seed": -1}, {"steps": -5, "batch_size": 3}]
)
def test_impossible_recipes_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(InputError, match="got"):
        Recipe(**arguments)  # type: ignore[arg-type]


def test_losses_fit_the_number_of_classes() -> None:
    assert choose_loss(None, moons(10)) == "svm"
    assert choose_loss(None, blobs(10)) == "cross_entropy"
    assert choose_loss("cross_entropy", moons(10)) == "cross_entropy"
    with pytest.raises(InputError, match="'bce' separates two classes and the data have 3"):
        choose_loss("bce", blobs(10))
