"""GPT-2's weights between Hugging Face's format and ours.

Ours differs in three ways: names have no ``transformer.`` in front, the head tied to the embedding
is not stored, and linear weights are (out, in) as in `nn.Linear`, where GPT-2 has (in, out).
What GPT-2's format says that we cannot compute, and the reverse, is refused by name.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from nanogpt.atomic import atomic_path, write_text
from nanogpt.errors import CheckpointError, ConfigError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import NORM_EPS
from nanogpt.models.weight_files import CONFIG, WEIGHTS, find_files, read_json, read_tensors

PREFIX = "transformer."
HEAD = "lm_head.weight"
TRANSPOSED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
MASKS = re.compile(r"h\.\d+\.attn\.(masked_)?bias")
"""Constants of the causal mask that older versions of transformers stored as weights."""
HEAD_DIM = 64
"""D of every published size; the weights alone do not tell it."""
STATE = dict[str, Tensor]


def load_gpt2(source: str) -> tuple[GPTConfig, STATE]:
    """Return shape and weights of a GPT-2, the weights in float32 and under `GPT`'s names.

    The size of the vocabulary is that of ``wte.weight``. Dropout is 0; ours is one probability,
    and fine-tuning says its own.

    Args:
        source: A folder or file in Hugging Face's format; or gpt2, gpt2-medium, gpt2-large, gpt2-xl
            or ``owner/name``, fetched from the hub.

    Raises:
        CheckpointError: Not there, damaged, not a GPT-2, or with a feature that `GPT` lacks.
    """
    config_path, paths = find_files(source)
    saved = None if config_path is None else read_json(config_path)
    if saved is not None:
        _check_features(saved, source)
    state: STATE = {}
    for path in paths:
        for name, tensor in read_tensors(path):
            ours = name.removeprefix(PREFIX)
            if MASKS.fullmatch(ours):
                continue
            if ours in state:
                raise CheckpointError(f"{source} holds the tensor {name} twice")
            state[ours] = _turned(ours, tensor).to(
                torch.float32, copy=True, memory_format=torch.contiguous_format
            )
    _check_head(state, source)
    config = _shape_of(state, source) if saved is None else _config(saved, source)
    _check_tensors(config, state, source)
    return config, state


def save_gpt2(config: GPTConfig, state: STATE, folder: Path, eos_token_id: int | None) -> None:
    """Write config.json and model.safetensors, which transformers loads as `GPT2LMHeadModel`.

    Args:
        config: The shape. Without biases, zeros are written, which compute the same.
        state: `GPT.state_dict`; emptied on the way, so that the model is in memory once.
        folder: Where to write.
        eos_token_id: The id that ends a text, where the vocabulary has one.

    Raises:
        ConfigError: GPT-2's format cannot express an option.
        OutputError: The folder cannot be written.
    """
    published = GPTConfig()
    for option in ("positions", "norm", "activation", "qk_norm", "n_kv_head"):
        if getattr(config, option) != getattr(published, option):
            raise ConfigError(
                f"GPT-2's format has no {option}={getattr(config, option)!r}; it holds models with "
                f"{option}={getattr(published, option)!r} only"
            )
    vocab_size = state["wte.weight"].size(0)
    tensors = {}
    for name in list(state):
        tensors[PREFIX + name] = _turned(name, state.pop(name)).contiguous()
    for name, shape in stored_shapes(config, vocab_size).items():
        if not config.bias and name.endswith("bias"):
            tensors[PREFIX + name] = torch.zeros(shape)
    with atomic_path(folder / WEIGHTS[0]) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})
    described = _describe(config, vocab_size, eos_token_id)
    write_text(folder / CONFIG, json.dumps(described, indent=2) + "\n")


def _turned(name: str, tensor: Tensor) -> Tensor:
    """Return a linear weight with its axes swapped, anything else as it is."""
    return tensor.T if name.endswith(TRANSPOSED) and tensor.dim() == 2 else tensor


def _describe(config: GPTConfig, vocab_size: int, eos_token_id: int | None) -> dict[str, Any]:
    """Return the contents of a config.json."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": vocab_size,
        "n_positions": config.block_size,
        "n_embd": config.n_embd,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": NORM_EPS,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "resid_pdrop": config.dropout,
        "tie_word_embeddings": True,
        "bos_token_id": eos_token_id,
        "eos_token_id": eos_token_id,
        "dtype": "float32",
    }


