"""Expanding, correcting and completing words, against brute force over the documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system.analysis.analyzer import Analyzer
from search_system.query.ast import Fuzzy, Prefix
from search_system.query.exact import exact_spans
from search_system.query.expand import Vocabulary, alignment_distances
from search_system.query.packed import PackedStrings, merged
from search_system.schema import IndexSchema, TextField
from search_system.scoring.merging import Term, text_of
from search_system.searching import merged_words
from search_system.searching import words as words_module
from search_system.searching.searcher import analyzers_of
from search_system.searching.words import Words
from search_system.store.config import WriterConfig
from search_system.store.snapshot import Snapshot
from search_system.store.store import Store

SCHEMA = IndexSchema(
    {
        "title": TextField("english"),
        "text": TextField("english"),
        "code": TextField("plain", weight=0.0),
        "typed": TextField("typing", weight=0.0),
    }
)
ANALYZERS = analyzers_of(SCHEMA)
NO_MERGES = WriterConfig(background_merges=False)

words = st.text("abé", min_size=1, max_size=4) | st.sampled_from(["running", "runs", "ran", "run"])
texts = st.lists(words, max_size=5).map(" ".join)
documents = st.fixed_dictionaries({}, optional=dict.fromkeys(SCHEMA.fields, texts))
nodes = st.builds(
    Prefix, st.text("abe", max_size=2) | st.just("ru"), st.sampled_from([None, *SCHEMA.fields])
) | st.builds(
    Fuzzy,
    st.text("abe", min_size=1, max_size=5) | st.just("runing"),
    st.integers(1, 2),
    st.sampled_from([None, *SCHEMA.fields]),
)


def terms_of(text: str, analyzer: Analyzer) -> list[tuple[str, str | None]]:
    """Return the words of a text with their terms; n-grams are their own words."""
    if analyzer.config.edge_grams:
        return [(term, term) for term in analyzer(text)]
    return [(word, analyzer.term(word)) for word in analyzer.tokens(text)]


def brute_force(snapshot: Snapshot, node: Prefix | Fuzzy) -> dict[str, float]:
    """Return the terms with live documents of all words that match, deleted ones' included."""
    fields = [node.field] if node.field else ["title", "text"]
    found: dict[str, float] = {}
    for view in snapshot.views:
        for doc in range(view.segment.n_docs):
            for field in fields:
                text = view.segment.document(doc).get(field, "")
                for word, term in terms_of(text, ANALYZERS[field]):
                    weight = weight_of(node, word)
                    if weight and term and snapshot.df(field, term):
                        found[term] = max(weight, found.get(term, 0.0))
    return found


def weight_of(node: Prefix | Fuzzy, word: str) -> float:
    if isinstance(node, Prefix):
        return float(word.startswith(node.text))
    distance = int(alignment_distances(node.text, [word], node.edits)[0])
    longer = max(len(node.text), len(word))
    return 1 - distance / (1 + longer) if distance <= node.edits else 0.0


def store_of(folder: Path) -> Store:
    return Store.open(folder, SCHEMA, "never", config=NO_MERGES)


operations = st.lists(
    st.tuples(st.just("add"), st.integers(0, 9), documents)
    | st.tuples(st.just("delete"), st.integers(0, 9))
    | st.tuples(st.sampled_from(["refresh", "refresh", "merge_all"])),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(operations, st.lists(nodes, min_size=1, max_size=6), st.sampled_from([0, 16]))
def test_expansions_equal_brute_force_and_words_go_on_from_earlier_ones(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple],
    queries: list[Prefix | Fuzzy],
    share: int,
) -> None:
    previous = None
    with pytest.MonkeyPatch.context() as patch, store_of(tmp_path_factory.mktemp("s")) as store:
        patch.setattr(merged_words, "_INSERTED_SHARE", share)  # 0: insert whatever is new
        for name, *arguments in [*steps, ("refresh",)]:
            if name == "add":
                store.add(arguments[1], str(arguments[0]))
            elif name == "delete":
                store.delete(str(arguments[0]))
            elif name == "merge_all":
                store.merge_all()
            else:
                snapshot = store.refresh()
                fresh, previous = Words(snapshot), Words(snapshot, previous)
                for node in queries:
                    expected = brute_force(snapshot, node)
                    for its_words in (fresh, previous):
                        found = its_words.expand(node)
                        assert {text_of(term): weight for term, weight in found} == expected
                        assert len(found) == len(expected)
                        assert all(scope_of(term) == node.field for term, _ in found)
                for text in ("a", "ru"):
                    assert fresh.complete(text) == previous.complete(text)


