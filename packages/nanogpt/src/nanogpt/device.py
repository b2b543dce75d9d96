"""Pick the device to compute on, and know when its memory ran out."""

import torch

from nanogpt.errors import ConfigError


def pick_device(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` takes a GPU where there is one.

    Raises:
        ConfigError: This machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"no device '{name}' here ({reason}); use auto or cpu") from error
    return device


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether ``error`` says that memory ran out: torch has no one type for it."""
    # On the CPU torch raises a plain RuntimeError; its GPU error is a RuntimeError as well.
    text = str(error)
    return isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text
