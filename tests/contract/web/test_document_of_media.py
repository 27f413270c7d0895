"""What a page knows of images, tables, histograms and files that runs have shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.tracking.media import Histogram, Image, Table
from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.metric_log import MetricLog
from scheduler.tracking.png import encoded
from scheduler.web.documents import media
from scheduler.web.documents.media import Room
from tests.contract.actions.ended import ended
from tests.contract.web.made_sweep import Experiments


def plenty() -> Room:
    """More than is asked for."""
    return Room(10**9, 10**9)


GRID = "command: [python, train.py]\ngrid: {lr: [1, 2, 3]}\n"


@pytest.fixture
def attempts(store: Store, experiments: Experiments, tmp_path: Path) -> dict[str, Attempt]:
    """Of three runs that are over and have shown nothing yet."""
    return dict(store.latest_attempts(ended(store, experiments(GRID), str(tmp_path), lambda _: [])))


def picture(shade: int, side: int = 8) -> bytes:
    return encoded(bytes([shade, 128, 255] * side * side), side, side, 3)


def image(place: Path, shade: int, side: int = 8) -> Image:
    path = place / f"drawn-{shade}.png"
    path.write_bytes(picture(shade, side))
    return Image(path, f"shade {shade}")


def content(address: str) -> bytes:
    head, _, text = address.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(text)


def index(attempt: Attempt, *rows: Mapping[str, Any]) -> None:
    """What another program has left in the index."""
    (Path(attempt.directory) / "media.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_what_a_training_has_shown_comes_with_its_steps_and_its_pictures(attempts: dict[str, Attempt], tmp_path: Path) -> None:
    """As the calls of the tracker leave it."""
    run, attempt = next(iter(attempts.items()))
    log = MediaLog(Path(attempt.directory))
    log.show("example", image(tmp_path, 7), 10)
    log.show("weights", Histogram.of([0.0, 1.0, 1.0], 4), 20)
    log.show("read", Table(["text", "line", "sure"], [["a <b>", image(tmp_path, 9), float("nan")]]), 20)
    (tmp_path / "model.pt").write_bytes(b"12345")
    log.keep(tmp_path / "model.pt", "model.pt")
    log.finish()
    found = media.document(attempts, plenty())
    assert list(found) == [run], "a run that has shown nothing has no answer"
    (shown,) = found[run]["images"]
    assert (shown["name"], shown["step"], shown["caption"], content(shown["picture"])) == ("example", 10, "shade 7", picture(7))
    assert found[run]["histograms"] == [{"name": "weights", "step": 20, "edges": [0.0, 1.0], "counts": [1, 0, 0, 2], "other": 0}]
    (table,) = found[run]["tables"]
    ((text, cell, sure),) = table["rows"]
    assert (table["columns"], text, sure, content(cell["picture"])) == (["text", "line", "sure"], "a <b>", "NaN", picture(9))
    assert found[run]["files"] == [{"name": "model.pt", "bytes": 5}]
    assert not any(found[run]["left_out"].values())


def test_texts_of_predictions_are_tables_by_step_unless_they_were_shown_with_images(
    attempts: dict[str, Attempt], tmp_path: Path
) -> None:
    """The recogniser's sample predictions, twice in one step, would be one table too many."""
    run, attempt = next(iter(attempts.items()))
    texts, pictures = MetricLog(attempt.metrics), MediaLog(Path(attempt.directory))
    for step in (1, 2):
        rows = [{"target": "fox", "prediction": "fax", "confidence": 0.5}]
        texts.predictions(rows, None, step)
        if step == 2:
            pictures.predictions(rows, [tmp_path / "drawn-3.png"] if image(tmp_path, 3) else None, step)
    texts.finish()
    pictures.finish()
    found = media.document(attempts, plenty())[run]["tables"]
    assert {(each["step"], *each["columns"]) for each in found} == {
        (1, "target", "prediction", "confidence"),
        (2, "image", "target", "prediction", "confidence"),
    }
    assert found[-1]["rows"] == [["fox", "fax", 0.5]]