def scope_of(term: Term) -> str | None:
    return None if isinstance(term, str) else term.fields[0]


def index_of(folder: Path, texts: Sequence[str]) -> Words:
    with store_of(folder) as store:
        for i, text in enumerate(texts):
            store.add({"text": text}, str(i))
            if i % 3 == 0:
                store.refresh()
        store.commit()
        return Words(store.snapshot())


def test_the_best_terms_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_module, "MOST_TERMS", 3)
    found = index_of(tmp_path, ["xa xb xb xc xc xc xcd", "xd xd xcd xcd xcd xcd"])
    assert found.expand(Prefix("x")) == [("xcd", 1.0), ("xc", 1.0), ("xb", 1.0)]
    assert found.expand(Fuzzy("xc", 1)) == [("xc", 1.0), ("xcd", 1 - 1 / 4), ("xb", 1 - 1 / 3)]
    assert found.expand(Prefix("y")) == found.expand(Prefix("x", "title")) == []


def test_did_you_mean_shows_words_and_not_stems(tmp_path: Path) -> None:
    found = index_of(tmp_path, ["running shoes", "running shoes", "the shoe of Zürich"])
    analyzer = ANALYZERS["text"]
    assert found.did_you_mean("Runing SHOSE", analyzer, {}) == "running shoes"
    assert found.did_you_mean("zurihc +shose", analyzer, {}) == "zurich +shoes"
    assert found.did_you_mean("running shoes", analyzer, {}) is None
    assert found.did_you_mean("", analyzer, {}) is None


def test_did_you_mean_leaves_what_is_forbidden_and_keywords_as_they_are(tmp_path: Path) -> None:
    found = index_of(tmp_path, ["running shoes", "running shoes", "the shoe of Zürich"])
    analyzer = ANALYZERS["text"]
    kinds: dict[str, Literal["text", "keyword", "date"]] = {
        "text": "text",
        "brand": "keyword",
        "since": "date",
    }

    def corrected(query: str) -> str | None:
        return found.did_you_mean(query, analyzer, kinds)

    for clause in (
        "-shose", "NOT shose", '-"runing shose"', "-(shose OR (runing zurihc))", "-text:shose",
        "brand:shose", '#brand:"runing shose"', "brand:(shose runing)", "brand:[shose TO zurihc]",
        "brand:>shose", "brand:> shose", "brand^2:shose", "-brand:shose", "+-shose",
    ):  # fmt: skip
        assert corrected(clause) is None, clause
        assert corrected(f"shose {clause} runing") == f"shoes {clause} running", clause
    for clause in ("+shose", "#(shose)", "-+shose", "text:shose", "a-shose", "(-red) shose",
                   "brand:x^2 shose", "brand:x shose~", "unknown:shose", "- shose",
                   "-red AND shose"):  # fmt: skip
        expected = None if clause.endswith("~") else clause.replace("shose", "shoes")
        assert corrected(clause) == expected, clause
    assert corrected("-(runing (shose") is None
    assert corrected(") -red ) shose") == ") -red ) shoes"


@given(st.text() | st.text('ab-+#()": ^~NOT', max_size=30))
def test_exact_spans_are_within_any_query(query: str) -> None:
    spans = exact_spans(query, {"a": "keyword", "b": "text"})
    places = [place for span in spans for place in span]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(query) for start, end in spans)


