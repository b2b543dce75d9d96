"""The document, as everything behind the reader of a file sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed (title and text), what is shown, and what is only kept (extra)."""

    id: str
    title: str
    text: str
    extra: Mapping[str, Any] = field(default_factory=dict)
