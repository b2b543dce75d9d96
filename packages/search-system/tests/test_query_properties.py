from datetime import UTC

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from search_system.query.ast import (
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    depth,
    leaves,
    simplify,
)
from search_system.query.parser import (
    MAX_CLAUSES,
    MAX_LENGTH,
    MAX_LEVELS,
    MAX_REPAIRS,
    ParsedQuery,
    _parse_syntax,
    parse_query,
)
from search_system.query.text import to_text
from search_system.query.values import FieldKind

FIELDS: dict[str, FieldKind] = {
    "title": "text",
    "body": "text",
    "brand": "keyword",
    "price": "number",
    "date": "date",
}
A, B, D = (Term(letter) for letter in "abd")


FIELD_OF_TEXT = st.sampled_from([None, "title", "body"])
WORDS = st.text(min_size=1, max_size=6) | st.text('aANDORT*"\\:()[]^~+-# \t<>5', min_size=1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
DATES = st.datetimes(timezones=st.just(UTC))


def ranges(field: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Range]:
    ends = st.tuples(st.none() | values, st.none() | values).map(
        lambda pair: sorted(pair) if None not in pair else pair  # type: ignore[type-var]
    )
    return st.builds(
        lambda pair, low, high: Range(field, *pair, low, high), ends, st.booleans(), st.booleans()
    )


LEAVES: st.SearchStrategy[Query] = st.one_of(
    st.builds(Term, WORDS, FIELD_OF_TEXT | st.just("brand")),
    st.builds(Phrase, WORDS, st.integers(0, 1000), FIELD_OF_TEXT),
    st.builds(Prefix, WORDS, FIELD_OF_TEXT | st.just("brand")),
    st.builds(Fuzzy, WORDS, st.integers(1, 2), FIELD_OF_TEXT | st.just("brand")),
    st.builds(MatchAll),
    st.just(Range("title")),
    ranges("brand", st.text(max_size=5)),
    ranges("price", NUMBERS),
    ranges("date", DATES),
)


def grow(children: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    some = st.lists(children, max_size=3).map(tuple)
    return st.builds(Bool, some, some, some, some) | st.builds(
        Boost, children, st.floats(1e-6, 1e6)
    )


QUERIES = st.recursive(LEAVES, grow, max_leaves=15)


@settings(max_examples=300, deadline=None)
@given(QUERIES)
@example(Term("AND"))
@example(Prefix("a\\"))
@example(Phrase("a\\", 0, "title"))
@example(Range("price", -0.0, 1e300))
@example(Bool(filter=(Boost(A, 2.0),)))
def test_a_tree_survives_as_text(tree: Query) -> None:
    tree = simplify(tree)
    parsed = parse_query(to_text(tree), FIELDS)
    assert parsed.query == tree
    assert parsed.repairs == ()


@given(QUERIES)
def test_simplify_is_idempotent(tree: Query) -> None:
    assert simplify(simplify(tree)) == simplify(tree)


SYNTAX = st.lists(
    st.sampled_from(
        ["(", ")", '"', "[", "]", "{", "}", "^", "~", "*", ":", "+", "-", "#", "\\", "<", ">", "=",
         " ", " ", "AND", "OR", "NOT", "TO", "a", "b", "15", ".", "title", "brand", "price", "date",
         "title:", "price:", "2020", "^2", "~1", "*:*", "[1 TO 2]", "\n", "\x00", "é", "size:"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=2000, deadline=None)
@given(st.text() | SYNTAX)
def test_no_string_is_an_error_and_what_it_means_can_be_written(text: str) -> None:
    parsed = parse_query(text, FIELDS)
    assert parsed.text == text
    assert parsed.query == simplify(parsed.query)
    assert depth(parsed.query) <= MAX_LEVELS
    assert all(0 <= repair.position <= len(text) for repair in parsed.repairs)
    again = parse_query(to_text(parsed.query), FIELDS)
    assert again.query == parsed.query
    assert again.repairs == ()
    parse_query(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 5_000 + "a" + ")" * 5_000,
        "a OR (b AND (" * 2_000,
        "a^2" * 5_000,
        "(a" + "^2" * 4_000 + ")",
        "title:" * 2_000,
        "+-" * 5_000,
        '"' * 9_999,
        "\\" * 9_999,
        "[" * 10_000,
        '["' * 5_000,
        "[a TO " * 2_000,
        ")" * 10_000,
        "NOT " * 2_000 + "a",
        "a " * 500_000,
        "a" * 1_000_000,
    ],
)
def test_hostile_queries_are_cut(text: str) -> None:
    parsed = parse_query(text, FIELDS)
    assert parsed.repairs or text.startswith(("a^2a", "\\", "(a^2", "[["))
    assert len(parsed.repairs) <= MAX_REPAIRS
    assert depth(parsed.query) <= MAX_LEVELS
    assert len(list(leaves(parsed.query))) <= MAX_CLAUSES


def test_limits_say_what_was_cut() -> None:
    parsed = parse_query("x" * (MAX_LENGTH + 1), FIELDS)
    assert parsed.query == Term("x" * MAX_LENGTH)
    assert [str(r) for r in parsed.repairs] == [
        "at 10000: a query has at most 10,000 characters; the rest is cut"
    ]
    (repair,) = parse_query("a " * (MAX_CLAUSES + 1), FIELDS).repairs
    assert str(repair) == "at 2048: a query has at most 1,024 words; the rest is cut"
    deep = parse_query("(" * 100 + "a" + ")" * 100, FIELDS)
    assert deep.query == A
    assert str(deep.repairs[0]).startswith("at 0: groups lie at most 20 deep")
    fine = "(" * MAX_LEVELS + "a" + ")" * MAX_LEVELS
    assert parse_query(fine, FIELDS) == ParsedQuery(fine, A, ())


@given(st.lists(st.sampled_from(["a", "b-c", "AND", "ANDY", "+", "-d", "e+", "#1", '5"', "x_"])))
def test_the_short_way_for_plain_words_is_the_long_way(words: list[str]) -> None:
    text = " ".join(words)
    assert parse_query(text, FIELDS) == _parse_syntax(text, FIELDS)


def test_text_of_a_tree() -> None:
    tree = Bool((A, Boost(B, 2.0)), (Phrase("c d", 1, "title"),), (D,), (Range("price", 1.0),))
    assert to_text(tree) == '+a +b^2 title:"c d"~1 -d #(price:[1 TO *])'
