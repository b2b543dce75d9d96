import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd import InputError, Value
from micrograd.expression import FUNCTIONS, Expression, parse_point


def test_a_formula_is_evaluated_with_its_gradients() -> None:
    a, b = Value(2.0), Value(3.0)
    formula = Expression("a*b + maximum(a, 1) ** 2 - 4/b")
    y = formula({"a": a, "b": b})
    y.backward()
    assert formula.variables == ["a", "b"]
    assert y.data == 2 * 3 + 2**2 - 4 / 3
    assert (a.grad, b.grad) == (3 + 2 * 2.0, 2 + 4 / 3**2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_known_by_its_name(name: str) -> None:
    arguments = "a, b" if name in {"maximum", "minimum"} else "a"
    values = {"a": Value(0.5), "b": Value(2.0)}
    assert Expression(f"{name}({arguments})")(values).op == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", "cannot read the expression"),
        ("", "cannot read the expression"),
        ("a\0", "cannot read the expression"),
        ("(" * 500 + "a" + ")" * 500, "cannot read the expression"),
        ("a = 1", "cannot read the expression"),
        ("c", "no number given for 'c'"),
        ("a.data", "cannot use 'a.data'"),
        ("__import__('os')", "cannot use"),
        ("[a]", "cannot use"),
        ("'a'", "cannot use"),
        ("a < 1", "cannot use"),
        ("a // 2", "cannot use"),
        ("exp(a, a, a)", "wrong arguments of exp"),
        ("exp()", "wrong arguments of exp"),
    ],
)
def test_what_is_no_formula_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match="(?s)" + message.replace("(", r"\(")) as caught:
        Expression(text)({"a": Value(1.0)})
    assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_text_does_anything_but_give_a_value_or_an_input_error(text: str) -> None:
    try:
        result = Expression(text)({"a": Value(1.0), "b": Value(2.0)})
    except InputError:
        return
    assert isinstance(result, Value)


def test_points_are_read_as_name_equals_number() -> None:
    assert parse_point(("a=1", " b = -2e3")) == {"a": 1.0, "b": -2000.0}
    for wrong in ("a", "a=", "a=x", "=1", "a=1=2", "2=2"):
        with pytest.raises(InputError, match="--at expects NAME=NUMBER"):
            parse_point((wrong,))
