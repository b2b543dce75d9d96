"""Which number format the arithmetic of a step uses; weights and optimizer stay in float32."""

from contextlib import AbstractContextManager, nullcontext

import torch

from nanogpt.errors import ConfigError
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
        # float16 cannot hold gradients below 6e-8; the scale moves them up, and backs off by
        # itself when a gradient overflows.
        self.scaler = torch.amp.GradScaler(
            device.type, init_scale=2.0**14, enabled=self.dtype == torch.float16
        )

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which matrix products use the format."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)


def _best(device: torch.device) -> torch.dtype:
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
