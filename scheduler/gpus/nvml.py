"""One reading from NVML, NVIDIA's management library, through its own binding (pynvml).

Only the sampler process imports this module: a driver that hangs must not hang a scheduler, and a process that has
loaded the driver's library must not fork jobs. Calls and structures: the NVML API reference, and the binding's
source.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pynvml as nv

from scheduler.gpus.driver import driver_in_kernel
from scheduler.gpus.identities import remember, remembered
from scheduler.gpus.ownership import owner
from scheduler.gpus.reading import (
    Gpu,
    Process,
    Reading,
    no_driver,
    numbered,
    unknown,
)
from scheduler.home import default_root

MIB = 1024 * 1024
COMPUTE_MODES = {
    nv.NVML_COMPUTEMODE_DEFAULT: "default",
    nv.NVML_COMPUTEMODE_EXCLUSIVE_THREAD: "exclusive-process",
    nv.NVML_COMPUTEMODE_PROHIBITED: "prohibited",
    nv.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS: "exclusive-process",
}
# Why the clock is lower than it could be, in words. That it idles, or that somebody has set it so, is no throttling.
THROTTLED = {
    nv.nvmlClocksThrottleReasonSwPowerCap: "power cap",
    nv.nvmlClocksThrottleReasonHwSlowdown: "hardware slowdown",
    nv.nvmlClocksThrottleReasonSyncBoost: "sync boost",
    nv.nvmlClocksThrottleReasonSwThermalSlowdown: "heat",
    nv.nvmlClocksThrottleReasonHwThermalSlowdown: "heat (hardware)",
    nv.nvmlClocksThrottleReasonHwPowerBrakeSlowdown: "power brake",
    nv.nvmlClocksThrottleReasonDisplayClockSetting: "display clock",
}
# What a device or an old driver answers when it does not know a figure. Anything else is a failure.
NOT_TOLD = (nv.NVML_ERROR_NOT_SUPPORTED, nv.NVML_ERROR_FUNCTION_NOT_FOUND, nv.NVML_ERROR_NO_PERMISSION)
# What a GPU does not recover from by itself: it has fallen off the bus, or hangs until it is reset.
GONE = (nv.NVML_ERROR_GPU_IS_LOST, nv.NVML_ERROR_RESET_REQUIRED, nv.NVML_ERROR_INSUFFICIENT_POWER, nv.NVML_ERROR_IRQ_ISSUE)
FATAL = (nv.NVML_ERROR_GPU_IS_LOST, nv.NVML_ERROR_RESET_REQUIRED, nv.NVML_ERROR_UNINITIALIZED)
ATTEMPTS = 5
T = TypeVar("T")


class Nvml:
    """The opened library. It remembers what each device last said about itself, so that a lost one still has a name."""

    def __init__(self, folder: Path | None = None) -> None:
        """Initialise NVML. NVMLError_LibraryNotFound where there is no library, another NVMLError for every other
        failure. `folder`: where what devices say of themselves is kept; None: the state directory."""
        nv.nvmlInit()
        self._folder = folder or default_root()
        self._kept = remembered(self._folder)
        self._identities = dict(self._kept)

    def read(self) -> Reading:
        """All GPUs now. A GPU that fails alone carries its problem; NVMLError if the library as a whole fails."""
        at = time.monotonic()
        gpus: list[Gpu] = []
        for number in range(nv.nvmlDeviceGetCount()):
            gpus.extend(self._device(number))
        if self._identities != self._kept:
            self._kept = dict(self._identities)
            remember(self._folder, self._kept)
        gpus = _each_once(gpus)
        return Reading(numbered(gpus), at, driver=_text(nv.nvmlSystemGetDriverVersion()))

    def _device(self, number: int) -> list[Gpu]:
        """The device, or its MIG instances after it."""
        known = self._identities.get(number, Gpu(""))
        try:
            handle = nv.nvmlDeviceGetHandleByIndex(number)
        except nv.NVMLError as error:
            # Drivers call a GPU that has fallen off the bus lost, or know no word for it.
            return [_failing(known, error, (*GONE, nv.NVML_ERROR_UNKNOWN))]
        try:
            known = self._identities[number] = _identity(handle)
            return _whole(handle, known) if not known.mig else _divided(handle, known)
        except nv.NVMLError as error:
            return [_failing(known, error, GONE)]


def _each_once(gpus: list[Gpu]) -> list[Gpu]:
    """Without what a failing device is said to be where another one says so itself: the driver counts anew."""
    sound = {gpu.uuid for gpu in gpus if not gpu.lasting}
    return [replace(Gpu(""), problem=g.problem, lasting=True) if g.lasting and g.uuid in sound else g for g in gpus]


def current(library: Nvml) -> Reading:
    """A reading, or an unknown one that carries the library's own words."""
    try:
        return library.read()
    except nv.NVMLError as error:
        return unknown(f"the NVIDIA driver does not answer: {_said(error)}", time.monotonic())


