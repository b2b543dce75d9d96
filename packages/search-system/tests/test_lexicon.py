"""Words by number: as a dictionary has them, and split from texts as the tokenizer splits."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search_system.analysis.analyzer import Analyzer
from search_system.analysis.spec import AnalyzerSpec, named_analyzer
from search_system.segments.lexicon import Lexicon

WORDS = st.lists(st.text(max_size=12) | st.sampled_from(["a" * 9 + c for c in "bcdé"]), max_size=60)
ANALYZERS = {
    "words": AnalyzerSpec(),
    "accents": AnalyzerSpec(accents="keep"),
    "code": named_analyzer("code"),
    "cjk": named_analyzer("cjk"),
    "products": named_analyzer("products"),
    "whole": named_analyzer("keyword"),
    "blanks": AnalyzerSpec("none", tokenizer="blanks"),
}
TEXTS = st.lists(
    st.text(st.characters(max_codepoint=127), max_size=40)
    | st.text(st.sampled_from("aB0'._ -\x00\n\x1cé\u2019\u201d\u2500\u0301\u0345\ufe0f中Ⅷﬁİ"))
    | st.text(max_size=20),
    max_size=30,
)


def encoded(word: str) -> bytes:
    return word.encode(errors="surrogatepass")


@given(st.lists(WORDS, max_size=4))
@example([["\ud83d", "\ude00", "\ud83d\ude00", "", "\x00", "a", "a\x00"]])
def test_words_are_numbered_as_they_come(batches: list[list[str]]) -> None:
    lexicon, expected = Lexicon(), dict[str, int]()
    for words in batches:
        wanted = [expected.setdefault(word, len(expected)) for word in words]
        assert lexicon.number(words).tolist() == wanted
    distinct = list(expected)
    assert lexicon.words() == distinct
    assert lexicon.words(len(distinct) // 2) == distinct[len(distinct) // 2 :]
    order = lexicon.order()
    assert [distinct[i] for i in order] == sorted(distinct, key=encoded)
    data, offsets = lexicon.encoded(order)
    assert data.tobytes() == b"".join(sorted(map(encoded, distinct)))
    assert np.diff(offsets).tolist() == [len(encoded(distinct[i])) for i in order]
    halves = [any("\ud800" <= c <= "\udfff" for c in word) for word in distinct]
    assert lexicon.has_surrogates().tolist() == halves


@pytest.mark.parametrize("name", ANALYZERS)
@given(texts=TEXTS)
@example(["", "it's", "a..b .c. d' U.S.A.", "x" * 10_000, "\u2019a \u2019"])
@example(["don\u2019t \u201cquote\u201d \u2014 caf\u00e9 \u00ae"])
def test_texts_are_split_as_the_tokenizer_splits_them(name: str, texts: list[str]) -> None:
    analyzer, lexicon = Analyzer(ANALYZERS[name]), Lexicon()
    simplified = [analyzer.simplified(text) for text in texts]
    tokens = [analyzer.tokens(text) for text in texts]
    whole = [i for i, text in enumerate(simplified) if isinstance(text, str)]
    assert [simplified[i] for i in range(len(texts)) if i not in whole] == [
        tokens[i] for i in range(len(texts)) if i not in whole
    ]
    folded = np.frombuffer(analyzer.folded or b"", np.int8)
    numbers, sizes = lexicon.split([str(simplified[i]) for i in whole], folded)
    assert sizes.tolist() == [len(tokens[i]) for i in whole]
    words = lexicon.words()
    assert [words[number] for number in numbers] == [word for i in whole for word in tokens[i]]


def test_a_table_grows() -> None:
    lexicon = Lexicon()
    words = [f"{i:x}" for i in range(20_000)]
    folded = np.frombuffer(Analyzer(AnalyzerSpec()).folded or b"", np.int8)
    texts = [" ".join(words[i : i + 7]) for i in range(0, len(words), 7)]
    numbers, _ = lexicon.split(texts, folded)
    assert numbers.tolist() == [*range(20_000)]
    numbers, _ = lexicon.split(texts, folded)
    assert numbers.tolist() == lexicon.number(words).tolist() == [*range(20_000)]
    assert len(lexicon) == 20_000
