"""Which number format the arithmetic of a step uses; weights and optimizer stay in float32.

On a GPU autocast decides operation by operation. On a CPU bfloat16 is for the products of the
linear layers only; see ``models/linear.py``.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from nanogpt.errors import ConfigError
from nanogpt.models.linear import Linear
from nanogpt.training.config import Precision

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class MixedPrecision:
    """The format of a run's matrix products, and the scaling of the loss that float16 needs.

    Args:
        precision: As configured; ``auto`` is bfloat16 on a CUDA GPU that has it, float16 on an
            older one, float32 on anything else (on most CPUs bfloat16 is slower).
        device: Where the model is.

    Raises:
        ConfigError: float16 on a device other than a CUDA GPU.
    """

    def __init__(self, precision: Precision, device: torch.device) -> None:
        self.device = device
        self.dtype = _DTYPES[precision] if precision != "auto" else _best(device)
        if self.dtype == torch.float16 and device.type != "cuda":
            raise ConfigError(
                f"float16 needs a CUDA GPU, and the device is '{device.type}'; use bfloat16 or "
                "float32"
            )
        self._of_the_layers = self.dtype == torch.bfloat16 and device.type == "cpu"
        # float16 cannot hold gradients below 6e-8; the scale moves them up, and backs off by
        # itself when a gradient overflows.
        self.scaler = torch.amp.GradScaler(
            device.type, init_scale=2.0**14, enabled=self.dtype == torch.float16
        )

    def prepare(self, model: nn.Module) -> None:
        """Set the format of the layers that have one of their own."""
        for module in model.modules():
            if isinstance(module, Linear):
                module.bfloat16_products = self._of_the_layers

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which matrix products use the format."""
        if self.dtype == torch.float32 or self._of_the_layers:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)


def _best(device: torch.device) -> torch.dtype:
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
