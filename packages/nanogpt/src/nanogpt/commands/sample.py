"""``nanogpt sample``."""

import json

from rich.console import Console

from nanogpt.checkpoint import Checkpoint
from nanogpt.commands.config import Sample
from nanogpt.device import pick_device
from nanogpt.sampling.generate import generate


def sample(command: Sample, out: Console, err: Console) -> None:
    """Print the prompt of ``command`` and its continuation on ``out``."""
    device = pick_device(command.device)
    checkpoint = Checkpoint.load(command.checkpoint)
    tokenizer = checkpoint.tokenizer
    # A terminal may pass bytes that are not UTF-8; Python hands them on as lone surrogates.
    prompt = command.prompt.encode("utf-8", "replace").decode() or "\n"
    if unknown := tokenizer.unknown(prompt):
        err.print(
            f"the model does not know {unknown!r} of the prompt",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    model = checkpoint.build_model(device)
    tokens = generate(model, tokenizer.encode(prompt).tolist(), command.sampling)
    if command.json:
        result = {"prompt": prompt, "text": tokenizer.decode(tokens)}
        out.out(json.dumps(result), highlight=False)
        return
    out.file.write(prompt)
    for token in tokens:
        out.file.write(tokenizer.decode([token]))
        out.file.flush()
    out.file.write("\n")
