"""A disk that is full at the end of a run, and values that are none: an hour of measuring is not lost by that."""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import peers, results, tables
from benchmarks.harness.catalogue import BENCHES
from benchmarks.harness.child import failed, whole
from benchmarks.harness.figures import Asked, Figure, Floor, NoFloor
from benchmarks.harness.forms import END, LONG
from benchmarks.harness.rounds import Side, measured
from tests.conftest import ROOT

DOCUMENT: dict[str, Any] = {**dict.fromkeys(results.KEYS), "version": results.VERSION, "date": "2026-01-02", "commit": "abc"}


@contextlib.contextmanager
def files_of(most: int) -> Iterator[None]:
    """No file may be longer, as on a disk that has no more room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_what_cannot_be_kept_is_kept_elsewhere(elsewhere: Path) -> None:
    """The disk of a checkout is often the fuller one; whoever waited for an hour finds the figures by the message."""
    with pytest.raises(results.NotKept, match="could not be kept in /dev/full: No space left on device; it is in ") as caught:
        results.kept(DOCUMENT, Path("/dev/full"))
    (there,) = elsewhere.iterdir()
    assert str(caught.value).endswith(f"it is in {there}")
    assert json.loads(there.read_text()) == DOCUMENT
    assert Path("/dev/full").is_char_device()


def test_half_a_result_is_not_left_behind(elsewhere: Path, tmp_path: Path) -> None:
    """`--from last` would take it for the newest; that nothing is kept anywhere is said."""
    document = {**DOCUMENT, "figures": ["x" * 1000] * 100}
    with files_of(5000), pytest.raises(results.NotKept, match=r"File too large; nor in .*: File too large; what is"):
        results.kept(document, tmp_path / "new.json")
    assert (list(elsewhere.iterdir()), list(tmp_path.iterdir())) == ([], [elsewhere])


def test_a_page_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    """Half a README would be worse than an old one; the table can be put into it later, from what is kept."""
    path = tmp_path / "page.md"
    path.write_text(text := f"{LONG.mark}\n{END}\n")
    with files_of(1000), pytest.raises(tables.NoRoom, match="it is as it was: --from last --table"):
        tables.put(path, lambda _: "x" * 100_000)
    assert (path.read_text(), list(tmp_path.iterdir())) == (text, [path])


def test_a_round_without_room_is_broken_and_ends_no_run(tmp_path: Path) -> None:
    """What other benches measured before it is kept."""
    asked = Asked(quick=True, folder=tmp_path / "gone", python=sys.executable)
    outcome = measured(BENCHES["asks"], [Side("here", ROOT)], asked, 3)["here"]
    assert outcome.figures == ()
    assert "No such file or directory" in outcome.broken


def test_peers_that_have_no_place_are_left_out() -> None:
    """The others are measured all the same: `--peers` is a wish, and some Pythons cannot make an environment."""
    assert peers.install(Path("/proc/none")) == list(peers.PACKAGES)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["ours", "floor", "peer"])
def test_a_value_that_is_no_number_is_named(value: float, place: str) -> None:
    """JSON has no NaN: the whole result would be unreadable for others, and all verdicts about it wrong."""
    values = {"ours": 1.0, "floor": 1.0, "peer": 1.0, place: value}
    figure = Figure("a.b", "a", "s", (1.0, values["ours"]), Floor("f", (values["floor"],)), {"p": (values["peer"],)})
    who = {"ours": "exp-queue", "floor": "floor, f", "peer": "p"}[place]
    with pytest.raises(SystemExit, match=f"a.b: {value} was measured of {who}, which is no number"):
        whole(figure)


@pytest.mark.parametrize(
    "said", ["Traceback\nModuleNotFoundError: scheduler.home\n", b"ModuleNotFoundError: scheduler.home", None]
)
def test_a_command_that_fails_is_told_with_its_last_word(said: str | bytes | None) -> None:
    """Where another revision lacks something that is the reason; the line that was run may be a whole script."""
    error = subprocess.CalledProcessError(2, ["python", "-c", "import x\n" * 100], stderr=said)
    line = failed(error)
    assert line.startswith("python -c 'import x import x ")
    assert line.endswith(f"...: exit status 2: {'ModuleNotFoundError: scheduler.home' if said else 'it said nothing'}")
    assert "\n" not in line


def test_numbers_pass() -> None:
    """Also where there is no floor."""
    figure = Figure("a.b", "a", "s", (1.0, 0.0), NoFloor("none"), {"p": (2.0,)})
    assert whole(figure) == figure
