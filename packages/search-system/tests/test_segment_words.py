"""The words of a text field in segments: written beside the terms, and kept by merges."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import Analyzer, AnalyzerSpec, CollectionError
from search_system.schema import IndexSchema, NumberField, TextField
from search_system.segments import format as segment_format
from search_system.segments import inverter, numbering, words
from search_system.segments.reader import TextIndex
from search_system.store.config import WriterConfig
from search_system.store.recovery import verify_store
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField(), "price": NumberField()})
NO_MERGES = WriterConfig(background_merges=False)
ENGLISH = Analyzer(AnalyzerSpec("english", stop_words="english"))
PLAIN = Analyzer(AnalyzerSpec("none"))

Table = dict[str, tuple[str | None, int]]


def table_of(text: TextIndex) -> Table:
    """Return the words of a field with their terms and counts, checked for their order."""
    found = text.words
    assert found is not None
    strings = [found.strings[i] for i in range(len(found.strings))]
    assert strings == sorted(set(strings))
    terms = [text.terms[n] if n >= 0 else None for n in found.terms.tolist()]
    pairs = zip(terms, found.counts.tolist(), strict=True)
    return dict(zip(strings, pairs, strict=True))


def expected(texts: Sequence[str], analyzer: Analyzer) -> Table:
    counts = Counter(word for text in texts for word in analyzer.tokens(text))
    return {word: (analyzer.term(word), count) for word, count in counts.items()}


def store_of(folder: Path, analyzer: Any) -> Store:
    return Store.open(folder, SCHEMA, "never", config=NO_MERGES, analyzer=lambda _: analyzer)


def merged(store: Store) -> TextIndex:
    store.merge_all()
    store.commit()
    (view,) = store.snapshot().views
    return view.segment.text("text")


TEXTS = st.lists(
    st.lists(st.sampled_from(["run", "Running", "runs", "the", "Café", "cafe", "日本"]), max_size=6)
    .map(" ".join)
    .filter(bool),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(1, 4), st.integers(1, 9))
def test_words_are_those_of_the_texts_and_merges_add_them_up(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], every: int, run: int
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        store_of(tmp_path_factory.mktemp("store"), ENGLISH) as store,
    ):
        patch.setattr(inverter, "_RUN_TOKENS", run)
        patch.setattr(inverter, "_WAITING", 1)
        patch.setattr(words, "_RANGE_WORDS", 2)
        for i, text in enumerate(texts):
            store.add({"text": text}, str(i))
            if i % every == 0:
                store.refresh()
        store.commit()
        snapshot = store.snapshot()
        for view, base in zip(snapshot.views, snapshot.bases, strict=True):
            part = texts[base : base + view.segment.n_docs]
            assert table_of(view.segment.text("text")) == expected(part, ENGLISH)
        assert table_of(merged(store)) == expected(texts, ENGLISH)
        assert verify_store(store.folder) == []


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.data(), st.sampled_from([ENGLISH, PLAIN]))
def test_merges_drop_the_words_of_terms_that_are_gone(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    data: st.DataObject,
    analyzer: Analyzer,
) -> None:
    lost = data.draw(st.sets(st.integers(0, len(texts) - 1), max_size=len(texts) - 1))
    kept = [text for i, text in enumerate(texts) if i not in lost]
    with store_of(tmp_path_factory.mktemp("store"), analyzer) as store:
        for i, text in enumerate(texts):
            store.add({"text": text}, str(i))
            if i % 3 == 0:
                store.refresh()
        store.commit()
        for i in lost:
            store.delete(str(i))
        found = table_of(merged(store))
    wanted, alive = (
        expected(kept, analyzer),
        {term for term, _ in expected(kept, analyzer).values()},
    )
    stop_words = {word for word, (term, _) in found.items() if term is None}
    if analyzer is PLAIN:  # each word is its own term, so every figure is exact
        assert found == wanted
    assert wanted.keys() <= found.keys() | stop_words
    for word, (term, count) in found.items():
        assert term == analyzer.term(word)
        assert term is None or term in alive
        assert count >= 1


def test_counts_do_not_grow_with_updates(tmp_path: Path) -> None:
    with store_of(tmp_path, ENGLISH) as store:
        for _ in range(20):
            store.add({"text": "run runs running"}, "1")
            store.add({"text": "run"}, "2")
            found = table_of(merged(store))
    assert found == {"run": ("run", 2), "running": ("run", 1), "runs": ("run", 1)}


@pytest.mark.parametrize("analyzer", [str.split, Analyzer(AnalyzerSpec("none", edge_grams=(1, 3)))])
def test_what_analyses_whole_texts_has_no_words(tmp_path: Path, analyzer: Any) -> None:
    with store_of(tmp_path, analyzer) as store:
        store.add({"text": "red shoes"}, "1")
        assert store.refresh().views[0].segment.text("text").words is None
        store.add({"text": "blue shoes"}, "2")
        assert merged(store).words is None


def test_a_refused_document_leaves_no_word_and_no_term(tmp_path: Path) -> None:
    """It is analysed before another of its fields turns out to be wrong."""
    with store_of(tmp_path, ENGLISH) as store:
        store.add({"text": "good"}, "1")
        with pytest.raises(CollectionError, match="expected a number"):
            store.add({"text": "bad good", "price": "cheap"}, "2")
        store.commit()
        snapshot = store.snapshot()
    text = snapshot.views[0].segment.text("text")
    assert table_of(text) == {"good": ("good", 1)}
    assert [text.terms[i] for i in range(len(text.terms))] == ["good"]
    assert (snapshot.df("text", "good"), snapshot.df("text", "bad")) == (1, 0)


def test_lone_surrogates_are_terms_and_no_words(tmp_path: Path) -> None:
    blanks = Analyzer(AnalyzerSpec("none", tokenizer="blanks"))
    with store_of(tmp_path, blanks) as store:
        store.add({"text": "a\ud800 a? a\udc00 é"}, "1")
        store.commit()
        text = store.snapshot().views[0].segment.text("text")
    assert table_of(text) == {"a?": ("a?", 1), "e": ("e", 1)}
    assert text.postings(0)[1].tolist() == [3], "UTF-8 has one stand-in for both"


def test_the_largest_count_stands_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert np.iinfo(np.uint32).max == segment_format.LARGEST_COUNT
    for module in (numbering, words):
        monkeypatch.setattr(module, "LARGEST_COUNT", 3)
    with store_of(tmp_path, PLAIN) as store:
        store.add({"text": "a a a a b b"}, "1")
        store.commit()
        store.add({"text": "b b c"}, "2")
        counts = {word: count for word, (_, count) in table_of(merged(store)).items()}
    assert counts == {"a": 3, "b": 3, "c": 1}


def test_replayed_documents_have_words(tmp_path: Path) -> None:
    with store_of(tmp_path, ENGLISH) as store:
        store.add({"text": "Shoes"}, "1")
    with store_of(tmp_path, ENGLISH) as store:
        assert table_of(merged(store)) == {"shoes": ("shoe", 1)}
