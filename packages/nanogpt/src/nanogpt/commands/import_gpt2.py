"""``nanogpt import-gpt2``."""

import json

from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import ImportGPT2
from nanogpt.data.config import CorpusConfig
from nanogpt.errors import OutputError
from nanogpt.training.config import TrainConfig
from nanogpt.training.initial import load_initial


def import_gpt2(command: ImportGPT2, out: Console, err: Console) -> None:
    """Write the checkpoint that ``command`` asks for; report on ``out``."""
    path = command.out / "checkpoint.pt"
    if path.exists():
        raise OutputError(f"{path} exists; name another folder with --out, or remove it")
    with err.status(f"reading {command.source}"):
        initial = load_initial(command.source)
        Checkpoint(
            model_config=initial.model_config,
            train_config=TrainConfig(),
            corpus=CorpusConfig("", tokenizer="gpt2"),
            corpus_sha256="",
            tokenizer=initial.tokenizer,
            training={"step": 0, "model": initial.weights, "optimizer": {}, "scaler": {}},
            seconds=0.0,
        ).save(path)
    parameters = sum(tensor.numel() for tensor in initial.weights.values())
    if command.json:
        out.out(json.dumps({"checkpoint": str(path), "parameters": parameters}), highlight=False)
        return
    out.print(f"{parameters:,} parameters in {path}", markup=False, highlight=False, soft_wrap=True)
