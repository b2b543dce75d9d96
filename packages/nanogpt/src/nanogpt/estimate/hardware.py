"""Peak arithmetic and memory of common devices, as their makers state them.

Peaks are those of dense matrix products, without sparsity and with sums in float32. How much of it
training reaches, the model FLOPs utilisation, is an assumption: PaLM reached 0.46, GPT-3 0.21
(Chowdhery et al. 2022, table 3), and small models reach less.
"""

import re
from dataclasses import dataclass
from typing import Literal

TERA = 1e12
GB = 10**9

DeviceKind = Literal[
    "cpu",
    "a100-40gb",
    "a100-80gb",
    "h100-sxm",
    "h100-pcie",
    "h200",
    "l4",
    "t4",
    "rtx3090",
    "rtx4090",
    "m1",
    "m1-pro",
    "m1-max",
    "m2",
]


@dataclass(frozen=True)
class Device:
    """One kind of accelerator."""

    pattern: str
    """Matches what ``torch.cuda.get_device_name()`` says, from the start to the end."""
    teraflops: dict[str, float]
    """Peak by dtype; 'tf32' is float32 under ``torch.set_float32_matmul_precision("high")``."""
    memory: int | None
    """Bytes; none where it is shared with the CPU and a matter of the model bought."""
    mfu: float = 0.35
    """Share of the peak to expect of a model large enough to fill the device."""


_A100 = {"float32": 19.5, "tf32": 156.0, "bfloat16": 312.0, "float16": 312.0}
_HOPPER = {"float32": 66.9, "tf32": 494.7, "bfloat16": 989.4, "float16": 989.4}

DEVICES: dict[str, Device] = {
    # NVIDIA A100 Tensor Core GPU data sheet.
    "a100-40gb": Device(r"NVIDIA A100-(SXM4|PCIE)-40GB", _A100, 40 * GB),
    "a100-80gb": Device(r"NVIDIA A100(-SXM4-80GB| 80GB PCIe)", _A100, 80 * GB),
    # NVIDIA H100 Tensor Core GPU architecture white paper, table 1.
    "h100-sxm": Device(r"NVIDIA H100 80GB HBM3", _HOPPER, 80 * GB),
    "h100-pcie": Device(
        r"NVIDIA H100 PCIe",
        {"float32": 51.2, "tf32": 378.0, "bfloat16": 756.0, "float16": 756.0},
        80 * GB,
    ),
    # NVIDIA H200 data sheet: the arithmetic of an H100 SXM.
    "h200": Device(r"NVIDIA H200", _HOPPER, 141 * GB),
    # NVIDIA L4 data sheet; it states figures with sparsity, twice these.
    "l4": Device(
        r"NVIDIA L4",
        {"float32": 30.3, "tf32": 60.0, "bfloat16": 121.0, "float16": 121.0},
        24 * GB,
    ),
    # NVIDIA T4 data sheet; it has no bfloat16.
    "t4": Device(r"(Tesla|NVIDIA) T4", {"float32": 8.1, "float16": 65.0}, 16 * GB),
    # NVIDIA Ampere GA102 architecture white paper, appendix A.
    "rtx3090": Device(
        r"NVIDIA GeForce RTX 3090",
        {"float32": 35.6, "tf32": 35.6, "bfloat16": 71.0, "float16": 71.0},
        24 * GB,
    ),
    # NVIDIA Ada GPU architecture white paper, appendix A.
    "rtx4090": Device(
        r"NVIDIA GeForce RTX 4090",
        {"float32": 82.6, "tf32": 82.6, "bfloat16": 165.2, "float16": 165.2},
        24 * GB,
    ),
    # Apple's announcements of the chips state float32 only.
    "m1": Device(r"Apple M1", {"float32": 2.6}, None),
    "m1-pro": Device(r"Apple M1 Pro", {"float32": 5.2}, None),
    "m1-max": Device(r"Apple M1 Max", {"float32": 10.4}, None),
    "m2": Device(r"Apple M2", {"float32": 3.6}, None),
}
CPU_MFU = 0.7
"""Of what a large matrix product reaches on the same CPU."""


def peak_flops(device_name: str, dtype: str) -> float | None:
    """Return the peak operations per second of a device, or none if it is not in the table.

    Args:
        device_name: As ``torch.cuda.get_device_name()`` gives it, or a key of `DEVICES`.
        dtype: 'float32', 'tf32', 'bfloat16' or 'float16'.
    """
    for key, device in DEVICES.items():
        if key == device_name or re.fullmatch(device.pattern, device_name):
            peak = device.teraflops.get(dtype)
            return None if peak is None else peak * TERA
    return None
