"""What a training says reaches every listener, and no listener can end it."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler.tracking import Tracker
from scheduler.tracking.media import Histogram, Table
from scheduler.tracking.values import Values


class Heard:
    """Writes down what it is told; `fails`: has no room for it."""

    def __init__(self, fails: bool = False) -> None:
        self.fails, self.calls = fails, list[tuple[Any, ...]]()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*given: Any) -> None:
            if self.fails:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.calls.append((name, *given))

        return call


class Parameter:
    """As much of PyTorch's as a hook needs."""

    def __init__(self, values: list[float], requires_grad: bool = True) -> None:
        self.values, self.requires_grad, self.hooks = values, requires_grad, list[Any]()

    def __iter__(self) -> Any:
        return iter(self.values)

    def register_hook(self, hook: Any) -> Parameter:
        self.hooks.append(hook)
        return self

    def remove(self) -> None:
        self.hooks.clear()

    def backward(self, gradient: Any) -> None:
        for hook in self.hooks:
            assert hook(gradient) is None, "what a hook returns would replace the gradient"


class Model:
    def __init__(self, **parameters: Parameter) -> None:
        self.parameters = parameters

    def named_parameters(self) -> Any:
        return self.parameters.items()


def names(heard: Heard) -> list[tuple[Any, ...]]:
    return [(call[1], call[3]) for call in heard.calls if call[0] == "show"]


def test_every_call_reaches_every_listener() -> None:
    """One call for all trackers: no `if wandb`."""
    one, other = Heard(), Heard()
    tracker = Tracker([one, other], config=Values({"lr": 1}))
    table = Table(["a"], [[1]])
    tracker.open()
    tracker.log({"loss": 1, "val": {"acc": 0.5}, "t": table, "two": [table, table]}, step=3)
    tracker.predictions([{"target": "a"}], step=4)
    tracker.table("rows", ["a"], [[1]], step=5)
    tracker.histogram("h", [1, 2])
    tracker.config.lr = 2
    tracker.summary["best"] = 1
    tracker.save(__file__, "kept.py")
    tracker.finish({"test": {"acc": 3}})
    assert one.calls == other.calls
    assert one.calls == [
        ("configure", {"lr": 1}),
        ("log", {"loss": 1, "val.acc": 0.5}, 3),
        *[("show", "t", table, 3), ("show", "two", table, 3), ("show", "two", table, 3)],
        ("predictions", [{"target": "a"}], None, 4),
        *[("show", "rows", table, 5), ("show", "h", Histogram.of([1, 2]), None)],
        *[("configure", {"lr": 2}), ("summarize", {"best": 1}), ("keep", Path(__file__), "kept.py")],
        *[("summarize", {"test.acc": 3}), ("finish",)],
    ]


def test_the_summary_holds_the_last_values_and_what_is_set() -> None:
    """To read back is to ask the same name; what was logged is not told again."""
    heard = Heard()
    tracker = Tracker([heard])
    tracker.log({"loss": 2.0})
    tracker.log({"loss": 1.0})
    tracker.summary.update({"best": 0.5, "sizes": (1, 2)})
    assert tracker.summary == {"loss": 1.0, "best": 0.5, "sizes": (1, 2)}
    assert [call for call in heard.calls if call[0] == "summarize"] == [("summarize", {"best": 0.5, "sizes": [1, 2]})]


def test_a_full_disk_costs_rows_and_neither_the_training_nor_other_listeners(capsys: pytest.CaptureFixture[str]) -> None:
    """A training of days is worth more than its log; it is said once."""
    full, other = Heard(fails=True), Heard()
    tracker = Tracker([full, other])
    for step in range(3):
        tracker.log({"loss": math.nan}, step)
    tracker.summary["best"] = 1
    tracker.finish()
    assert [call[0] for call in other.calls] == ["log", "log", "log", "summarize", "finish"]
    assert capsys.readouterr().err == (
        "exp-queue: what is logged cannot be written (No space left on device); the training goes on, such rows are lost\n"
    )


def test_what_is_logged_after_the_end_is_said_to_be_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """Not an error: the training is over. But nobody should look for the row in vain."""
    heard = Heard()
    tracker = Tracker([heard])
    tracker.finish()
    tracker.finish()
    tracker.log({"late": 1})
    assert [call[0] for call in heard.calls] == ["finish"]
    assert capsys.readouterr().err == "exp-queue: this run is finished: what is logged after its finish() is not kept\n"


@pytest.mark.parametrize(
    ("error", "noted"),
    [(ValueError("bad"), "ValueError: bad"), (KeyboardInterrupt(), "KeyboardInterrupt: "), (SystemExit(0), None)],
)
def test_an_exception_in_the_body_is_noted_and_goes_on(error: BaseException, noted: str | None) -> None:
    """A run that ended amid its loop must not look like one that converged."""
    heard = Heard()
    with pytest.raises(type(error)), Tracker([heard]):
        raise error
    assert heard.calls == [*([("summarize", {"exception": noted})] if noted else []), ("finish",)]


