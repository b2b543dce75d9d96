import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search_system import Analyzer, AnalyzerSpec, OptionError
from search_system.analysis import analyzer as analyzer_module
from search_system.analysis.normalize import normalize, split_identifiers
from search_system.analysis.spec import named_analyzer

PLAIN = AnalyzerSpec(stemmer="none")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café CAFÉ cafe\u0301", "cafe cafe cafe"),
        ("ﬁne ① \uff46\uff55ll", "fine 1 full"),
        ("Straße", "strasse"),
        ("Москва ёлка", "москва елка"),
        ("हिन्दी", "हिन्दी"),
        ("한국어", "한국어"),
    ],
)
def test_normalize_folds_spellings_of_one_word(text: str, expected: str) -> None:
    assert normalize(text) == expected


@given(st.text())
@example("\u0345\u03b1")
def test_normalize_is_idempotent(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_ascii_shortcut_equals_the_long_way(text: str) -> None:
    assert normalize(text) == normalize(text + "é")[:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't stop", ["don't", "stop"]),
        ("a 15.6 inch U.S.A. laptop.", ["a", "15.6", "inch", "u.s.a", "laptop"]),
        ("हिन्दी भाषा, தமிழ்", ["हिन्दी", "भाषा", "தமிழ்"]),
        ("1\ufe0f\u20e3 ❤\ufe0f x\u0301y", ["1", "xy"]),
        ("read_csv(path)", ["read", "csv", "path"]),
        ("...'--_", []),
        ("", []),
    ],
)
def test_tokens_are_words_with_inner_points_apostrophes_and_marks(
    text: str, expected: list[str]
) -> None:
    assert Analyzer(PLAIN)(text) == expected


def test_half_a_surrogate_pair_has_no_stem() -> None:
    assert Analyzer(AnalyzerSpec(tokenizer="blanks"))("\ud800s running") == ["\ud800s", "run"]


@pytest.mark.parametrize(
    "spec", [AnalyzerSpec(), AnalyzerSpec(stop_words="english"), named_analyzer("products"), PLAIN]
)
def test_terms_of_many_tokens_are_those_of_each(
    spec: AnalyzerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tokens in (["the", "running", "16 gb", "shoes"], ["shoes", "\ud800s", "tied"], []):
        assert Analyzer(spec).terms(tokens) == list(map(Analyzer(spec).term, tokens))
    monkeypatch.setattr(analyzer_module, "_MEMO_LIMIT", 3)
    limited = Analyzer(spec)
    for tokens in (["running", "shoes"], ["shoes", "tied", "the"], ["laces"]):
        assert limited.terms(tokens) == list(map(Analyzer(spec).term, tokens))
        assert len(limited._terms) <= 3


def test_stop_words_and_stemmer_are_switches() -> None:
    text = "The runners are running"
    assert Analyzer(PLAIN)(text) == ["the", "runners", "are", "running"]
    assert Analyzer(AnalyzerSpec())(text) == ["the", "runner", "are", "run"]
    assert Analyzer(AnalyzerSpec(stop_words="english"))(text) == ["runner", "run"]
    assert Analyzer(AnalyzerSpec(stemmer="german"))("Häuser") == ["haus"]


def test_identifiers_are_found_whole_and_by_their_parts() -> None:
    assert split_identifiers("HTTPServer x") == "HTTPServer HTTP Server x"
    analyzer = Analyzer(AnalyzerSpec(stemmer="none", split_identifiers=True))
    assert analyzer("pandas.DataFrame") == ["pandas", "dataframe", "data", "frame"]
    assert analyzer("dataframe") == ["dataframe"]


@given(st.text(), st.booleans())
def test_words_lie_in_the_text_in_order(text: str, split: bool) -> None:
    analyzer = Analyzer(AnalyzerSpec(split_identifiers=split))
    last = 0
    for start, end, terms in analyzer.words(text):
        assert last <= start < end <= len(text)
        assert terms == analyzer(text[start:end])
        last = end


def test_words_keep_decomposed_accents() -> None:
    text = "un cafe\u0301 noir"
    found = [
        text[start:end] for start, end, terms in Analyzer(PLAIN).words(text) if "cafe" in terms
    ]
    assert found == ["cafe\u0301"]


@pytest.mark.parametrize("options", [{"stemmer": "klingon"}, {"stop_words": "klingon"}])
def test_unknown_names_say_what_is_known(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=r"klingon.*english"):
        AnalyzerSpec(**options)  # type: ignore[arg-type]