def _check_features(saved: dict[str, Any], source: str) -> None:
    """Refuse a GPT-2 whose config.json asks for what `GPT` does not compute."""
    width = saved.get("n_embd", 768)
    supported: dict[str, tuple[Any, ...]] = {
        "model_type": (None, "gpt2"),
        "activation_function": (None, "gelu_new", "gelu_pytorch_tanh"),
        "layer_norm_epsilon": (None, NORM_EPS),
        "n_inner": (None, 4 * width if isinstance(width, int) else None),
        "scale_attn_weights": (None, True),
        "scale_attn_by_inverse_layer_idx": (None, False),
        "add_cross_attention": (None, False),
        "tie_word_embeddings": (None, True),
    }
    for name, values in supported.items():
        if saved.get(name) not in values:
            raise CheckpointError(
                f"{source}: {CONFIG} has {name}={saved[name]!r}, and nanogpt's GPT supports "
                f"{values[1]!r} only"
            )


def _config(saved: dict[str, Any], source: str) -> GPTConfig:
    # Where a field is absent, transformers takes that of the smallest GPT-2.
    names = {"block_size": "n_positions", "n_layer": "n_layer", "n_head": "n_head"}
    names["n_embd"] = "n_embd"
    smallest = {"n_positions": 1024, "n_layer": 12, "n_head": 12, "n_embd": 768}
    shape = {ours: saved.get(theirs, smallest[theirs]) for ours, theirs in names.items()}
    for ours, value in shape.items():
        if not isinstance(value, int):
            raise CheckpointError(f"{source}: {CONFIG} has {names[ours]}={value!r}, not a number")
    try:
        return GPTConfig(**shape)
    except ConfigError as error:
        raise CheckpointError(f"{source}: {CONFIG} describes no GPT-2: {error}") from error


def _shape_of(state: STATE, source: str) -> GPTConfig:
    """Return the shape that the tensors have; for weights without a config.json."""
    layers = {int(match[1]) for name in state if (match := re.match(r"h\.(\d+)\.", name))}
    for name in ("wte.weight", "wpe.weight"):
        if name not in state or state[name].dim() != 2:
            raise CheckpointError(f"{source} is not a GPT-2: it has no matrix {name}")
    block_size, n_embd = state["wpe.weight"].shape
    if not layers or n_embd % HEAD_DIM:
        raise CheckpointError(
            f"{source} has {len(layers)} layers {n_embd} wide, and without {CONFIG} the heads are "
            f"taken to be {HEAD_DIM} wide, as in every published size; put its {CONFIG} beside it"
        )
    return GPTConfig(
        block_size=block_size,
        n_layer=max(layers) + 1,
        n_head=n_embd // HEAD_DIM,
        n_embd=n_embd,
    )


def _check_head(state: STATE, source: str) -> None:
    """Drop the output head, which must be the token embedding."""
    head = state.pop(HEAD, None)
    if head is not None and not torch.equal(head, state.get("wte.weight", torch.empty(0))):
        raise CheckpointError(f"{source}: {HEAD} differs from wte.weight; GPT has them tied")


def _check_tensors(config: GPTConfig, state: STATE, source: str) -> None:
    """Refuse a tensor too few, too many, or of another shape than ``config`` gives it."""
    vocab_size = state["wte.weight"].size(0) if "wte.weight" in state else 1
    expected = stored_shapes(config, vocab_size)
    _refuse(expected.keys() - state.keys(), f"{source} lacks")
    _refuse(state.keys() - expected.keys(), f"{source} has unexpected")
    for name, tensor in state.items():
        shape = tuple(_turned(name, tensor).shape)
        if shape != expected[name]:
            raise CheckpointError(
                f"{source}: tensor {name} must be {list(expected[name])}, got {list(shape)}"
            )


def stored_shapes(config: GPTConfig, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor as the format stores it, linear weights as (in, out).

    Written down rather than read off a `GPT` on the meta device: there, torch takes five seconds
    to import what it needs to initialise nothing.
    """
    C = config.n_embd
    layer = {
        "ln_1.weight": (C,),
        "ln_1.bias": (C,),
        "attn.c_attn.weight": (C, 3 * C),
        "attn.c_attn.bias": (3 * C,),
        "attn.c_proj.weight": (C, C),
        "attn.c_proj.bias": (C,),
        "ln_2.weight": (C,),
        "ln_2.bias": (C,),
        "mlp.c_fc.weight": (C, 4 * C),
        "mlp.c_fc.bias": (4 * C,),
        "mlp.c_proj.weight": (4 * C, C),
        "mlp.c_proj.bias": (C,),
    }
    layers = {
        f"h.{n}.{name}": shape for n in range(config.n_layer) for name, shape in layer.items()
    }
    return {
        "wte.weight": (vocab_size, C),
        "wpe.weight": (config.block_size, C),
        **layers,
        "ln_f.weight": (C,),
        "ln_f.bias": (C,),
    }


def _refuse(names: Iterable[str], complaint: str) -> None:
    if names := sorted(names):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise CheckpointError(f"{complaint} tensor {names[0]}{more}")
