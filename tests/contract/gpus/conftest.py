"""The fake driver for the contract tests of this folder."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fakes" / "nvml"))

import pytest
from fake_driver import driver, fake_library

__all__ = ["driver", "fake_library"]


@pytest.fixture(autouse=True)
def _no_claim_outlives_its_test() -> Iterator[None]:
    """A claim that this process still had open would make all its children look like that claim's processes."""
    yield
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if ".claim" in entry.readlink().name:  # not in a folder's name: the one that the tests lie in, perhaps
                os.close(int(entry.name))
