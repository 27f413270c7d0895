"""In which numbers a network computes on this device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import torch

_BF16_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Precision:
    """`dtype` is what autocast computes matrix products in; float32 means no autocast at all."""

    device: str
    dtype: torch.dtype

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """A context for the forward pass; the loss functions leave it by casting to float32."""
        return torch.autocast(self.device, dtype=self.dtype, enabled=self.dtype is not torch.float32)

    def scaler(self) -> torch.amp.GradScaler:
        """Scales the loss where float16 would lose small gradients; elsewhere does nothing."""
        return torch.amp.GradScaler(self.device, enabled=self.dtype is torch.float16)


def precision_for(wanted: str, device: torch.device, cpu_flags: str | None = None) -> Precision:
    """The precision that `train_args.precision` means on this device.

    `auto` is bf16 on a GPU that has it and on a CPU with bf16 instructions, else 32. `16` is float16 on a GPU; on a CPU,
    where float16 is slower than float32, it is read as bf16. `cpu_flags` are those of /proc/cpuinfo unless given.
    """
    if wanted == "auto":
        wanted = "bf16" if _fast_bf16(device, cpu_flags) else "32"
    if wanted == "16" and device.type == "cpu":
        wanted = "bf16"
    dtype = {"32": torch.float32, "bf16": torch.bfloat16, "16": torch.float16}[wanted]
    return Precision(device.type, dtype)


def flush_tiny() -> None:
    """From here on numbers below 1e-38 count as zero in this process, where its processor can: before the first large tensor,
    for PyTorch's threads inherit this when they begin, and not later.

    Such numbers are computed a hundred times as slowly, and the gradients of an LSTM that runs back over a line in float32 are
    full of them once the network is sure: its training took up to 2.5 times as long.
    """
    torch.set_flush_denormal(True)


def _fast_bf16(device: torch.device, cpu_flags: str | None) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    flags = (_flags_of_this_cpu() if cpu_flags is None else cpu_flags).split()
    return any(flag in flags for flag in _BF16_FLAGS)


def _flags_of_this_cpu() -> str:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line for line in lines if line.startswith("flags")), "")
    return ""
