"""The command line as a process of its own: killed, or cut off by the reader of its output."""

import json
import os
import signal
import subprocess
import sys
import time
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


IN_SMALL_UNITS = """
import sys
from nanogpt.cli import main
from nanogpt.data.prepare import prepare

if __name__ == "__main__":
    prepare.__kwdefaults__["unit_bytes"] = 1 << 11
    main(sys.argv[1:])
"""


def test_prepare_stops_on_ctrl_c_and_goes_on(tmp_path: Path) -> None:
    """Ctrl-C reaches every process of the group, as it does from a terminal."""
    text, out = tmp_path / "text.txt", tmp_path / "out"
    text.write_text("The quick brown fox jumps over the lazy dog.\n" * 10_000)
    argv = [sys.executable, "-c", IN_SMALL_UNITS, "prepare", "--corpus", text, "--out", out]
    with subprocess.Popen(
        [*argv, "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while process.poll() is None and not list(out.glob("tokens-*.bin")):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate()
    assert (process.returncode, stdout, stderr) == (
        130,
        b"",
        b"stopped; the same command goes on from here\n",
    )
    done = subprocess.run([*argv, "--json"], capture_output=True, check=True)
    result = json.loads(done.stdout)
    assert 0 < result["shards_kept"] < result["shards"]
