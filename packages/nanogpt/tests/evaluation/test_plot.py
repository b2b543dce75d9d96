"""What the plot of accuracies shows; how it looks is for people to judge."""

from pathlib import Path

import pytest
from matplotlib.image import imread

from nanogpt.errors import OutputError
from nanogpt.evaluation.confusion import TokenAccuracy
from nanogpt.evaluation.evaluate import Evaluation
from nanogpt.evaluation.plot import plot_accuracy


def evaluation_of(rows: list[TokenAccuracy]) -> Evaluation:
    count, correct = sum(row.count for row in rows), sum(row.correct for row in rows)
    return Evaluation(count + 1, count, 0, 1.0, correct, correct, tuple(rows))


def draw(rows: list[TokenAccuracy], path: Path, names: dict[int, str] | None = None) -> None:
    names = names or {token: chr(64 + token) for token in range(1, 600)}
    plot_accuracy(evaluation_of(rows), names, title="a $title$_", subtitle="b^", path=path)


@pytest.mark.parametrize(
    "rows",
    [
        [TokenAccuracy(1, 7, 7, None, 0)],  # one character, never mistaken
        [TokenAccuracy(1, 5, 0, 2, 5), TokenAccuracy(2, 5, 0, 1, 5)],  # never right, equal counts
        [TokenAccuracy(token, 900 - token, token, 1, 1) for token in range(1, 300)],
    ],
)
def test_any_alphabet_can_be_drawn(rows: list[TokenAccuracy], tmp_path: Path) -> None:
    draw(rows, tmp_path / "plot.png")
    assert imread(tmp_path / "plot.png").shape == (1020, 1800, 4)


def test_names_may_look_like_formulas(tmp_path: Path) -> None:
    rows = [TokenAccuracy(1, 5, 2, 2, 3), TokenAccuracy(2, 5, 2, 1, 3)]
    draw(rows, tmp_path / "plot.png", {1: "$", 2: "\\"})
    assert (tmp_path / "plot.png").exists()


def test_large_vocabulary_is_refused(tmp_path: Path) -> None:
    nothing = Evaluation(2, 1, 0, 1.0, 0, 0, None)
    with pytest.raises(ValueError, match="no accuracies per token"):
        plot_accuracy(nothing, {}, title="", subtitle="", path=tmp_path / "plot.png")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        draw([TokenAccuracy(1, 7, 7, None, 0)], tmp_path / "file" / "plot.png")


def test_characters_that_the_font_lacks(tmp_path: Path) -> None:
    rows = [TokenAccuracy(1, 5, 2, 2, 3), TokenAccuracy(2, 5, 2, 1, 3)]
    draw(rows, tmp_path / "plot.png", {1: "\u6f22", 2: "\x7f"})  # a warning would fail the test
    assert (tmp_path / "plot.png").exists()
