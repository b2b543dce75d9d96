"""Find and read files of weights as Hugging Face lays them out: safetensors or bin, one or many.

Tensors come one at a time, so that a model is in memory once, not twice. Files in torch's format
are read with ``weights_only``: those of a stranger run no code.
"""

import json
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from nanogpt.errors import CheckpointError

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Names of the weights, the preferred one first; ``.index.json`` after one lists its shards."""
PUBLISHED = ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl")

Finder = Callable[[str], Path | None]
"""From a file's name to its path; none if the model has no such file."""


def find_files(source: str) -> tuple[Path | None, list[Path]]:
    """Return the config.json, where there is one, and the files of weights of ``source``.

    Args:
        source: A folder, a file of weights, one of `PUBLISHED`, or ``owner/name`` on the hub.

    Raises:
        CheckpointError: Nothing of that name, or it holds no weights.
    """
    path = Path(source)
    if path.is_file():
        config = path.with_name(CONFIG)
        return (config if config.exists() else None), [path]
    if path.is_dir():
        return _files(_in_folder(path), source)
    if source in PUBLISHED or re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", source):
        return _files(_on_hub(source), source)
    raise CheckpointError(
        f"no file or folder {source}; expected one, or a name: {', '.join(PUBLISHED)} or OWNER/NAME"
    )


def read_tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of the file with its name.

    Raises:
        CheckpointError: The file is damaged, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118  not a mapping
                    yield name, file.get_tensor(name)
        else:
            yield from _read_bin(path)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is damaged, or holds more than weights, which is not safe to load"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, ValueError) as error:
        reason = (str(error).splitlines() or ["it ends too early"])[0]
        raise CheckpointError(f"{path} is damaged: {reason}") from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in ``path``; `CheckpointError` if there is none."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {path}: {error}") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{path} must hold a JSON object, got a {type(loaded).__name__}")
    return loaded


def _read_bin(path: Path) -> Iterator[tuple[str, Tensor]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # torch's format before 1.6, in which older models are still published
        state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} must hold named tensors, got a {type(state).__name__}")
    for name in list(state):
        tensor = state.pop(name)
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(f"{path} must hold tensors only, but {name!r} is none")
        yield name, tensor


def _files(find: Finder, source: str) -> tuple[Path | None, list[Path]]:
    for name in WEIGHTS:
        if path := find(name):
            return find(CONFIG), [path]
        if index := find(f"{name}.index.json"):
            return find(CONFIG), _shards(find, index)
    raise CheckpointError(f"{source} holds no weights; expected {' or '.join(WEIGHTS)}")


def _shards(find: Finder, index: Path) -> list[Path]:
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(x, str) for x in shards.values()):
        raise CheckpointError(f"{index} has no weight_map from tensors to files")
    paths = []
    for name in sorted(set(shards.values())):
        path = find(Path(name).name)  # a file beside the index, whatever it says
        if path is None:
            raise CheckpointError(f"{index} lists {name}, which is not there")
        paths.append(path)
    return paths


def _in_folder(folder: Path) -> Finder:
    return lambda name: path if (path := folder / name).is_file() else None


def _on_hub(name: str) -> Finder:
    try:
        import huggingface_hub as hub  # noqa: PLC0415  an extra
        from huggingface_hub import errors  # noqa: PLC0415
    except ImportError as error:
        raise CheckpointError(
            f"to fetch {name}, install huggingface-hub (nanogpt's extra 'hub'); or give a folder "
            "that holds its config.json and model.safetensors"
        ) from error
    repository = f"openai-community/{name}" if name in PUBLISHED else name

    def find(file: str) -> Path | None:
        try:
            return Path(hub.hf_hub_download(repository, file))
        except errors.LocalEntryNotFoundError as error:
            raise CheckpointError(
                f"cannot reach the hub for {repository}, and {file} is not in its cache; check the "
                "network, or give a folder that holds config.json and model.safetensors"
            ) from error
        except errors.EntryNotFoundError:
            return None
        except errors.RepositoryNotFoundError as error:
            raise CheckpointError(f"the hub has no public model {repository}") from error
        except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CheckpointError(f"cannot fetch {file} of {repository}: {reason}") from error

    return find
