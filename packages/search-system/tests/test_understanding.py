"""Brands, kinds and compounds, read off a small catalogue."""

import math
from pathlib import Path

import numpy as np
import pytest

from search_system.errors import OptionError
from search_system.schema import IndexSchema, KeywordField, TextField
from search_system.searching.searcher import Searcher
from search_system.store.store import Store
from search_system.understanding.catalogue import Catalogue
from search_system.understanding.categories import CategoryProfile
from search_system.understanding.keyword_values import KeywordValues
from search_system.understanding.understand import QueryUnderstanding, Switches

SCHEMA = IndexSchema(
    {
        "title": TextField(analyzer="products"),
        "brand": KeywordField(),
        "kind": KeywordField(),
    }
)


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """Return a catalogue in two segments, with one document deleted."""
    with Store.open(tmp_path / "index", SCHEMA) as store:
        for i in range(12):
            store.add({"title": f"Sony headset {i}", "brand": "Sony", "kind": "audio"}, f"h{i}")
        store.commit()
        for i in range(4):
            title = f"HP Inc laptop {i} with mouse pad"
            store.add({"title": title, "brand": "HP Inc", "kind": ["computer", "sale"]}, f"l{i}")
        # "Act" is a brand of one document and a word of many.
        store.add({"title": "Act cable", "brand": "Act", "kind": "cable"}, "act")
        for i in range(9):
            store.add({"title": f"act {i} now", "brand": "Other", "kind": "cable"}, f"a{i}")
        store.add({"title": "deleted", "brand": "Gone", "kind": "gone"}, "gone")
        store.commit()
        store.delete("gone")
        store.commit()
        return Searcher(store.snapshot())


def test_keyword_values_count_live_documents(searcher: Searcher) -> None:
    values = KeywordValues(searcher.snapshot, ["brand", "kind"])
    counts = dict(zip(values.values, values.n_docs.tolist(), strict=True))
    assert counts["brand", "Sony"] == 12
    assert counts["kind", "cable"] == 10
    assert counts["kind", "gone"] == 0
    assert values.n_live == 26
    numbers = np.array([searcher.number("l1"), searcher.number("h0")])
    owners, codes = values.of(numbers)
    found = [(owner, *values.values[code]) for owner, code in zip(owners, codes, strict=True)]
    assert sorted(found) == [
        (0, "brand", "HP Inc"), (0, "kind", "computer"), (0, "kind", "sale"),
        (1, "brand", "Sony"), (1, "kind", "audio"),
    ]  # fmt: skip
    number = values.number("brand", "Sony")
    assert number is not None
    assert values.has(number, numbers).tolist() == [False, True]
    with pytest.raises(OptionError, match="no keyword field 'title'; there are"):
        KeywordValues(searcher.snapshot, ["title"])


def test_brand_and_what_is_left(searcher: Searcher) -> None:
    understand = QueryUnderstanding(searcher, Catalogue("brand"))
    query = understand("cheap HP inc. laptops")
    assert query.brand is not None
    assert (query.brand.name, query.brand.rest) == ("HP Inc", "cheap . laptops")
    assert query.meaning == "cheap . laptops"
    assert understand("sony").meaning == ""
    assert understand("hp").brand is None  # half a name
    laptop, headset = searcher.number("l0"), searcher.number("h0")
    assert understand.is_of_brand(query, np.array([laptop, headset])).tolist() == [True, False]


def test_a_brand_that_is_an_everyday_word_does_not_count(searcher: Searcher) -> None:
    # Of the 10 documents with the word, 1 is of the brand.
    assert QueryUnderstanding(searcher, Catalogue("brand"))("act cable").brand is None


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("head set", "headset"),
        ("red Head set 15.6 inch", "red Headset 15.6 inch"),
        ("mousepad", "mouse pad"),
        ("headset", "headset"),
        ("mouse pad", "mouse pad"),
        ("head, set", "head, set"),
        ("", ""),
        ("zzzzzzzz", "zzzzzzzz"),
    ],
)
def test_compounds(searcher: Searcher, typed: str, text: str) -> None:
    assert QueryUnderstanding(searcher)(typed).text == text


def test_switches(searcher: Searcher) -> None:
    off = Switches(spelling=False, compounds=False, brands=False, categories=False)
    understand = QueryUnderstanding(searcher, Catalogue("brand", ("kind",)), off)
    query = understand("sonny head set")
    assert (query.text, query.brand) == ("sonny head set", None)
    assert understand.category(np.array([0])) is None


def test_spelling_comes_before_everything_else(searcher: Searcher) -> None:
    query = QueryUnderstanding(searcher, Catalogue("brand"))("sonny head set")
    assert query.text == "sony headset"
    assert query.brand is not None
    assert query.typed == "sonny head set"


def test_category_weights_are_the_stated_formula(searcher: Searcher) -> None:
    values = KeywordValues(searcher.snapshot, ["kind"])
    seeds = np.array([searcher.number(f"l{i}") for i in range(4)])
    profile = CategoryProfile.of(values, seeds, least_documents=1)
    share = 4 / 26
    expected = math.log((4 + 5 * share) / (4 + 5) / share)
    weight = profile.weights[values.number("kind", "computer")]
    assert weight == pytest.approx(expected)
    # Two values of that weight, as if there were five.
    affinity = profile.affinity(np.array([searcher.number("l0"), searcher.number("h0")]))
    assert affinity[0] == pytest.approx(2 * expected / 5)
    assert affinity[1] < 0


def test_rare_values_do_not_count(searcher: Searcher) -> None:
    values = KeywordValues(searcher.snapshot, ["kind"])
    profile = CategoryProfile.of(values, np.array([searcher.number("l0")]))
    assert profile.affinity(np.arange(27)).tolist() == [0.0] * 27
