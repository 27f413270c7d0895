"""`python -m benchmarks`: the smallest benches, alone and beside another checkout; what is wrong is said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import checkouts, results
from benchmarks.harness.catalogue import BENCHES
from benchmarks.harness.command import main
from benchmarks.harness.figures import Asked
from benchmarks.harness.forms import END, LONG
from benchmarks.harness.rounds import Side, measured, one
from tests import waiting
from tests.conftest import ROOT
from tests.git_checkouts import checkout, git

in_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout of git")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Not that of whoever runs the tests; and the handler of SIGTERM that the command sets is taken back."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path / "cache/exp-queue-benchmarks"
    signal.signal(signal.SIGTERM, before)


def kept(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_list_names_every_bench(capsys: pytest.CaptureFixture[str]) -> None:
    """It is where everybody begins; it measures nothing."""
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(BENCHES)]] == list(BENCHES)
    assert any(line.startswith("gpus ") for line in lines)


def test_a_bench_gives_figures_with_floors_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is what is kept: with the commit, the date and the machine, for whoever compares it next year."""
    out = tmp_path / "kept.json"
    assert main(["expansion", "--quick", "--repeat", "1", "--format", "json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == kept(out)
    assert [figure["key"] for figure in found["figures"]] == ["expansion.grid", "expansion.memory", "expansion.first line"]
    assert all(figure["floor"]["times_floor"] == 1 and len(figure["ours"]["values"]) == 1 for figure in found["figures"])
    assert {"commit", "changed", "date", "machine", "meanwhile", "quick"} <= set(found)
    assert found["machine"]["cores"] >= 1
    assert found["broken"] == found["interrupted"] == {}


def test_what_was_kept_is_shown_again_and_made_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The README is made from a run that is over; to measure once more would give other figures."""
    out, readme = tmp_path / "kept.json", tmp_path / "README.md"
    readme.write_text(f"{LONG.mark}\n{END}\n")
    assert main(["expansion", "--quick", "--repeat", "1", "--out", str(out), "--table", str(readme)]) == 0
    first, table = capsys.readouterr().out, readme.read_text()
    assert "| a grid of 10,000: experiments made | " in table
    assert main(["--from", str(out), "--table", str(readme)]) == 0
    assert capsys.readouterr().out == first
    assert readme.read_text() == table


def test_what_cannot_be_kept_is_printed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step of an hour's run is no place to lose it. Without bash this bench measures nothing: it takes a moment."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["handoff", "--quick", "--repeat", "1", "--out", "/dev/full"]) == 1
    told = capsys.readouterr()
    assert "handoff: left out: bash, whose clock the jobs use" in told.out
    assert "warning: it could not be kept in /dev/full: No space left on device; it is in " in told.err
    assert list(kept(next(tmp_path.glob("benchmarks-*.json")))["missing"]) == ["handoff"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nop"], "no bench is called nop; there are: startup, expansion"),
        (["--from", "last.json"], "give a file that python -m benchmarks has written"),
        (["--from", "{folder}/other.json"], "give a file that python -m benchmarks has written"),
        (["--from", "{folder}/list.json"], "give a file that python -m benchmarks has written"),
        (["--table", "CHANGELOG.md", "--list"], "write both where it shall stand"),
        (["expansion", "--quick", "--table", "nope.md"], "--table nope.md: No such file or directory; give a page"),
        (["expansion", "--quick", "--out", "{folder}"], "Is a directory; give a file that can be written"),
        (["expansion", "--quick", "--out", "{folder}/other.json/kept.json"], "give a file that can be written"),
        (["expansion", "--quick", "--out", "/proc/kept.json"], "--out /proc/kept.json: "),
        (
            ["expansion", "--quick", "--out", "{folder}/kept.json", "--repeat", "-1"],
            "--repeat -1: nothing would be measured; give 1 or more",
        ),
        (
            ["expansion", "--quick", "--out", "{folder}/kept.json", "--repeat", "0"],
            "--repeat 0: nothing would be measured; give 1 or more",
        ),
        pytest.param(["log", "--against", "no-such-revision"], "give a commit, a branch or a tag", marks=in_git),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_measured(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in the last word of the line must not cost an hour."""
    (tmp_path / "other.json").write_text('{"version": 1}')
    (tmp_path / "list.json").write_text("[]")
    monkeypatch.chdir(ROOT)
    assert main([word.format(folder=tmp_path) for word in arguments]) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert "round 1" not in errors


def test_whether_a_result_can_be_kept_is_asked_without_a_trace(tmp_path: Path) -> None:
    """The run may be interrupted before there is anything to keep; what another has kept is not to be lost by that."""
    there = tmp_path / "there.json"
    there.write_text("kept before")
    results.ready(there)
    results.ready(tmp_path / "new/folder/not_there.json")
    assert there.read_text() == "kept before"
    assert list((tmp_path / "new/folder").iterdir()) == []


@in_git
def test_two_checkouts_take_turns(tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What another load does to one of them it does to both. Of one round nothing is said; this checkout stays as it is."""
    commit = git(ROOT, "rev-parse", "HEAD").strip()  # by its name: others may commit meanwhile
    out = tmp_path / "kept.json"
    assert main(["expansion", "--quick", "--repeat", "1", "--against", commit, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert [line.partition(", ")[2] for line in told.err.splitlines() if "round" in line] == ["here", commit]
    found = kept(out)
    assert {each["word"] for each in found["verdicts"]} == {"too few rounds"}
    assert [each["key"] for each in found["verdicts"]] == [figure["key"] for figure in found["figures"]]
    assert all(figure["floor"] is None for figure in found["figures"])
    assert "every round here was worse than every round there" in told.out
    assert [line for line in git(ROOT, "worktree", "list").splitlines() if str(own_cache) in line] == []
    assert [path.name for path in (own_cache / "trees").iterdir()] == [commit]


def test_another_revision_has_the_files_of_its_commit_and_no_benchmarks(tmp_path: Path) -> None:
    """The benchmarks are always those of this checkout: with others two figures would not be of the same thing."""
    repository = checkout(tmp_path / "repository", train="")
    (repository / "scheduler").mkdir()
    (repository / "benchmarks").mkdir()
    for place in ("scheduler/__init__.py", "benchmarks/__init__.py"):
        (repository / place).write_text("first = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    (repository / "scheduler/__init__.py").write_text("changed = 1\n")
    tree = checkouts.tree_of(checkouts.commit_of("main", repository), tmp_path / "trees", repository)
    assert [str(path.relative_to(tree)) for path in tree.rglob("*")] == ["scheduler", "scheduler/__init__.py"]
    assert (tree / "scheduler/__init__.py").read_text() == "first = 1\n"
    assert (repository / "scheduler/__init__.py").read_text() == "changed = 1\n"


def test_a_revision_without_the_package_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """Half a tree in the cache would be taken for a whole one the next time."""
    repository = checkout(tmp_path / "repository", train="")
    with pytest.raises(checkouts.UnknownRevision, match="it has no package `scheduler`"):
        checkouts.tree_of(checkouts.commit_of("main", repository), tmp_path / "trees", repository)
    assert list((tmp_path / "trees").iterdir()) == []
    with pytest.raises(checkouts.UnknownRevision, match="is no checkout of git"):
        checkouts.commit_of("main", tmp_path)


def test_what_another_revision_lacks_is_not_taken_from_this_one(tmp_path: Path) -> None:
    """An installation for development offers it. The figure would be of neither; that it is not there is told."""
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler/__init__.py").write_text("")
    asked = Asked(quick=True, folder=tmp_path, python=sys.executable, alone=True)
    outcome = one(BENCHES["asks"], Side("there", tmp_path), asked)
    assert outcome.figures == ()
    assert "No module named 'scheduler." in outcome.broken


def test_no_rounds_are_spent_on_what_cannot_be_compared(tmp_path: Path) -> None:
    """A revision that lacks much would cost four more rounds of each bench, for nothing."""
    told: list[str] = []
    asked = Asked(quick=True, folder=tmp_path, python=sys.executable, alone=True)
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler/__init__.py").write_text("")
    outcomes = measured(BENCHES["expansion"], [Side("here", ROOT), Side("there", tmp_path)], asked, 5, told.append)
    assert told == ["expansion: round 1 of 5, here", "expansion: round 1 of 5, there"]
    assert outcomes["here"].figures
    assert outcomes["there"].broken


def rounds_below(folder: Path) -> list[str]:
    """The processes of rounds that have their files there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes()
            if b"benchmarks.harness.child" in line and os.fsencode(folder) in (process / "environ").read_bytes():
                found.append(process.name)
    return found


def test_an_interrupt_keeps_what_is_measured_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever has waited for an hour wants what there is; scratch queues of thousands of files are nobody's."""
    scratch, out = tmp_path / "scratch", tmp_path / "kept.json"
    scratch.mkdir()
    line = [sys.executable, "-m", "benchmarks", "expansion", "idle", "--quick", "--repeat", "1", "--out", str(out)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch), "HOME": str(tmp_path)}
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert any("idle: round 1" in said for said in process.stderr)
        waiting.until(lambda: rounds_below(scratch))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
    assert process.returncode == 130
    assert rounds_below(scratch) == []
    assert list(scratch.iterdir()) == []
    found = kept(out)
    assert list(found["interrupted"]) == ["idle"]
    assert found["figures"][0]["key"] == "expansion.grid"


def test_the_newest_result_is_the_last(tmp_path: Path) -> None:
    """They are kept by their date; where there are none, it is said how to get one."""
    with pytest.raises(results.NoResult, match="run python -m benchmarks first"):
        results.opened(results.LAST, tmp_path)
    for day in ("02", "10", "09"):
        document = {**dict.fromkeys(results.KEYS), "version": results.VERSION, "date": day}
        (tmp_path / f"2026-01-{day}_abc.json").write_text(json.dumps(document))
    assert results.opened(results.LAST, tmp_path)["date"] == "10"


def test_what_is_kept_is_json_for_every_reader(tmp_path: Path) -> None:
    """NaN is none: other programs refuse the whole file. What an earlier run has kept so is still read."""
    document = {**dict.fromkeys(results.KEYS), "version": results.VERSION, "verdicts": [{"ratio": float("nan")}]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.kept(document, tmp_path / "new.json")
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert results.opened(str(tmp_path / "old.json"))["verdicts"] == [{"ratio": None}]
