"""The process of one stage: runs the function, reports to the run, ends when the run ends.

A process per stage keeps apart what one process cannot hold: torch, FAISS and LightGBM bring an
OpenMP runtime each, and on macOS two of them in one process crash. It also gives back all memory,
makes the peak of each stage a true one, and turns a crash into a message.

It is a plain subprocess (``python -m fashion_recsys.pipeline.worker``), not ``multiprocessing``,
which would import the caller's main script again. The job arrives as one line of JSON on stdin;
messages leave as lines of JSON on what was stdout. Prints of the stage and of libraries go to the
stage's log. End of file on stdin means that the run is dead: the process then ends at once, so that
a killed run leaves no stage behind.
"""

import json
import os
import resource
import sys
import threading
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from fashion_recsys.errors import FashionRecsysError
from fashion_recsys.pipeline.stage import StageContext

_PROGRESS_SECONDS = 0.1
"""At most ten reports a second cross the pipe."""


class _Reports:
    """The way back to the run."""

    def __init__(self, channel: TextIO) -> None:
        self._channel = channel
        self._last = ("", 0.0)

    def __call__(self, step: str, fraction: float) -> None:
        """Pass progress on, unless it is too soon."""
        now = time.monotonic()
        if step != self._last[0] or fraction >= 1 or now - self._last[1] >= _PROGRESS_SECONDS:
            self._last = (step, now)
            self.send(progress=[step, fraction])

    def send(self, **message: Any) -> None:
        self._channel.write(json.dumps(message) + "\n")
        self._channel.flush()


def main() -> None:
    """Run the job that stands on stdin."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    sys.path[:] = job["path"]
    reports = _Reports(channel)
    try:
        facts = json.loads(json.dumps(_run(job, reports)))
    except FashionRecsysError as error:
        kind = type(error)
        reports.send(error=[kind.__module__, kind.__qualname__, str(error)])
    except MemoryError as error:
        traceback.print_exc()
        reports.send(failure=f"not enough memory ({error})")
    except Exception as error:  # noqa: BLE001 (whatever it is, the run must learn of it)
        traceback.print_exc()
        reports.send(failure=f"{type(error).__name__}: {error}")
    else:
        reports.send(done={"facts": facts, "cpu_seconds": _cpu_seconds(), "peak_mib": _peak_mib()})


def _end_with_the_run() -> None:
    # Not sys.stdin, whose lock a waiting thread would keep from the interpreter as it ends.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _run(job: dict[str, Any], reports: _Reports) -> dict[str, Any]:
    context = StageContext(
        out=Path(job["out"]),
        scratch=Path(job["scratch"]),
        params=job["params"],
        progress=reports,
        folders={name: Path(folder) for name, folder in job["inputs"].items()},
    )
    function = getattr(import_module(job["module"]), job["function"])
    return dict(function(context))


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_mib() -> float:
    """Return the highest resident memory of this process in MiB.

    Linux's ``ru_maxrss`` begins with that of the process that started this one, so a large run
    would hide a small stage; ``VmHWM`` begins with the program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        text = status.read_text(encoding="ascii", errors="replace")
        peak = next((line for line in text.splitlines() if line.startswith("VmHWM:")), None)
        if peak is not None:
            return int(peak.split()[1]) / 1024
    peak_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_rss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
