"""Byte pairs: frequent strings of bytes become tokens, and every text has ids.

GPT-2's scheme (Radford et al. 2019). `PATTERN` cuts text into words, each with the space before
it; inside a word, neighbouring tokens are merged in the order in which training found them most
frequent. rustbpe learns the merges (0.5 s of CPU time for five million characters), tiktoken
applies them (13 MB/s). A merge's rank is its id, so the list of tokens is all there is to save.

Any bytes come back: the 256 single bytes are tokens. The string ``<|endoftext|>`` inside a text is
text; only who puts the id `eot` between two documents writes the token.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import rustbpe
import tiktoken

from nanogpt.errors import TokenizerError

PATTERN = (
    r"'(?:[sdmt]|ll|ve|re)"  # the end of a contraction
    r"| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++"  # letters, digits, or other signs
    r"|\s++$|\s+(?!\S)|\s"  # white space, less the last one before a word
)
"""GPT-2's words, in the possessive form that equals the published one and does not backtrack."""

END_OF_TEXT = "<|endoftext|>"

_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # \s of the pattern
# The one alternative that backtracks, `\s+(?!\S)`, overflows on a million spaces before a word. It
# matches all of them but the last; alone, those are one match again, so the ids stay the same.
_LONG_SPACE = re.compile(rf"(?<![{_SPACE}])([{_SPACE}]{{10000,}})(?=[{_SPACE}][^{_SPACE}])")


class BpeTokenizer:
    """Text to byte-pair ids and back.

    Args:
        tokens: The bytes of each id, in order of their merging; all 256 single bytes among them.
    """

    kind: ClassVar[str] = "bpe"

    def __init__(self, tokens: Sequence[bytes]) -> None:
        ranks = {token: rank for rank, token in enumerate(tokens)}
        missing = [byte for byte in range(256) if bytes([byte]) not in ranks]
        if len(ranks) != len(tokens) or b"" in ranks or missing:
            raise TokenizerError(
                "a byte-pair vocabulary must hold each of the 256 bytes, nothing twice and nothing "
                f"empty; got {len(tokens):,} tokens, {len(ranks):,} of them different, and "
                f"{len(missing)} bytes missing"
            )
        self._tokens = tuple(tokens)
        self._encoding = tiktoken.Encoding(
            self.kind,
            pat_str=PATTERN,
            mergeable_ranks=ranks,
            special_tokens={END_OF_TEXT: len(tokens)},
        )

    @classmethod
    def train(cls, corpus: str | Iterable[str], vocab_size: int) -> Self:
        """Learn the merges of ``corpus``; fewer than ``vocab_size`` tokens if it is short.

        Args:
            corpus: A text or one in pieces, each of whole words, without lone surrogates.
            vocab_size: Tokens, the 256 bytes and the end of text included; at least 257.
        """
        learner = rustbpe.Tokenizer()
        texts = [corpus] if isinstance(corpus, str) else corpus
        pieces = (piece for text in texts for piece in _LONG_SPACE.split(text))
        learner.train_from_iterator(pieces, vocab_size - 1, buffer_size=16, pattern=PATTERN)
        return cls([bytes(token) for token, _ in learner.get_mergeable_ranks()])

    @property
    def vocab_size(self) -> int:
        """Number of ids, the end of text included."""
        return len(self._tokens) + 1

    @property
    def eot(self) -> int:
        """Id of the end of text, the last one."""
        return len(self._tokens)

    @property
    def undrawn(self) -> tuple[int, ...]:
        """None: every id is bytes or the end of a text."""
        return ()

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """Return the ids of ``text``, (N,); a lone surrogate counts as U+FFFD."""
        try:
            return self._encode(text)
        except UnicodeEncodeError:
            whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            return self._encode(whole)

    def _encode(self, text: str) -> npt.NDArray[np.int32]:
        try:
            ids = self._encoding.encode_to_numpy(text, disallowed_special=())
        except UnicodeEncodeError:
            raise
        except ValueError:  # the pattern overflowed, see _LONG_SPACE
            pieces = [
                self._encoding.encode_to_numpy(piece, disallowed_special=())
                for piece in _LONG_SPACE.split(text)
            ]
            ids = np.concatenate(pieces)
        return ids.astype(np.int32)

    def encode_bytes(self, data: bytes) -> npt.NDArray[np.int32]:
        """Return ids that decode to exactly ``data``, (N,); those of its text if it is UTF-8."""
        # Each byte that is not UTF-8 becomes a surrogate of its own, and then one token.
        parts = re.split("([\udc80-\udcff])", data.decode("utf-8", "surrogateescape"))
        ids = [
            self._encode(part)
            if index % 2 == 0
            else [self._encoding.encode_single_token(bytes([ord(part) - 0xDC00]))]
            for index, part in enumerate(parts)
        ]
        return np.concatenate(ids).astype(np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; U+FFFD where their bytes are not UTF-8.

        Raises:
            TokenizerError: An id is not in the vocabulary.
        """
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the bytes of ``ids``, which may begin and end inside a character.

        Raises:
            TokenizerError: An id is not in the vocabulary.
        """
        ids = list(ids)
        for token in ids:
            if not 0 <= token < self.vocab_size:
                raise TokenizerError(
                    f"token id {token} is outside this tokenizer's 0 to {self.vocab_size - 1}"
                )
        return self._encoding.decode_bytes(ids)

    def unknown(self, text: str) -> str:
        """Return the lone surrogates of ``text``: all else is bytes, and they all have ids."""
        return "".join(dict.fromkeys(char for char in text if "\ud800" <= char <= "\udfff"))

    def to_dict(self) -> dict[str, Any]:
        """Return the tokens as JSON types, each byte as the character of its number."""
        return {"kind": self.kind, "tokens": [token.decode("latin-1") for token in self._tokens]}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Rebuild the tokenizer that `to_dict` described.

        Raises:
            TokenizerError: Not such a description.
        """
        match saved:
            case {"kind": cls.kind, "tokens": [*tokens]} if all(isinstance(t, str) for t in tokens):
                try:
                    return cls([token.encode("latin-1") for token in tokens])
                except UnicodeEncodeError:
                    pass
        raise TokenizerError(f"a saved tokenizer of kind '{cls.kind}' must list its tokens' bytes")
