import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import Analyzer
from search_system.analysis.spec import named_analyzer
from search_system.query.autocomplete import Autocomplete
from search_system.query.expand import Vocabulary, alignment_distances
from search_system.query.spelling import Speller

WORD = st.text(alphabet="abcé\x00\U0001f600", max_size=7)
TERMS = st.lists(WORD, unique=True, max_size=40).map(sorted)


def vocabulary(terms: list[str]) -> Vocabulary:
    return Vocabulary(terms, np.arange(len(terms)) % 5 + 1)


def brute_force_distance(a: str, b: str) -> int:
    """Return the distance of optimal string alignment by its textbook recurrence."""
    d = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            change = d[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, change)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[len(a), len(b)]


@given(TERMS, WORD)
def test_prefix_equals_brute_force(terms: list[str], text: str) -> None:
    expected = [i for i, term in enumerate(terms) if term.startswith(text)]
    assert list(vocabulary(terms).prefix(text)) == expected
    found = vocabulary(terms).find(text)
    assert found == (terms.index(text) if text in terms else None)


@settings(max_examples=400)
@given(TERMS, WORD, st.integers(0, 2))
def test_fuzzy_equals_brute_force(terms: list[str], word: str, edits: int) -> None:
    words = vocabulary(terms)
    distances = [(i, brute_force_distance(word, term)) for i, term in enumerate(terms)]
    expected = [pair for pair in distances if pair[1] <= edits]
    expected.sort(key=lambda pair: (pair[1], -words.frequencies[pair[0]], pair[0]))
    assert words.fuzzy(word, edits) == expected


@given(st.lists(WORD, max_size=10), WORD, st.integers(0, 3))
def test_distances_equal_brute_force_up_to_the_limit(
    others: list[str], word: str, limit: int
) -> None:
    expected = [min(brute_force_distance(word, other), limit + 1) for other in others]
    assert alignment_distances(word, others, limit).tolist() == expected


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("ab", "ba", 1), ("abc", "ca", 3), ("kitten", "sitting", 3), ("", "", 0)],
)
def test_known_distances(a: str, b: str, distance: int) -> None:
    assert brute_force_distance(a, b) == distance
    assert alignment_distances(a, [b], 5).tolist() == [distance]


def test_did_you_mean_replaces_what_is_unknown_or_much_rarer() -> None:
    counts = {"laptop": 900, "laptops": 100, "leptop": 3, "labtop": 4, "lenovo": 50, "redd": 5}
    counts |= {"leader": 3, "reader": 50, "headphones": 9, "paptop": 1}
    terms = sorted(counts)
    vocabulary = Vocabulary(terms, np.array([counts[t] for t in terms]))
    speller = Speller(vocabulary, {*counts, "cord"}.__contains__)
    for word, better in {
        "lpatop": "laptop",
        "leptop": "laptop",  # 900 >= 300 * 3
        "labtop": None,  # 900 < 300 * 4
        "paptop": None,  # it begins with another letter
        "laptops": None,
        "heedphonse": "headphones",
        "ledaer": "leader",  # reader is more frequent, and begins with another letter
        "lapptpo": None,  # two edits of seven letters
        "rdd": None,  # too short
        "lapto9": None,  # a number
        "zebra": None,
    }.items():
        assert speller.correct(word, word) == better, word
    assert speller.correct("cords", "cord") is None  # the index has what is searched for
    analyzer = Analyzer(named_analyzer("plain"))
    query = "Cheap LPATOP -lenvo!"
    assert speller.did_you_mean(query, analyzer.analyze(query)) == "Cheap laptop -lenovo!"
    query = "leptop:x lapt* lenvo~1 NOT [rded TO lpatop]"
    assert speller.did_you_mean(query, analyzer.analyze(query)) == query.replace(
        "rded", "redd"
    ).replace("lpatop", "laptop")
    assert speller.did_you_mean("laptop", analyzer.analyze("laptop")) is None
    empty = Speller(Vocabulary([], np.zeros(0, dtype=np.int64)), lambda _: False)
    assert empty.correct("laptop", "laptop") is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 12_000),
    st.sampled_from([1, 3, 10]),
    st.sampled_from(["", "a", "aa", "ab", "b", "z"]),
    st.sampled_from([2, 1000]),
)
def test_autocomplete_equals_brute_force(
    seed: int, size: int, k: int, text: str, distinct: int
) -> None:
    rng = np.random.default_rng(seed)
    entries = sorted("".join(row) for row in rng.choice(list("aab"), (size, 8)).tolist())
    weights = rng.integers(0, distinct, size).astype(np.float64)
    expected = [i for i, entry in enumerate(entries) if entry.startswith(text)]
    expected.sort(key=lambda i: (-weights[i], i))
    assert Autocomplete(entries, weights).complete(text, k) == expected[:k]
