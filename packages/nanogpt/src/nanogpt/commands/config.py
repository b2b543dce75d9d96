"""The commands' configurations, from which the command line is made. Free of torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nanogpt.errors import ConfigError
from nanogpt.estimate.hardware import DeviceKind
from nanogpt.estimate.memory import Precision
from nanogpt.models.config import GPTConfig
from nanogpt.sampling.config import SamplingConfig
from nanogpt.training.config import TrainConfig

RUN_FOLDER = Path("runs/nanogpt")
DeviceName = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Train:
    """Train a character-level GPT on a text; Ctrl-C saves, --resume goes on.

    Without flags: the plays of Shakespeare, a minute or two on two CPU cores.

    nanogpt train --corpus notes.txt --max-steps 5000

    nanogpt train --resume
    """

    corpus: str = "shakespeare"
    """Path of a UTF-8 text file, or 'shakespeare': 38 plays that are installed with nanogpt."""
    out: Path = RUN_FOLDER
    """Folder for checkpoint, log and loss curve; an earlier run in it is set aside."""
    resume: bool = False
    """Continue the run in the folder with its own settings; flags given beside it change them."""
    device: DeviceName = "auto"
    """What to compute on; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; PyTorch's choice if not given."""
    json: bool = False
    """Print the result as JSON."""
    model: GPTConfig = field(default_factory=GPTConfig)
    training: TrainConfig = field(default_factory=TrainConfig)


@dataclass(frozen=True)
class Sample:
    """Continue a prompt with a trained model, printing as it goes.

    nanogpt sample --prompt "ROMEO:" --temperature 0.7 --seed 7
    """

    checkpoint: Path = RUN_FOLDER / "checkpoint.pt"
    """What nanogpt train wrote."""
    prompt: str = "\n"
    """Text to continue; a line end if not given."""
    device: DeviceName = "auto"
    """What to compute on; auto takes a GPU where there is one."""
    json: bool = False
    """Print prompt and continuation as JSON at the end, instead of streaming."""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)


@dataclass(frozen=True)
class ImportGPT2:
    """Make a checkpoint of GPT-2's published weights, or of any GPT-2 in Hugging Face's format.

    nanogpt import-gpt2 --source gpt2-medium

    nanogpt sample --checkpoint runs/gpt2/checkpoint.pt --prompt "The meaning of life is"
    """

    source: str = "gpt2"
    """gpt2, gpt2-medium, gpt2-large, gpt2-xl or OWNER/NAME, fetched from the hub; or a folder with
    config.json and model.safetensors or pytorch_model.bin, or such a file."""
    out: Path = Path("runs/gpt2")
    """Folder for checkpoint.pt; must not hold one."""
    json: bool = False
    """Print the result as JSON."""


@dataclass(frozen=True)
class Export:
    """Write a model in Hugging Face's format, so that transformers loads it as GPT2LMHeadModel.

    nanogpt export --out my-gpt
    """

    checkpoint: Path = RUN_FOLDER / "checkpoint.pt"
    """What nanogpt train wrote."""
    out: Path = Path("runs/export")
    """Folder for config.json and model.safetensors."""
    json: bool = False
    """Print the result as JSON."""


@dataclass(frozen=True)
class Estimate:
    """Say what a training run would cost in parameters, arithmetic, memory and time.

    Nothing is built and nothing runs, but for a matrix product of half a second with --device cpu.

    nanogpt estimate --n-layer 12 --n-head 12 --n-embd 768 --block-size 1024 --device a100-40gb
    """

    device: DeviceKind = "cpu"
    """What to train on; cpu is this machine's."""
    precision: Precision = "float32"
    """What matrix products are computed in."""
    mfu: float | None = None
    """Share of the device's peak that training reaches; an assumption per device if not given."""
    vocab_size: int = 50257
    """Tokens that the tokenizer knows; GPT-2's if not given."""
    json: bool = False
    """Print the result as JSON."""
    model: GPTConfig = field(default_factory=GPTConfig)
    training: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        """Refuse what no device and no tokenizer has."""
        if self.mfu is not None and not 0 < self.mfu <= 1:
            raise ConfigError(f"mfu must be above 0 and at most 1, got {self.mfu}")
        if not 1 <= self.vocab_size <= 100_000_000:
            raise ConfigError(f"vocab_size must be from 1 to 100,000,000, got {self.vocab_size:,}")
