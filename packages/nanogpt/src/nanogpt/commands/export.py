"""``nanogpt export``."""

import json

from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Export
from nanogpt.errors import ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.hugging_face import save_gpt2

END_OF_TEXT = 50256
"""GPT-2's id of <|endoftext|>."""


def export(command: Export, out: Console, err: Console) -> None:
    """Write the folder that ``command`` asks for; report on ``out``."""
    with err.status(f"reading {command.checkpoint}"):
        checkpoint = Checkpoint.load(command.checkpoint)
        config = checkpoint.model_config
        if not isinstance(config, GPTConfig):
            raise ConfigError(
                f"{command.checkpoint} holds a model of kind '{config.kind}'; GPT-2's format holds "
                "a 'gpt' only"
            )
        eos_token_id = END_OF_TEXT if checkpoint.tokenizer.kind == "gpt2" else None
        save_gpt2(config, checkpoint.training["model"], command.out, eos_token_id)
    if command.json:
        out.out(json.dumps({"folder": str(command.out)}), highlight=False)
        return
    out.print(
        f"config.json and model.safetensors in {command.out}, for GPT2LMHeadModel.from_pretrained",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
