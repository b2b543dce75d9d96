"""The command line as a process of its own: killed, or cut off by the reader of its output."""

import signal
import subprocess
import sys
from pathlib import Path

import torch

from nanogpt.checkpoint import Checkpoint
from nanogpt.cli import main

KILLED = """
import os, signal, sys
from nanogpt.cli import main
from nanogpt.commands.progress import TrainProgress

def on_step(self, result):
    if result.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)

TrainProgress.on_step = on_step
main(sys.argv[1:])
"""


def test_run_killed_by_the_system_resumes_to_the_bits_of_a_straight_one(
    tmp_path: Path, tiny: list[str], run: Path
) -> None:
    killed = tmp_path / "killed"
    argv = ["train", "--out", str(killed), *tiny]
    done = subprocess.run([sys.executable, "-c", KILLED, *argv], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Checkpoint.load(killed / "checkpoint.pt").training["step"] == 3
    main(["train", "--resume", "--out", str(killed), "--device", "cpu"])
    straight, resumed = (Checkpoint.load(f / "checkpoint.pt").training for f in (run, killed))
    assert resumed["step"] == straight["step"] == 6
    for name, weight in straight["model"].items():
        assert torch.equal(resumed["model"][name], weight), name
    for name, moments in straight["optimizer"].items():
        for key, moment in moments.items():
            assert torch.equal(resumed["optimizer"][name][key], moment), name


def test_output_cut_off_by_its_reader_ends_quietly(run: Path) -> None:
    code = "import sys; from nanogpt.cli import main; main(sys.argv[1:])"
    argv = ["sample", "--checkpoint", str(run / "checkpoint.pt"), "--num-tokens", "5000"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
