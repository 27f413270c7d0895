"""What the rows of a system log come to: pure, but for one file."""

from __future__ import annotations

from pathlib import Path

from scheduler.tracking.system_use import TAIL, SystemUse, busy_lately, energy_so_far, tail, used

START = 1000.0


def gpu(at: float, *use: float, **more) -> dict:
    return {"_time": START + at, **{f"gpu.{n}.use": each for n, each in enumerate(use)}, **more}


def cpu(at: float, use: float, **more) -> dict:
    return {"_time": START + at, "cpu.use": use, **more}


def test_means_are_by_time_since_rows_come_more_rarely_as_a_job_gets_older() -> None:
    """An idle first minute in twelve rows must not weigh as much as the hour behind it."""
    found = used([gpu(5, 0), gpu(10, 0), gpu(100, 100), cpu(5, 4.0), cpu(105, 1.0)], START)
    assert found is not None
    assert (found.gpu_use, found.gpu_use_peak) == (90.0, 100)
    assert found.cpu_use is not None
    assert abs(found.cpu_use - 120 / 105) < 1e-9
    assert found.cpu_use_peak == 4.0


def test_peaks_are_those_of_one_moment() -> None:
    """Memory of two GPUs counts together; shared pages count once where the kernel has told them."""
    held = {"gpu.0.memory": 100.0, "gpu.1.memory": 50.0, "gpu.1.device_memory": 9000.0}
    found = used([gpu(5, 20, 40, **held), cpu(5, 1.0, **{"memory.rss": 900.0, "memory.used": 400.0})], START)
    assert found is not None
    assert (found.gpu_use, found.gpu_memory_peak, found.memory_peak) == (30.0, 150.0, 400.0)
    only_rss = used([cpu(5, 1.0, **{"memory.rss": 900.0})], START)
    assert only_rss is not None
    assert only_rss.memory_peak == 900.0


def test_what_no_row_tells_is_none_and_never_zero() -> None:
    """A driver without a meter has used no "0 Wh"; a job without a row has used nothing that anybody knows."""
    assert used([cpu(5, 1.0)], START) == SystemUse(cpu_use=1.0, cpu_use_peak=1.0)
    assert used([], START) is None


def test_the_energy_is_that_of_the_last_row_that_tells_any() -> None:
    """It is counted up from row to row, and the launcher's rows between have none."""
    found = [
        gpu(5, 1, **{"gpu.energy": 0.5, "gpu.shared": True}),
        gpu(9, 1, **{"gpu.energy": 0.9, "gpu.shared": True}),
        cpu(10, 1),
    ]
    whole = used(found, START)
    assert whole is not None
    assert (whole.energy_wh, whole.shared) == (0.9, True)
    assert energy_so_far(found) == (0.9, True)
    assert energy_so_far([cpu(5, 1)]) == (None, False)


def test_a_gpu_is_judged_by_its_last_minutes_and_by_enough_of_them() -> None:
    """A model that loads for half a minute starves nobody, nor does the slow first epoch of yesterday."""
    rows = [gpu(t, 3) for t in range(0, 65, 5)]
    assert busy_lately(rows, START + 61) == 3.0
    assert busy_lately(rows[:6], START + 26) is None
    later = [*rows, *(gpu(t, 90) for t in range(65, 1000, 5))]
    assert busy_lately(later, START + 1000) == 90.0


def test_nothing_is_said_of_a_gpu_that_nobody_watches_any_more() -> None:
    """After the death of its runner the last rows are of then."""
    rows = [gpu(t, 3) for t in range(0, 120, 5)]
    assert busy_lately(rows, START + 600) is None
    rare = [gpu(0, 50), gpu(640, 3)]
    assert busy_lately(rare, START + 1200) == 3.0, "rows of an old job come each ten minutes"


def test_the_end_of_a_log_is_read_without_its_beginning(tmp_path: Path) -> None:
    """`status` looks at every running job: megabytes for each would be felt."""
    log = tmp_path / "system.jsonl"
    assert tail(log) == []
    log.write_text("".join(f'{{"_time": {n}}}\n' for n in range(20_000)) + '{"_time": 2')
    found = tail(log)
    assert found[-1] == {"_time": 19_999}
    assert TAIL // 30 < len(found) < 10_000
