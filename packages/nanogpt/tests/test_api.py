"""The public names, and a notebook's worth of their use."""

import subprocess
import sys

import pytest

import nanogpt


def test_every_public_name_is_there() -> None:
    for name in nanogpt.__all__:
        assert getattr(nanogpt, name).__name__ == name
    assert dir(nanogpt) == sorted(nanogpt.__all__)
    with pytest.raises(AttributeError, match="no attribute 'GTP'"):
        nanogpt.GTP  # noqa: B018  the access is the test


def test_import_needs_no_torch() -> None:
    code = "import sys, nanogpt; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from nanogpt.cli import main\n"
        "try: main(['train', '--help'])\n"
        "finally: sys.exit(3 if 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--max-steps" in done.stdout


def test_train_and_generate_in_memory() -> None:
    text = "to be, or not to be: " * 100
    tokenizer = nanogpt.CharTokenizer.train(text)
    shape = nanogpt.GPTConfig(block_size=16, n_layer=2, n_head=2, n_embd=32)
    model = nanogpt.GPT(shape, tokenizer.vocab_size)
    splits = nanogpt.Splits.by_position(tokenizer.encode(text), shape.block_size)
    recipe = nanogpt.TrainConfig(max_steps=120, learning_rate=1e-2, warmup_steps=10)
    trainer = nanogpt.Trainer(model, splits, recipe)
    for _ in range(recipe.max_steps):
        trainer.train_step()
    greedy = nanogpt.SamplingConfig(num_tokens=20, temperature=0)
    prompt = tokenizer.encode("to be, or ").tolist()
    assert tokenizer.decode(nanogpt.generate(model, prompt, greedy)) == "not to be: to be, or"
