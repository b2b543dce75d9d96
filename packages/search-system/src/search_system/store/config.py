"""How a store writes, and how it finds its analyzers and embedders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from search_system.analysis.analyzer import Analyzer
from search_system.analysis.spec import named_analyzer
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
    logged_commits: int = 256
    """How many commits may be in the log alone before segments are written to the disk; 0: none."""

    def __post_init__(self) -> None:
        if self.memory_mb < 1:
            raise OptionError(f"memory_mb must be a whole number from 1 up, not {self.memory_mb}")
        if self.merge_factor < 2:
            raise OptionError(f"merge_factor must be at least 2, not {self.merge_factor}")
        if self.logged_commits < 0:
            raise OptionError(f"logged_commits must be from 0 up, not {self.logged_commits}")


def field_analyzers(
    schema: IndexSchema, analyzer: Callable[[str], Analyze] | None = None
) -> dict[str, Analyze]:
    """Return the analyzer of each text field; fields that name the same one share it.

    ``analyzer`` returns the one of a name; by default these are the schema's own and the usual.
    """
    texts = schema.of_type(TextField)
    named = analyzer or (lambda name: schema_analyzer(schema, name))
    by_name = {name: named(name) for name in {field.analyzer for field in texts.values()}}
    return {name: by_name[field.analyzer] for name, field in texts.items()}


def field_embedders(
    schema: IndexSchema, embedder: Callable[[str], Embedder]
) -> dict[str, Embedder]:
    """Return the embedder of each vector field; fields that name the same one share it."""
    vectors = schema.of_type(VectorField)
    by_name = {name: embedder(name) for name in {field.embedder for field in vectors.values()}}
    return {name: by_name[field.embedder] for name, field in vectors.items()}


def schema_analyzer(schema: IndexSchema, name: str) -> Analyzer:
    """Return the analyzer that a field of a schema names."""
    return Analyzer(schema.analyzers.get(name) or named_analyzer(name))
