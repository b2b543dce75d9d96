"""Where a run begins other than at random weights: GPT-2's, or those of an earlier run."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from torch import Tensor

from nanogpt.checkpoint import Checkpoint
from nanogpt.data.config import TokenizerKind
from nanogpt.errors import CheckpointError
from nanogpt.models.config import ModelConfig
from nanogpt.models.hugging_face import load_gpt2
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer


@dataclass(frozen=True)
class Initial:
    """A model to begin with, and the tokenizer that it was trained with."""

    model_config: ModelConfig
    weights: dict[str, Tensor]
    tokenizer: Tokenizer

    @property
    def tokenizer_kind(self) -> TokenizerKind:
        """The name of the tokenizer, as a corpus is configured with it."""
        return cast("TokenizerKind", self.tokenizer.kind)


def load_initial(source: str) -> Initial:
    """Return the model in a checkpoint of ours (``.pt``), or else what `load_gpt2` finds.

    Raises:
        CheckpointError: Not there, damaged, or of a vocabulary that is not GPT-2's.
        TokenizerError: GPT-2's vocabulary is not installed and cannot be downloaded.
    """
    if Path(source).suffix == ".pt":
        saved = Checkpoint.load(Path(source))
        return Initial(saved.model_config, saved.training["model"], saved.tokenizer)
    config, weights = load_gpt2(source)
    tokenizer = Gpt2Tokenizer.load()
    if len(weights["wte.weight"]) != tokenizer.vocab_size:
        raise CheckpointError(
            f"{source} has a vocabulary of {len(weights['wte.weight']):,}, GPT-2's tokenizer has "
            f"{tokenizer.vocab_size:,}: texts would be read as something else"
        )
    return Initial(config, weights, tokenizer)
