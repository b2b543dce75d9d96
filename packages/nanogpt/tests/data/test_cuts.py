"""Parts encoded apart give the ids of the whole, wherever `next_cut` allows to cut."""

import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanogpt.data import cuts
from nanogpt.data.cuts import character_border, next_cut
from nanogpt.tokenizers.bpe import BpeTokenizer
from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer

GPT2 = Gpt2Tokenizer.load()
# Signs, letters of one to four bytes, contractions, digits, and every sort of white space.
TRICKY = st.text("ab'st.-19\u00e9\u4e2d\U0001f600 \n\r\t\x0b\x1c\x85\xa0\u2003\u3000", max_size=60)


def places(data: bytes) -> list[int]:
    """Return all offsets that `next_cut` allows."""
    found, start = [], 1
    while (place := next_cut(io.BytesIO(data), start, len(data))) is not None:
        found.append(place)
        start = place + 1
    return found


@settings(max_examples=400)
@given(TRICKY | st.text())
def test_parts_encoded_apart_give_the_ids_of_the_whole(text: str) -> None:
    data = text.encode()
    for place in places(data):
        parts = data[:place].decode(), data[place:].decode()
        ids = [token for part in parts for token in GPT2.encode(part).tolist()]
        assert ids == GPT2.encode(text).tolist(), parts


@given(TRICKY)
def test_cuts_do_not_depend_on_the_window(text: str) -> None:
    data = text.encode()
    expected = places(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "WINDOW", 3)
        assert places(data) == expected


def test_learned_merges_do_not_reach_over_a_cut() -> None:
    """Even where training saw the two sides together all the time."""
    text = "new york, new york\n" * 30
    tokenizer = BpeTokenizer.train(text, 300)
    data = text.encode()
    borders = [0, *places(data), len(data)]
    parts = [data[a:b].decode() for a, b in pairwise(borders)]
    assert len(parts) > 60
    ids = [token for part in parts for token in tokenizer.encode(part).tolist()]
    assert ids == tokenizer.encode(text).tolist()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a b", [1]),
        (b"a  b", [1]),
        (b"ab\r\ncd\n", [2, 6]),
        ("\u3000 a\u4e2d b".encode(), [8]),
        (b"abc", []),
        (b"   a", []),
        (b"", []),
    ],
)
def test_cuts_are_before_the_space_that_follows_a_sign(data: bytes, expected: list[int]) -> None:
    assert places(data) == expected


@given(st.text(min_size=1))
def test_character_border_is_the_last_one(text: str) -> None:
    data = text.encode()
    borders = [len(text[:index].encode()) for index in range(len(text))]
    for start in range(len(data)):
        expected = max(border for border in borders if border <= start)
        assert character_border(io.BytesIO(data), start) == expected
