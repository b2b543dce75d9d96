"""Events for TensorBoard: in the run's folder, set aside with it, hidden where a run goes back."""

from pathlib import Path

import pytest

from nanogpt.errors import OutputError
from nanogpt.training.folder import set_aside_earlier
from nanogpt.training.log import LogRecord
from nanogpt.training.tensorboard import tensorboard_log

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")


def record(step: int) -> LogRecord:
    return LogRecord(step, 2.0, None, 1e-3, None, 100.0, 1.0, None)


def test_events_of_an_earlier_run_are_set_aside(tmp_path: Path) -> None:
    with tensorboard_log(tmp_path, enabled=True) as log:
        log(record(1))
    (events,) = (tmp_path / "tensorboard").iterdir()
    set_aside_earlier(tmp_path)
    assert not (tmp_path / "tensorboard").exists()
    assert (tmp_path / "earlier-1" / "tensorboard" / events.name).exists()


def test_events_beyond_the_resumed_step_are_hidden(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with tensorboard_log(tmp_path, enabled=True) as log:
        for step in (2, 4, 6):
            log(record(step))
    with tensorboard_log(tmp_path, enabled=True, step=4) as log:
        log(record(5))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("train_loss")] == [2, 4, 5]


def test_file_in_the_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("in the way")
    with (
        pytest.raises(OutputError, match=r"cannot write .*file"),
        tensorboard_log(path, enabled=True),
    ):
        pass
