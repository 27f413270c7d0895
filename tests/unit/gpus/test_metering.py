"""The figures and the energy of a claim, reading by reading: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.gpus.metering import Meter
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Process, Reading, unknown
from scheduler.gpus.view import View

WHOLE = ClaimRecord("whole", {"GPU-0": None}, uid=1)
HALF, OTHER_HALF = (ClaimRecord(name, {"GPU-0": None}, split=2, uid=1) for name in ("half", "other"))
GPU = Gpu("GPU-0", index=0, total=24_000, used=900)


def at(seconds: float, **figures) -> Reading:
    return Reading((replace(GPU, **figures),), at=seconds)


def metered(claim: ClaimRecord, *readings: Reading, beside: tuple[ClaimRecord, ...] = ()) -> Meter:
    meter = Meter(readings[0])
    for reading in readings[1:]:
        meter.take(View(reading, (claim, *beside), Observation(), Settings()), claim)
    return meter


def test_the_counter_of_a_gpu_is_believed_before_its_power() -> None:
    """Power is a sample, and the counter has the peaks between two samples too."""
    meter = metered(WHOLE, at(0, energy=1000.0, power=60.0), at(10, energy=4600.0, power=60.0))
    assert (meter.energy, meter.shared) == (1.0, False)


def test_power_is_integrated_where_there_is_no_counter() -> None:
    """GPUs before Volta have none; a mean of 180 W for 20 s is one Wh."""
    assert metered(WHOLE, at(0, power=120.0), at(20, power=240.0)).energy == 1.0


def test_a_gpu_that_tells_neither_has_no_energy_and_never_zero() -> None:
    """A MIG instance has no meter: "0 Wh" would be a lie that sums well."""
    meter = metered(WHOLE, at(0), at(10, utilization=99))
    assert meter.energy is None
    assert not [name for name in meter.row(["GPU-0"]) if "energy" in name or "power" in name]


def test_the_energy_of_a_shared_gpu_is_divided_by_the_shares_and_all_of_it() -> None:
    """Two halves count as much as the whole; whoever is alone on it has all, whatever part it asked for."""
    readings = (at(0, energy=0.0), at(10, energy=7200.0))
    meter = metered(HALF, *readings, beside=(OTHER_HALF,))
    assert (meter.energy, meter.shared) == (1.0, True)
    assert metered(HALF, *readings).energy == 2.0
    small, large = (ClaimRecord(name, {"GPU-0": mib}, exclusive=False) for name, mib in (("s", 6000), ("l", 18000)))
    assert metered(small, *readings, beside=(large,)).energy == 0.5
    assert metered(large, *readings, beside=(small,)).energy == 1.5


def test_the_energy_of_several_gpus_adds_up() -> None:
    """A job on two GPUs uses what both use, also where one of them tells nothing."""
    pair = ClaimRecord("pair", {"GPU-0": None, "GPU-1": None})

    def both(at: float, one: float, other: float | None) -> Reading:
        return Reading((Gpu("GPU-0", energy=one), Gpu("GPU-1", energy=other)), at=at)

    assert metered(pair, both(0, 0.0, 0.0), both(5, 3600.0, 7200.0), both(10, 7200.0, 10800.0)).energy == 5.0
    assert metered(pair, both(0, 0.0, None), both(5, 3600.0, None)).energy == 1.0


def test_a_driver_that_fails_amid_loses_nothing_that_its_counter_has_counted() -> None:
    """The next reading has it; but power says nothing of ten minutes that nobody has seen."""
    broken = unknown("the driver does not answer", 5)
    assert metered(WHOLE, at(0, energy=0.0), broken, at(600, energy=3600.0)).energy == 1.0
    lost = at(5, energy=None, problem="lost")
    assert metered(WHOLE, at(0, energy=0.0), lost, at(600, energy=3600.0)).energy == 1.0
    assert metered(WHOLE, at(0, power=100.0), broken, at(600, power=100.0)).energy is None


def test_a_counter_that_begins_anew_is_not_negative_energy() -> None:
    """A driver that is loaded again counts from zero."""
    assert metered(WHOLE, at(0, energy=9e9), at(10, energy=5.0), at(20, energy=3605.0)).energy == 1.0


def test_a_row_has_the_means_since_the_last_one_and_what_is_now() -> None:
    """Use and power jump from one moment to the next: a row each ten minutes must tell of all of them."""
    ours = (Process(7, 700, uid=1, claim="whole"), Process(8, 50, uid=1, claim="whole"))
    first = at(2, utilization=100, power=300.0, temperature=60, clock=1980, throttled=("heat",), processes=ours)
    second = at(4, utilization=50, power=200.0, temperature=70, clock=1500, throttled=(), processes=ours)
    meter = metered(WHOLE, at(0), first, second)
    assert meter.row(["GPU-0"]) == {
        "gpu.0.use": 75.0,
        "gpu.0.power": 250.0,
        "gpu.0.memory": 750,
        "gpu.0.device_memory": 900,
        "gpu.0.temperature": 70,
        "gpu.0.clock": 1500,
        "gpu.0.throttled": "heat",
        "gpu.energy": pytest.approx(1100 / 3600, abs=1e-6),
        "gpu.shared": False,
    }
    assert meter.row(["GPU-0"]) == {}, "each reading counts in one row"


def test_gpus_are_counted_as_the_job_counts_them() -> None:
    """Its first GPU is `cuda:0` for it, whatever number that has here; so curves of jobs on different GPUs can be compared."""
    pair = ClaimRecord("pair", {"GPU-5": None, "GPU-2": None})
    both = Reading((Gpu("GPU-2", utilization=20), Gpu("GPU-5", utilization=50)), at=1.0)
    meter = metered(pair, both, both)
    row = meter.row(pair.memory)
    assert (row["gpu.0.use"], row["gpu.1.use"]) == (50.0, 20.0)
