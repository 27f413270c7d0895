"""The recorded command lines of W&B are those of its real agent."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT
from tests.contract.sweeps.ask_wandb import FILES, command_line, sent

pytest.importorskip("wandb", reason="it is W&B's client that is asked")
CASES = json.loads((ROOT / "tests" / "data" / "sweeps" / "strangers.json").read_text())


def test_the_agent_still_starts_what_was_recorded():
    """A newer client may build other lines: then the record is to be made again, and the guide to be read again."""
    for case in CASES:
        for point, argv in zip(case.get("points", []), case.get("argvs", []), strict=False):
            assert command_line(sent(FILES / case["file"]), point) == argv, case["file"]


def test_the_client_still_cannot_read_what_was_recorded():
    """The same of files that never get as far."""
    for case in CASES:
        if case.get("refused", "").startswith("the client"):
            with pytest.raises((TypeError, ValueError)):
                sent(FILES / case["file"])
