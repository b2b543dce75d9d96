"""Rebuild a tokenizer from what `Tokenizer.to_dict` returned."""

from typing import Any

from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.char import CharTokenizer


def tokenizer_from_dict(saved: dict[str, Any]) -> Tokenizer:
    """Return the tokenizer that ``saved`` describes.

    Raises:
        TokenizerError: Not the description of a tokenizer that this version knows.
    """
    match saved:
        case {"kind": CharTokenizer.kind, "characters": str(characters)}:
            return CharTokenizer(characters)
    raise TokenizerError(
        f"expected a saved tokenizer of kind '{CharTokenizer.kind}', got {str(saved)[:80]}"
    )
