"""``nanogpt export``."""

import json

from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Export
from nanogpt.errors import ConfigError, OutputError
from nanogpt.models.config import GPTConfig
from nanogpt.models.hugging_face import save_gpt2


def export(command: Export, out: Console, err: Console) -> None:
    """Write the folder that ``command`` asks for; report on ``out``."""
    if (command.out / "checkpoint.pt").exists():
        raise OutputError(
            f"{command.out} holds a run, whose config.json an export would replace; name another "
            "folder with --out"
        )
    with err.status(f"reading {command.checkpoint}"):
        checkpoint = Checkpoint.load(command.checkpoint)
        config = checkpoint.model_config
        if not isinstance(config, GPTConfig):
            raise ConfigError(
                f"{command.checkpoint} holds a model of kind '{config.kind}'; GPT-2's format holds "
                "a 'gpt' only"
            )
        weights, eot = checkpoint.training["model"], checkpoint.tokenizer.eot
        save_gpt2(config, weights, command.out, eos_token_id=eot)
    if command.json:
        out.out(json.dumps({"folder": str(command.out)}), highlight=False)
        return
    out.print(
        f"config.json and model.safetensors in {command.out}, for GPT2LMHeadModel.from_pretrained",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
