"""CharTokenizer: round trips, unknown characters, saving."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.char import UNKNOWN, CharTokenizer
from nanogpt.tokenizers.registry import tokenizer_from_dict

ANY_TEXT = st.text(st.characters())  # surrogates and U+FFFD included


@given(ANY_TEXT)
def test_round_trip_of_the_corpus(text: str) -> None:
    tokenizer = CharTokenizer.train(text)
    ids = tokenizer.encode(text)
    assert len(ids) == len(text)
    assert tokenizer.decode(ids.tolist()) == text
    assert tokenizer.vocab_size == len(set(text) | {UNKNOWN})


@given(ANY_TEXT, ANY_TEXT)
def test_unknown_characters_decode_to_the_replacement(corpus: str, text: str) -> None:
    tokenizer = CharTokenizer.train(corpus)
    known = set(corpus)
    expected = "".join(char if char in known else UNKNOWN for char in text)
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == expected
    assert set(tokenizer.unknown(text)) == set(text) - known


@given(ANY_TEXT)
def test_saved_as_json_it_encodes_the_same(text: str) -> None:
    tokenizer = CharTokenizer.train(text)
    loaded = tokenizer_from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert loaded.encode(text + "☃").tolist() == tokenizer.encode(text + "☃").tolist()


def test_ids_follow_code_points_after_the_unknown() -> None:
    tokenizer = CharTokenizer.train("hello")
    assert tokenizer.encode("ehlox").tolist() == [1, 2, 3, 4, 0]


def test_vocabulary_does_not_depend_on_the_order_of_the_text() -> None:
    assert CharTokenizer.train("abc").to_dict() == CharTokenizer.train("cbacab").to_dict()


@pytest.mark.parametrize("token", [-1, 4])
def test_decoding_an_id_outside_the_vocabulary_is_refused(token: int) -> None:
    with pytest.raises(
        TokenizerError, match=f"token id {token} is outside this tokenizer's 0 to 3"
    ):
        CharTokenizer("abc").decode([1, token])


@pytest.mark.parametrize("characters", ["aa", f"a{UNKNOWN}"])
def test_impossible_vocabulary_is_refused(characters: str) -> None:
    with pytest.raises(TokenizerError, match="must not repeat a character"):
        CharTokenizer(characters)


@given(st.lists(ANY_TEXT))
def test_training_on_pieces_equals_training_on_the_whole(pieces: list[str]) -> None:
    whole = CharTokenizer.train("".join(pieces))
    assert CharTokenizer.train(iter(pieces)).to_dict() == whole.to_dict()
