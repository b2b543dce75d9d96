"""``nanogpt import-gpt2``."""

import json

from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import ImportGPT2
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import CheckpointError, OutputError
from nanogpt.models.hugging_face import load_gpt2
from nanogpt.tokenizers.registry import tokenizer_from_dict
from nanogpt.training.config import TrainConfig


def import_gpt2(command: ImportGPT2, out: Console, err: Console) -> None:
    """Write the checkpoint that ``command`` asks for; report on ``out``."""
    path = command.out / "checkpoint.pt"
    if path.exists():
        raise OutputError(f"{path} exists; name another folder with --out, or remove it")
    tokenizer = tokenizer_from_dict({"kind": "gpt2"})
    with err.status(f"reading {command.source}"):
        config, state = load_gpt2(command.source)
        vocab_size = state["wte.weight"].size(0)
        if vocab_size != tokenizer.vocab_size:
            raise CheckpointError(
                f"{command.source} has a vocabulary of {vocab_size:,}, GPT-2's tokenizer has "
                f"{tokenizer.vocab_size:,}: its texts could not be read"
            )
        Checkpoint(
            model_config=config,
            train_config=TrainConfig(),
            corpus=CorpusConfig("", tokenizer="gpt2"),
            corpus_sha256="",
            tokenizer=tokenizer,
            training={"step": 0, "model": state, "optimizer": {}, "scaler": {}},
            seconds=0.0,
        ).save(path)
    parameters = sum(tensor.numel() for tensor in state.values())
    if command.json:
        out.out(json.dumps({"checkpoint": str(path), "parameters": parameters}), highlight=False)
        return
    out.print(f"{parameters:,} parameters in {path}", markup=False, highlight=False, soft_wrap=True)
