import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from search_system import Analyzer, OptionError
from search_system.analysis.spec import NAMED_ANALYZERS, AnalyzerSpec, named_analyzer
from search_system.analysis.stopwords import STOP_WORDS
from search_system.analysis.synonyms import SynonymRule, parse_synonym, read_synonyms
from search_system.analysis.units import PRODUCT_UNITS, plain_number

SPECS = st.builds(
    AnalyzerSpec,
    stemmer=st.sampled_from(["none", "english", "german", "french"]),
    stop_words=st.sampled_from(["none", *STOP_WORDS]),
    split_identifiers=st.booleans(),
    tokenizer=st.sampled_from(["words", "runs", "cjk", "blanks"]),
    accents=st.sampled_from(["fold", "keep"]),
    units=st.sampled_from([(), PRODUCT_UNITS]),
    synonyms=st.sampled_from(
        [(), ("laptop, notebook \U0001f600", 'tv "x" \\, => \x7f television')]
    ),
    edge_grams=st.sampled_from([None, (1, 3), (2, 12)]),
)
UNIT_TEXT = st.text(alphabet="0123456789.,-gGbBinch\"'x \t\u2033\u00bd\u00dfe\u0301") | st.text()


@given(SPECS)
def test_a_spec_survives_json_and_toml(spec: AnalyzerSpec) -> None:
    stored = json.loads(json.dumps(spec.to_mapping()))
    assert AnalyzerSpec.from_mapping(stored, "index.json") == spec
    assert AnalyzerSpec(**json.loads(json.dumps(asdict(spec)))) == spec
    assert AnalyzerSpec.from_mapping(tomllib.loads(spec.to_toml()), "schema.toml") == spec


def test_settings_of_version_1_are_a_spec() -> None:
    old = {"stemmer": "english", "stop_words": "none", "split_identifiers": False}
    assert AnalyzerSpec.from_mapping(old, "index.json") == AnalyzerSpec()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stemer": "english"}, "schema.toml: no analyzer setting 'stemer'; expected stemmer, "),
        ({"tokenizer": "bert"}, "schema.toml: no tokenizer 'bert'; expected one of words, runs"),
        ({"accents": 1}, "no way with accents '1'"),
        ({"units": "gb"}, "units: expected a list of rules"),
        ({"synonyms": [1]}, "synonyms: expected a list of rules"),
        ({"split_identifiers": "no"}, "split_identifiers: expected true or false, not 'no'"),
        ({"edge_grams": [3, 2]}, "edge_grams: expected two sizes, 1 <= from <= to <= 50"),
        ({"edge_grams": [True, 2]}, "edge_grams"),
        ({"edge_grams": 3}, "edge_grams"),
        ({"units": ["gb"], "tokenizer": "whole"}, "units need a tokenizer that finds words"),
    ],
)
def test_a_bad_setting_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError) as error:
        AnalyzerSpec.from_mapping(values, "schema.toml")
    assert message in str(error.value)


def test_every_named_analyzer_works() -> None:
    assert set(Stemmer.algorithms()) <= set(NAMED_ANALYZERS)
    assert len(Stemmer.algorithms()) >= 15
    for name in NAMED_ANALYZERS:
        assert Analyzer(named_analyzer(name))("Zürich 15")
    with pytest.raises(OptionError, match="no analyzer 'klingon'; expected one of arabic"):
        named_analyzer("klingon")


@pytest.mark.parametrize(
    ("name", "text", "terms"),
    [
        ("german", "Die Häuser der Stadt", ["die", "haus", "der", "stadt"]),
        ("french", "les chevaux et l'homme", ["le", "cheval", "et", "homm"]),
        ("russian", "в домах и на столах", ["в", "дом", "и", "на", "стол"]),
        ("keyword", "  Dark  Blue ", ["dark  blue"]),
        ("plain", "Running shoes", ["running", "shoes"]),
        ("code", "read_csv DataFrame", ["read", "csv", "datafram", "data", "frame"]),
        ("cjk", "東京タワー2 go 大", ["東京", "京タ", "タワ", "ワー", "2", "go", "大"]),
        ("typing", "shoe a", ["shoe", "s", "sh", "sho", "a"]),
    ],
)
def test_named_analyzers(name: str, text: str, terms: list[str]) -> None:
    analyzer = Analyzer(named_analyzer(name))
    assert analyzer(text) == terms
    assert [token.term for token in analyzer.analyze(text)] == terms


def test_accents_can_stay() -> None:
    assert Analyzer(AnalyzerSpec("none", accents="keep"))("CAFÉ cafe\u0301 ﬁn") == [
        *("café", "café", "fin")
    ]


def test_stop_words_are_known_to_bm25s() -> None:
    reference = pytest.importorskip("bm25s.stopwords")
    for language in STOP_WORDS.keys() - {"english"}:
        known = set(getattr(reference, f"STOPWORDS_{language.upper()}"))
        ours = STOP_WORDS[language]
        assert len(ours & known) >= 0.85 * len(ours), (language, sorted(ours - known))
    assert STOP_WORDS["english"] == set(reference.STOPWORDS_EN)


