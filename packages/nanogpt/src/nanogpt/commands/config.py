"""The commands' configurations, from which the command line is made. Free of torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nanogpt.data.config import CorpusConfig
from nanogpt.errors import ConfigError
from nanogpt.estimate.hardware import DeviceKind
from nanogpt.models.config import GPTConfig, MLPConfig
from nanogpt.sampling.config import SamplingConfig
from nanogpt.training.config import TrainConfig

RUN_FOLDER = Path("runs/nanogpt")
LINE_END = "\n"
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PresetName = Literal[
    "shakespeare-cpu", "shakespeare-gpu", "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"
]
"""The files in ``presets/``."""


@dataclass(frozen=True)
class Training:
    """What training a GPT and training an MLP have in common."""

    data: CorpusConfig = field(default_factory=CorpusConfig)
    out: Path = RUN_FOLDER
    """Folder for checkpoints, log and loss curve; an earlier run in it is set aside."""
    config: Path | None = None
    """TOML file with values for the fields of [data], [model] and [training]; flags come first."""
    resume: bool = False
    """Continue the run in the folder with its own settings; flags given beside it change them."""
    device: DeviceName = "auto"
    """What to compute on; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; PyTorch's choice if not given."""
    tensorboard: bool = False
    """Write the record for TensorBoard, too, into the folder."""
    json: bool = False
    """Print the result as JSON."""
    training: TrainConfig = field(default_factory=TrainConfig)


@dataclass(frozen=True)
class Train(Training):
    """Train a GPT on a text; Ctrl-C saves, --resume goes on.

    Without flags: the plays of Shakespeare, a minute or two on two CPU cores.

    nanogpt train --corpus notes.txt --max-steps 5000

    nanogpt train --preset gpt2 --corpus tokens/web --compile

    torchrun --nproc-per-node 8 -m nanogpt train --preset gpt2 --corpus tokens/web

    nanogpt train --resume
    """

    preset: PresetName | None = None
    """A known model with its recipe; a TOML file and flags change its fields."""
    init_from: str | None = None
    """Begin with the weights, shape and tokenizer of a checkpoint of nanogpt (.pt), or of a GPT-2
    in Hugging Face's format: a folder, a file, or a name such as 'gpt2'."""
    model: GPTConfig = field(default_factory=GPTConfig)


@dataclass(frozen=True)
class TrainMLP(Training):
    """Train a multi-layer perceptron on characters, the model before GPT.

    nanogpt train-mlp --corpus notes.txt

    nanogpt evaluate --checkpoint runs/mlp/checkpoint.pt
    """

    out: Path = Path("runs/mlp")
    """Folder for checkpoints, log and loss curve; an earlier run in it is set aside."""
    model: MLPConfig = field(default_factory=MLPConfig)
    training: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            max_steps=3000, batch_size=64, learning_rate=8e-3, warmup_steps=150, eval_interval=1000
        )
    )


@dataclass(frozen=True)
class Sample:
    """Continue a prompt with a trained model, printing as it goes.

    nanogpt sample --prompt "ROMEO:" --temperature 0.7 --top-p 0.95 --seed 7

    nanogpt sample --prompt-file act.txt --num-samples 3 --stop "EXIT" "Exeunt"
    """

    checkpoint: Path = RUN_FOLDER / "checkpoint.pt"
    """What nanogpt train wrote."""
    prompt: str = LINE_END
    """Text to continue; a line end if not given."""
    prompt_file: Path | None = None
    """UTF-8 file that holds the text to continue, instead of --prompt."""
    num_samples: int = 1
    """Continuations to draw, all at once; number i has the text of --seed (seed + i) alone."""
    device: DeviceName = "auto"
    """What to compute on; auto takes a GPU where there is one."""
    json: bool = False
    """Print prompt and continuations as JSON at the end, instead of streaming."""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.num_samples < 1:
            raise ConfigError(f"num_samples must be at least 1, got {self.num_samples}")
        if self.prompt_file is not None and self.prompt != LINE_END:
            raise ConfigError("give either --prompt or --prompt-file, not both")


@dataclass(frozen=True)
class Prepare:
    """Tokenize a corpus once, in parallel; 'nanogpt train --corpus FOLDER' then starts at once.

    For texts larger than memory. Stopped, even killed, the same command goes on where it was.

    nanogpt prepare --corpus books --tokenizer bpe --out runs/books
    """

    data: CorpusConfig = field(default_factory=CorpusConfig)
    out: Path = Path("runs/tokens")
    """Folder for the tokens and their tokenizer."""
    workers: int | None = None
    """Processes; one per core if not given. The tokens are the same for any number."""
    verify: bool = False
    """Only check the files of a folder that was prepared against their checksums."""
    json: bool = False
    """Print the counts as JSON."""


@dataclass(frozen=True)
class Evaluate:
    """Measure a trained model on held-out text: loss, perplexity and next-token accuracy.

    nanogpt evaluate --out accuracy.png

    nanogpt evaluate --corpus other.txt --whole-text
    """

    checkpoint: Path = RUN_FOLDER / "checkpoint.pt"
    """What nanogpt train wrote."""
    corpus: str | None = None
    """Another text to evaluate on; the one that the model was trained on if not given."""
    whole_text: bool = False
    """Evaluate on all of the text instead of its last tenth, which training holds out."""
    context: int = 0
    """Tokens of a GPT's block that only give context to the others; more take longer and give a
    lower loss. Fewer than the block has."""
    out: Path | None = None
    """Draw the accuracy per character into this PNG file."""
    device: DeviceName = "auto"
    """What to compute on; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; PyTorch's choice if not given."""
    json: bool = False
    """Print the result as JSON."""


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
    """Folder for config.json and model.safetensors; must not hold a run."""
    json: bool = False
    """Print the result as JSON."""


@dataclass(frozen=True)
class Estimate:
    """Say what a training run would cost in parameters, arithmetic, memory and time.

    Nothing is built and nothing runs, but for a matrix product of half a second with --device cpu.

    nanogpt estimate --preset gpt2-medium --device a100-40gb --gradient-accumulation 240
    """

    device: DeviceKind = "cpu"
    """What to train on; cpu is this machine's."""
    devices: int = 1
    """How many of them, under torchrun with --strategy; the time of exchange is left out."""
    preset: PresetName | None = None
    """A known model with its recipe; a TOML file and flags change its fields."""
    config: Path | None = None
    """TOML file with values for the fields of [model] and [training]; flags come first."""
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
        passes = self.devices * self.training.gradient_accumulation
        if self.devices < 1 or self.training.batch_size % passes:
            raise ConfigError(
                "devices must be at least 1, and batch_size a multiple of devices times "
                f"gradient_accumulation, got devices {self.devices:,}, batch_size "
                f"{self.training.batch_size:,} and gradient_accumulation "
                f"{self.training.gradient_accumulation:,}"
            )
        if not 1 <= self.vocab_size <= 100_000_000:
            raise ConfigError(f"vocab_size must be from 1 to 100,000,000, got {self.vocab_size:,}")