@pytest.mark.parametrize("file", ["../../secret.png", "link.png", "/etc/hostname", "media/none.png", "media/\0.png", ".", ""])
def test_no_row_makes_a_page_show_a_file_that_is_not_the_runs_own(
    attempts: dict[str, Attempt], tmp_path: Path, file: str
) -> None:
    """Whoever writes a log must not choose what another person sends away with a report."""
    run, attempt = next(iter(attempts.items()))
    place = Path(attempt.directory)
    (place.parent.parent / "secret.png").write_bytes(picture(1))
    (place / "link.png").symlink_to(place.parent.parent / "secret.png")
    index(attempt, {"_step": 1, "name": "x", "kind": "image", "file": file})
    (shown,) = media.document(attempts, plenty())[run]["images"]
    assert (shown["picture"], shown["why"]) == (None, "its file is not there")


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None),
        (b"<html><script>alert(1)</script>", None),
        (b"", None),
    ],
)
def test_a_picture_is_what_begins_like_one_whatever_it_is_called(
    attempts: dict[str, Attempt], begin: bytes, kind: str | None
) -> None:
    """An SVG can run a script, and a name says nothing."""
    run, attempt = next(iter(attempts.items()))
    (Path(attempt.directory) / "a.png").write_bytes(begin)
    index(attempt, {"name": "x", "kind": "image", "file": "a.png"})
    (shown,) = media.document(attempts, plenty())[run]["images"]
    if kind:
        assert shown["picture"].startswith(f"data:{kind};base64,")
    else:
        assert (shown["picture"], shown["why"]) == (None, "its file (.png) is no PNG, JPEG, GIF or WebP")


def test_rows_that_are_not_whole_are_passed_over(attempts: dict[str, Attempt]) -> None:
    """Any program may write the index, and a killed one leaves half of a row."""
    run, attempt = next(iter(attempts.items()))
    whole = {"name": "w", "kind": "histogram", "edges": [0, 1, 5], "counts": [1, 2]}
    index(
        attempt,
        *(
            {**whole, **odd}
            for odd in ({"edges": [0, 1]}, {"counts": None}, {"edges": [0, "1", 2]}, {"edges": [0, 1, float("inf")]})
        ),
        {"name": "t", "kind": "table", "columns": "no", "rows": []},
        {"name": "t", "kind": "table", "columns": [], "rows": [1]},
        {"name": "t", "kind": "table", "columns": [], "rows": [], "more": "a few"},
        {"name": "t", "kind": "table", "columns": [], "rows": [], "more": None},
        {**whole, "counts": [1, 10**400]},
        {**whole, "other": {"many": 1}},
        {"name": "v", "kind": "video"},
        whole,
    )
    found = media.document(attempts, plenty())[run]
    assert found["histograms"] == [{"name": "w", "step": None, "edges": [0, 1, 5], "counts": [1, 2], "other": 0}]
    assert (found["tables"], found["images"]) == ([], [])


def test_the_last_and_the_first_step_come_before_those_between_and_the_rest_is_counted(
    attempts: dict[str, Attempt], tmp_path: Path
) -> None:
    """A report has room for some; what it shows should tell the most."""
    size = max(len(picture(shade)) for shade in range(5))
    for attempt in list(attempts.values())[:2]:
        log = MediaLog(Path(attempt.directory))
        for step in range(5):
            log.show("example", image(tmp_path, step), step)
        log.finish()
    best, second = list(media.document(attempts, Room(5 * size, 10**9)).values())
    assert [each["step"] for each in best["images"]] == [0, 2, 4]
    assert [each["step"] for each in second["images"]] == [0, 4]
    assert (best["left_out"]["images"], second["left_out"]["images"]) == (2, 3)


def test_one_large_picture_does_not_keep_the_small_ones_out(attempts: dict[str, Attempt], tmp_path: Path) -> None:
    """A photograph that does not fit is counted, and the rest still comes."""
    run, attempt = next(iter(attempts.items()))
    (Path(attempt.directory) / "large.png").write_bytes(picture(1) + bytes(5000))
    index(attempt, {"name": "large", "kind": "image", "file": "large.png"})
    log = MediaLog(Path(attempt.directory))
    log.show("small", image(tmp_path, 2), 1)
    log.finish()
    found = media.document(attempts, Room(1000, 10**9))[run]
    assert [each["name"] for each in found["images"]] == ["small"]
    assert found["left_out"]["images"] == 1


def test_texts_and_numbers_have_a_limit_of_their_own(attempts: dict[str, Attempt]) -> None:
    """A table of a million rows, or a histogram of each layer in each step, must not make a file that nobody can send."""
    run, attempt = next(iter(attempts.items()))
    log = MediaLog(Path(attempt.directory))
    log.show("long", Table(["x"], [["y" * 5000]] * 1000), 1)
    for step in range(1000):
        log.show("weights", Histogram.of([float(step)], 4), step)
    log.finish()
    found = media.document(attempts, plenty())[run]
    (table,) = found["tables"]
    assert (len(table["rows"]), table["more"], len(table["rows"][0][0])) == (100, 900, 2000)
    steps = [each["step"] for each in found["histograms"]]
    assert (steps[0], steps[-1]) == (0, 999)
    assert len(steps) <= 100
    assert found["left_out"]["histograms"] == 1000 - len(steps)
    small = media.document(attempts, Room(0, 1000))[run]
    assert small["left_out"]["tables"] == 1
    assert len(json.dumps(small["histograms"])) < 1200
