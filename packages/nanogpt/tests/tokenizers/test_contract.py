"""What every tokenizer promises, whatever its kind."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.data.config import CorpusConfig
from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.registry import tokenizer_from_dict, train_tokenizer

TEXT = "To be, or not to be: that is the question.\nWhether 'tis nobler, it's 1603!\n" * 3
ALPHABET = "".join(sorted(set(TEXT)))
KINDS = ("char", "bpe", "gpt2")
TOKENIZERS = {
    kind: train_tokenizer(CorpusConfig(tokenizer=kind, bpe_vocab_size=300), [TEXT])
    for kind in KINDS
}
each = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=KINDS)


@each
@given(st.text(ALPHABET))
def test_round_trip_of_known_characters(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert ids.ndim == 1
    assert tokenizer.decode(ids.tolist()) == text
    assert tokenizer.decode_bytes(ids.tolist()) == text.encode()
    assert tokenizer.unknown(text) == ""


@each
@given(st.text(st.characters(), min_size=1))  # surrogates included
def test_any_text_has_ids_of_the_vocabulary(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert ids.min() >= 0
    assert ids.max() < tokenizer.vocab_size
    assert tokenizer.eot not in ids.tolist()


@each
@pytest.mark.parametrize("prompt", ["\ud800", "a\udcffb", "\udc00\ud800 \U0001f600"])
def test_lone_surrogates_become_the_replacement(tokenizer: Tokenizer, prompt: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in tokenizer.decode(tokenizer.encode(prompt).tolist())
    assert tokenizer.unknown(prompt).startswith(next(c for c in prompt if c >= "\ud800"))


@each
def test_empty_text_has_no_ids(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("").tolist() == []
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode_bytes([]) == b""


@each
@given(text=st.text())
def test_saved_as_json_it_encodes_the_same(tokenizer: Tokenizer, text: str) -> None:
    saved = tokenizer.to_dict()
    assert saved["kind"] == tokenizer.kind
    assert tokenizer.encode(text).tolist() == _reloaded(tokenizer).encode(text).tolist()


def _reloaded(tokenizer: Tokenizer, cache: dict[str, Tokenizer] = {}) -> Tokenizer:  # noqa: B006
    if tokenizer.kind not in cache:
        cache[tokenizer.kind] = tokenizer_from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    return cache[tokenizer.kind]


@each
def test_reloaded_it_is_equal(tokenizer: Tokenizer) -> None:
    loaded = _reloaded(tokenizer)
    assert type(loaded) is type(tokenizer)
    assert loaded.to_dict() == tokenizer.to_dict()
    assert (loaded.vocab_size, loaded.eot) == (tokenizer.vocab_size, tokenizer.eot)


@each
def test_ids_outside_the_vocabulary_are_refused(tokenizer: Tokenizer) -> None:
    for token in (-1, tokenizer.vocab_size, 2**40):
        with pytest.raises(TokenizerError, match=f"token id {token} is outside"):
            tokenizer.decode([0, token])
        with pytest.raises(TokenizerError, match=f"token id {token} is outside"):
            tokenizer.decode_bytes([token])


@each
def test_ids_may_come_from_any_library(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(TEXT)
    assert tokenizer.decode(ids) == tokenizer.decode(iter(torch.from_numpy(ids).tolist())) == TEXT


@pytest.mark.parametrize("saved", [{}, {"kind": "wordpiece"}, {"kind": "char", "characters": 3}])
def test_foreign_tokenizer_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(TokenizerError, match="expected a saved tokenizer of kind 'char', 'bpe'"):
        tokenizer_from_dict(saved)
