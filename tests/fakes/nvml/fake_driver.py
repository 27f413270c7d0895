"""The fake NVIDIA driver as a fixture: compiled once per session, loaded by the real binding, driven by a text file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("fake_nvml.c")


class FakeDriver:
    """A machine whose GPUs are what `shows` last said. Processes see it through the variables in `environment`."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._state, self._processes = folder / "gpus.txt", folder / "processes"
        self._processes.mkdir()
        self.environment = {
            "LD_LIBRARY_PATH": str(library),
            "FAKE_NVML_STATE": str(self._state),
            "FAKE_NVML_PROCESSES": str(self._processes),
        }
        self.shows()

    def shows(self, *lines: str) -> None:
        """From now on the machine is this (the lines are described in fake_nvml.c)."""
        fresh = self._state.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n")
        fresh.rename(self._state)

    def runs(self, pid: int, uuid: str, memory: int) -> None:
        """A process computes on a GPU, with `memory` MiB, as long as it lives."""
        (self._processes / str(pid)).write_text(f"{uuid} {memory}\n")


def gpu_lines(count: int, total: int = 24000) -> list[str]:
    """`count` ordinary idle GPUs, GPU-0 at the lowest bus id."""
    return [f"gpu GPU-{i} 00000000:{16 * (i + 1):02X}:00.0 Fake {total} reserved=300" for i in range(count)]


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the compiled library under its real name."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler to build the fake driver with")
    folder = tmp_path_factory.mktemp("nvml")
    command = [compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(SOURCE)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def driver(fake_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    """A machine with the fake driver; this process and its children see it. Nobody else's claims are in the way."""
    folder = tmp_path / "driver"
    folder.mkdir()
    fake = FakeDriver(fake_library, folder)
    (tmp_path / "claims").mkdir()
    own = {"EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims"), "EXP_QUEUE_HOME": str(tmp_path / "no-home")}
    for name, value in {**fake.environment, **own}.items():
        monkeypatch.setenv(name, value)
    for name in ("CUDA_VISIBLE_DEVICES", "EXP_QUEUE_CLAIM"):
        monkeypatch.delenv(name, raising=False)
    return fake
