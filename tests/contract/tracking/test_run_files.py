"""What a training leaves behind, on real disks and in real processes: full, killed, one of several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.tracking import init
from scheduler.tracking.appending import JsonLines
from scheduler.tracking.media_log import MediaLog, media_of
from scheduler.tracking.metric_log import rows
from tests.conftest import user_environment
from tests.small_disk import fill, make_room, small_disk

np = pytest.importorskip("numpy")

ENDLESS = """
import sys
import numpy as np
from scheduler import tracking
run = tracking.init({"lr": 1}, directory=sys.argv[1])
picture = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
step = 0
while True:
    run.log({"loss": 1 / (step + 1), "text": "x" * 2000}, step)
    run.image("seen", picture, step=step)
    run.table("rows", ["a"], [["y" * 1000]], step=step)
    if step == 20:
        print("under way", flush=True)
    step += 1
"""


def test_a_killed_training_leaves_whole_rows_and_whole_pictures(tmp_path: Path) -> None:
    """The kernel's killer asks nobody; what is listed can be opened."""
    pillow = pytest.importorskip("PIL.Image")
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, tmp_path], env=user_environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "under way\n"
    process.kill()
    process.communicate()
    for name in ("metrics.jsonl", "media.jsonl"):
        lines = (tmp_path / name).read_bytes().splitlines()
        assert [json.loads(line) for line in lines]
    images = [row["file"] for row in media_of(tmp_path) if row["kind"] == "image"]
    assert len(images) > 20
    for each in images:
        pillow.open(tmp_path / each).verify()


def test_a_full_disk_costs_what_does_not_fit_and_nothing_that_comes_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The training goes on; once there is room again so does its log, and no torn line spoils a whole one."""
    with small_disk(tmp_path):
        run = init({"lr": 1}, directory=tmp_path)
        run.log({"loss": 3}, 0)
        fill(tmp_path)
        for step in range(1, 5):
            run.log({"loss": 2, "text": "x" * 5000}, step)
            run.image("seen", np.zeros((99, 99)), step=step)
        (tmp_path.parent / "model.pt").write_bytes(os.urandom(5000))
        run.save(tmp_path.parent / "model.pt")
        make_room(tmp_path)
        run.log({"loss": 1}, 5)
        run.image("seen", np.zeros((9, 9)), step=5)
        run.finish()
        assert [(row["_step"], row["loss"]) for row in rows(tmp_path / "metrics.jsonl") if "loss" in row] == [(0, 3), (5, 1)]
        assert [(row["_step"], row["name"]) for row in media_of(tmp_path)] == [(5, "seen")]
        kept = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
        assert kept == ["media.jsonl", "media/seen-0.png", "metrics.jsonl"], "no half of a file is left"
    said = capsys.readouterr().err
    assert said.count("the training goes on, such rows are lost") == said.count("\n") == 1
    assert f"cannot be written to {tmp_path / 'metrics.jsonl'} (No space left on device)" in said


def test_the_first_row_is_written_as_soon_as_there_is_room(tmp_path: Path) -> None:
    """Without it nobody knows the objective, nor the configuration."""
    with small_disk(tmp_path):
        fill(tmp_path)
        run = init({"lr": 1}, directory=tmp_path, objective=("loss", "minimize"))
        run.config.epochs = 2
        run.log({"loss": 3}, 0)
        make_room(tmp_path)
        run.log({"loss": 2}, 1)
        first, second = rows(tmp_path / "metrics.jsonl")
    assert (first["_objective"]["name"], first["_config"]) == ("loss", {"lr": 1, "epochs": 2})
    assert second["loss"] == 2


def test_a_line_that_another_process_has_not_finished_is_left_alone(tmp_path: Path) -> None:
    """A job that is tried again may find the log of one that was killed amid a row."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"loss": 1}\n{"lo')
    lines = JsonLines(path)
    lines.append({"loss": 2})
    lines.append({"loss": 3})
    assert [row["loss"] for row in rows(path)] == [1, 2, 3]


def test_pictures_of_several_processes_have_names_of_their_own(tmp_path: Path) -> None:
    """Nothing that was kept is overwritten, and a name cannot lead out of the folder."""
    from scheduler.tracking.media import Image

    logs = [MediaLog(tmp_path), MediaLog(tmp_path)]
    for number, name in enumerate(["../val/seen", "../val/seen", "ünï 1"]):
        for log in logs:
            log.show(name, Image(np.full((1, 1), number, dtype=np.uint8)), number)
    files = [row["file"] for row in media_of(tmp_path)]
    assert files == [
        f"media/{name}.png" for name in ("val_seen-0", "val_seen-1", "val_seen-2", "val_seen-3", "ünï_1-0", "ünï_1-1")
    ]
    assert all((tmp_path / each).is_file() for each in files)


def test_predictions_with_images_are_a_table(tmp_path: Path) -> None:
    """The texts alone stay where they were; rows of different names fit as well."""
    run = init({}, directory=tmp_path)
    run.predictions([{"target": "a"}, {"target": "b", "sure": 0.5}], [np.zeros((2, 2), np.uint8)] * 2, step=1)
    run.predictions([{"target": "c"}], step=2)
    run.finish()
    (table,) = media_of(tmp_path)
    assert (table["columns"], table["_step"]) == (["image", "target", "sure"], 1)
    assert [row[1:] for row in table["rows"]] == [["a", None], ["b", 0.5]]
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 3


def test_a_file_is_kept_as_it_was_and_once_more_if_it_changes(tmp_path: Path) -> None:
    """The best weights are written again and again; two of one name do not overwrite one another."""
    place, work = tmp_path / "run", tmp_path / "work"
    for folder in ("a", "b"):
        (work / folder).mkdir(parents=True)
        (work / folder / "model.pt").write_text(folder)
    run = init({}, directory=place)
    run.save(work / "a/model.pt", "a.pt")
    run.save(work / "b/model.pt", "deep/b.pt")
    assert ((place / "files/a.pt").read_text(), (place / "files/deep/b.pt").read_text()) == ("a", "b")
    (work / "a/model.pt").write_text("better")
    (work / "b/model.pt").unlink()
    run.finish()
    assert ((place / "files/a.pt").read_text(), (place / "files/deep/b.pt").read_text()) == ("better", "b")
    assert [row["name"] for row in media_of(place)] == ["a.pt", "deep/b.pt"]


def test_a_file_in_the_directory_of_the_run_is_kept_where_it_is(tmp_path: Path) -> None:
    """`run.directory` is where a script may write its checkpoints; a second copy of gigabytes serves nobody."""
    run = init({}, directory=tmp_path)
    assert run.directory == tmp_path
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "best.pt").write_text("w")
    run.save(run.directory / "weights" / "best.pt")
    run.finish()
    (row,) = media_of(tmp_path)
    assert (row["name"], row["file"], (tmp_path / "files").exists()) == ("weights/best.pt", "weights/best.pt", False)
