"""What is exported is read by the programs that it is for."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.export import chosen, export, texts
from scheduler.actions.exports.destination import whole_file, whole_folder
from scheduler.errors import UserError
from scheduler.queue.store import Store
from scheduler.tracking.readers.wandb_log import WandbLog
from tests.contract.actions.ended import ended

GRID = """
experiment_group: Größe, "quoted"
command: [python, train.py, "${args_json}"]
base: {net: {width: 64}, formula: "=1+1"}
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2, 0.3]}
"""


def course(config: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The second logs something more, the third has failed."""
    if config["lr"] == 0.3:
        return None
    more = {"said": "two\nlines, and a comma"} if config["lr"] == 0.2 else {}
    accuracies = [0.5, 0.5, math.nan]
    clocks = [{"_step": 10 * step, "_time": 1000.0 + step} for step in range(3)]
    return [{**clocks[step], "loss": config["lr"] / (step + 1), "acc": accuracies[step], **more} for step in range(3)]


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path) -> Store:
    ended(store, experiments(GRID), str(tmp_path), course)
    return store


def text(store: Store, style: str, *, curves: bool = False) -> str:
    return "".join(texts(store, chosen(store, []), style, curves=curves))


def test_a_csv_has_a_row_for_each_job_with_all_of_every_one(filled: Store) -> None:
    """Also what only one of them has logged; quotes, commas and ends of lines within a text do not break a row."""
    rows = list(csv.DictReader(io.StringIO(text(filled, "csv"), newline="")))
    assert [(row["config.lr"], row["state"], row["last.loss"], row["best"]) for row in rows] == [
        ("0.1", "done", repr(0.1 / 3), repr(0.1 / 3)),
        ("0.2", "done", repr(0.2 / 3), repr(0.2 / 3)),
        ("0.3", "failed", "", ""),
    ]
    assert {row["group"] for row in rows} == {'Größe, "quoted"'}
    assert rows[1]["last.said"] == "two\nlines, and a comma"
    assert rows[0]["config.formula"] == "=1+1", "texts are what they were"


def test_a_carriage_return_in_a_text_does_not_end_its_row(store: Store, experiments, tmp_path: Path) -> None:
    """The last state of a progress bar that somebody has logged, or a line of a note from Windows."""
    ended(store, experiments(GRID)[:1], str(tmp_path), lambda _: [{"loss": 1.0, "said": "10 %\r100 %"}])
    written = text(store, "csv")
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert (row["last.said"], row["last.loss"]) == ("10 %\r100 %", "1.0")
    assert "\r\n" not in written


def test_whole_numbers_are_written_as_they_were_logged(store: Store, experiments, tmp_path: Path) -> None:
    """An epoch is 11 in every column, and not 11.0 in some."""
    ended(store, experiments(GRID), str(tmp_path), lambda _: [{"epoch": 7, "loss": 2.0}, {"epoch": 11, "loss": 3.0}])
    row = next(csv.DictReader(io.StringIO(text(store, "csv"), newline="")))
    names = ("last.epoch", "min.epoch", "max.epoch", "last.loss", "min.loss", "best", "best_at")
    assert [row[name] for name in names] == ["11", "7", "11", "3.0", "2.0", "2.0", "0"]
    points = list(csv.DictReader(io.StringIO(text(store, "csv", curves=True), newline="")))
    assert [point["value"] for point in points[:2]] == ["7", "11"]


def test_pandas_reads_the_same_from_every_text(filled: Store) -> None:
    """Numbers are numbers there, NaN is NaN, and what is missing is missing."""
    pandas = pytest.importorskip("pandas")
    for style, read in (
        ("csv", pandas.read_csv),
        ("json", pandas.read_json),
        ("jsonl", lambda file: pandas.read_json(file, lines=True)),
    ):
        frame = read(io.StringIO(text(filled, style)))
        assert list(frame["config.lr"]) == pytest.approx([0.1, 0.2, 0.3])
        assert frame["last.loss"].iloc[0] == pytest.approx(0.1 / 3)
        assert math.isnan(frame["last.loss"].iloc[2])


