"""What every tokenizer offers. A tokenizer is saved inside the checkpoint of its model."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt


class Tokenizer(Protocol):
    """Text to ids and back; immutable once built."""

    kind: ClassVar[str]
    """Name under which `to_dict` stores it."""

    @property
    def vocab_size(self) -> int:
        """Number of ids; they are 0 to vocab_size - 1."""

    @property
    def eot(self) -> int | None:
        """Id that stands between two documents, in no text's ids; none where there is no such."""

    @property
    def undrawn(self) -> tuple[int, ...]:
        """Ids that stand for nothing that a model should write; sampling passes over them."""

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """Return the ids of ``text``, (N,). Any text has ids, lone surrogates included."""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; `TokenizerError` for an id outside the vocabulary."""

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the UTF-8 of ``ids``, which may begin and end inside a character."""

    def unknown(self, text: str) -> str:
        """Return the characters of ``text`` that have no id of their own, each once, in order."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything that rebuilds this tokenizer, as JSON types, with its ``kind``."""
