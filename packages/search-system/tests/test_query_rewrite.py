import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search_system import Analyzer, AnalyzerSpec
from search_system.analysis.units import PRODUCT_UNITS
from search_system.query.ast import (
    NOTHING,
    Bool,
    Boost,
    Fuzzy,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
    simplify,
)
from search_system.query.parser import has_syntax, parse_query
from search_system.query.rewrite import rewrite
from search_system.query.text import to_text
from search_system.query.values import FieldKind

FIELDS: dict[str, FieldKind] = {"title": "text", "brand": "keyword", "price": "number"}
PRODUCTS = Analyzer(
    AnalyzerSpec(
        stop_words="english",
        units=PRODUCT_UNITS,
        synonyms=("laptop, notebook, portable computer", "colour => color"),
    )
)
ANALYZERS = {None: PRODUCTS, "title": PRODUCTS}
A, B = Term("a1"), Term("b1")


def analyzed(text: str) -> Query:
    return rewrite(parse_query(text, FIELDS).query, ANALYZERS)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", NOTHING),
        ("Running", Term("run")),
        ("the a1!", A),
        ("the", NOTHING),
        ("wi-fi", Bool(should=(Term("wi"), Term("fi")))),
        ("+wi-fi a1", Bool(must=(Term("wi"), Term("fi")), should=(A,))),
        ("a1 -wi-fi", Bool(should=(A,), must_not=(Bool(must=(Term("wi"), Term("fi"))),))),
        ("a1 #(wi-fi)", Bool(should=(A,), filter=(Bool(must=(Term("wi"), Term("fi"))),))),
        ("wi-fi^2", Boost(Bool(should=(Term("wi"), Term("fi"))), 2.0)),
        ("+wi-fi", Bool(must=(Term("wi"), Term("fi")))),
        ("+wi-fi^2", Bool(must=(Boost(Bool(must=(Term("wi"), Term("fi"))), 2.0),))),
        ("15.6 inch a1", Bool(should=(Term("15.6inch"), A))),
        ('15.6" a1', Bool(should=(Term("15.6inch"), A))),
        ("16 AND GB", Bool(must=(Term("16gb"),))),
        ("16 title:GB", Bool(should=(Term("16"), Term("gb", "title")))),
        ("colour", Term("color")),
        (
            "a1 portable computers",
            Bool(
                should=(
                    A,
                    Bool(
                        should=(
                            TermPhrase(("portabl", "comput"), (0, 1)),
                            Term("laptop"),
                            Term("notebook"),
                        )
                    ),
                )
            ),
        ),
        ('title:"Cake of the Day"~1', TermPhrase(("cake", "day"), (0, 3), 1, "title")),
        ('"Cakes"', Term("cake")),
        ('"the"', NOTHING),
        ("CAFÉ* Laptops~1", Bool(should=(Prefix("cafe"), Fuzzy("laptops", 1)))),
        ("brand:The*", Prefix("The", "brand")),
        ('brand:"Le Coq" price:5', Bool(should=(Term("Le Coq", "brand"), Range("price", 5, 5)))),
    ],
)
def test_words_become_terms(text: str, query: Query) -> None:
    assert analyzed(text) == query


@given(st.text() | st.text(alphabet="ab 15.GBinch-\u201d\u00a0"))
def test_plain_words_give_the_terms_of_the_analyzer(text: str) -> None:
    assume(not has_syntax(text))
    plain = Analyzer(AnalyzerSpec(units=PRODUCT_UNITS))
    query = rewrite(parse_query(text, FIELDS).query, {None: plain})
    terms = tuple(Term(term) for term in plain.query_terms(text))
    assert query == simplify(Bool(should=terms))


@given(st.text(alphabet='ab ()"+-:*~^2#the!').map(lambda text: f"title:{text}"))
def test_any_query_can_be_rewritten(text: str) -> None:
    query = analyzed(text)
    assert simplify(query) == query
    assert isinstance(to_text(query), str)
