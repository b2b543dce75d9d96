"""BpeTokenizer beside its reference, and the texts that break others."""

import json
import re
from collections import Counter
from itertools import pairwise

import pytest
import rustbpe
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.bpe import _LONG_SPACE, END_OF_TEXT, PATTERN, BpeTokenizer
from nanogpt.tokenizers.registry import tokenizer_from_dict

TEXT = "low lower lowest, new newer newest; it's 1603.\n" * 4
TOKENIZER = BpeTokenizer.train(TEXT, 270)
BYTES = [bytes([byte]) for byte in range(256)]


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert TOKENIZER.decode_bytes(TOKENIZER.encode_bytes(data).tolist()) == data


@given(st.text())
def test_bytes_of_a_text_have_the_ids_of_the_text(text: str) -> None:
    assert TOKENIZER.encode_bytes(text.encode()).tolist() == TOKENIZER.encode(text).tolist()
    assert TOKENIZER.decode(TOKENIZER.encode(text).tolist()) == text


@given(st.text("lowernst '1;\n\t\u00e9\u3000"))
def test_ids_equal_those_of_the_library_that_trained(text: str) -> None:
    learner = rustbpe.Tokenizer()
    learner.train_from_iterator(iter([TEXT]), 269, pattern=PATTERN)
    assert TOKENIZER.encode(text).tolist() == learner.encode(text)


def test_first_merge_is_the_most_frequent_pair() -> None:
    words = ["low", " lower", " lowest", " new", " newer", " newest"]
    pairs = Counter(pair for word in words for pair in pairwise(word))
    (first, second), count = pairs.most_common(1)[0]
    assert list(pairs.values()).count(count) == 1
    learned = BpeTokenizer.train(["".join(words)], 258)
    assert learned.decode_bytes([256]) == (first + second).encode()


def test_vocabulary_is_bytes_then_merges_then_end_of_text() -> None:
    assert TOKENIZER.vocab_size == 270
    assert TOKENIZER.eot == 269
    assert [TOKENIZER.decode_bytes([token]) for token in range(256)] == BYTES
    assert TOKENIZER.decode([269]) == END_OF_TEXT


def test_short_text_gives_fewer_tokens_than_asked_for() -> None:
    assert BpeTokenizer.train("ab", 1000).vocab_size == 256 + 1 + 1
    assert BpeTokenizer.train([], 1000).vocab_size == 256 + 1


def test_training_does_not_depend_on_how_the_text_is_cut_between_words() -> None:
    words = re.findall(r"\s*\S+|\s+$", TEXT)
    assert BpeTokenizer.train(words, 270).to_dict() == TOKENIZER.to_dict()


def test_end_of_text_inside_a_text_is_text() -> None:
    ids = TOKENIZER.encode(f"low{END_OF_TEXT}low").tolist()
    assert TOKENIZER.eot not in ids
    assert TOKENIZER.decode(ids) == f"low{END_OF_TEXT}low"


@pytest.mark.parametrize("space", [" ", "\n"])
def test_a_million_spaces_before_a_word(space: str) -> None:
    """The pattern alone overflows its stack here: an error in tiktoken, a panic in rustbpe."""
    text = f"low{space * 1_100_000}low\ud800"
    ids = TOKENIZER.encode(text).tolist()
    assert TOKENIZER.decode(ids) == text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    BpeTokenizer.train(text[:-1], 258)


@pytest.mark.parametrize("spaces", [9_999, 10_000, 10_001, 20_000])
@pytest.mark.parametrize("space", [" ", "\n", "\u3000", "\x85\t"])
def test_long_spaces_are_cut_without_changing_an_id(space: str, spaces: int) -> None:
    text = f"low{space * spaces}low \n{space * spaces}1{space * spaces}"
    pieces = _LONG_SPACE.split(text)
    assert spaces < 20_000 or len(pieces) == 5
    ids = [token for piece in pieces for token in TOKENIZER.encode(piece).tolist()]
    assert ids == TOKENIZER.encode(text).tolist()


def test_long_word_is_no_problem() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode("x" * 300_000).tolist()) == "x" * 300_000


@pytest.mark.parametrize("tokens", [BYTES[1:], [*BYTES, b"a"], [*BYTES, b""], []])
def test_impossible_vocabulary_is_refused(tokens: list[bytes]) -> None:
    with pytest.raises(TokenizerError, match="must hold each of the 256 bytes"):
        BpeTokenizer(tokens)


@pytest.mark.parametrize("tokens", [None, 3, [1, 2], ["\u4e2d"], {"a": 1}])
def test_damaged_tokens_are_refused(tokens: object) -> None:
    saved = json.loads(json.dumps({"kind": "bpe", "tokens": tokens}))
    with pytest.raises(TokenizerError, match="must list its tokens' bytes"):
        tokenizer_from_dict(saved)
