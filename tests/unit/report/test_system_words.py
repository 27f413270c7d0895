"""How the use of the machine is said."""

from __future__ import annotations

from scheduler.report.system import as_object, energy, idles, used
from scheduler.tracking.system_use import SystemUse

ALL = SystemUse(87.4, 99.0, 5325.0, 1.84, 4.06, 512.0, 12.34, shared=False)


def test_what_was_used_is_one_line() -> None:
    """Means tell whether it was worth it, peaks whether it fits beside another."""
    assert used(as_object(ALL, None)) == (
        "GPU 87 % busy (peak 99 %), 5.2 GiB of its memory at most; CPU 1.8 cores (peak 4.1), 512 MiB of memory at most"
    )
    assert used(as_object(SystemUse(cpu_use=1.0, cpu_use_peak=2.0), None)) == "CPU 1.0 cores (peak 2.0)"
    assert used(None) == energy(None) == ""


def test_energy_says_whether_it_is_a_share() -> None:
    """Two jobs on one GPU do not use it twice."""
    assert energy(as_object(ALL, None)) == "12.3 Wh, used by its GPUs"
    shared = SystemUse(energy_wh=0.012345, shared=True)
    assert energy(as_object(shared, None)) == "0.0123 Wh, its share of what the GPU used, which others had as well"


def test_an_energy_that_is_not_known_is_not_said_and_is_null_for_programs() -> None:
    """Zero would sum well, and mean that a MIG instance runs on nothing."""
    found = as_object(SystemUse(cpu_use=1.0, cpu_use_peak=1.0), 380.0)
    assert found is not None
    assert (found["energy_wh"], found["co2_g"], energy(found)) == (None, None, "")


def test_co2_follows_from_the_energy() -> None:
    """Grams for a kWh, and a thousand Wh in one."""
    found = as_object(SystemUse(energy_wh=2000.0), 380.0)
    assert found is not None
    assert found["co2_g"] == 760.0
    assert energy(found).endswith(", about 760 g of CO2")


def test_who_starves_a_gpu_hears_what_may_help() -> None:
    """The number alone says nothing to somebody who trains for the first time."""
    assert idles("1a2b3c4d", 3.2) == (
        "1a2b3c4d: its GPU is 3 % busy in the last minutes; more data workers or larger batches may help"
    )