def test_completions_are_the_most_frequent_words(tmp_path: Path) -> None:
    found = index_of(tmp_path, ["shoes shoes shirt", "shoe Shöne shop", "shop shop"])
    assert found.complete("Red sho", 2) == ["Red shop", "Red shoes"]
    assert found.complete("sho") == ["shop", "shoes", "shoe", "shone"]
    assert found.complete("title:SHÖ") == ["title:" + w for w in ["shop", "shoes", "shoe", "shone"]]
    assert found.complete("(red OR shi") == ["(red OR shirt"]
    assert found.complete("red ") == found.complete("") == found.complete("zzz") == []


def test_words_of_deleted_documents_are_not_shown(tmp_path: Path) -> None:
    with store_of(tmp_path) as store:
        store.add({"text": "common word " * 5}, "1")
        store.add({"text": "comet " * 50}, "2")
        store.add({"text": "committee"}, "3")
        store.commit()
        store.delete("2")
        store.commit()
        found = Words(store.snapshot())
    assert found.complete("com", 1) == ["common"]
    assert found.complete("com") == ["common", "committee"]
    assert found.did_you_mean("comett", ANALYZERS["text"], {}) is None
    assert found.expand(Prefix("come")) == []


def test_control_characters_are_not_shown(tmp_path: Path) -> None:
    schema = IndexSchema.from_dict(
        {
            "fields": {"text": {"type": "text", "analyzer": "raw"}},
            "analyzers": {"raw": {"stemmer": "none", "tokenizer": "blanks"}},
        }
    )
    with Store.open(tmp_path, schema, "never") as store:
        store.add({"text": "\x1b[31mred blue\x07 blue blues"}, "1")
        store.commit()
        found = Words(store.snapshot())
    assert found.complete("blu") == ["blue", "blues"]
    assert found.complete("\x1b") == []
    analyzer = analyzers_of(schema)["text"]
    assert found.did_you_mean("bluees", analyzer, {}) == "blues"
    assert found.did_you_mean("[31mredd", analyzer, {}) is None
    assert found.expand(Prefix("blue\x07")) == [("blue\x07", 1.0)]


def test_an_empty_index(tmp_path: Path) -> None:
    with store_of(tmp_path) as store:
        store.commit()
        found = Words(store.snapshot())
    assert found.expand(Prefix("a")) == found.expand(Fuzzy("abc", 2, "code")) == []
    assert found.complete("a") == []
    assert found.did_you_mean("abcdef", ANALYZERS["text"], {}) is None


STRINGS = st.lists(st.text("ab\x00é日\U0001f600", max_size=4), unique=True).map(sorted)


@given(STRINGS, STRINGS, st.data())
def test_packed_strings_are_a_list(one: list[str], other: list[str], data: st.DataObject) -> None:
    packed = PackedStrings.of(one)
    assert list(packed) == [packed[i] for i in range(len(packed))] == one
    places = sorted(data.draw(st.integers(0, len(one))) for _ in other)
    expected = list(one)
    for place, string in reversed(list(zip(places, other, strict=True))):
        expected.insert(place, string)
    assert list(packed.inserted(places, other)) == expected
    both, numbers = merged([packed, other, one])
    assert list(both) == sorted({*one, *other})
    assert [both[:][i] for i in numbers[1].tolist()] == other


@given(STRINGS, STRINGS, st.text("abé", max_size=4))
def test_an_extended_vocabulary_is_one_made_anew(
    old: list[str], more: list[str], word: str
) -> None:
    terms = sorted({*old, *more})
    numbers = {term: i for i, term in enumerate(terms)}
    first = Vocabulary(old, np.ones(len(old), np.int64))
    first.fuzzy(word, 1)
    frequencies = np.arange(len(terms)) % 3
    moved = np.array([numbers[term] for term in old], np.int64)
    added = np.array([numbers[term] for term in terms if term not in old], np.int64)
    extended = first.extended(terms, frequencies, moved, added)
    assert extended.fuzzy(word, 2) == Vocabulary(terms, frequencies).fuzzy(word, 2)
