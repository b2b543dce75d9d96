"""What is marked in a text is what the query matched, exactly there; nothing drives a terminal."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system.analysis.analyzer import Analyzer, Token
from search_system.analysis.spec import AnalyzerSpec, named_analyzer
from search_system.query.ast import (
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
)
from search_system.query.expand import alignment_distances
from search_system.query.parser import parse_query
from search_system.query.rewrite import rewrite
from search_system.schema import IndexSchema, TextField
from search_system.searching.highlight import highlight, one_line
from search_system.searching.matches import find_matches
from search_system.searching.searcher import Searcher
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField("english")})
ENGLISH = Analyzer(named_analyzer("english"))
ANALYZERS = [
    ENGLISH,
    Analyzer(AnalyzerSpec("none", tokenizer="blanks", accents="keep")),
    Analyzer(named_analyzer("code")),
    Analyzer(named_analyzer("products")),
    Analyzer(named_analyzer("cjk")),
    Analyzer(named_analyzer("typing")),
]

PIECES = ["a", "ab", "ba", "run", "running", "Straße", "Café", "e\u0301", "ﬁn", "15.6 inch", "16GB",
          "DataFrame", "日本語", " ", " ", "  ", "\n", "\x1b[31m", "\x07", "\u200b", "\xa0", ".",
          "\ud800"]  # fmt: skip
TERMS = ["a", "ab", "ba", "run", "strass", "strasse", "cafe", "fin", "data", "15.6inch", "16gb",
         "dataframe", "日本", "e", "\x1b[31m"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=25).map("".join)
phrases = st.lists(
    st.tuples(st.sampled_from(["a", "ab", "run"]), st.integers(0, 3)), min_size=2, max_size=3
).flatmap(
    lambda pairs: st.builds(
        TermPhrase,
        st.just(tuple(term for term, _ in pairs)),
        st.just((0, *(place + i for i, (_, place) in enumerate(pairs[1:], 1)))),
        st.integers(0, 3),
    )
)
leaves = (
    st.builds(Term, st.sampled_from(TERMS))
    | phrases
    | st.builds(Prefix, st.sampled_from(["", "a", "ru", "日", "15"]))
    | st.builds(Fuzzy, st.sampled_from(["abc", "runing", "stras"]), st.integers(1, 2))
)


def contains(tokens: list[Token], leaf: Query, start: int, end: int) -> bool:
    """Return by brute force whether a place is one that a leaf is about."""
    if isinstance(leaf, TermPhrase):
        options = [[t for t in tokens if t.term == term] for term in leaf.terms]
        for chosen in product(*options):
            shifts = [t.position - q for t, q in zip(chosen, leaf.places, strict=True)]
            apart = len({t.position for t in chosen}) == len(chosen)
            if max(shifts) - min(shifts) <= leaf.slop and apart:
                place = min(t.start for t in chosen), max(t.end for t in chosen)
                if place == (start, end):
                    return True
        return False
    here = [t for t in tokens if (t.start, t.end) == (start, end)]
    match leaf:
        case Term(text):
            return any(t.term == text for t in here)
        case Prefix(text):
            return any(t.word.startswith(text) for t in here)
        case Fuzzy(text, edits):
            near = alignment_distances(text, [t.word for t in here], edits) <= edits
            return bool(near.any())
        case _:
            return False


@settings(max_examples=120, deadline=None)
@given(texts, leaves, st.sampled_from(ANALYZERS))
def test_matches_are_where_the_analyzer_has_them(
    text: str, leaf: Query, analyzer: Analyzer
) -> None:
    tokens = list(analyzer.analyze(text))
    found = find_matches(text, leaf, analyzer, None)
    assert all(contains(tokens, leaf, start, end) for start, end, _ in found)
    if not isinstance(leaf, TermPhrase):
        places = {(m.start, m.end) for m in found}
        everywhere = {(t.start, t.end) for t in tokens if contains(tokens, leaf, t.start, t.end)}
        assert places == everywhere


@settings(max_examples=120, deadline=None)
@given(texts, st.lists(leaves, max_size=3), st.sampled_from(ANALYZERS), st.integers(1, 60))
def test_marks_lie_exactly_on_the_source(
    text: str, queries: list[Query], analyzer: Analyzer, width: int
) -> None:
    query = Bool(should=tuple(queries))
    matches = find_matches(text, query, analyzer, None)
    shown = {one_line(text[m.start : m.end]) for m in matches}
    whole = highlight(text, query, analyzer, None, width=10_000)
    assert whole.text == one_line(text)
    cut = highlight(text, query, analyzer, None, width)
    assert len(cut.text) <= width + 4
    assert cut.text.removeprefix("… ").removesuffix(" …") in whole.text
    for snippet in (whole, cut):
        assert snippet.text.isprintable()
        last = 0
        for start, end in snippet.spans:
            assert last <= start < end <= len(snippet.text)
            assert any(snippet.text.startswith(s, start) for s in shown if s)
            assert any(snippet.text.endswith(s, 0, end) for s in shown if s)
            last = end
    # Every character that can be seen of a match is marked, and no other is.
    inside = {i for m in matches for i in range(m.start, m.end)}
    visible = [i for i, c in enumerate(text) if c.isprintable() and c != " "]
    wanted = "".join(text[i] for i in visible if i in inside)
    marked = "".join(whole.text[start:end] for start, end in whole.spans)
    assert marked.replace(" ", "") == wanted


def parsed(text: str) -> Query:
    return rewrite(parse_query(text, {"title": "text"}).query, {None: ENGLISH, "title": ENGLISH})


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("run", "*Running* shoes, *run* in the Café of the *running*-shop"),
        ("cafe", "Running shoes, run in the *Café* of the running-shop"),
        ('"shoes run"', "Running *shoes, run* in the Café of the running-shop"),
        ('"run shoes"', "*Running shoes*, run in the Café of the running-shop"),
        ('"shoes cafe"~3', "Running *shoes, run in the Café* of the running-shop"),
        ("sho*", "Running *shoes*, run in the Café of the running-*shop*"),
        ("shes~1 +in -cafe", "Running *shoes*, run *in* the Café of the running-shop"),
        ("title:shoes #(of)", "Running shoes, run in the Café *of* the running-shop"),
        ("shoes^2 *:*", "Running *shoes*, run in the Café of the running-shop"),
        ("nothing", "Running shoes, run in the Café of the running-shop"),
    ],
)
def test_kinds_of_queries(query: str, marked: str) -> None:
    text = "Running shoes, run in the Café of the running-shop"
    assert highlight(text, parsed(query), ENGLISH, "text").marked() == marked


def test_the_window_has_the_most_parts_of_the_query() -> None:
    filler = "word " * 100
    text = f"{filler} cat cat cat {filler} cat and dog {filler}"
    snippet = highlight(text, parsed("cat dog"), ENGLISH, "text", width=80)
    assert "*cat* and *dog*" in snippet.marked()
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")


def test_no_match_shows_the_beginning() -> None:
    snippet = highlight("one two three " * 50, parsed("zebra"), ENGLISH, "text", width=20)
    assert snippet.text == "one two three one …"
    assert snippet.spans == ()
    for query in (MatchAll(), Range("price"), Bool(), Boost(MatchAll(), 2.0)):
        assert highlight("a b", query, ENGLISH, "text").marked() == "a b"


def test_a_very_long_text_is_looked_at_in_part_and_no_half_word_is_marked() -> None:
    text = "a " * 24_999 + "category"  # cut behind its second letter
    snippet = highlight(text, Term("ca"), ENGLISH, None)
    assert snippet.spans == ()
    text = "\n" * 49_990 + "dog cat category"
    assert highlight(text, parsed("dog"), ENGLISH, None).marked() == "*dog* cat ca"


@pytest.mark.parametrize("text", ["", " \n\t ", "x", "\x1b[31mred\x1b[0m", "a" * 1000, "\ud800"])
def test_odd_texts(text: str) -> None:
    snippet = highlight(text, parsed("red a"), ENGLISH, "text")
    assert snippet.text.isprintable()
    assert snippet.marked().replace("*", "") == snippet.text


@given(st.text())
def test_one_line(text: str) -> None:
    assert one_line(text) == " ".join("".join(c if c.isprintable() else " " for c in text).split())


@settings(max_examples=25, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6), st.lists(leaves, min_size=1, max_size=6))
def test_what_is_found_is_what_is_marked(
    tmp_path_factory: pytest.TempPathFactory, documents: list[str], queries: list[Query]
) -> None:
    with Store.open(tmp_path_factory.mktemp("s"), SCHEMA, "never") as store:
        for i, text in enumerate(documents):
            store.add({"text": text}, str(i))
        store.commit()
        searcher = Searcher(store.snapshot())
    for query in queries:
        found = searcher.matcher().matches(query)[0].tolist()
        marked = [bool(find_matches(text, query, ENGLISH, "text")) for text in documents]
        if isinstance(query, Term | TermPhrase):
            assert marked == found
        else:  # other words of the same terms match, too
            assert all(
                is_found for is_found, is_marked in zip(found, marked, strict=True) if is_marked
            )


SCHEMA = IndexSchema({"text": TextField("english")})
