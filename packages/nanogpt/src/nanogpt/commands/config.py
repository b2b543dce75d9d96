"""The commands' configurations, from which the command line is made. Free of torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

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
