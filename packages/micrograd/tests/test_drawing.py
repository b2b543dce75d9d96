import math
import re
import stat
from pathlib import Path

import pytest
from graphviz.backend import dot_command

from micrograd import MLP, DrawingError, Value, dot, draw
from micrograd.losses import svm_max_margin
from micrograd.pictures import dot_program
from micrograd.pictures.dot_program import find_dot


def boxes(source: str) -> list[str]:
    return re.findall(r'label="\{(.*?)\}"', source)


def network_result() -> Value:
    result = MLP(2, [16, 16, 1])([0.5, -0.25])
    result.backward()
    return result


def test_every_node_has_a_box_with_label_data_and_gradient() -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = (a * b).tanh()
    y.label = "y"
    y.backward()
    source = draw(y, fold="none").source
    assert len(boxes(source)) == 4
    assert "a | data 2 | grad -7.373e-05" in boxes(source)
    assert "y | data -1 | grad 1" in boxes(source)
    assert [op for op in ("tanh", '"*"') if op in source] == ["tanh", '"*"']
    assert source.count("->") == 3 + 2


def test_an_operand_used_twice_is_one_box_with_one_edge() -> None:
    a = Value(2.0)
    assert draw(a * a).source.count("->") == 2


def test_the_gradient_decides_the_shade() -> None:
    a, b, c = Value(1.0, "a"), Value(1.0, "b"), Value(1.0, "c")
    y = a * 1000 + b + c * 0
    y.backward()
    shades = dict(re.findall(r'label="\{(\w) .*?fillcolor="(#\w+)"', draw(y).source))
    assert shades["c"] == "#ffffff"
    assert len({shades["a"], shades["b"], shades["c"]}) == 3


def test_gradients_that_are_nan_or_infinite_can_be_drawn() -> None:
    x = Value(0.0)
    y = x.log() * x
    y.backward()
    assert math.isnan(x.grad)
    assert b"</svg>" in draw(y).pipe(format="svg")


def test_folding_makes_a_network_readable() -> None:
    result = network_result()
    neurons = boxes(draw(result, fold="neuron").source)
    layers = boxes(draw(result, fold="layer").source)
    assert len(neurons) == 2 + 16 + 16 + 1
    assert len(layers) == 4
    assert layers[1].startswith("16 x relu(wx + b), 16 weights")
    assert layers[3].startswith("2 x input")
    assert len(boxes(draw(result).source)) <= 45


def test_folding_hides_no_weight_that_was_computed() -> None:
    a, x = Value(2.0, "a"), Value(3.0, "x")
    texts = boxes(draw(dot([a.exp(), Value(1.0, "w")], [x, x]), fold="neuron").source)
    assert [text.split(" |")[0] for text in texts] == ["wx + b, 2 weights", "data 7.389", "x", "a"]


def test_folding_by_layer_takes_activations_of_a_layer_together() -> None:
    result = MLP(2, [5, 4, 1], "tanh")([0.5, -0.25])
    assert [
        text.split(",")[0].split(" |")[0] for text in boxes(draw(result, fold="layer").source)
    ] == [
        "wx + b",
        "4 x tanh",
        "4 x wx + b",
        "5 x tanh",
        "5 x wx + b",
        "2 x input",
    ]


def test_a_huge_graph_is_refused_with_what_to_do() -> None:
    model = MLP(2, [16, 16, 1])
    loss = svm_max_margin([model([i, 1.0]) for i in range(100)], [1] * 100)
    with pytest.raises(
        DrawingError, match=r"make \d+ boxes with fold 'layer', and the limit is 300"
    ):
        draw(loss)
    assert len(boxes(draw(loss, fold="layer", max_boxes=5000).source)) > 300


@pytest.mark.parametrize(
    "label", ["a|b", "{x}", "<p>", 'say "hi"', "back\\slash", "two words", "é"]
)
def test_any_label_can_be_drawn(label: str) -> None:
    x = Value(1.0, label)
    svg = draw(x * 2).pipe(format="svg", encoding="utf-8", quiet=True)
    text = label.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert text in svg.replace("&#160;", " ").replace("\xa0", " ").replace("&#45;", "-")


def test_svg_and_png_are_drawn_without_any_program_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = draw(Value(1.0) * 2)
    assert find_dot().stem == "graphviz-pure"
    assert picture.pipe(format="png").startswith(b"\x89PNG")
    assert picture._repr_mimebundle_()["image/svg+xml"].rstrip().endswith("</svg>")
    written = picture.render(tmp_path / "graph", format="svg", cleanup=True)
    assert Path(written).read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_the_systems_dot_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho from the system\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_dot() == program
    assert draw(Value(1.0)).pipe(format="svg") == b"from the system\n"


def test_without_any_program_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dot_program.shutil, "which", lambda _name: None)
    monkeypatch.setattr(dot_program.metadata, "files", lambda _name: [])
    with pytest.raises(DrawingError, match="pip install graphviz-pure"):
        draw(Value(1.0)).pipe(format="svg")


def test_a_program_that_fails_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DrawingError, match="failed"):
        draw(Value(1.0)).pipe(format="svg")
    assert str(dot_command.DOT_BINARY) == "dot"
