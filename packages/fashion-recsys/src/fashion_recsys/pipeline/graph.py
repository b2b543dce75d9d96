"""Run a graph of stages: skip what is finished, run what is not, in order.

    results = run_graph(stages, Path("runs/hm"))

A stage's output is found by its key (see ``fingerprint``), so changing a setting, an outside file
or the code reruns the stages that depend on it and no other, and changing it back finds the old
outputs again. Old outputs stay until ``prune`` removes them. One stage runs at a time: on two cores
the stages are parallel inside, and two at once would add up their memory.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fashion_recsys.errors import SettingError
from fashion_recsys.pipeline.fingerprint import stage_key
from fashion_recsys.pipeline.manifest import Manifest, sizes
from fashion_recsys.pipeline.process import run_stage
from fashion_recsys.pipeline.stage import Stage, StageEvent, StageResult
from fashion_recsys.pipeline.store import Store
from fashion_recsys.progress import Progress, silent

OnStage = Callable[[StageEvent], None]


def _ignore(event: StageEvent) -> None:
    """Hear an event and do nothing."""
    del event


def run_graph(
    stages: Sequence[Stage],
    folder: Path,
    *,
    restart_from: str | None = None,
    progress: Progress = silent,
    on_stage: OnStage = _ignore,
) -> list[StageResult]:
    """Run all stages that have no finished output in ``folder``.

    Args:
        stages: the graph, every stage after its inputs.
        folder: folder of the run; it may hold other files, which are left alone.
        restart_from: rerun this stage, and all that depend on it, from the beginning. Their outputs
            are removed first, so that an interruption leaves no mixture.
        progress: told (``"STAGE: step"``, fraction).
        on_stage: told when a stage starts, has run or is skipped.

    Returns:
        One result per stage, in the order of ``stages``.

    Raises:
        SettingError: the graph is wrong, or there is no stage ``restart_from``.
        InputError: an outside file is missing.
        OutputError: the folder cannot be written, or another run is at work in it.
        StageError: a stage failed, crashed or was killed. Finished outputs are kept.
        FashionRecsysError: a stage raised it.
    """
    check_graph(stages)
    again = _dependents(stages, restart_from) if restart_from is not None else set()
    store = Store(folder)
    with store.locked() as lock:
        keys = stage_keys(stages)
        # The last first: a kill in between leaves no output whose input has gone.
        for stage in reversed(stages):
            if stage.name in again:
                store.discard(stage.name, keys[stage.name])
        run = _Run(store, keys, lock, progress, on_stage)
        return [run.bring_up(stage) for stage in stages]


def prune(stages: Sequence[Stage], folder: Path) -> list[Path]:
    """Remove the outputs and the unfinished work in ``folder`` that these stages do not use.

    Returns:
        What was removed.

    Raises:
        SettingError, InputError, OutputError: as ``run_graph``.
    """
    check_graph(stages)
    store = Store(folder)
    with store.locked():
        return store.prune([store.output(name, key) for name, key in stage_keys(stages).items()])


def check_graph(stages: Sequence[Stage]) -> None:
    """Check that names are unique and every input is an earlier stage, so that no cycle exists.

    Raises:
        SettingError: they are not.
    """
    earlier: list[str] = []
    for stage in stages:
        if stage.name in earlier:
            raise SettingError(f"stage {stage.name}: expected every name once, found it twice")
        for name in stage.inputs:
            if name not in earlier:
                known = any(other.name == name for other in stages)
                fault = "stands later or is itself (a cycle?)" if known else "does not exist"
                raise SettingError(
                    f"stage {stage.name}: its input {name!r} {fault}; "
                    f"earlier stages: {', '.join(earlier) or 'none'}"
                )
        earlier.append(stage.name)


def stage_keys(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the key of every stage; the graph must be valid.

    Raises:
        InputError: an outside file is missing.
    """
    keys: dict[str, str] = {}
    for stage in stages:
        keys[stage.name] = stage_key(stage, {name: keys[name] for name in stage.inputs})
    return keys


def _dependents(stages: Sequence[Stage], first: str) -> set[str]:
    """Return the name of a stage and of all stages that depend on it."""
    names = [stage.name for stage in stages]
    if first not in names:
        raise SettingError(f"--from {first}: no such stage; the stages are {', '.join(names)}")
    found = {first}
    for stage in stages:
        if found.intersection(stage.inputs):
            found.add(stage.name)
    return found


@dataclass(frozen=True)
class _Run:
    """A run that holds the lock of its folder."""

    store: Store
    keys: Mapping[str, str]
    lock: int
    progress: Progress
    on_stage: OnStage

    def bring_up(self, stage: Stage) -> StageResult:
        """Return the finished output of a stage, running the stage if there is none."""
        key = self.keys[stage.name]
        manifest, damage = self.store.finished(stage.name, key)
        if manifest is not None:
            result = self._result(manifest, "skipped")
            self.on_stage(StageEvent(stage, "skipped", "finished by an earlier run", result))
            return result
        if damage:
            self.store.discard(stage.name, key)
            damage = f"its earlier output is damaged: {damage}"
        self.on_stage(StageEvent(stage, "starts", damage))
        result = self._result(self._execute(stage, key), "ran")
        self.on_stage(StageEvent(stage, "ran", damage, result))
        return result

    def _execute(self, stage: Stage, key: str) -> Manifest:
        store = self.store
        partial, scratch = store.partial(stage.name, key), store.scratch(stage.name, key)
        partial.mkdir()
        scratch.mkdir(exist_ok=True)
        began = time.monotonic()
        try:
            done = run_stage(
                stage,
                out=partial,
                scratch=scratch,
                inputs={name: store.output(name, self.keys[name]) for name in stage.inputs},
                log=store.log(stage.name),
                lock=self.lock,
                progress=self.progress,
            )
            manifest = Manifest(
                stage=stage.name,
                key=key,
                params=stage.params,
                inputs={name: self.keys[name] for name in stage.inputs},
                seconds=time.monotonic() - began,
                files=sizes(partial),
                **done,
            )
            manifest.write(partial)
            store.commit(stage.name, key)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            if scratch.exists() and not any(scratch.iterdir()):
                scratch.rmdir()
        return manifest

    def _result(self, manifest: Manifest, status: Literal["ran", "skipped"]) -> StageResult:
        return StageResult(
            stage=manifest.stage,
            status=status,
            folder=self.store.output(manifest.stage, manifest.key),
            key=manifest.key,
            seconds=manifest.seconds,
            cpu_seconds=manifest.cpu_seconds,
            peak_mib=manifest.peak_mib,
            facts=manifest.facts,
        )
