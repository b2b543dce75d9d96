"""How a store writes, and how it finds its analyzers and embedders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from search_system.analysis.analyzer import AnalysisConfig, Analyzer
from search_system.dense.embedder import Embedder
from search_system.errors import OptionError
from search_system.schema import IndexSchema, TextField, VectorField
from search_system.segments.inverter import Analyze

FsyncPolicy = Literal["always", "commit", "never"]


@dataclass(frozen=True, slots=True)
class WriterConfig:
    """How a store uses memory and merges."""

    memory_mb: int = 256
    """How much memory documents may take, about, before they become a segment."""
    merge_factor: int = 10
    """How many segments of about the same size become one."""
    background_merges: bool = True
    """Merge in a thread while documents are added."""

    def __post_init__(self) -> None:
        if self.memory_mb < 1:
            raise OptionError(f"memory_mb must be a whole number from 1 up, not {self.memory_mb}")
        if self.merge_factor < 2:
            raise OptionError(f"merge_factor must be at least 2, not {self.merge_factor}")


def field_analyzers(schema: IndexSchema, analyzer: Callable[[str], Analyze]) -> dict[str, Analyze]:
    """Return the analyzer of each text field; fields that name the same one share it."""
    texts = schema.of_type(TextField)
    by_name = {name: analyzer(name) for name in {field.analyzer for field in texts.values()}}
    return {name: by_name[field.analyzer] for name, field in texts.items()}


def field_embedders(
    schema: IndexSchema, embedder: Callable[[str], Embedder]
) -> dict[str, Embedder]:
    """Return the embedder of each vector field; fields that name the same one share it."""
    vectors = schema.of_type(VectorField)
    by_name = {name: embedder(name) for name in {field.embedder for field in vectors.values()}}
    return {name: by_name[field.embedder] for name, field in vectors.items()}


def analyzer_named(name: str) -> Analyze:
    """Return the analyzer of a name in a schema: a Snowball algorithm, or 'none'."""
    return Analyzer(AnalysisConfig(stemmer=name))
