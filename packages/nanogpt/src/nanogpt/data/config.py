"""Which text, and how it becomes tokens. Free of torch."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from nanogpt.errors import ConfigError

TokenizerKind = Literal["char", "bpe", "gpt2"]


@dataclass(frozen=True)
class CorpusConfig:
    """A text and its tokenizer."""

    corpus: str = "shakespeare"
    """A UTF-8 text file, a .jsonl file, a folder of both, a folder that nanogpt prepare wrote,
    'shakespeare' (38 plays, installed with nanogpt), or 'tiny-shakespeare' (downloaded once, or
    given as --file)."""
    file: Path | None = None
    """Your copy of a corpus that is otherwise downloaded; its checksum is verified."""
    text_field: str = "text"
    """The field of a JSONL record that holds its text."""
    tokenizer: TokenizerKind = "char"
    """'char': a token per character; 'bpe': byte pairs learned from the corpus; 'gpt2': GPT-2's."""
    bpe_vocab_size: int = 4096
    """Tokens of a 'bpe' vocabulary, the 256 bytes and the end of text included."""

    def __post_init__(self) -> None:
        """Refuse a vocabulary that cannot hold every byte, or that nobody has."""
        if not 257 <= self.bpe_vocab_size <= 1_000_000:
            raise ConfigError(
                f"bpe_vocab_size must be from 257 (all bytes and the end of text) to 1,000,000, "
                f"got {self.bpe_vocab_size:,}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types."""
        return asdict(self) | {"file": None if self.file is None else str(self.file)}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Return what `to_dict` described; `TypeError` if a field has another name."""
        file = saved.get("file")
        return cls(**{**saved, "file": None if file is None else Path(file)})