def test_of_curves_each_point_is_a_row(filled: Store) -> None:
    """For a figure in another program; of a job that has logged nothing there is none."""
    rows = [json.loads(line) for line in text(filled, "jsonl", curves=True).splitlines()]
    assert [(row["metric"], row["step"], row["value"]) for row in rows[:3]] == [
        ("loss", step * 10, pytest.approx(0.1 / (step + 1))) for step in range(3)
    ]
    assert len(rows) == 2 * (3 + 2)
    assert json.loads(text(filled, "json", curves=True)) == rows


def test_nothing_to_export_is_an_empty_document_and_no_error(store: Store) -> None:
    """A script that reads it goes on."""
    assert (text(store, "csv"), text(store, "json"), text(store, "jsonl")) == ("", "[]\n", "")


def test_parquet_keeps_types_also_where_two_jobs_differ_in_them(store: Store, experiments, tmp_path: Path) -> None:
    """A parameter that is 1 in one file and "auto" in the next made pyarrow refuse all of it."""
    parquet = pytest.importorskip("pyarrow.parquet")
    asked = experiments("command: ['true', '${args}']\ngrid: {size: [1, auto], on: [true], many: [[1, 2]], wide: [1, 0.5]}\n")
    ended(store, asked, str(tmp_path), lambda config: [{"loss": 1.5, "count": 10**30}])
    export(store, [], "parquet", tmp_path / "jobs.parquet")
    found = parquet.read_table(tmp_path / "jobs.parquet").to_pylist()
    assert [row["config.size"] for row in found] == ["1", "1", "auto", "auto"]
    assert [row["config.wide"] for row in found] == [1.0, 0.5, 1.0, 0.5]
    assert [found[0][f"config.{name}"] for name in ("on", "many")] == [True, "[1, 2]"]
    assert [found[0][f"last.{name}"] for name in ("loss", "count")] == [1.5, 1e30]
    export(store, [], "parquet", tmp_path / "points.parquet", curves=True)
    assert parquet.read_table(tmp_path / "points.parquet").num_rows == 8


def test_tensorboard_reads_the_curves_and_the_hyperparameters(filled: Store, tmp_path: Path) -> None:
    """By the library's own loader: steps, times, values, a folder for each job."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = export(filled, ["done"], "tensorboard", tmp_path / "events")
    assert sorted(path.name for path in (tmp_path / "events").iterdir() if path.is_dir()) == sorted(found.folders)
    run = accumulator.EventAccumulator(str(tmp_path / "events" / found.folders[0]))
    run.Reload()
    assert sorted(run.Tags()["scalars"]) == ["acc", "loss"]
    assert [(each.step, each.wall_time) for each in run.Scalars("loss")] == [(0, 1000.0), (10, 1001.0), (20, 1002.0)]
    assert [each.value for each in run.Scalars("loss")] == pytest.approx([0.1, 0.05, 0.1 / 3])
    from tensorboard.plugins.hparams import plugin_data_pb2

    content = run.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    hparams = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["lr"].number_value == 0.1
    assert hparams["net.width"].number_value == 64


def test_wandbs_own_client_writes_the_runs_and_our_reader_finds_all_of_them(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `wandb sync` sends; the variables of whoever exports are of another run."""
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_RUN_ID", "mine")
    monkeypatch.setenv("WANDB_SERVICE", "a process that has ended")
    found = export(filled, ["done"], "wandb", tmp_path / "runs")
    runs = [next((tmp_path / "runs" / name).glob("wandb/offline-run-*/run-*.wandb")) for name in found.folders]
    assert len({run.name for run in runs}) == 2
    log = WandbLog(runs[1])
    rows = log.finish()
    assert [(row.step, row.values["loss"]) for row in rows] == [(10 * step, pytest.approx(0.2 / (step + 1))) for step in range(3)]
    assert (log.exit_code, log.summary["said"]) == (0, "two\nlines, and a comma")


@pytest.mark.parametrize("style", ["csv", "tensorboard"])
def test_what_is_there_is_not_replaced_unless_somebody_says_so(filled: Store, tmp_path: Path, style: str) -> None:
    """One name typed twice is a month of results."""
    path = tmp_path / "there"
    export(filled, ["done"], style, path)
    with pytest.raises(UserError, match="is there already; --force replaces it"):
        export(filled, ["failed"], style, path)
    assert export(filled, ["failed"], style, path, force=True).jobs == 1


