"""One token per character.

The vocabulary is every character of the corpus in code point order, after id 0, which stands for
any other character and decodes to U+FFFD, the replacement character. So any prompt can be encoded;
what the model makes of a character that it never saw is another matter, and `unknown` tells which
those are.

Encoding is one table look-up per character in NumPy: about 0.1 s for ten million characters.
"""

import sys
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from nanogpt.errors import TokenizerError

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class CharTokenizer:
    """Characters to ids and back.

    Args:
        characters: The known characters, without repetition and without U+FFFD.
    """

    kind: ClassVar[str] = "char"

    def __init__(self, characters: str) -> None:
        if len(set(characters)) != len(characters) or UNKNOWN in characters:
            raise TokenizerError(
                "a character vocabulary must not repeat a character nor hold U+FFFD"
            )
        self.characters = characters
        self._decode_table = UNKNOWN + characters
        points = _code_points(characters)
        self._encode_table = np.zeros(int(points.max(initial=0)) + 2, dtype=np.int32)
        self._encode_table[points] = np.arange(1, len(characters) + 1)

    @classmethod
    def train(cls, corpus: str | Iterable[str]) -> Self:
        """Build the vocabulary of all characters of ``corpus``, a text or one in pieces."""
        seen = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
        for text in [corpus] if isinstance(corpus, str) else corpus:
            seen[_code_points(text)] = True
        return cls("".join(map(chr, np.flatnonzero(seen).tolist())).replace(UNKNOWN, ""))

    @property
    def vocab_size(self) -> int:
        """Number of ids, the one for unknown characters included."""
        return len(self._decode_table)

    @property
    def eot(self) -> None:
        """None: a line end stands between two documents, as it may inside one."""
        return

    @property
    def undrawn(self) -> tuple[int, ...]:
        """The id of unknown characters: a little-trained model gives it some probability."""
        return (0,)

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """Return one id per character, (len(text),); 0 where the character is unknown."""
        last = len(self._encode_table) - 1  # beyond the largest known code point: always 0
        return self._encode_table[np.minimum(_code_points(text), last)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the characters of ``ids``.

        Raises:
            TokenizerError: An id is not in the vocabulary.
        """
        ids = list(ids)
        for position in ids:
            if not 0 <= position < self.vocab_size:
                raise TokenizerError(
                    f"token id {position} is outside this tokenizer's 0 to {self.vocab_size - 1}"
                )
        return "".join(self._decode_table[position] for position in ids)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the UTF-8 of the characters of ``ids``, always whole ones.

        Raises:
            TokenizerError: An id is not in the vocabulary.
        """
        return self.decode(ids).encode("utf-8", "surrogatepass")

    def unknown(self, text: str) -> str:
        """Return the characters of ``text`` that have no id of their own, each once, in order."""
        return "".join(dict.fromkeys(char for char in text if char not in self.characters))

    def to_dict(self) -> dict[str, Any]:
        """Return the vocabulary as JSON types."""
        return {"kind": self.kind, "characters": self.characters}


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    # surrogatepass: Python strings from a terminal may hold lone surrogates.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
