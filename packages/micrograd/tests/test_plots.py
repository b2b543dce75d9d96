from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from micrograd import MLP
from micrograd.datasets import Dataset, blobs, moons
from micrograd.pictures.animation import animate_boundary
from micrograd.pictures.plots import draw_boundary, plot_boundaries, plot_boundary, plot_loss
from micrograd.training import History


@pytest.mark.parametrize(("data", "outputs"), [(moons(20), 1), (blobs(21), 3), (moons(20), 2)])
def test_boundaries_of_two_and_of_more_classes(data: Dataset, outputs: int, tmp_path: Path) -> None:
    path = tmp_path / "new" / "boundary.png"
    plot_boundary(MLP(2, [3, outputs]), data, path, title="a title")
    with Image.open(path) as image:
        assert min(image.size) > 400
        colors = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colors) > 20


def test_the_line_is_where_the_score_is_zero() -> None:
    model = MLP(2, [1])
    for parameter, number in zip(model.parameters(), (1.0, -2.0, 0.5), strict=True):
        parameter.data = number
    axes = Figure().add_subplot()
    draw_boundary(axes, model, moons(20))
    lines = [c for c in axes.collections if getattr(c, "levels", None) is not None]
    zero = next(c for c in lines if list(c.levels) == [0.0])
    vertices = np.concatenate([path.vertices for path in zero.get_paths()])
    assert len(vertices) > 10
    assert np.allclose(vertices[:, 0] - 2 * vertices[:, 1] + 0.5, 0.0, atol=1e-9)


def test_a_model_of_one_opinion_has_no_line() -> None:
    model = MLP(2, [1])
    for parameter in model.parameters():
        parameter.data = 0.0
    model.layers[0].neurons[0].bias.data = 5.0
    axes = Figure().add_subplot()
    draw_boundary(axes, model, moons(20))
    assert not [c for c in axes.collections if list(getattr(c, "levels", [])) == [0.0]]


def test_several_panels_and_a_loss_curve(tmp_path: Path) -> None:
    plot_boundaries(
        [("a", MLP(2, [1]), moons(20)), ("b", MLP(2, [1]), moons(20))], tmp_path / "p.png"
    )
    plot_loss(History([1.0, 0.1], [0.5, 1.0]), tmp_path / "l.png")
    plot_loss(History([1.0], [0.5]), tmp_path / "one.png")
    for name in ("p.png", "l.png", "one.png"):
        with Image.open(tmp_path / name) as image:
            image.verify()


def test_an_animation_has_its_frames_and_leaves_the_model_alone(tmp_path: Path) -> None:
    model, other = MLP(2, [2, 1], seed=1), MLP(2, [2, 1], seed=2)
    before = model.state_dict()
    drawn: list[None] = []
    animate_boundary(
        model,
        [("first", before), ("second", other.state_dict())],
        moons(20),
        tmp_path / "a.gif",
        on_frame=lambda: drawn.append(None),
    )
    with Image.open(tmp_path / "a.gif") as image:
        durations = []
        for i in range(image.n_frames):
            image.seek(i)
            durations.append(image.info["duration"])
    assert durations[0] < 100
    assert sum(durations[1:]) > 1000  # the last picture stays
    assert len(drawn) == 2
    assert model.state_dict() == before