def opened() -> Nvml | Reading:
    """The library, or, where it cannot be opened, the reading that says so."""
    try:
        return Nvml()
    except nv.NVMLError as error:
        if error.value == nv.NVML_ERROR_LIBRARY_NOT_FOUND and not driver_in_kernel():
            return no_driver(time.monotonic())
        return unknown(f"the NVIDIA driver cannot be used: {_said(error)}", time.monotonic())


def _failing(known: Gpu, error: nv.NVMLError, gone: tuple[int, ...]) -> Gpu:
    """The GPU with its trouble, which lasts if the error is one of `gone`."""
    lasting = error.value in gone
    cure = "; it comes back only after a reset, or a restart of the machine" if lasting else ""
    return replace(known, problem=_said(error) + cure, lasting=lasting)


def _said(error: nv.NVMLError) -> str:
    return f"{error} (NVML error {error.value})"


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _told(ask: Callable[..., T], *arguments: Any) -> T | None:
    """The answer, or None where this device or driver does not have that figure."""
    try:
        return ask(*arguments)
    except nv.NVMLError as error:
        if error.value in NOT_TOLD:
            return None
        raise


def _shown(ask: Callable[..., T], *arguments: Any) -> T | None:
    """As `_told`, for figures that only people look at: no oddity of theirs makes a GPU unusable, only its loss
    does."""
    try:
        return ask(*arguments)
    except nv.NVMLError as error:
        if error.value in FATAL:
            raise
        return None


def _identity(handle: Any) -> Gpu:
    mig = _told(nv.nvmlDeviceGetMigMode, handle)
    return Gpu(
        uuid=_text(nv.nvmlDeviceGetUUID(handle)),
        bus=_text(nv.nvmlDeviceGetPciInfo(handle).busId),
        name=_text(nv.nvmlDeviceGetName(handle)),
        mig=bool(mig and mig[0]),
    )


