"""Train the tokenizer that a configuration names, and rebuild a saved one."""

from collections.abc import Iterable
from typing import Any

from nanogpt.data.config import CorpusConfig
from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.bpe import BpeTokenizer
from nanogpt.tokenizers.char import CharTokenizer
from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer


def train_tokenizer(config: CorpusConfig, texts: Iterable[str]) -> Tokenizer:
    """Return the tokenizer that ``config`` names, made for ``texts``; GPT-2's reads none.

    Args:
        config: Which tokenizer, and how large.
        texts: Of all the corpus for 'char', of a sample for 'bpe'; cut between words.

    Raises:
        TokenizerError: GPT-2's vocabulary is neither installed nor to be had.
    """
    match config.tokenizer:
        case "char":
            return CharTokenizer.train(texts)
        case "bpe":
            return BpeTokenizer.train(texts, config.bpe_vocab_size)
        case "gpt2":
            return Gpt2Tokenizer.load()


def tokenizer_from_dict(saved: dict[str, Any]) -> Tokenizer:
    """Return the tokenizer that ``saved`` describes.

    Raises:
        TokenizerError: Not the description of a tokenizer that this version knows.
    """
    match saved:
        case {"kind": CharTokenizer.kind, "characters": str(characters)}:
            return CharTokenizer(characters)
        case {"kind": BpeTokenizer.kind}:
            return BpeTokenizer.from_dict(saved)
        case {"kind": Gpt2Tokenizer.kind}:
            return Gpt2Tokenizer.from_dict(saved)
    raise TokenizerError(
        f"expected a saved tokenizer of kind '{CharTokenizer.kind}', '{BpeTokenizer.kind}' or "
        f"'{Gpt2Tokenizer.kind}', got {str(saved)[:80]}"
    )
