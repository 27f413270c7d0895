"""`--compile` where nothing can be compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.conftest import user_environment

CODE = """
import torch
from text_recognizer.training.compiling import compiled
network = torch.nn.Linear(2, 2)
compiled(network, torch.device("cpu"), print)
print(tuple(network(torch.ones(3, 2)).shape))
"""


@pytest.mark.slow
def test_without_a_compiler_the_training_goes_on_and_says_why(tmp_path: Path) -> None:
    """A flag that only makes things faster must never be why there is no result in the morning."""
    nowhere = user_environment(CXX="/bin/false", TORCHINDUCTOR_CACHE_DIR=str(tmp_path))
    result = subprocess.run([sys.executable, "-c", CODE], env=nowhere, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    said, shape = result.stdout.splitlines()
    assert said.startswith("not compiled, for torch.compile fails here: ")
    assert shape == "(3, 2)"