def _whole(handle: Any, known: Gpu) -> list[Gpu]:
    # Memory before processes: one that starts in between is then listed without being counted, never counted
    # without being listed.
    total, reserved, used = _memory(handle)
    mode = _told(nv.nvmlDeviceGetComputeMode, handle)
    utilization = _shown(nv.nvmlDeviceGetUtilizationRates, handle)
    power = _shown(nv.nvmlDeviceGetPowerUsage, handle)
    energy = _shown(nv.nvmlDeviceGetTotalEnergyConsumption, handle)
    throttled = _shown(nv.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
    return [
        replace(
            known,
            total=total,
            reserved=reserved,
            used=used,
            processes=_processes(handle, total),
            utilization=None if utilization is None else utilization.gpu,
            temperature=_shown(nv.nvmlDeviceGetTemperature, handle, nv.NVML_TEMPERATURE_GPU),
            power=None if power is None else power / 1000,
            compute_mode=COMPUTE_MODES.get(mode, "default"),
            clock=_shown(nv.nvmlDeviceGetClockInfo, handle, nv.NVML_CLOCK_SM),
            throttled=None if throttled is None else tuple(words for bit, words in THROTTLED.items() if throttled & bit),
            energy=None if energy is None else energy / 1000,
        )
    ]


def _divided(handle: Any, parent: Gpu) -> list[Gpu]:
    """A GPU in MIG mode, which takes no jobs itself, followed by its instances."""
    gpus = [replace(parent, problem="MIG is on: jobs go to its instances")]
    for slot in range(_told(nv.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        try:
            instance = nv.nvmlDeviceGetMigDeviceHandleByIndex(handle, slot)
        except nv.NVMLError_NotFound:
            continue
        gpus.append(_instance(instance, parent))
    return gpus


def _instance(handle: Any, parent: Gpu) -> Gpu:
    total, reserved, used = _memory(handle)
    return Gpu(
        uuid=_text(nv.nvmlDeviceGetUUID(handle)),
        bus=parent.bus,
        parent=parent.uuid,
        name=_text(nv.nvmlDeviceGetName(handle)),
        total=total,
        reserved=reserved,
        used=used,
        processes=_processes(handle, total),
    )


def _memory(handle: Any) -> tuple[int | None, int, int | None]:
    """(total, reserved, used) in MiB; (None, 0, None) where the device has no memory figure.

    Version 2 of the call tells reserved memory apart; drivers before R510 have version 1 only.
    """
    try:
        memory = nv.nvmlDeviceGetMemoryInfo(handle, version=nv.nvmlMemory_v2)
        return memory.total // MIB, -(-memory.reserved // MIB), -(-memory.used // MIB)
    except nv.NVMLError_FunctionNotFound:
        memory = _told(nv.nvmlDeviceGetMemoryInfo, handle)
    except nv.NVMLError_NotSupported:
        memory = None
    return (None, 0, None) if memory is None else (memory.total // MIB, 0, -(-memory.used // MIB))


def _processes(handle: Any, total: int | None) -> tuple[Process, ...]:
    """The processes on the device; one that computes and draws is listed once, as computing."""
    compute = _listed(nv.nvmlDeviceGetComputeRunningProcesses, nv.nvmlDeviceGetComputeRunningProcesses_v2, handle)
    graphics = _listed(nv.nvmlDeviceGetGraphicsRunningProcesses, nv.nvmlDeviceGetGraphicsRunningProcesses_v2, handle)
    found: dict[int, Process] = {}
    for records, computes in ((graphics, False), (compute, True)):
        for record in records:
            process = _process(record, computes)
            if _plausible(process, total):
                found[process.pid] = process
    return tuple(found.values())


def _listed(ask: Callable[[Any], list[Any]], ask_older: Callable[[Any], list[Any]], handle: Any) -> list[Any]:
    """The records of `ask`, asked again while the list outgrows the room the binding made between its two calls."""
    for _ in range(ATTEMPTS):
        try:
            return ask(handle)
        except nv.NVMLError_InsufficientSize:
            continue
        except (nv.NVMLError_FunctionNotFound, nv.NVMLLibraryMismatchError):
            ask = ask_older
        except nv.NVMLError_NotSupported:
            return []
    raise nv.NVMLError(nv.NVML_ERROR_INSUFFICIENT_SIZE)


def _process(record: Any, computes: bool) -> Process:
    whose = owner(record.pid)
    memory = None if record.usedGpuMemory is None else -(-record.usedGpuMemory // MIB)
    return Process(record.pid, memory, computes, whose.name, whose.uid, whose.user, whose.claim, whose.attempt)


def _plausible(process: Process, total: int | None) -> bool:
    """False for the records that mismatched library versions garble: no process id, or more memory than the GPU has."""
    return process.pid != 0 and not (process.memory is not None and total is not None and process.memory > total)
