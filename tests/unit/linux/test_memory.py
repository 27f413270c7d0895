"""How much memory there is, by the kernel and by the cgroup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.linux import memory

MIB = 1 << 20
HOLDS = "held = bytearray(64 << 20); held[::4096] = bytes(len(held[::4096])); print(flush=True); input()"


def test_what_is_free_is_less_than_all() -> None:
    """Bytes, and not the kernel's KiB: no machine that runs this has less than 64 MiB or more than 64 TiB."""
    assert 64 * MIB < memory.available() < memory.total() < 64 * MIB * MIB


def test_what_a_process_below_holds_counts_and_one_that_is_gone_holds_nothing() -> None:
    """A launcher holds little, its job what it trains on."""
    command = ["sh", "-c", 'read go; "$0" -I -S -c "$1"; exit 0', sys.executable, HOLDS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert memory.held_below(shell.pid) == 0
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write("go\n")
        shell.stdin.flush()
        shell.stdout.readline()
        assert memory.held_below(shell.pid) > 64 * MIB
        shell.stdin.write("\n")
    assert memory.held_below(shell.pid) == 0


@pytest.mark.parametrize(
    ("files", "bounds"),
    [
        ({"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 5\ninactive_file 300\n"}, [(1000, 400)]),
        ({"memory.max": "max\n", "memory.current": "700\n", "memory.stat": "inactive_file 300\n"}, []),
        ({"memory.current": "700\n"}, []),
    ],
)
def test_a_container_may_hold_less_than_the_machine_has(tmp_path: Path, files: dict[str, str], bounds: list) -> None:
    """The kernel ends jobs that go beyond, however much /proc/meminfo shows. Pages of files are given back."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory._bound(tmp_path) == bounds
