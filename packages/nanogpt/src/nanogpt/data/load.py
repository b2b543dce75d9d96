"""Tokens of a corpus, and the tokenizer that made them."""

import hashlib

import numpy as np
import numpy.typing as npt

from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import read_corpus
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.char import CharTokenizer

Tokens = npt.NDArray[np.int32]


def tokens_sha256(tokens: Tokens) -> str:
    """Return the checksum of the ids."""
    return hashlib.sha256(tokens.tobytes()).hexdigest()


def load_corpus(config: CorpusConfig, saved: Tokenizer | None = None) -> tuple[Tokens, Tokenizer]:
    """Return the tokens of a corpus and their tokenizer: ``saved``, or a new one."""
    text = read_corpus(config.corpus)
    tokenizer = saved or CharTokenizer.train(text)
    return tokenizer.encode(text), tokenizer
