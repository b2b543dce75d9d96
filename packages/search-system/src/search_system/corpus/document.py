"""The document, as readers of files yield it and an index takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """An id, and the fields that it stands for; an `IndexSchema` says what is made of them."""

    id: str
    fields: Mapping[str, Any]
