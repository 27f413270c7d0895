"""What jobs use of the machine, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.tracking.system_use import SystemUse


def as_object(use: SystemUse | None, co2_per_kwh: float | None) -> dict[str, Any] | None:
    """The fields of `SystemUse`, and `co2_g` in grams; None where nothing was measured. What was not measured is None."""
    if use is None:
        return None
    grams = None if use.energy_wh is None or co2_per_kwh is None else use.energy_wh * co2_per_kwh / 1000
    found = {**asdict(use), "co2_g": grams}
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}


def used(found: Mapping[str, Any] | None) -> str:
    """`GPU 87 % busy (peak 99 %), 5.2 GiB of its memory at most; CPU 1.8 cores (peak 4.1), 3.1 GiB of memory at most`."""
    if found is None:
        return ""
    gpu = _joined(_mean("GPU", found["gpu_use"], found["gpu_use_peak"], ".0f", " %", " busy"), _held(found, "gpu_memory_peak"))
    cpu = _joined(_mean("CPU", found["cpu_use"], found["cpu_use_peak"], ".1f", "", " cores"), _held(found, "memory_peak"))
    return "; ".join(part for part in (gpu, cpu) if part)


def energy(found: Mapping[str, Any] | None) -> str:
    """`12.3 Wh, used by its GPUs, about 4.7 g of CO2`; empty where the driver tells none."""
    if found is None or found["energy_wh"] is None:
        return ""
    whose = "its share of what the GPU used, which others had as well" if found["shared"] else "used by its GPUs"
    grams = "" if found["co2_g"] is None else f", about {_digits(found['co2_g'])} g of CO2"
    return f"{_digits(found['energy_wh'])} Wh, {whose}{grams}"


def idles(name: str, busy: float) -> str:
    """A job that keeps a GPU and hardly uses it, with what may help."""
    return f"{name}: its GPU is {busy:.0f} % busy in the last minutes; more data workers or larger batches may help"


def _mean(what: str, mean: float | None, peak: float | None, style: str, unit: str, verb: str) -> str:
    if mean is None or peak is None:
        return ""
    return f"{what} {mean:{style}}{unit}{verb} (peak {peak:{style}}{unit})"


def _held(found: Mapping[str, Any], name: str) -> str:
    held, which = found[name], "of its memory" if name.startswith("gpu") else "of memory"
    if held is None:
        return ""
    return f"{held / 1024:.1f} GiB {which} at most" if held >= 1024 else f"{held:.0f} MiB {which} at most"


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _digits(value: float) -> str:
    """Three digits that count: 0.0123, 1.23, 123, 12300."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