def test_a_folder_of_somebody_is_never_replaced(filled: Store, tmp_path: Path) -> None:
    """`-o .` with --force would have been the end of a project."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    for style in ("csv", "tensorboard"):
        with pytest.raises(UserError, match="is a folder that is no export"):
            export(filled, [], style, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "thesis.tex").exists()
    with pytest.raises(UserError, match="there is no folder"):
        export(filled, [], "csv", tmp_path / "nowhere" / "jobs.csv")


def interrupted(destination: AbstractContextManager[Path]) -> None:
    with destination as draft:
        (draft / "half" if draft.is_dir() else draft).write_text("half")
        raise KeyboardInterrupt


def second(path: Path) -> None:
    with whole_file(path, force=False) as draft:
        draft.write_text("second")
        path.write_text("first")


def test_an_export_that_is_interrupted_leaves_nothing_and_takes_nothing_away(tmp_path: Path) -> None:
    """Half a table looks like a whole one."""
    (tmp_path / "old.csv").write_text("old")
    before = sorted(tmp_path.iterdir())
    for path in ("old.csv", "new.csv"):
        with pytest.raises(KeyboardInterrupt):
            interrupted(whole_file(tmp_path / path, force=True))
    with pytest.raises(KeyboardInterrupt):
        interrupted(whole_folder(tmp_path / "events", force=False))
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "old.csv").read_text() == "old"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    """Two exports to one name at once: the second is told, and the first is whole."""
    with pytest.raises(UserError, match="is there already"):
        second(tmp_path / "jobs.csv")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("jobs.csv", "first")]


def test_what_cannot_be_written_is_said_with_its_name_and_nothing_is_left(tmp_path: Path) -> None:
    """A folder, a pipe as `/dev/stdout` is one, a place where nobody may write, a full disk."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for path, told in (
        (tmp_path / "empty", f"is a folder; name a file in it: -o {tmp_path}/empty/NAME"),
        (tmp_path / "pipe", "pipe is no file but a device or a pipe"),
        (Path("/proc/jobs.csv"), "cannot write /proc/jobs.csv: No such file or directory"),
    ):
        with pytest.raises(UserError, match=told), whole_file(path, force=True):
            raise AssertionError("nothing is made for a place that cannot be written")
    with (
        pytest.raises(UserError, match=r"cannot write .*jobs\.csv: No space left"),
        whole_file(tmp_path / "jobs.csv", force=False),
    ):
        Path("/dev/full").write_text("page")
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_cannot_be_written_is_said_with_its_name(tmp_path: Path) -> None:
    """As for a file: it ended with a traceback."""
    with (
        pytest.raises(UserError, match="cannot write /proc/events: No such file"),
        whole_folder(Path("/proc/events"), force=True),
    ):
        raise AssertionError("nothing is made for a place that cannot be written")
    with (
        pytest.raises(UserError, match=r"cannot write .*events: No space left"),
        whole_folder(tmp_path / "events", force=False),
    ):
        Path("/dev/full").write_text("page")
    with pytest.raises(FileNotFoundError, match="log"), whole_folder(tmp_path / "events", force=False):
        (tmp_path / "log").read_text()
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    """The one of before was left under a hidden name."""
    path = tmp_path / "events"
    with whole_folder(path, force=False) as draft:
        (draft / "first").touch()
    with pytest.raises(UserError, match="cannot write"), whole_folder(path, force=True) as draft:
        shutil.rmtree(draft)
    assert [each.name for each in tmp_path.iterdir()] == ["events"]
    assert (path / "first").exists()


@pytest.mark.parametrize("style", ["csv", "parquet", "tensorboard", "wandb"])
def test_half_a_letter_is_an_escape_where_there_is_none(store: Store, experiments, tmp_path: Path, style: str) -> None:
    """A name that a script has cut in the middle of an emoji: the export of all jobs ended with it."""
    if needed := {"parquet": "pyarrow", "tensorboard": "tensorboard", "wandb": "wandb"}.get(style):
        pytest.importorskip(needed)
    row = {"loss": 1.0, "said": "half \ud83d", "na\udc00me": 2.0}
    ended(store, experiments(GRID)[:1], str(tmp_path), lambda _: [row])
    found = export(store, [], style, tmp_path / "out")
    files = [found.path] if found.path.is_file() else [each for each in found.path.rglob("*") if each.is_file()]
    assert any(b"udc00me" in each.read_bytes() for each in files)