@pytest.mark.parametrize(
    ("texts", "term"),
    [
        (
            ["15.6 inch", '15.6"', "15,6 Zoll", "15.60-inches", "15.6in", "15.6''", "15.6″"],
            "15.6inch",
        ),
        (["16GB", "16 GB", "16-gb", "16 gigabytes", "16\u00a0GB", "016 gb"], "16gb"),
        (["1TB", "1.0 TB", "1 terabyte"], "1tb"),
        (["1,500 watts", "1500W"], "1500watt"),
        ([".5 l", "0,5 litre"], "0.5l"),
    ],
)
def test_a_number_and_its_unit_are_one_term(texts: list[str], term: str) -> None:
    analyzer = Analyzer(named_analyzer("products"))
    for text in texts:
        assert analyzer(f"a {text} b") == ["a", term, "b"]
        assert analyzer(text) == [term]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("2 in 1", ["2", "in", "1"]),
        ("RTX16GB", ["rtx16gb"]),
        ("16 GBit", ["16", "gbit"]),
        ("5.1 surround", ["5.1", "surround"]),
        ("1.2.3 gb", ["1.2.3", "gb"]),
        ('say "inch"', ["say", "inch"]),
    ],
)
def test_what_is_no_unit_stays_words(text: str, terms: list[str]) -> None:
    assert Analyzer(named_analyzer("products"))(text) == terms


@pytest.mark.parametrize(
    ("written", "plain"),
    [("1,500", "1500"), ("15,60", "15.6"), ("0", "0"), ("007.0", "7"), ("1,500.50", "1500.5")],
)
def test_plain_number(written: str, plain: str) -> None:
    assert plain_number(written) == plain


@pytest.mark.parametrize("rule", ["", "= gb", "gb =", "g b = x", "gb = +"])
def test_a_bad_unit_is_quoted(rule: str) -> None:
    with pytest.raises(OptionError, match="expected NAME = SPELLING, SPELLING"):
        Analyzer(AnalyzerSpec(units=(rule,)))


def test_a_spelling_has_one_unit() -> None:
    with pytest.raises(OptionError, match="'Zoll' already belongs to 'inch'"):
        Analyzer(AnalyzerSpec(units=("inch = zoll", "customs = Zoll")))


@given(UNIT_TEXT, SPECS)
def test_places_belong_to_the_same_terms(text: str, spec: AnalyzerSpec) -> None:
    analyzer = Analyzer(spec)
    tokens = list(analyzer.analyze(text))
    assert [token.term for token in tokens] == analyzer(text)
    last = -1
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert last <= token.position
        last = token.position
    end = 0
    for start, stop, terms in analyzer.words(text):
        assert end <= start < stop <= len(text)
        assert terms
        end = stop


def test_places_are_those_of_the_text_as_written() -> None:
    text = "The ﬁne Straße, e\u0301t\u00e9: 15,6 Zoll ParseXML"
    analyzer = Analyzer(
        AnalyzerSpec("none", stop_words="english", units=PRODUCT_UNITS, split_identifiers=True)
    )
    assert [(t.term, t.position, text[t.start : t.end]) for t in analyzer.analyze(text)] == [
        ("fine", 1, "ﬁne"),
        ("strasse", 2, "Straße"),
        ("ete", 3, "e\u0301t\u00e9"),
        ("15.6inch", 4, "15,6 Zoll"),
        ("parsexml", 5, "ParseXML"),
        ("parse", 6, "Parse"),
        ("xml", 7, "XML"),
    ]


def test_synonyms_stand_beside_the_words_of_a_query() -> None:
    rules = ("laptop, notebook, portable computer", "tv => television, tv", "colour => color")
    analyzer = Analyzer(AnalyzerSpec(synonyms=rules))
    assert analyzer("laptops") == ["laptop"]  # documents are indexed as they are
    assert analyzer.alternatives("cheap Portable Computers colour") == [
        (("cheap",),),
        (("portabl", "comput"), ("laptop",), ("notebook",)),
        (("color",),),
    ]
    assert analyzer.alternatives("TV television") == [(("tv",), ("televis",)), (("televis",),)]
    assert analyzer.alternatives("portable") == [(("portabl",),)]


@given(st.text(alphabet="ab ") | st.text(), st.sampled_from([(), ("x, y",)]))
def test_without_a_matching_rule_there_is_one_alternative(text: str, rules: tuple[str]) -> None:
    analyzer = Analyzer(AnalyzerSpec(synonyms=rules))
    terms = [term for term in analyzer(text) if term not in {"x", "y"}]
    found = [a for a in analyzer.alternatives(text) if a[0][0] not in {"x", "y"}]
    assert found == [((term,),) for term in terms]


def test_synonym_lines() -> None:
    assert parse_synonym(r"a\, b, c # comment") == SynonymRule(("a, b", "c"))
    assert parse_synonym("a, b => c") == SynonymRule(("a", "b"), ("c",))
    assert parse_synonym(r"c\#, c sharp") == SynonymRule(("c#", "c sharp"))


def test_a_synonym_file(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text("\ufeff# shop\n\ntv, television # both\na => b\n", encoding="utf-8")
    assert read_synonyms(file) == ("tv, television", "a => b")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("alone", "expected two words or more, separated by commas: alone"),
        ("a, => b", "expected words between commas and around '=>': a, => b"),
        ("a =>", "expected words between commas"),
        ("a => b => c", "expected one '=>', found 2: a => b => c"),
    ],
)
def test_a_bad_synonym_is_named_by_its_line(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text(f"# first\na, b\n{line}\n")
    with pytest.raises(OptionError) as error:
        read_synonyms(file)
    assert str(error.value).startswith(f"{file}:3: {message}")


def test_an_unreadable_synonym_file(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9, x")
    for name in ("latin", "missing"):
        with pytest.raises(OptionError, match=f"{name}: cannot be read as UTF-8 text"):
            read_synonyms(tmp_path / name)


def test_a_synonym_needs_terms() -> None:
    with pytest.raises(OptionError, match="nothing is left of '!' after analysis"):
        Analyzer(AnalyzerSpec(synonyms=("a, !",)))
