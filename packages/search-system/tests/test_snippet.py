import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system import Analyzer, AnalyzerSpec
from search_system.snippet import make_snippet, one_line

ANALYZER = Analyzer(AnalyzerSpec())


def test_inflected_and_accented_matches_are_marked() -> None:
    snippet = make_snippet("Running to the Café.", set(ANALYZER("runs cafe")), ANALYZER)
    assert snippet.marked() == "*Running* to the *Café*."


def test_the_window_has_the_most_distinct_terms() -> None:
    filler = "word " * 100
    text = f"{filler} cat cat cat {filler} cat and dog {filler}"
    snippet = make_snippet(text, {"cat", "dog"}, ANALYZER, width=80)
    assert "*cat* and *dog*" in snippet.marked()
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")


def test_no_match_shows_the_beginning() -> None:
    snippet = make_snippet("one two three " * 50, {"zebra"}, ANALYZER, width=20)
    assert snippet.text == "one two three one …"
    assert snippet.spans == ()


@pytest.mark.parametrize("text", ["", " \n\t ", "x", "\x1b[31mred\x1b[0m", "a" * 1000])
def test_odd_texts(text: str) -> None:
    snippet = make_snippet(text, {"red", "a"}, ANALYZER)
    assert snippet.text.isprintable()


@given(
    st.text(alphabet=st.sampled_from("ab \n\u0301é.\x07") | st.characters()),
    st.sets(st.sampled_from(["a", "b", "ab", "e"])),
    st.integers(1, 60),
)
def test_spans_are_the_matching_words(text: str, terms: set[str], width: int) -> None:
    snippet = make_snippet(text, terms, ANALYZER, width)
    assert snippet.text.isprintable()
    assert len(snippet.text) <= width + 4
    last = 0
    for start, end in snippet.spans:
        assert last <= start < end <= len(snippet.text)
        assert terms & set(ANALYZER(snippet.text[start:end]))
        last = end


@given(st.text())
def test_one_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert one_line(one_line(text)) == one_line(text)
