"""A Ctrl-C while a round begins, and another while it ends: nothing goes on behind them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import rounds
from benchmarks.harness.catalogue import BENCHES
from benchmarks.harness.figures import Asked
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Those of whoever presses Ctrl-C, whatever the tests run under."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_while_a_process_is_started_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its exec and the end of Popen nobody knows it yet: it would go on in a folder that is being deleted."""
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *line: Any, **fields: Any) -> None:
            super().__init__(*line, **fields)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    asked = Asked(quick=True, folder=tmp_path, python=sys.executable)
    try:
        with pytest.raises(KeyboardInterrupt):
            rounds.one(BENCHES["expansion"], rounds.Side("here", ROOT), asked)
        assert [process.returncode is not None for process in started] == [True]
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_another_interrupt_kills_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses Ctrl-C twice waits for nothing more, and leaves nothing either."""
    line = ["sh", "-c", "trap '' INT; echo ready; sleep 1000; sleep 1000"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        wait = process.wait

        def interrupted(timeout: float | None = None) -> int:
            if timeout is not None:
                raise KeyboardInterrupt
            return wait()

        monkeypatch.setattr(process, "wait", interrupted)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                rounds.stopped(process)
            assert process.returncode == -signal.SIGKILL
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_who_ended_at_the_same_moment_is_stopped() -> None:
    """That its group is gone must not hide the Ctrl-C."""
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    rounds.stopped(process)
    assert process.returncode == 0


def within_what_is_put_off(number: signal.Signals) -> list[str]:
    came = []
    try:
        with rounds.put_off():
            signal.raise_signal(number)
            came.append("went on")
    except KeyboardInterrupt:
        came.append("interrupted")
    return came


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_handlers_are_as_before_and_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """A run in the background of a script has its Ctrl-C ignored; one that was put off is no less an interrupt."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        assert within_what_is_put_off(number) == ["went on", "interrupted"]
        assert signal.getsignal(number) is signal.default_int_handler
        signal.signal(number, signal.SIG_IGN)
        assert within_what_is_put_off(number) == ["went on"]
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
