from datetime import UTC, datetime

import pytest

from search_system.query.ast import (
    NOTHING,
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
)
from search_system.query.parser import (
    parse_query,
)
from search_system.query.values import FieldKind

FIELDS: dict[str, FieldKind] = {
    "title": "text",
    "body": "text",
    "brand": "keyword",
    "price": "number",
    "date": "date",
}
A, B, C, D = (Term(letter) for letter in "abcd")


def parse(text: str) -> Query:
    """Return the query of a well-formed text."""
    parsed = parse_query(text, FIELDS)
    assert parsed.repairs == ()
    return parsed.query


def day(*date: int) -> datetime:
    return datetime(*date, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", NOTHING),
        ("a", A),
        ("a b", Bool(should=(A, B))),
        ("a OR b", Bool(should=(A, B))),
        ("a AND b", Bool(must=(A, B))),
        ("+a -b c", Bool(must=(A,), should=(C,), must_not=(B,))),
        ("a NOT b", Bool(should=(A,), must_not=(B,))),
        ("a AND NOT b", Bool(must=(A,), must_not=(B,))),
        ("NOT a", Bool(must_not=(A,))),
        ("a AND b OR c AND d", Bool(should=(Bool(must=(A, B)), Bool(must=(C, D))))),
        ("a b AND c", Bool(must=(Bool(should=(A, B)), C))),
        ("(a OR b) c", Bool(should=(Bool(should=(A, B)), C))),
        ("((a))", A),
        ("-(a b)", Bool(must_not=(Bool(should=(A, B)),))),
        ("#(a b) c", Bool(should=(C,), filter=(Bool(should=(A, B)),))),
        ("a AND #brand:b", Bool(must=(A,), filter=(Term("b", "brand"),))),
        ("#*:*", Bool(filter=(MatchAll(),))),
        ("and or not to", Bool(should=(Term("and"), Term("or"), Term("not"), Term("to")))),
    ],
)
def test_operators(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('"a b"', Phrase("a b")),
        ('"a b"~2', Phrase("a b", 2)),
        (r'"a \"b\" \\"', Phrase('a "b" \\')),
        ("title:a", Term("a", "title")),
        ("title: a", Term("a", "title")),
        ('title:"a b"~1', Phrase("a b", 1, "title")),
        ('brand:"Le Coq"', Term("Le Coq", "brand")),
        ("title:(a body:b)", Bool(should=(Term("a", "title"), Term("b", "body")))),
        ("a^2", Boost(A, 2.0)),
        ("(a)^2^3", Boost(A, 6.0)),
        ("title^2.5:a", Boost(Term("a", "title"), 2.5)),
        ("title^2:(a b)^.5", Bool(should=(Term("a", "title"), Term("b", "title")))),
        ("a^1", A),
        ("pre*", Prefix("pre")),
        ("title:pre*^2", Boost(Prefix("pre", "title"), 2.0)),
        ("fuzz~1", Fuzzy("fuzz", 1)),
        ("ab~ abcd~ abcdef~", Bool(should=(Term("ab"), Fuzzy("abcd", 1), Fuzzy("abcdef", 2)))),
        ("fuzz~0", Term("fuzz")),
        ("*", MatchAll()),
        ("*:*^2", Boost(MatchAll(), 2.0)),
        ("title:*", Range("title")),
        ("brand:* AND price:[* TO *]", Bool(must=(Range("brand"), Range("price")))),
        (r"AN\D \AND \*", Bool(should=(Term("AND"), Term("AND"), Term("*")))),
        (r"a\ b title\:c", Bool(should=(Term("a b"), Term("title:c")))),
        ("wi-fi C++ #1 a~b", Bool(should=tuple(map(Term, ("wi-fi", "C++", "#1", "a~b"))))),
        ('15.6" 5\'10"', Bool(should=(Term('15.6"'), Term("5'10\"")))),
        ("http://x Wars: 12:30", Bool(should=tuple(map(Term, ("http://x", "Wars:", "12:30"))))),
        ("title:-a", Term("-a", "title")),
    ],
)
def test_leaves(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("price:10", Range("price", 10.0, 10.0)),
        ("price:-5", Range("price", -5.0, -5.0)),
        ("price:[10 TO 20}", Range("price", 10.0, 20.0, include_high=False)),
        ("price:{-1.5e3 TO *]", Range("price", -1500.0, include_low=False)),
        ("price:{* TO 5}", Range("price", high=5.0, include_high=False)),
        ("price:>10", Range("price", 10.0, include_low=False)),
        ("price:>= 10", Range("price", 10.0)),
        ("price:<10", Range("price", high=10.0, include_high=False)),
        ("price:<=10", Range("price", high=10.0)),
        ("price:(>1 5)", Bool(should=(parse("price:>1"), parse("price:5")))),
        ('brand:[a TO "b c"]', Range("brand", "a", "b c")),
        ('brand:["*" TO *]', Range("brand", "*")),
        ("brand:>=m", Range("brand", "m")),
        ("date:2020", Range("date", day(2020, 1, 1), day(2021, 1, 1), include_high=False)),
        ("date:2020-12", Range("date", day(2020, 12, 1), day(2021, 1, 1), include_high=False)),
        ("date:2020-02-29", Range("date", day(2020, 2, 29), day(2020, 3, 1), include_high=False)),
        ("date:>=2020-01-01", Range("date", day(2020, 1, 1))),
        ("date:>2020", Range("date", day(2021, 1, 1))),
        ("date:<2020", Range("date", high=day(2020, 1, 1), include_high=False)),
        ("date:<=2020", Range("date", high=day(2021, 1, 1), include_high=False)),
        (
            "date:{2019 TO 2020]",
            Range("date", low=day(2020, 1, 1), high=day(2021, 1, 1), include_high=False),
        ),
        ("date:>2020-05-17T10:30", Range("date", day(2020, 5, 17, 10, 30), include_low=False)),
        ("date:2020-05-17T10:30+02:00", Range("date", *[day(2020, 5, 17, 8, 30)] * 2)),
    ],
)
def test_ranges(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "query", "position", "message"),
    [
        ('a "b c', Bool(should=(A, Phrase("b c"))), 2, "this quote is never closed"),
        ('a "', A, 2, "nothing in these quotes"),
        ("(a b", Bool(should=(A, B)), 0, "this ( is never closed"),
        ("a) b", Bool(should=(A, B)), 1, "this ) closes nothing"),
        ("a ()", A, 2, "nothing in this group"),
        ("AND a", A, 0, "AND has nothing before it"),
        ("a OR", A, 2, "OR has nothing behind it"),
        ("a NOT", A, 2, "this sign stands before nothing"),
        ("a +-b", Bool(should=(A,), must_not=(B,)), 3, "only one of +, -, # and NOT fits"),
        ("a - b", Bool(should=(A, B)), 2, "'-' stands before nothing"),
        ("a title:", Bool(should=(A, Term("title"))), 2, "the field 'title' is empty"),
        ("title:body:a", Term("a", "body"), 0, "'title' is followed by a field"),
        ("size:a", Term("size:a"), 0, "no field 'size' (fields: title, body, brand, price, date)"),
        ("price:cheap", Term("cheap"), 6, "'cheap' is no number for 'price'; it is searched as"),
        ("price:nan", Term("nan"), 6, "'nan' is no number"),
        ("price:1e999", Term("1e999"), 6, "'1e999' is no number"),
        ("price:>x", Term(">x"), 6, "'x' is no number"),
        ("price:[x TO 5]", Range("price", high=5.0), 6, "'x' is no number; this end is left open"),
        ("price:[x TO y]", Bool(should=(Term("x"), Term("y"))), 6, "'x' is no number"),
        ("price:[5 TO 1}", Range("price", 1.0, 5.0, include_low=False), 6, "ends before it begins"),
        ("price:[1 TO 5", Range("price", 1.0, 5.0), 6, "this range is never closed"),
        ("price:1*", parse("price:1"), 6, "'price' is a number, where * and ~ do not work"),
        ("date:2020-13", Term("2020-13"), 5, "'2020-13' is no date (as 2020-05-17) for 'date'"),
        ("date:9999", Term("9999"), 5, "is no date"),
        ("title:[a TO b]", Bool(should=(A, B)), 6, "a range needs a field of numbers"),
        ('brand:"a"~2', Term("a", "brand"), 9, "'brand' is a keyword, where ~ does not work"),
        ("a^b", Term("a^b"), 1, "a boost is ^ and a number"),
        ("a^0", A, 1, "a boost lies from 1e-06 to 1,000,000; 1 is taken"),
        ("a^1e99", Boost(A, 1e6), 1, "a boost lies from"),
        ("a ^2", A, 2, "'^2' belongs to nothing"),
        ("~1 a", A, 0, "'~1' belongs to nothing"),
        ("abc~3", Fuzzy("abc", 2), 3, "a word takes ~0 to ~2; ~2 is taken"),
        ('"a b"~9999', Phrase("a b"), 5, "a phrase takes ~0 to ~1000"),
        ("abc*~1", Prefix("abc"), 4, "a word has a star or a tilde, not both"),
        ("(a)~1", A, 3, "~ belongs behind a word or a phrase"),
        ("a*b", Term("a*b"), 0, "a star works only at the end of a word"),
    ],
)
def test_a_malformed_query_is_repaired_and_says_so(
    text: str, query: Query, position: int, message: str
) -> None:
    parsed = parse_query(text, FIELDS)
    assert parsed.query == query
    assert any(r.position == position and message in r.message for r in parsed.repairs)
    assert str(parsed.repairs[0]).startswith("at ")
