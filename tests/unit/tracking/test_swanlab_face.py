"""`import scheduler.swanlab as swanlab`: the names and the manners of SwanLab, as first scripts use them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scheduler.swanlab as face
from scheduler.errors import UserError
from scheduler.tracking.media_log import media_of
from scheduler.tracking.metric_log import rows

swanlab: Any = face  # the face has names that only run time knows
np = pytest.importorskip("numpy")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where runs by hand are kept; no run is left open."""
    yield tmp_path
    swanlab.finish()


def logged(run: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "_time"} for row in rows(Path(run.dir) / "metrics.jsonl")][1:]


def test_every_name_counts_its_own_steps(place: Path) -> None:
    """SwanLab's rule: two calls an epoch, one of them for the loss, give a loss at 0, 1, 2."""
    run = swanlab.init(project="p", experiment_name="e", description="d", config={"lr": 1}, logdir=place)
    for epoch in range(2):
        swanlab.log({"loss": epoch})
        swanlab.log({"acc": epoch, "text": swanlab.Text("hello", caption="said")})
    swanlab.log({"loss": 9, "new": 1})
    swanlab.log({"loss": 10}, step=20)
    assert logged(run) == [
        *[{"_step": 0, "loss": 0}, {"_step": 0, "acc": 0, "text": "said: hello"}],
        *[{"_step": 1, "loss": 1}, {"_step": 1, "acc": 1, "text": "said: hello"}],
        *[{"_step": 2, "loss": 9}, {"_step": 0, "new": 1}, {"_step": 20, "loss": 10}],
    ]
    assert swanlab.config["lr"] == swanlab.config.lr == swanlab.config.get("lr") == 1
    assert run.dir == str(place / "exp-queue-runs" / "e")


def test_images_are_kept_with_their_captions(place: Path) -> None:
    """By log, or by the call of their own."""
    run = swanlab.init(logdir=place)
    swanlab.log({"one": [swanlab.Image(np.zeros((2, 2)), caption="a"), swanlab.Image(np.ones((2, 2)))]})
    swanlab.log_image("two", np.zeros((2, 2)), caption="b")
    swanlab.log_text("said", "hello")
    found = [(row["name"], row["caption"]) for row in media_of(Path(run.dir))]
    assert found == [("one", "a"), ("one", ""), ("two", "b")]
    assert logged(run) == [{"_step": 0, "said": "hello"}]


def test_a_run_is_open_until_it_is_finished(place: Path) -> None:
    """And an error that ended it is noted."""
    assert not swanlab.has_run()
    with pytest.raises(UserError, match=r"swanlab\.get_run\(\) where no run is open"):
        swanlab.get_run()
    run = swanlab.init(logdir=place)
    assert swanlab.get_run() is swanlab.init() is run
    swanlab.finish(state="crashed", error="out of luck")
    assert not swanlab.has_run()
    assert logged(run) == [{"exception": "out of luck"}]


def test_a_disabled_run_keeps_nothing_and_the_calls_of_its_server_do_nothing(place: Path) -> None:
    """They stand in nearly every script."""
    assert swanlab.login(api_key="x")
    swanlab.merge_settings(swanlab.Settings(mode="cloud"))
    run = swanlab.init(logdir=place, mode="disabled")
    swanlab.define_metric("loss")
    run.log({"loss": 1})
    assert list(place.iterdir()) == []


def test_names_that_are_not_there_are_told_with_those_that_are() -> None:
    """A person is told the way to the rest."""
    with pytest.raises(AttributeError, match=r"there is no 'Video': it knows Image, .*`import swanlab` has the rest"):
        _ = swanlab.Video


def test_every_call_takes_the_arguments_of_the_real_one() -> None:
    """By name, for the package that is installed here."""
    real = pytest.importorskip("swanlab")
    for name in ("init", "log", "log_image", "log_text", "save", "finish", "login", "define_metric", "Image", "Text"):
        theirs = inspect.signature(getattr(real.Run, name, None) or getattr(real, name)).parameters
        wild = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        named = [each for each, found in theirs.items() if each != "self" and found.kind not in wild]
        inspect.signature(getattr(swanlab, name)).bind(**dict.fromkeys(named))
