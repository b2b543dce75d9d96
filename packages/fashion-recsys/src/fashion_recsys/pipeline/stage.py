"""What a stage is, what it is given when it runs, and what is known of it afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from fashion_recsys.errors import SettingError
from fashion_recsys.progress import Progress


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Attributes:
        name: unique in the graph; letters, digits and ``-``.
        run: a function at the top level of an importable module. It reads its inputs, writes its
            results to ``context.out`` and returns facts for the report, as JSON can hold them.
        params: settings, as JSON can hold them. They are part of the key.
        inputs: names of earlier stages.
        files: files or folders outside the run. Their content, not their place, is part of the key.
        doc: one line for people.
    """

    name: str
    run: Callable[["StageContext"], Mapping[str, Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    doc: str = ""

    def __post_init__(self) -> None:
        """Check what can be checked without the rest of the graph."""
        if not self.name.replace("-", "").isalnum():
            raise SettingError(f"stage {self.name!r}: expected a name of letters, digits and '-'")
        if not self.run.__qualname__.isidentifier() or self.run.__module__ == "__main__":
            raise SettingError(
                f"stage {self.name}: expected a function at the top level of an importable "
                f"module, found {self.run.__module__}.{self.run.__qualname__}"
            )


@dataclass(frozen=True)
class StageContext:
    """What a running stage is given.

    Attributes:
        out: empty folder for the results; it gets its final name when the stage ends well.
        scratch: folder for unfinished work (checkpoints, shards). It survives an interruption, even
            kill -9, for the next run of a stage of the same key, and goes when the stage ends well.
            A stage must itself replace its files there atomically.
        params: the stage's settings.
        progress: told how far the stage is.
        folders: output folder of each input.
    """

    out: Path
    scratch: Path
    params: Mapping[str, Any]
    progress: Progress
    folders: Mapping[str, Path]

    def input(self, name: str) -> Path:
        """Return the output folder of the stage ``name``.

        Raises:
            SettingError: it is not among this stage's inputs.
        """
        if name not in self.folders:
            raise SettingError(
                f"stage input {name!r}: expected one of the stage's inputs "
                f"({', '.join(self.folders) or 'it has none'})"
            )
        return self.folders[name]


@dataclass(frozen=True)
class StageResult:
    """One finished stage of a run: what it cost when it ran, and what it told."""

    stage: str
    status: Literal["ran", "skipped"]
    """``skipped``: an earlier run had finished it; cost and facts are those of that run."""
    folder: Path
    key: str
    seconds: float
    cpu_seconds: float
    """Of the stage's process and its children, user and system."""
    peak_mib: float
    """Highest resident memory of the stage's process."""
    facts: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "folder": str(self.folder), "facts": dict(self.facts)}


@dataclass(frozen=True)
class StageEvent:
    """What a run tells while it goes on."""

    stage: Stage
    kind: Literal["starts", "ran", "skipped"]
    reason: str = ""
    """Why the stage starts, such as a damaged earlier output; empty for the usual."""
    result: StageResult | None = None
    """None when the stage starts."""
