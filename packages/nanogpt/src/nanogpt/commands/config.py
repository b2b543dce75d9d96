"""The commands' configurations, from which the command line is made. Free of torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.sampling.config import SamplingConfig
from nanogpt.training.config import TrainConfig

RUN_FOLDER = Path("runs/nanogpt")
LINE_END = "\n"
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