def test_without_listeners_every_call_does_nothing(tmp_path: Path) -> None:
    """The null object: the same script, alone."""
    with Tracker([], config=Values({"lr": 1})) as run:
        run.log({"loss": 1})
        run.watch(Model(w=Parameter([1.0])))
        run.histogram("h", [1])
        run.config.lr = run.summary["x"] = 2
        run.predictions([], None)
    assert "nothing listens" in repr(run)


def test_a_watched_model_shows_gradients_and_parameters_at_the_first_pass_and_every_nth() -> None:
    """With the step of the row that comes next, as the other numbers of that step."""
    heard, weight, frozen = Heard(), Parameter([1.0, 2.0]), Parameter([0.0], requires_grad=False)
    tracker = Tracker([heard])
    tracker.watch(Model(w=weight, frozen=frozen), every=2)
    for step in range(4):
        weight.backward([float(step)])
        tracker.log({"loss": 1}, step)
    assert names(heard) == [("gradients/w", 0), ("parameters/w", 0), ("gradients/w", 2), ("parameters/w", 2)]
    assert [call[2] for call in heard.calls if call[0] == "show"][2:] == [Histogram.of([2.0]), Histogram.of([1.0, 2.0])]
    assert frozen.hooks == []


def test_the_newest_histograms_wait_for_a_row_and_no_others() -> None:
    """Rows may be logged once an hour: what was seen meanwhile must not fill the memory."""
    heard, weight = Heard(), Parameter([1.0])
    tracker = Tracker([heard])
    tracker.watch(Model(w=weight), every=1, log="gradients")
    for value in range(5):
        weight.backward([float(value)])
    tracker.log({"loss": 1}, 7)
    assert [call for call in heard.calls if call[0] == "show"] == [("show", "gradients/w", Histogram.of([4.0]), 7)]


def test_a_long_training_is_looked_at_less_often() -> None:
    """Histograms of every parameter each hundredth step, for weeks, would fill the disk."""
    heard, weight = Heard(), Parameter([1.0])
    tracker = Tracker([heard])
    tracker.watch(Model(w=weight), every=1, log="gradients")
    for step in range(400):
        weight.backward([1.0])
        tracker.log({"loss": 1}, step)
    steps = [step for _, step in names(heard)]
    assert steps[:100] == list(range(100))
    assert steps[100:103] == [101, 103, 105]
    assert steps[-1] - steps[-2] == 4


def test_a_gradient_that_cannot_be_looked_at_does_not_end_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    """A hook that raises ends a backward pass."""
    tracker, weight = Tracker([Heard()]), Parameter([1.0])
    tracker.watch(Model(w=weight))
    weight.backward(["no number"])
    assert "the gradients of w could not be looked at" in capsys.readouterr().err


def test_no_hook_outlives_the_run() -> None:
    """The model may be trained on, or watched by the next run."""
    weight, other = Parameter([1.0]), Parameter([1.0])
    tracker, model = Tracker([Heard()]), Model(w=weight)
    tracker.watch(model)
    tracker.watch(Model(w=other))
    tracker.unwatch(model)
    assert (len(weight.hooks), len(other.hooks)) == (0, 1)
    tracker.finish()
    assert other.hooks == []


def test_what_is_no_model_cannot_be_watched() -> None:
    """A mistake of the first minute, said as such."""
    with pytest.raises(TypeError, match="a list cannot be watched: it has no named_parameters"):
        Tracker([Heard()]).watch([])


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After ten hours of training, in its last line."""
    Tracker([Heard()]).save(tmp_path / "model.pt")
    assert "model.pt is no file, and was not saved" in capsys.readouterr().err


def test_a_saved_file_has_a_name_that_stays_inside(tmp_path: Path) -> None:
    """Below the working directory its path tells it from others; a name that leads out would overwrite what lies there."""
    heard, file = Heard(), tmp_path / "deep" / "model.pt"
    file.parent.mkdir()
    file.write_text("w")
    tracker = Tracker([heard], directory=tmp_path)
    for name in (None, "../../etc/model.pt", "/root.pt"):
        tracker.save(file, name)
    Tracker([heard]).save(file)
    assert [call[2] for call in heard.calls] == ["deep/model.pt", "etc/model.pt", "root.pt", "model.pt"]


def test_in_a_notebook_a_run_says_where_it_is_kept(tmp_path: Path) -> None:
    """Whatever its name is made of."""
    run = Tracker([Heard()], directory=tmp_path, name="<b>")
    assert f"<code>{tmp_path}</code>" in run._repr_html_()
    assert "<b><b>" not in run._repr_html_()
    assert str(tmp_path) in repr(run)
